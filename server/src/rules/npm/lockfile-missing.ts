import type { Rule } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import type { Span } from '../../core/span.ts';
import { nearestLockfiles } from '../../formats/locked.ts';
import { isLockfileOff } from '../../formats/lockfile-off.ts';
import type { Spec } from '../../formats/npm-spec.ts';
import { asPackageJson, type Dependency, type PackageJson } from '../../formats/package-json.ts';
import { workspaceRoot } from '../../formats/workspace-siblings.ts';

/** Dependencies without a lockfile: every install decides anew what to download, and checks it against nothing. */
export const rule: Rule = {
  meta: {
    id: 'npm/lockfile-missing',
    title: 'Dependencies without a lockfile',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json',
      'https://github.com/ossf/package-manager-best-practices/blob/main/published/npm.md',
    ],
    messages: {
      missing: {
        what: 'No lockfile goes with these dependencies, in this folder or above.',
        why: 'Every install picks the newest versions that fit, at all depths, and checks no hash: a release that was just hijacked is in at once.',
        remedy: 'Run the install of your package manager once and commit the lockfile it writes.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const model = asPackageJson(manifest);
    if (model === undefined) return;
    const key = firstFetched(model);
    if (key === undefined) return;
    if (nearestLockfiles(manifest.file.path, surroundings).length > 0) return;
    const folder = folderOf(manifest.file.path);
    // A lockfile that is turned off is told where that is written, by config/checksum-behaviour.
    if (isLockfileOff(folder, surroundings)) return;
    // Workspaces share the lockfile of their root, which has the finding.
    const root = workspaceRoot(surroundings, folder);
    const above = root === undefined ? undefined : surroundings.manifest(joinPath(root, 'package.json') ?? '');
    const rootModel = above && asPackageJson(above);
    if (rootModel !== undefined && firstFetched(rootModel) !== undefined) return;
    report({ messageId: 'missing', args: {}, span: key, identity: 'missing' });
  },
};

/** The key of the first group that something is fetched for. A package with nothing but peers leaves the installing, and the locking, to its host. */
function firstFetched({ dependencies, groupKeys }: PackageJson): Span | undefined {
  const first = INSTALLED.find((group) => dependencies.some((dependency) => dependency.group === group && isFetched(dependency)));
  return first && groupKeys[first];
}

const INSTALLED = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

const LOCAL: ReadonlySet<Spec['kind']> = new Set(['path', 'workspace', 'invalid']);

/** Whether a dependency comes from outside: half-typed and local ones do not. */
function isFetched({ parsed }: Dependency): boolean {
  return !LOCAL.has(parsed.kind);
}
