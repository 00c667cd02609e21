import type { Fix } from '../../core/finding.ts';
import type { ActionReference } from '../../core/reference.ts';
import type { RuleContext } from '../../core/rule.ts';
import { actionsJudged } from '../actions/judge.ts';
import { pinCurrent, pinFix } from '../actions/pin-edit.ts';

/** GitHub's own organisations: whoever uses the runner trusts them already. */
const FIRST_PARTY: ReadonlySet<string> = new Set(['actions', 'github']);

const LOOSE = ['unpinned', 'branch-ref', 'short-sha'] as const;

/** The actions and workflows of others that may be other code tomorrow: named by a tag, a branch or a short commit. */
export function looseThirdParties(context: RuleContext): ReadonlySet<ActionReference> {
  const all = LOOSE.flatMap((verdict) => actionsJudged(context, verdict).map(({ action }) => action));
  return new Set(all.filter(({ owner }) => !FIRST_PARTY.has(owner.toLowerCase())));
}

/** Pins the commit that the action's tag means now. What else could be meant by a branch, its own rule offers. */
export function pinFirst(action: ActionReference, { manifest }: RuleContext): Fix[] {
  if (action.verdict !== 'unpinned') return [];
  const title = `Pin to the commit that ${action.ref} stands for`;
  return pinFix(action, manifest.file.text, { title, safety: 'safe', inFixAll: true, choose: pinCurrent(action) });
}
