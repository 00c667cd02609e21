import { valid } from 'semver';
import type { Fix } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import { NO_SPAN } from '../../core/span.ts';
import { memberOf, textOf } from '../../formats/json.ts';
import { addMembers } from '../../formats/json-edits.ts';
import { nearestLockfiles } from '../../formats/locked.ts';
import { managerInUse } from '../../formats/manager-in-use.ts';
import { asPackageJson, type PackageJson } from '../../formats/package-json.ts';
import { settingNamed, textOfSetting } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';

/** A project whose packages are locked, but not the program that installs them: its version decides which protections there are. */
export const rule: Rule = {
  meta: {
    id: 'npm/package-manager-unpinned',
    title: 'A package manager without an exact version and hash',
    severity: 'hint',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '2.5',
    refs: ['https://nodejs.org/api/packages.html#packagemanager', 'https://github.com/nodejs/corepack#when-authoring-packages'],
    messages: {
      absent: {
        what: 'Nothing says which version of {manager} installs this project.',
        why: '{why}',
        remedy: 'Add `packageManager` with an exact version and its hash: {command}.',
      },
      range: { what: '`{value}` names no exact version.', why: '{why}', remedy: 'Name one, with its hash: {command}.' },
      hashless: {
        what: '`{value}` has no hash.',
        why: 'Corepack then runs whatever the registry serves under this version; with a hash it runs that one program or none.',
        remedy: 'Let {command} add it.',
      },
    },
  },
  check(context) {
    const { manifest, surroundings, report } = context;
    const model = asPackageJson(manifest);
    const folder = folderOf(manifest.file.path);
    if (model?.root === undefined || manifest.problems.length > 0) return;
    // Only in the root, beside the lockfile.
    const lockfiles = nearestLockfiles(manifest.file.path, surroundings);
    if (lockfiles.length === 0 || lockfiles.some((path) => folderOf(path) !== folder)) return;
    const inUse = managerInUse(surroundings, manifest.file.path);
    const { packageManager: value, packageManagerSpan: span } = model;
    const manager = inUse?.manager === 'yarn-classic' ? 'yarn' : (inUse?.manager ?? 'the package manager');
    const args = { manager, value: value ?? '', why: WHY, command: `\`corepack use ${inUse === undefined ? 'pnpm' : manager}@latest\`` };
    if (value !== undefined && span !== undefined) {
      const [, version = '', hash] = /^[a-z]+@([^+]*)(?:\+(sha\d+\..+))?$/.exec(value) ?? [];
      if (valid(version) === null) {
        // A URL names one program; half-typed text says nothing yet.
        if (!/^[a-z]+@https:/.test(value)) report({ messageId: 'range', args, span, identity: 'packageManager' });
        // Corepack does not run Bun, and Bun's field knows no hash.
      } else if (hash === undefined && !value.startsWith('bun@')) {
        const command = `\`corepack use ${value}\``;
        if (!isVendored(context)) report({ messageId: 'hashless', args: { ...args, command }, span, identity: 'packageManager' });
      }
      return;
    }
    if (memberOf(model.root, 'packageManager') !== undefined || isVendored(context)) return;
    // Corepack does not run Bun; its version is pinned where it is installed.
    if (inUse?.manager === 'bun') return;
    // pnpm 11 and npm write an exact version and, in its lockfile, the hash for `devEngines`.
    const [engine] = model.devEngines;
    if (engine?.version !== undefined && valid(engine.version) !== null) return;
    if (engine?.version !== undefined)
      report({ messageId: 'range', args: { ...args, value: engine.version }, span: engine.span, identity: 'devEngines' });
    else
      report({
        messageId: 'absent',
        args,
        span: model.openingBrace ?? NO_SPAN,
        identity: 'absent',
        fixes: fromVolta(context, model, manager),
      });
  },
};

const WHY =
  'Which install scripts run, how old a release must be and what a lockfile is checked for depends on the version, and every machine may have another one.';

/** Whether the manager's own program lies in the repository, where git pins it: `yarnPath` of .yarnrc.yml. */
function isVendored({ manifest, surroundings }: RuleContext): boolean {
  const yarnrc = surroundings.manifest(joinPath(folderOf(manifest.file.path), '.yarnrc.yml') ?? '');
  const file = yarnrc && settingsOf(yarnrc);
  const path = file && settingNamed(file, 'yarnPath');
  return path !== undefined && textOfSetting(path) !== undefined;
}

/** The exact version that Volta already pins. */
function fromVolta({ manifest }: RuleContext, { root }: PackageJson, manager: string): Fix[] {
  const version = textOf(memberOf(memberOf(root, 'volta'), manager));
  if (root === undefined || version === undefined || valid(version) === null) return [];
  const value = `${manager}@${version}`;
  return [
    {
      title: `Add packageManager: ${value}, as in volta (then let corepack add the hash)`,
      safety: 'review',
      online: false,
      edits: [addMembers(manifest.file.text, root, [{ key: 'packageManager', value }])],
    },
  ];
}
