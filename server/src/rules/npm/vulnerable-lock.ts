import { npmVersions, type PackageKey } from '../../core/npm-facts.ts';
import type { RuleContext } from '../../core/rule.ts';
import { freeVersions, updateCommand } from '../../formats/advised-versions.ts';
import { type AdvisedEntry, advisedEntries } from '../../formats/lock-advisories.ts';
import type { LockFile } from '../../formats/lock-model.ts';
import type { Manager } from '../../formats/manager-in-use.ts';
import { packageKeys } from '../../formats/registry-settings.ts';
import { advisoryDraft } from './advisory-finding.ts';
import { bringerOf, transitiveOnly } from './transitive.ts';

/** For how many packages the registry is asked which version would be better. */
const MAX_ASKED = 200;

/** Once for each version of a package that no package.json at hand asks for: those are told there. */
export function checkLock(context: RuleContext, lock: LockFile): void {
  const advised = transitiveOnly(context, lock, advisedEntries(context));
  const vulnerable = advised.flatMap(({ entry, advisories }) => {
    const own = advisories.filter(({ isMalware }) => !isMalware);
    return own.length === 0 ? [] : [{ entry, advisories: own }];
  });
  if (vulnerable.length === 0) return;
  const { manifest, surroundings } = context;
  const keys = packageKeys(manifest.file, surroundings);
  for (const [nth, one] of vulnerable.entries()) {
    const { entry, advisories } = one;
    const span = lock.spanOf(entry, 'version');
    const key = keys.of({ name: entry.name, locked: { lock, entry, path: manifest.file.path } });
    const { messageId, args } = nth < MAX_ASKED ? wayOut(context, lock, { ...one, key }) : { messageId: 'deepUnknown', args: {} };
    const draft = advisoryDraft(advisories, { file: manifest.file, span });
    context.report({
      ...draft,
      messageId,
      args: { name: entry.name, version: entry.version ?? '', path: bringerOf(lock, entry), ...draft.args, ...args },
      span,
      identity: `${entry.name}@${entry.version}`,
    });
  }
}

function wayOut(
  context: RuleContext,
  lock: LockFile,
  { entry, advisories, key }: AdvisedEntry & { readonly key: PackageKey },
): { readonly messageId: string; readonly args: Readonly<Record<string, string>> } {
  const answer = context.fact(npmVersions, key);
  if (answer.state !== 'known') return { messageId: 'deepUnknown', args: {} };
  const {
    sameMajor: [fixed],
    higher: [next],
  } = freeVersions(answer.value.versions, entry.version ?? '', advisories);
  if (fixed === undefined && next === undefined) return { messageId: 'deepNone', args: {} };
  if (fixed === undefined) return { messageId: 'deepMajor', args: { fixed: next?.version ?? '' } };
  const command = updateCommand(managerOf(lock), entry.alias ?? entry.name, false);
  return command === undefined
    ? { messageId: 'deepBy', args: { fixed: fixed.version } }
    : { messageId: 'deep', args: { fixed: fixed.version, command: `\`${command}\`` } };
}

function managerOf({ manager, lockfileVersion }: LockFile): Manager {
  return manager === 'yarn' && lockfileVersion === '1' ? 'yarn-classic' : manager;
}
