/** What a registry and a verification may have said of the package left-pad. */

import type { Answer } from '../../../server/src/core/answer.ts';
import { npmAdvisories, type PackageAdvisory } from '../../../server/src/core/npm-advisories.ts';
import { type FullVersion, npmPackument, npmProvenance, type PackageKey, type Packument } from '../../../server/src/core/npm-facts.ts';
import type { AttestationVerdict, Check, ProvenanceVerdict, SignerIdentity, Verdict } from '../../../server/src/core/provenance.ts';
import type { Facts } from '../../support/memory-project.ts';

/** When everything was looked up. */
export const AS_OF = Date.UTC(2026, 10, 22, 5, 40);
const DAY_MS = 86_400_000;

/** A well-formed SHA-512 of nothing in particular. */
export const hashOf = (letter: string): string => `sha512-${letter.repeat(86)}==`;

/** A version as the public registry lists it. */
export const listed = (version: string, days: number, more: Partial<FullVersion> = {}): FullVersion => ({
  version,
  publishedAt: AS_OF - days * DAY_MS,
  publisher: { name: 'kim', email: 'kim@example.test' },
  signatures: [{ keyid: 'SHA256:key', sig: 'c2ln' }],
  integrity: hashOf('a'),
  tarball: 'https://npm.example.test/left-pad/-/left-pad.tgz',
  dependencies: {},
  license: 'MIT',
  ...more,
});

/** The same with attestations. */
export const attested = (version: string, days: number, more: Partial<FullVersion> = {}): FullVersion =>
  listed(version, days, { attestations: { predicateType: 'https://slsa.dev/provenance/v1' }, ...more });

/** A packument. */
export const packument = (versions: readonly FullVersion[], more: Partial<Packument> = {}): Packument => ({
  name: 'left-pad',
  versions,
  distTags: { latest: versions.at(-1)?.version ?? '' },
  isStripped: false,
  ...more,
});

/** Who signed, unless a test wants somebody else. */
export const IDENTITY: SignerIdentity = {
  subject: 'https://github.com/left/pad/.github/workflows/release.yml@refs/tags/v1.3.0',
  issuer: 'https://token.actions.githubusercontent.com',
  repository: 'https://github.com/left/pad',
  workflow: 'https://github.com/left/pad/.github/workflows/release.yml@refs/tags/v1.3.0',
  ref: 'refs/tags/v1.3.0',
  commit: '0123456789abcdef0123456789abcdef01234567',
  trigger: 'release',
  runner: 'github-hosted',
};

const SIGNED: readonly Check[] = [
  { id: 'registry-signature', outcome: 'passed', message: 'Signed with the key SHA256:key of the public npm registry, known to Waybill.' },
  { id: 'registry-signature-time', outcome: 'passed', message: 'The key SHA256:key has no end.' },
];
/** What the attestation says of bytes. */
export const SAME_BYTES: readonly Check[] = [
  { id: 'digest-locked', outcome: 'passed', message: 'The attested digest is that of the lockfile.' },
  { id: 'digest-published', outcome: 'passed', message: 'The attested digest is that of the registry.' },
];

/** An attestation that holds, unless said otherwise. */
export const attestation = (more: Partial<AttestationVerdict> = {}): AttestationVerdict => ({
  kind: 'provenance',
  predicateType: 'https://slsa.dev/provenance/v1',
  verdict: 'proven',
  checks: SAME_BYTES,
  identity: IDENTITY,
  signedAt: Date.UTC(2026, 8, 1, 12, 30),
  logIndex: '123456789',
  logUrl: 'https://rekor.sigstore.dev',
  builder: 'https://github.com/npm/cli@11.9.0',
  ...more,
});

/** A verdict. */
export const verdictOf = (
  verdict: Verdict,
  attestations: readonly AttestationVerdict[],
  checks: readonly Check[] = SIGNED,
): ProvenanceVerdict => ({
  subject: 'pkg:npm/left-pad@1.3.0',
  verdict,
  checks,
  attestations,
  trustRootDate: '2026-10-01',
  trustRootSource: 'bundled',
});

/** There is no provenance. */
export const NO_PROVENANCE = verdictOf(
  'not-proven',
  [],
  [{ id: 'provenance-present', outcome: 'not-proven', message: 'The registry lists none for this version.' }, ...SIGNED],
);

const PUBLIC: PackageKey = { name: 'left-pad' };

/** Facts: what the registry says of a package, and the verdicts on versions by `version` or `version integrity`. */
export function facts(
  registry: Answer<Packument>,
  verdicts: Readonly<Record<string, Answer<ProvenanceVerdict>>>,
  key: PackageKey = PUBLIC,
): Facts {
  const known = Object.entries(verdicts).map(([id, answer]) => {
    const [version = '', integrity] = id.split(' ');
    return [
      `${npmProvenance.id} ${npmProvenance.key({ ...key, version, ...(integrity === undefined ? {} : { integrity }) })}`,
      answer,
    ] as const;
  });
  return { [`${npmPackument.id} ${npmPackument.key(key)}`]: registry, ...Object.fromEntries(known) };
}

/** What a registry knows against a version. */
export function advised(version: string, answer: Answer<readonly PackageAdvisory[]>, key: PackageKey = PUBLIC): Facts {
  return { [`${npmAdvisories.id} ${npmAdvisories.key({ ...key, version })}`]: answer };
}

/** An advisory as the source gives it. */
export function advisory(members: Partial<PackageAdvisory> = {}): PackageAdvisory {
  return {
    id: 'GHSA-2222-3333-4444',
    title: 'Denial of service in left-pad',
    severity: 'high',
    range: '<1.3.1',
    isMalware: false,
    ...members,
  };
}
