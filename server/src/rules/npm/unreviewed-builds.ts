import type { Fix } from '../../core/finding.ts';
import type { RuleContext, Surroundings } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import { BUN_TRUSTED } from '../../data/bun-trusted.ts';
import { uncovered } from '../../formats/allow-scripts.ts';
import { memberOf } from '../../formats/json.ts';
import { addMembers } from '../../formats/json-edits.ts';
import type { LockFile } from '../../formats/lock-model.ts';
import type { PackageJson } from '../../formats/package-json.ts';
import { reviewedBuilds } from '../../formats/pnpm-builds.ts';
import { settingNamed, textOfSetting } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';
import { countOf, groupSpan, namesOf } from './script-names.ts';

/** One finding for all packages with a script that no list of pnpm names. */
export function checkPnpm({ manifest, surroundings, report }: RuleContext, model: PackageJson, lock: LockFile): void {
  const reviewed = reviewedBuilds(surroundings, folderOf(manifest.file.path));
  const open = reviewed === 'unknown' ? [] : uncovered(lock, reviewed);
  if (open.length === 0) return;
  report({ messageId: 'pnpm', args: { count: countOf(open), names: namesOf(open) }, span: groupSpan(model), identity: 'pnpm' });
}

/** Bun's lockfile does not say who has a script, but the names on Bun's own list are there because they have one. */
export function checkBun({ manifest, surroundings, report }: RuleContext, model: PackageJson, lock: LockFile): void {
  const { root } = model;
  if (
    root === undefined ||
    memberOf(root, 'trustedDependencies') !== undefined ||
    ignoresScripts(surroundings, folderOf(manifest.file.path))
  )
    return;
  const trusted = lock.entries.filter(({ name, source }) => source === 'tarball' && BUN_TRUSTED.has(name));
  const names = [...new Set(trusted.map(({ name }) => name))].sort();
  if (names.length === 0) return;
  const fix = (title: string, value: readonly string[]): Fix => ({
    title,
    safety: 'review',
    online: false,
    edits: [addMembers(manifest.file.text, root, [{ key: 'trustedDependencies', value }])],
  });
  report({
    messageId: 'bun',
    args: { names: namesOf(names.map((name) => ({ name, version: undefined }))) },
    span: groupSpan(model),
    identity: 'bun',
    fixes: [
      fix('Add trustedDependencies with none of them (check that everything works without their scripts)', []),
      fix('Add trustedDependencies with just these (read their scripts first: they run with your rights)', names),
    ],
  });
}

/** Whether the bunfig.toml beside a package.json turns all scripts off. */
function ignoresScripts(surroundings: Surroundings, folder: string): boolean {
  const bunfig = surroundings.manifest(joinPath(folder, 'bunfig.toml') ?? '');
  const file = bunfig && settingsOf(bunfig);
  const setting = file && settingNamed(file, 'install.ignoreScripts');
  return setting !== undefined && textOfSetting(setting) === 'true';
}
