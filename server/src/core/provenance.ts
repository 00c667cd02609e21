import type { RefreshedRoot } from './trust-root.ts';

/**
 * What a verification of attestations says. The types know nothing of npm: packages, images and actions are subjects alike.
 *
 * - `proven`: signatures, log and every check that could be made agree.
 * - `not-proven`: nothing speaks against it, and nothing proves it: no provenance, or evidence that is incomplete.
 * - `contradicted`: evidence speaks against it: a wrong signature, another subject, other bytes, another origin.
 * - `unknown`: it cannot be judged here: unreadable, of a kind that this version does not know, signed by an authority it does not know.
 */
export type Verdict = 'proven' | 'not-proven' | 'contradicted' | 'unknown';

/** What one check said; `not-asked` where there was nothing to compare with. */
export type CheckOutcome = 'passed' | 'not-proven' | 'contradicted' | 'unknown' | 'not-asked';

/** Every check there is, by name. docs/provenance.md says what each proves. */
export const CHECKS = [
  'readable',
  'format',
  'signature',
  'key-id',
  'signing-time',
  'statement',
  'subject',
  'digest-locked',
  'digest-published',
  'digest-asked',
  'source-repository',
  'source-commit',
  'workflow',
  'manifest-repository',
  'asked-identity',
  'asked-issuer',
  'asked-repository',
  'one-origin',
  'registry-asked',
  'version-listed',
  'attestations-served',
  'provenance-present',
  'registry-signature',
  'registry-signature-time',
  'integrity-locked',
] as const;

/** The name of a check. */
export type CheckId = (typeof CHECKS)[number];

/** One check: its outcome, and a sentence that says why. The sentence may hold foreign text: escape it before it is shown. */
export interface Check {
  readonly id: CheckId;
  readonly outcome: CheckOutcome;
  readonly message: string;
}

/** Who signed, as the certificate says. All of it is the word of the certificate authority, none of it of the signer. Foreign text. */
export interface SignerIdentity {
  /** Subject alternative name: the address of the workflow that signed, or an e-mail address. */
  readonly subject?: string;
  /** Who vouched for the signer to the certificate authority (OpenID Connect). */
  readonly issuer?: string;
  /** The repository's address, `https://github.com/owner/name`. */
  readonly repository?: string;
  /** The workflow that was started, `https://github.com/owner/name/.github/workflows/x.yml@ref`; it may call the one that signed. */
  readonly workflow?: string;
  readonly ref?: string;
  readonly commit?: string;
  /** What started the workflow: `push`, `release`, `workflow_dispatch`. */
  readonly trigger?: string;
  /** Whose machine it ran on: `github-hosted`, `gitlab-hosted`, `self-hosted`. Certificates from before July 2023 do not say. */
  readonly runner?: string;
}

/** What was found out about one attestation. */
export interface AttestationVerdict {
  /** `publish`: the registry's own word that it published this version. */
  readonly kind: 'provenance' | 'publish' | 'other';
  readonly predicateType: string;
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** Set only where the signature is good. */
  readonly identity?: SignerIdentity;
  /** The earliest proven time of signing, in milliseconds since the epoch. */
  readonly signedAt?: number;
  /** The entry in the transparency log. */
  readonly logIndex?: string;
  /** The address of the log that signed this number, as the trust root has it. Absent where a log vouches for the entry alone. */
  readonly logUrl?: string;
  /** What built it, by the statement's own word: a program or a platform. Set only where the signature is good. */
  readonly builder?: string;
}

/** Where a trust root is from: it travels along, was refreshed through The Update Framework, or is a file that somebody gave. */
export type TrustRootSource = 'bundled' | 'refreshed' | 'file';

/** What was found out about a subject. */
export interface ProvenanceVerdict {
  /** The package URL of what was asked about. */
  readonly subject: string;
  readonly verdict: Verdict;
  /** Checks on the set as a whole; those of single attestations stand with them. */
  readonly checks: readonly Check[];
  readonly attestations: readonly AttestationVerdict[];
  /** The day of the trust root that was used, `YYYY-MM-DD`. */
  readonly trustRootDate: string;
  readonly trustRootSource: TrustRootSource;
}

/** A key with which a registry signs. */
export interface RegistryKey {
  readonly keyId: string;
  /** SubjectPublicKeyInfo in base64. */
  readonly key: string;
  /** ISO 8601; the key signs from then on. Without it, from ever. */
  readonly validFrom?: string;
  /** ISO 8601; what is signed later than this is not signed by the registry. Without it, there is no end. */
  readonly validUntil?: string;
}

/** What a registry has of the attestations of a version: their text, none, or no answer that would say. */
export type AttestationSet =
  | { readonly state: 'served'; readonly text: string }
  | { readonly state: 'none'; readonly reason: string }
  | { readonly state: 'unknown'; readonly reason: string };

/** All that a registry says of a version of a package, and what a lockfile has for it. Nothing of it is verified yet. */
export interface PackageEvidence {
  readonly name: string;
  readonly version: string;
  readonly attestations: AttestationSet;
  /** Subresource Integrity: the lockfile's, and the registry's. */
  readonly locked?: string;
  readonly published?: string;
  /** SHA-1 of the tarball, in hex, as the registry has it. */
  readonly shasum?: string;
  /** `repository` of the version's manifest, as it is written there. */
  readonly manifestRepository?: string;
  /** The registry's signatures of name, version and integrity (`dist.signatures`). */
  readonly signatures?: readonly { readonly keyid: string; readonly sig: string }[];
  /** When the registry says that it was published, in milliseconds since the epoch. */
  readonly publishedAt?: number;
  /** The keys that the registry serves, or a sentence that says why there are none. */
  readonly keys: readonly RegistryKey[] | string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Verifies evidence. Total: any evidence gives a verdict with its reasons. */
export type VerifyPackage = (evidence: PackageEvidence) => ProvenanceVerdict;

/** What verifies packages, which is read with the first of them. */
export interface PackageVerifier {
  load(): Promise<VerifyPackage>;
  /** By what it judges, as text: verdicts of another basis are not used again. */
  readonly basis: string;
  /** The same by a newer trust root; one that cannot be read changes nothing. Without it the trust root stays what it is. */
  newer?(root: RefreshedRoot): PackageVerifier;
}
