import type { Ecosystem, LookalikeJudge } from '../core/lookalike.ts';
import type { Policy } from '../policy/policy.ts';

type Judge = LookalikeJudge['judge'];

/**
 * What a list of names says under a policy: a name that it allows keeps what it looks like, with the reason, so that it is
 * counted among what is silenced. Removed malware is never allowed. The same list and policy give the same function.
 */
export function allowing(judge: Judge, policy: Policy): Judge {
  const { allow = [] } = policy;
  if (allow.length === 0) return judge;
  const ofList = made.get(judge) ?? new WeakMap<Policy, Judge>();
  made.set(judge, ofList);
  const known = ofList.get(policy);
  if (known !== undefined) return known;
  const reasons = new Map(allow.map((one) => [idOf(one), one.reason]));
  const judgeAllowing: Judge = (ecosystem, name) => {
    const found = judge(ecosystem, name);
    const reason = found === undefined || found.confidence === 'certain' ? undefined : reasons.get(idOf({ ecosystem, name }));
    return found === undefined || reason === undefined ? found : { ...found, allowed: reason };
  };
  ofList.set(policy, judgeAllowing);
  return judgeAllowing;
}

const made = new WeakMap<Judge, WeakMap<Policy, Judge>>();

/** Names that mean the same have the same id: PyPI takes hyphens, dots and underscores for one (PEP 503), GitHub and registries pass over case. */
function idOf({ ecosystem, name }: { readonly ecosystem: Ecosystem; readonly name: string }): string {
  return `${ecosystem} ${ecosystem === 'npm' ? name : ecosystem === 'pypi' ? name.toLowerCase().replace(/[-_.]+/g, '-') : name.toLowerCase()}`;
}
