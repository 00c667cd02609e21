import { linearPattern, MAX_PATTERN_UNITS } from '../core/linear-pattern.ts';
import { PACKAGE_PATTERN } from '../core/package-pattern.ts';
import type { ProvenanceDemand } from '../core/provenance-demand.ts';
import { repositoryAddress } from '../core/repository-address.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';

/** The longest address, in UTF-16 units. */
const MAX_ADDRESS_UNITS = 1000;

/** A member of an entry of `npm.provenance`. */
interface DemandField {
  /** For the schema: the reader is more exact. */
  readonly pattern: string;
  readonly maxLength: number;
  readonly description: string;
  /** What is wrong with a value, in a sentence that says what is allowed. */
  problem(value: string): string | undefined;
}

/** What an entry of `npm.provenance` has, and may be: the one declaration for the reader and the schema. `match` alone must be there. */
export const DEMAND_FIELDS = {
  match: {
    pattern: PACKAGE_PATTERN.source,
    maxLength: 214,
    description:
      'The packages that it is about: `lodash`, `@acme/*`, or `*` for all. The nearest entry counts: a name before its scope before `*`.',
    problem: (value) => {
      if (value.length <= 214 && PACKAGE_PATTERN.test(value)) return undefined;
      const scope = /^@[^@/\s*]+\/?$/.test(value) ? `; did you mean "${value.replace(/\/$/, '')}/*"?` : '';
      return `"match" must be a name, the names of a scope or all names ("lodash", "@acme/*", "*"), not "${plain(value)}"${scope}`;
    },
  },
  repository: {
    pattern: '^\\S+/\\S+$',
    maxLength: MAX_ADDRESS_UNITS,
    description: 'The repository that they must have been built from: `https://github.com/acme/platform`.',
    problem: (value) =>
      value.length <= MAX_ADDRESS_UNITS && repositoryAddress(value) !== undefined
        ? undefined
        : `"repository" must be the address of a repository, such as https://github.com/owner/name, not "${plain(value)}"`,
  },
  issuer: {
    pattern: '^https://\\S+$',
    maxLength: MAX_ADDRESS_UNITS,
    description: 'Who must have vouched for the signer, exactly: `https://token.actions.githubusercontent.com` for GitHub Actions.',
    problem: (value) =>
      value.length <= MAX_ADDRESS_UNITS && /^https:\/\/\S+$/.test(value)
        ? undefined
        : `"issuer" must be an https address, such as https://token.actions.githubusercontent.com, not "${plain(value)}"`,
  },
  identityRegexp: {
    pattern: '^\\^.*\\$$',
    maxLength: MAX_PATTERN_UNITS,
    description:
      "What the certificate's identity must match, from `^` to `$`: `^https://github\\\\.com/acme/platform/\\\\.github/workflows/release\\\\.yml@refs/tags/.*$`. No look-arounds, back references or flags.",
    problem: (value) => {
      const pattern = linearPattern(value);
      if (!pattern.ok) return `"identityRegexp" is no regular expression of use: ${plain(pattern.error)}`;
      // What stands there must be what counts, also for who reads it: without an end, "…/release" seems to mean its start.
      if (/^\^(?:.*[^\\])?(?:\\\\)*\$$/s.test(value)) return undefined;
      const whole = `^${value.replace(/^\^|(?<!\\)\$$/g, '')}$`;
      return `"identityRegexp" must say all of the identity, from ^ to $: ${plain(JSON.stringify(whole), 2 * MAX_PATTERN_UNITS)}`;
    },
  },
  reason: {
    pattern: '\\S',
    maxLength: MAX_ADDRESS_UNITS,
    description: 'Why it is required; findings say it.',
    problem: (value) => (value.trim() === '' ? '"reason" is empty; say why, or leave it out' : undefined),
  },
} as const satisfies Readonly<Record<string, DemandField>>;

/** The name of a member. */
export type DemandKey = keyof typeof DEMAND_FIELDS;

/** The members in their order. */
export const DEMAND_KEYS = Object.keys(DEMAND_FIELDS) as DemandKey[]; // The keys of an object literal.

/** An entry of `npm.provenance` from its members; fails with what is wrong with each of them, and without a member where one is missing. */
export function readDemand(
  members: ReadonlyMap<string, string>,
): Result<ProvenanceDemand, readonly { readonly key?: DemandKey; readonly message: string }[]> {
  const wrong = DEMAND_KEYS.flatMap((key) => {
    const value = members.get(key);
    const message = value === undefined ? undefined : DEMAND_FIELDS[key].problem(value);
    return message === undefined ? [] : [{ key, message }];
  });
  const match = members.get('match');
  if (match === undefined) return fail([{ message: 'a requirement of provenance needs a "match"' }, ...wrong]);
  if (wrong.length > 0) return fail(wrong);
  const identity = linearPattern(members.get('identityRegexp') ?? '');
  const [repository, issuer, reason] = [members.get('repository'), members.get('issuer'), members.get('reason')?.trim()];
  return ok({
    match,
    ...(repository === undefined ? {} : { repository }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(members.has('identityRegexp') && identity.ok ? { identity: identity.value } : {}),
    ...(reason === undefined ? {} : { reason }),
  });
}
