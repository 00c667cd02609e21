import { type Bundle, bundleFromJSON, ValidationError } from '@sigstore/bundle';
import { type SignedEntity, toSignedEntity, VerificationError, Verifier } from '@sigstore/verify';
import type { Check, CheckId, CheckOutcome } from '../core/provenance.ts';
import { type CertificateIdentity, identityOf } from './identity.ts';
import { at, isObject, listAt, textAt } from './json.ts';
import { rememberSigner } from './remembered.ts';
import type { ReadTrust } from './trust.ts';

/** What the verification of a bundle gave: the checks, and what is proven if all of them passed. */
export interface SignatureVerdict {
  readonly checks: readonly Check[];
  readonly proven?: {
    /** Undefined where a key signed, and no certificate. */
    readonly identity: CertificateIdentity | undefined;
    readonly signedAt: number;
    readonly logIndex: string | undefined;
    /** The address of the log that signed the index. */
    readonly logUrl: string | undefined;
  };
}

/** The formats that the library reads right; it would take any later one for the last it knows. */
const MEDIA_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.dev.sigstore.bundle+json;version=0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
]);

/** The payload type of in-toto statements. */
const STATEMENT_PAYLOAD = 'application/vnd.in-toto+json';

/** Clocks of this machine and of the log may differ by so much. */
const CLOCK_SKEW_MS = 24 * 60 * 60 * 1000;

/** What a bundle may hold; real ones have 1 log entry, 3 certificates of 1 kB, 30 hashes and numbers of 10 digits. */
const MAX_LIST = 64;
const MAX_TEXT_UNITS = 64 * 1024;
const MAX_BODY_UNITS = 1024 * 1024;
const MAX_NUMBER_UNITS = 20;

/** Verifies a bundle's certificate or key, log entries, timestamps and signature. Total: foreign JSON of any shape gives a verdict. */
export function verifySignature(json: unknown, trust: ReadTrust, now: number): SignatureVerdict {
  const unfit = unfitness(json);
  if (unfit !== undefined) return { checks: [{ id: 'format', outcome: 'unknown', message: unfit }] };
  try {
    return withoutStacks(() => verify(bundleFromJSON(json), trust, now));
  } catch (error) {
    return { checks: [checkOf(error)] };
  }
}

/** Without stacks in errors: reading a certificate, the library throws and catches a dozen of them, and writing stacks is a tenth of all its time. */
function withoutStacks<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Why a bundle is not for the library: of a kind it does not know, or made to keep it busy. */
function unfitness(json: unknown): string | undefined {
  if (!isObject(json)) return 'It is no Sigstore bundle.';
  const mediaType = textAt(json, 'mediaType');
  if (mediaType === undefined || !MEDIA_TYPES.has(mediaType)) return `This version does not know the format "${mediaType ?? 'none'}".`;
  // Of a bundle with both, the library would verify the other one.
  if (!isObject(at(json, 'dsseEnvelope')) || (at(json, 'messageSignature') ?? null) !== null)
    return 'It signs no statement, or not only one.';
  const payloadType = textAt(json, 'dsseEnvelope', 'payloadType');
  if (payloadType !== STATEMENT_PAYLOAD) return `This version does not know the payload type "${payloadType ?? 'none'}".`;
  if (isOversized(at(json, 'verificationMaterial'), 0) || isOversized(listAt(json, 'dsseEnvelope', 'signatures'), 0))
    return 'It is larger than any real one.';
  for (const entry of listAt(json, 'verificationMaterial', 'tlogEntries')) {
    const proof = at(entry, 'inclusionProof');
    const numbers = [at(entry, 'logIndex'), at(entry, 'integratedTime'), at(proof, 'logIndex'), at(proof, 'treeSize')];
    if (numbers.some((number) => number !== undefined && number !== null && !isCount(number))) return 'A number of its log entry is none.';
    const checkpoint = textAt(proof, 'checkpoint', 'envelope');
    if (checkpoint !== undefined && !isPlainCheckpoint(checkpoint))
      return 'The checkpoint of its log is written in a way this version does not know.';
  }
  return undefined;
}

function isOversized(value: unknown, depth: number): boolean {
  if (depth > 16) return true;
  if (typeof value === 'string') return value.length > MAX_TEXT_UNITS;
  if (Array.isArray(value)) return value.length > MAX_LIST || value.some((item) => isOversized(item, depth + 1));
  if (!isObject(value)) return false;
  return Object.entries(value).some(([name, item]) =>
    name === 'canonicalizedBody' && typeof item === 'string' ? item.length > MAX_BODY_UNITS : isOversized(item, depth + 1),
  );
}

function isCount(value: unknown): boolean {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text.length <= MAX_NUMBER_UNITS && /^\d+$/.test(text);
}

/**
 * The library uses the name in a checkpoint's signature line as a regular expression, and reads its second line as a number of any
 * length, both before it looks at the signature. A name that is one plain word, and a short number, do no harm.
 */
function isPlainCheckpoint(envelope: string): boolean {
  const cut = envelope.indexOf('\n\n');
  if (envelope.length > 8192 || cut < 0 || !isCount(envelope.slice(0, cut).split('\n')[1] ?? '')) return false;
  return [...envelope.slice(cut).matchAll(/\u2014 (\S+)/g)].every(([, name = '']) => /^[\w./:-]+$/.test(name));
}

function verify(bundle: Bundle, trust: ReadTrust, now: number): SignatureVerdict {
  const material = bundle.verificationMaterial;
  const entries = material.tlogEntries;
  const key = checkKeyId(bundle, trust);
  const entity = toSignedEntity(bundle);
  const stranger = strangerOf(entity, trust);
  // Who is wrong about the key is so whether or not the library knows the rest.
  if (key.outcome === 'contradicted' || key.outcome === 'unknown') return { checks: [key] };
  if (stranger !== undefined) return { checks: [stranger] };
  if (entity.key.$case === 'certificate') rememberSigner(entity.key.certificate);
  const signer = new Verifier(trust.material).verify(entity);
  const times = entity.timestamps.flatMap((timestamp) => {
    if (timestamp.$case === 'timestamp-authority') return [timestamp.timestamp.signingTime.getTime()];
    // Without the log's promise nobody has signed the time.
    return timestamp.tlogEntry.inclusionPromise === undefined ? [] : [Number(timestamp.tlogEntry.integratedTime) * 1000];
  });
  const signedAt = Math.min(...times);
  const day = new Date(signedAt).toISOString();
  const checks: Check[] = [
    { id: 'format', outcome: 'passed', message: `A bundle of the format ${bundle.mediaType}.` },
    { id: 'signature', outcome: 'passed', message: `Signature, signer and log entry are good by the trust root of ${trust.date}.` },
    key,
    Math.max(...times) > now + CLOCK_SKEW_MS
      ? { id: 'signing-time', outcome: 'unknown', message: `It was signed on ${day}, which by this machine's clock is still to come.` }
      : { id: 'signing-time', outcome: 'passed', message: `It was signed on ${day}.` },
  ];
  const identity = material.content.$case === 'publicKey' ? undefined : identityOf(signer);
  return { checks, proven: { identity, signedAt, logIndex: entries[0]?.logIndex, logUrl: logUrlOf(entries[0], trust) } };
}

/** The log's promise signs the index; a proof of inclusion alone does not. */
function logUrlOf(entry: Bundle['verificationMaterial']['tlogEntries'][number] | undefined, trust: ReadTrust): string | undefined {
  return entry?.inclusionPromise === undefined ? undefined : trust.logUrl(Buffer.from(entry.logId.keyId));
}

/** Whether the signature's key id is the one that the bundle verifies with, and known: the library does not look at it. */
function checkKeyId(bundle: Bundle, trust: ReadTrust): Check {
  const id = 'key-id';
  const keyId = bundle.content.$case === 'dsseEnvelope' ? (bundle.content.dsseEnvelope.signatures[0]?.keyid ?? '') : '';
  const { content } = bundle.verificationMaterial;
  if (content.$case !== 'publicKey') {
    return keyId === ''
      ? { id, outcome: 'passed', message: 'A certificate vouches for the key, and the signature names no other.' }
      : { id, outcome: 'contradicted', message: `The signature names the key ${keyId}, but the bundle has the certificate of another.` };
  }
  const { hint } = content.publicKey;
  if (keyId !== hint)
    return { id, outcome: 'contradicted', message: `The signature names the key "${keyId}", the bundle the key "${hint}".` };
  return trust.hasKey(hint)
    ? { id, outcome: 'passed', message: `The registry's key ${hint}.` }
    : { id, outcome: 'unknown', message: `The key ${hint} is none of the registry's keys that are known here.` };
}

/** An authority or a log that the trust root does not know: newer than the snapshot, or somebody's own. Nothing can be said of either. */
function strangerOf({ key, tlogEntries, timestamps }: SignedEntity, trust: ReadTrust): Check | undefined {
  const stranger = (what: string): Check => ({
    id: 'signature',
    outcome: 'unknown',
    message: `The trust root of ${trust.date} does not know ${what}.`,
  });
  if (tlogEntries.some(({ logId }) => !trust.hasLog(Buffer.from(logId?.keyId ?? '')))) return stranger('the transparency log');
  if (key.$case === 'certificate' && !trust.hasIssuerOf(key.certificate)) return stranger('the certificate authority');
  const isKnown = (timestamp: SignedEntity['timestamps'][number]): boolean =>
    timestamp.$case !== 'timestamp-authority' ||
    trust.hasTimestampAuthority(timestamp.timestamp.signerIssuer, timestamp.timestamp.signerSerialNumber);
  return timestamps.every(isKnown) ? undefined : stranger('the timestamp authority');
}

/** What an error of the library means. */
function checkOf(error: unknown): Check {
  const said = error instanceof Error ? error.message : String(error);
  if (error instanceof ValidationError)
    return { id: 'format', outcome: 'not-proven', message: `The bundle lacks what its format requires: ${error.fields.join(', ')}.` };
  // Everything but these stands for bytes that cannot be read.
  if (!(error instanceof VerificationError)) return { id: 'format', outcome: 'unknown', message: `The bundle cannot be read: ${said}.` };
  if (/^(?:unsupported|missing dsse spec)/.test(said))
    return { id: 'format', outcome: 'unknown', message: `This version cannot judge it: ${said}.` };
  const { outcome, id } = meaningOf(error.code, said);
  return { id, outcome, message: `${outcome === 'not-proven' ? 'The evidence is incomplete' : 'The evidence is false'}: ${said}.` };
}

function meaningOf(code: string, said: string): { readonly outcome: CheckOutcome; readonly id: CheckId } {
  const incomplete = code === 'TLOG_MISSING_INCLUSION_ERROR' || /^expected \d+ .*, got \d+$/.test(said);
  const id = code === 'TIMESTAMP_ERROR' || said.startsWith('Public key is not valid') ? 'signing-time' : 'signature';
  return { id, outcome: incomplete ? 'not-proven' : 'contradicted' };
}
