import type { Fix } from '../../core/finding.ts';
import { isSuspect } from '../../core/lookalike.ts';
import type { RuleContext } from '../../core/rule.ts';
import type { JudgedAction } from './judge.ts';
import { pinCurrent, pinFix } from './pin-edit.ts';

/**
 * Pins an action to the commit that its tag means now. Empty where a person has to look first: which of a tag and a branch is meant
 * asks `actions/ref-ambiguous`, and whether the action is the one that was meant, `actions/lookalike`.
 */
export function pinTag({ action, resolved }: JudgedAction, { manifest, lookalike }: RuleContext): Fix[] {
  if (resolved?.kind === 'both' || isSuspect(lookalike('actions', `${action.owner}/${action.repo}`))) return [];
  const title = `Pin to the commit that ${action.ref} stands for`;
  return pinFix(action, manifest.file.text, { title, safety: 'safe', inFixAll: true, choose: pinCurrent(action) });
}
