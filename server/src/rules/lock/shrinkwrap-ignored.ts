import { Range, subset, valid, validRange } from 'semver';
import type { Rule, Surroundings } from '../../core/rule.ts';
import { baseName, folderOf, joinPath } from '../../core/source-file.ts';
import { NO_SPAN } from '../../core/span.ts';
import { asPackageJson, type PackageJson } from '../../formats/package-json.ts';

const REMEDY =
  'Rename it to `package-lock.json` (`git mv npm-shrinkwrap.json package-lock.json`); only who publishes the lockfile with the package loses something.';

/** A shrinkwrap that npm 12 does not read: what looks locked is resolved anew with every install. */
export const rule: Rule = {
  meta: {
    id: 'lock/shrinkwrap-ignored',
    title: 'An npm-shrinkwrap.json that npm 12 ignores',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['package-lock'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: ['https://docs.npmjs.com/cli/v11/configuring-npm/npm-shrinkwrap-json', 'https://github.com/npm/cli/releases'],
    messages: {
      pinned: {
        what: 'The npm that package.json asks for, {npm}, does not read `npm-shrinkwrap.json`.',
        why: 'Since npm 12 nothing in it counts, so every install picks the newest versions that fit and checks no hash.',
        remedy: REMEDY,
      },
      unpinned: {
        what: 'npm 12 and later do not read `npm-shrinkwrap.json`, and nothing here asks for an older npm.',
        why: 'Whoever installs with a current npm gets the newest versions that fit, checked against no hash.',
        remedy: REMEDY,
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const { path } = manifest.file;
    if (baseName(path) !== 'npm-shrinkwrap.json') return;
    const npm = npmFor(surroundings, folderOf(path));
    if (npm === 'older') return;
    // An unpinned npm may be an older one still.
    if (npm === undefined) report({ messageId: 'unpinned', args: {}, span: NO_SPAN, severity: 'info', identity: 'ignored' });
    else report({ messageId: 'pinned', args: { npm }, span: NO_SPAN, identity: 'ignored' });
  },
};

/** What package.json says of its npm: a version or range of npm 12 and later; `older` where another one may be meant; undefined for nothing. */
function npmFor(surroundings: Surroundings, folder: string): string | undefined {
  const manifest = surroundings.manifest(joinPath(folder, 'package.json') ?? '');
  const model = manifest && asPackageJson(manifest);
  const asked = model && managerOf(model);
  if (asked === undefined) return undefined;
  if (asked.name !== 'npm') return 'older';
  const range = validRange(asked.version, { loose: true });
  if (range === null || new Range(range).range === '') return undefined;
  return subset(range, '>=12.0.0-0', { loose: true, includePrerelease: true }) ? `npm ${asked.version}` : 'older';
}

function managerOf({ packageManager, devEngines }: PackageJson): { readonly name: string; readonly version: string } | undefined {
  const [, name = '', version = ''] = /^([a-z]+)@([^+]*)/.exec(packageManager ?? '') ?? [];
  if (name !== '') return { name, version: valid(version) ?? version };
  const [engine] = devEngines;
  return engine?.version === undefined ? undefined : { name: engine.name, version: engine.version };
}
