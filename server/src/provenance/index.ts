import type { AttestationVerdict, Check, ProvenanceVerdict, Verdict } from '../core/provenance.ts';
import { checkIdentity } from './identity.ts';
import { at, isObject, textAt } from './json.ts';
import { repositoryAddress } from './repository.ts';
import { verifySignature } from './signature.ts';
import { kindOf, readStatement } from './statement.ts';
import { checkDigest, checkSubject, npmPurl } from './subject.ts';
import { BUNDLED_TRUST, type ReadTrust, readTrust, type Trust } from './trust.ts';

export { repositoryAddress } from './repository.ts';
export { sha512Of } from './subject.ts';
export type { Trust } from './trust.ts';

/** The longest identity that an expression is tried on, in UTF-16 units. */
const MAX_IDENTITY_UNITS = 2000;

/** What is asked about a version of a package. */
export interface VerifyOptions {
  readonly name: string;
  readonly version: string;
  /** Subresource Integrity strings: the lockfile's, the packument's, and one that somebody requires. */
  readonly integrity?: { readonly locked?: string; readonly published?: string; readonly asked?: string };
  /** `repository` of the package's manifest, as it is written there. */
  readonly manifestRepository?: string;
  readonly asked?: Asked;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whom to believe; without it, the snapshot that travels with Waybill. */
  readonly trust?: Trust;
}

/** What the origin is required to be. */
export interface Asked {
  /** Must match from the first character of the certificate's identity to the last. */
  readonly identity?: RegExp;
  /** The address of the OpenID Connect issuer. */
  readonly issuer?: string;
  readonly repository?: string;
}

/** The largest set that is read, in UTF-16 units; real ones have 20 kB. */
export const MAX_SET_UNITS = 4 * 1024 * 1024;

/** The most attestations of a set; real ones have two. */
const MAX_ATTESTATIONS = 16;

/**
 * Verifies attestations of a package's version against a trust root, without a connection. `text` is one Sigstore bundle, or a set as
 * the registry serves it (`{ attestations: [{ predicateType, bundle }] }`). Total: any text gives a verdict with its reasons.
 */
export function verifyAttestations(text: string, options: VerifyOptions): ProvenanceVerdict {
  const trust = readTrust(options.trust ?? BUNDLED_TRUST);
  const set = readSet(text);
  const verdictOf = (verdict: Verdict, checks: readonly Check[], attestations: readonly AttestationVerdict[]): ProvenanceVerdict => ({
    subject: npmPurl(options.name, options.version),
    verdict,
    checks,
    attestations,
    trustRootDate: (options.trust ?? BUNDLED_TRUST).date,
  });
  if (!trust.ok) return verdictOf('unknown', [{ id: 'readable', outcome: 'unknown', message: `${trust.error}.` }], []);
  if (typeof set === 'string') return verdictOf('unknown', [{ id: 'readable', outcome: 'unknown', message: set }], []);
  const attestations = set.map((entry) => verifyAttestation(entry, trust.value, options));
  const checks = [checkPresent(attestations), ...checkOneOrigin(attestations)];
  return verdictOf(overall(checks, attestations), checks, attestations);
}

interface Entry {
  /** What the registry says that the bundle holds; nobody has signed it. */
  readonly label: string | undefined;
  readonly bundle: unknown;
}

/** The entries of a set, equal ones once; or a sentence that says why it cannot be read. */
function readSet(text: string): readonly Entry[] | string {
  if (text.length > MAX_SET_UNITS) return `It is larger than ${MAX_SET_UNITS} characters.`;
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    return 'It is no JSON: it may be cut.';
  }
  if (isObject(json) && typeof json.mediaType === 'string') return [{ label: undefined, bundle: json }];
  if (!isObject(json) || !Array.isArray(json.attestations)) return 'It is neither a Sigstore bundle nor a set of attestations.';
  if (json.attestations.length > MAX_ATTESTATIONS) return `It has more than ${MAX_ATTESTATIONS} attestations.`;
  const entries = json.attestations.map((entry) => ({ label: textAt(entry, 'predicateType'), bundle: at(entry, 'bundle') }));
  return [...new Map(entries.map((entry) => [JSON.stringify(entry), entry])).values()];
}

function verifyAttestation({ label, bundle }: Entry, trust: ReadTrust, options: VerifyOptions): AttestationVerdict {
  const statement = readStatement(textAt(bundle, 'dsseEnvelope', 'payload') ?? '');
  const signature = verifySignature(bundle, trust, options.now);
  const predicateType = statement?.predicateType ?? label ?? 'none';
  const kind = kindOf(predicateType);
  const { proven } = signature;
  const made = (checks: readonly Check[]): AttestationVerdict => ({
    kind,
    predicateType,
    verdict: worst(checks),
    checks,
    ...(proven?.identity === undefined ? {} : { identity: proven.identity.shown }),
    ...(proven === undefined ? {} : { signedAt: proven.signedAt }),
    ...(proven?.logIndex === undefined ? {} : { logIndex: proven.logIndex }),
  });
  // What a statement says counts only once it is known who said it.
  if (proven === undefined) return made(signature.checks);
  if (statement === undefined)
    return made([
      ...signature.checks,
      { id: 'statement', outcome: 'unknown', message: 'The payload is no in-toto statement that is known.' },
    ]);
  const common: Check[] = [
    ...signature.checks,
    checkStatement(label, predicateType, kind),
    checkSubject(statement, options.name, options.version),
    checkDigest(statement, options.integrity?.locked, { id: 'digest-locked', whose: 'of the lockfile' }),
    checkDigest(statement, options.integrity?.published, { id: 'digest-published', whose: 'of the registry' }),
    checkDigest(statement, options.integrity?.asked, { id: 'digest-asked', whose: 'that is asked for' }),
  ];
  if (kind === 'other') return made(common);
  if (kind === 'publish') return made([...common, ...checkPublisher(proven.identity !== undefined)]);
  if (proven.identity === undefined) {
    const message = 'A key signed it, and no certificate says from which repository it came.';
    return made([...common, { id: 'source-repository', outcome: 'unknown', message }]);
  }
  const { shown } = proven.identity;
  return made([
    ...common,
    ...checkIdentity(proven.identity, statement.claims),
    checkManifestRepository(shown.repository, options.manifestRepository),
    ...checkAsked(shown, options.asked ?? {}),
  ]);
}

function checkStatement(label: string | undefined, predicateType: string, kind: AttestationVerdict['kind']): Check {
  const id = 'statement';
  if (label !== undefined && label !== predicateType)
    return { id, outcome: 'contradicted', message: `It is labelled ${label}, but what was signed is ${predicateType}.` };
  return kind === 'other'
    ? { id, outcome: 'unknown', message: `This version does not know statements of the type ${predicateType}.` }
    : { id, outcome: 'passed', message: `A statement of the type ${predicateType}.` };
}

/** The registry speaks with its own key. Anybody with a certificate could sign the same words. */
function checkPublisher(byCertificate: boolean): Check[] {
  return byCertificate
    ? [{ id: 'key-id', outcome: 'contradicted', message: 'A certificate signed it, and not a key of the registry.' }]
    : [];
}

function checkManifestRepository(attested: string | undefined, written: string | undefined): Check {
  const id = 'manifest-repository';
  if (written === undefined) return { id, outcome: 'not-asked', message: 'There is no repository of the manifest to compare with.' };
  return compareRepositories(id, attested, written, 'The manifest');
}

function compareRepositories(
  id: 'manifest-repository' | 'asked-repository',
  attested: string | undefined,
  wanted: string,
  who: string,
): Check {
  const address = repositoryAddress(wanted);
  if (address === undefined) return { id, outcome: 'unknown', message: `${who} names the repository ${wanted}, which cannot be compared.` };
  if (attested === undefined) return { id, outcome: 'unknown', message: 'The certificate names no repository.' };
  return repositoryAddress(attested) === address
    ? { id, outcome: 'passed', message: `${who} names the attested repository.` }
    : { id, outcome: 'contradicted', message: `${who} names ${address}, the certificate ${attested}.` };
}

function checkAsked({ subject, issuer, repository }: NonNullable<AttestationVerdict['identity']>, asked: Asked): Check[] {
  const checks: Check[] = [];
  if (asked.identity !== undefined)
    checks.push(
      isWhole(asked.identity, subject ?? '')
        ? { id: 'asked-identity', outcome: 'passed', message: `The identity ${subject} is one that was asked for.` }
        : {
            id: 'asked-identity',
            outcome: 'contradicted',
            message: `The identity ${subject ?? 'none'} does not match ${asked.identity.source}.`,
          },
    );
  if (asked.issuer !== undefined)
    checks.push(
      issuer === asked.issuer
        ? { id: 'asked-issuer', outcome: 'passed', message: `The issuer is ${issuer}.` }
        : { id: 'asked-issuer', outcome: 'contradicted', message: `The issuer is ${issuer ?? 'none'}, not ${asked.issuer}.` },
    );
  if (asked.repository !== undefined) checks.push(compareRepositories('asked-repository', repository, asked.repository, 'Who asks'));
  return checks;
}

/** Whether an expression matches all of a text, however it is written: `a|b$` would match the start of "attacker". */
function isWhole({ source, flags }: RegExp, text: string): boolean {
  return text !== '' && text.length <= MAX_IDENTITY_UNITS && new RegExp(`^(?:${source})$`, flags.replace(/[gmy]/g, '')).test(text);
}

function checkPresent(attestations: readonly AttestationVerdict[]): Check {
  const id = 'provenance-present';
  return attestations.some(({ kind }) => kind === 'provenance')
    ? { id, outcome: 'passed', message: 'There is an attestation of provenance.' }
    : { id, outcome: 'not-proven', message: 'There is no attestation of provenance.' };
}

/** Two good attestations that name different repositories cannot both be the origin. */
function checkOneOrigin(attestations: readonly AttestationVerdict[]): Check[] {
  const origins = attestations.flatMap(({ kind, verdict, identity }) =>
    kind === 'provenance' && verdict === 'proven' && identity?.repository !== undefined ? [repositoryAddress(identity.repository)] : [],
  );
  const [first, second] = [...new Set(origins)];
  return second === undefined
    ? []
    : [{ id: 'one-origin', outcome: 'contradicted', message: `It is attested to come from ${first} and from ${second}.` }];
}

/** The verdict of one attestation: what speaks against it outweighs what is unknown, and that what is missing. */
function worst(checks: readonly Check[]): Verdict {
  const has = (outcome: Check['outcome']) => checks.some((check) => check.outcome === outcome);
  return has('contradicted') ? 'contradicted' : has('unknown') ? 'unknown' : has('not-proven') ? 'not-proven' : 'proven';
}

/** One good attestation of provenance proves it; one that is false disproves it, whatever the others say. */
function overall(checks: readonly Check[], attestations: readonly AttestationVerdict[]): Verdict {
  const verdicts = attestations.map(({ verdict }) => verdict);
  if (verdicts.includes('contradicted') || worst(checks) === 'contradicted') return 'contradicted';
  const provenance = attestations.filter(({ kind }) => kind === 'provenance').map(({ verdict }) => verdict);
  if (provenance.includes('proven')) return 'proven';
  // A statement of a later version of SLSA is `other`, and may well be the provenance.
  const open = attestations.filter(({ kind }) => kind !== 'publish').map(({ verdict }) => verdict);
  return open.includes('unknown') ? 'unknown' : 'not-proven';
}
