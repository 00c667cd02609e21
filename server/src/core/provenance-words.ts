import type { CheckOutcome, ProvenanceVerdict, SignerIdentity, TrustRootSource, Verdict } from './provenance.ts';

/** What every verdict says and does not say, for people: the command line and the hover have the same words. */
export const VERDICT_MEANING: Readonly<Record<Verdict, string>> = {
  proven: 'Where it was built from is proven. That is not a proof that it does no harm.',
  'not-proven': 'Nothing speaks against it, and nothing proves where it comes from.',
  contradicted: 'Evidence speaks against it. Do not use it before you know why.',
  unknown: 'It could not be judged: this is neither good nor bad news.',
};

/** A verdict as it is said. */
export function verdictWord(verdict: Verdict): string {
  return verdict.replace('-', ' ');
}

const ROOT_WORDS: Readonly<Record<TrustRootSource, string>> = {
  bundled: ', which travels with Waybill',
  refreshed: ', refreshed on that day',
  // Whoever gave it knows.
  file: '',
};

/** Which trust root a verdict rests on. */
export function trustRootWords({ trustRootDate, trustRootSource }: Pick<ProvenanceVerdict, 'trustRootDate' | 'trustRootSource'>): string {
  return `the trust root of ${trustRootDate}${ROOT_WORDS[trustRootSource]}`;
}

/** How a check is marked. */
export const CHECK_MARKS: Readonly<Record<CheckOutcome, string>> = {
  passed: 'ok',
  'not-proven': 'missing',
  contradicted: 'WRONG',
  unknown: 'unknown',
  'not-asked': 'not asked',
};

/** What the certificate says, in the order in which it is shown, and what each is called. */
export const IDENTITY_LABELS: readonly (readonly [keyof SignerIdentity, string])[] = [
  ['repository', 'repository'],
  ['ref', 'ref'],
  ['commit', 'commit'],
  ['workflow', 'workflow'],
  ['subject', 'signed by'],
  ['trigger', 'started by'],
  ['runner', 'runner'],
  ['issuer', 'issuer'],
];
