import { worst } from '../core/overall-verdict.ts';
import type { AttestationVerdict, Check } from '../core/provenance.ts';
import { compareRepositories } from '../core/repository-address.ts';
import { checkIdentity } from './identity.ts';
import { at, isObject, textAt } from './json.ts';
import { verifySignature } from './signature.ts';
import { kindOf, readStatement } from './statement.ts';
import { checkDigest, checkSubject } from './subject.ts';
import { type ReadTrust, readTrust, type Trust } from './trust.ts';
import { checkOneOrigin, checkPresent } from './verdict.ts';

/** The largest set that is read, in UTF-16 units; real ones have 20 kB. */
export const MAX_SET_UNITS = 4 * 1024 * 1024;

/** The most attestations of a set; real ones have two. */
const MAX_ATTESTATIONS = 16;

/** What attestations of a version of a package are compared with. */
export interface AttestationOptions {
  readonly name: string;
  readonly version: string;
  /** Subresource Integrity strings: the lockfile's, the packument's, and one that somebody requires. */
  readonly integrity?: { readonly locked?: string; readonly published?: string; readonly asked?: string };
  /** `repository` of the package's manifest, as it is written there. */
  readonly manifestRepository?: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a set says: checks on it as a whole, and a verdict on each attestation. */
export interface SetVerdict {
  readonly checks: readonly Check[];
  readonly attestations: readonly AttestationVerdict[];
}

/** Verifies all attestations of a set; what is asked of their origin is another matter (`withAsked`). Total. */
export function verifySet(text: string, trust: Trust, options: AttestationOptions): SetVerdict {
  const unreadable = (message: string): SetVerdict => ({ checks: [{ id: 'readable', outcome: 'unknown', message }], attestations: [] });
  const read = readTrust(trust);
  if (!read.ok) return unreadable(`${read.error}.`);
  const set = readSet(text);
  if (typeof set === 'string') return unreadable(set);
  const attestations = set.map((entry) => verifyAttestation(entry, read.value, options));
  return { checks: [checkPresent(attestations), ...checkOneOrigin(attestations)], attestations };
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
  return [...new Map(entries.map((entry, nth) => [textOf(entry) ?? nth, entry])).values()];
}

/** Equal entries give equal texts; undefined for one that is nested too deep to be written. */
function textOf(entry: Entry): string | undefined {
  try {
    return JSON.stringify(entry);
  } catch {
    return undefined;
  }
}

function verifyAttestation({ label, bundle }: Entry, trust: ReadTrust, options: AttestationOptions): AttestationVerdict {
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
    ...(proven?.logUrl === undefined ? {} : { logUrl: proven.logUrl }),
    ...(proven === undefined || statement?.builder === undefined ? {} : { builder: statement.builder }),
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
