import { isAtLeast } from '../../core/finding.ts';
import type { Lookalike } from '../../core/lookalike.ts';
import { lookalikeSeverity } from '../../core/lookalike-severity.ts';
import type { RuleContext } from '../../core/rule.ts';
import type { LockEntry, LockFile } from '../../formats/lock-model.ts';
import { lockPaths } from '../../formats/lock-paths.ts';
import { shownPath } from '../shown-path.ts';
import { weigh } from './lookalike-facts.ts';
import { lockQuestion } from './lookalike-questions.ts';
import { tell } from './lookalike-tell.ts';

/** Once for each name that no project asks for itself: those are told in their package.json. Weak likenesses are noise here. */
export function checkLock(context: RuleContext, lock: LockFile): void {
  const seen = new Set<string>();
  const suspicious = (lock.stretches ?? [lock.entries])
    .flatMap((entries) => suspiciousIn(entries, context.lookalike))
    .filter(({ entry }) => !seen.has(entry.name) && seen.add(entry.name));
  if (suspicious.length === 0) return;
  const paths = lockPaths(lock);
  for (const { entry, found } of suspicious) {
    if (paths.isDirect(entry)) continue;
    const question = lockQuestion(context, { lock, entry, found });
    const weighed = question === undefined ? undefined : weigh(context, question);
    const path = shownPath(paths.pathTo(entry).slice(0, -1)) || 'a package that the lockfile does not name';
    const as = { messageId: found.kind === 'known-malicious' ? 'deep' : 'transitive', args: { path } };
    tell(context, { ecosystem: 'npm', name: entry.name, found, span: lock.spanOf(entry, 'key') }, { weighed, fixes: [], as });
  }
}

interface Suspicious {
  readonly entry: LockEntry;
  readonly found: Lookalike;
}

/** What a list of names said of a stretch of entries, kept as long as both. */
const judged = new WeakMap<RuleContext['lookalike'], WeakMap<readonly LockEntry[], readonly Suspicious[]>>();

function suspiciousIn(entries: readonly LockEntry[], lookalike: RuleContext['lookalike']): readonly Suspicious[] {
  const ofList = judged.get(lookalike) ?? new WeakMap<readonly LockEntry[], readonly Suspicious[]>();
  judged.set(lookalike, ofList);
  const known = ofList.get(entries);
  if (known !== undefined) return known;
  const suspicious = entries.flatMap((entry): Suspicious[] => {
    // Of what lies in the project, or came inside of another package, no registry was asked.
    const found = entry.source === 'tarball' ? lookalike('npm', entry.name) : undefined;
    return found !== undefined && isAtLeast(lookalikeSeverity(found.confidence), 'warning') ? [{ entry, found }] : [];
  });
  ofList.set(entries, suspicious);
  return suspicious;
}
