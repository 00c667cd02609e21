import type { Rule } from '../../core/rule.ts';
import { baseName, folderOf, joinPath } from '../../core/source-file.ts';
import { NO_SPAN, type Span } from '../../core/span.ts';
import { type Drift, driftOf } from '../../formats/lock-drift.ts';
import type { LockFile } from '../../formats/lock-model.ts';
import { soleLock } from '../../formats/locked.ts';
import { asPackageJson, DEPENDENCY_GROUPS, type PackageJson } from '../../formats/package-json.ts';
import { isWorkspaceSibling } from '../../formats/workspace-siblings.ts';

const WHY = 'A frozen install refuses to run, and every other one picks a version that nobody reviewed, published minutes ago perhaps.';

/** A manifest and a lockfile that disagree: what is installed is then decided at install time. */
export const rule: Rule = {
  meta: {
    id: 'npm/lockfile-drift',
    title: 'A manifest and a lockfile that disagree',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/commands/npm-ci',
      'https://pnpm.io/cli/install#--frozen-lockfile',
      'https://github.com/ossf/package-manager-best-practices/blob/main/published/npm.md',
    ],
    messages: {
      missing: { what: '`{name}` is not in {lockfile}.', why: WHY, remedy: 'Run `{command}` and commit the lockfile.' },
      catalog: {
        what: 'The catalog `{other}` of {lockfile} has no `{name}`.',
        why: WHY,
        remedy: 'Run `{command}` and commit the lockfile.',
      },
      different: { what: '`{name}` is recorded in {lockfile} as `{other}`.', why: WHY, remedy: 'Run `{command}` and commit the lockfile.' },
      moved: {
        what: '`{name}` is recorded in {lockfile} under `{other}`.',
        why: 'An install without development dependencies goes by the lockfile, and leaves out, or takes in, the wrong packages.',
        remedy: 'Run `{command}` and commit the lockfile.',
      },
      unsatisfied: {
        what: '{lockfile} has `{other}` for `{name}`, which this requirement does not allow.',
        why: 'Either the lockfile was edited by hand or merged badly; what is installed then depends on the command that installs it.',
        remedy: 'Find out how the entry got there, then run `{command}` and commit the lockfile.',
      },
      extra: {
        what: '`{name}` stands in {lockfile} and no longer in `{other}`.',
        why: 'A frozen install refuses to run, or installs what nobody asks for any more.',
        remedy: 'Run `{command}` and commit the lockfile.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const model = asPackageJson(manifest);
    if (model === undefined || manifest.problems.length > 0) return;
    const found = soleLock(surroundings, manifest.file.path);
    if (found === undefined) return;
    const { lock, importer, path } = found;
    const beside = surroundings.manifest(joinPath(folderOf(path), 'package.json') ?? '');
    const isSibling = (name: string): boolean => isWorkspaceSibling(surroundings, manifest.file.path, name);
    for (const drift of driftOf({ manifest: model, root: beside && asPackageJson(beside), lock, importer, isSibling }) ?? []) {
      const name = drift.kind === 'extra' ? drift.request.name : drift.dependency.name;
      report({
        messageId: drift.kind,
        args: { name, lockfile: baseName(path), other: otherOf(drift), command: commandOf(lock) },
        span: spanOf(drift, model),
        identity: `${drift.kind} ${name}`,
      });
    }
  },
};

function otherOf(drift: Drift): string {
  switch (drift.kind) {
    case 'different':
    case 'moved':
      return drift.recorded;
    case 'unsatisfied':
      return drift.locked;
    case 'catalog':
      return drift.catalog;
    case 'extra':
      return drift.request.group;
    case 'missing':
      return '';
  }
}

/** The requirement; for what is no longer there the group it was in, or else the file's opening brace. */
function spanOf(drift: Drift, { groupKeys, openingBrace }: PackageJson): Span {
  if (drift.kind !== 'extra') return drift.dependency.specSpan;
  const group = DEPENDENCY_GROUPS.find((one) => one === drift.request.group);
  return (group && groupKeys[group]) ?? openingBrace ?? NO_SPAN;
}

function commandOf({ manager, lockfileVersion }: LockFile): string {
  switch (manager) {
    case 'npm':
      return 'npm install --package-lock-only';
    case 'pnpm':
      return 'pnpm install --lockfile-only';
    case 'bun':
      return 'bun install --lockfile-only';
    case 'yarn':
      return lockfileVersion === '1' ? 'yarn install' : 'yarn install --mode=update-lockfile';
  }
}
