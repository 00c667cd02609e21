import { type KeyObject, verify } from 'node:crypto';
import type { Check, PackageEvidence, RegistryKey } from '../core/provenance.ts';
import { registryKey } from './registry-key.ts';

/** The most signatures of one version that are looked at; registries give one. */
const MAX_SIGNATURES = 8;

/** A key that verifies a version, and whose word it is that this is the registry's key. */
export interface KnownKey extends RegistryKey {
  readonly from: 'snapshot' | 'registry';
}

/** What verifies the signature: the keys that are known, and the time of signing that is proven otherwise. */
export interface SignatureBasis {
  readonly keys: readonly KnownKey[];
  /** When an attestation of the same version was signed, in milliseconds since the epoch. */
  readonly attestedAt: number | undefined;
}

/**
 * Whether the registry signed name, version and integrity (`dist.signatures`; npm documentation, "About registry signatures"), and
 * whether the key was valid then. One signature with a known key that does not fit is enough against it.
 */
export function checkRegistrySignature(evidence: PackageEvidence, { keys, attestedAt }: SignatureBasis): readonly Check[] {
  const id = 'registry-signature';
  const { name, version, published, signatures = [], keys: served } = evidence;
  if (signatures.length === 0) return [checkUnsigned(served)];
  if (published === undefined)
    return [{ id, outcome: 'unknown', message: 'The registry shows signatures, but not the integrity that they sign.' }];
  const message = Buffer.from(`${name}@${version}:${published}`);
  const known = signatures.slice(0, MAX_SIGNATURES).flatMap(({ keyid, sig }) => {
    const key = keys.find(({ keyId }) => keyId === keyid);
    const object = key === undefined ? undefined : registryKey(key.key);
    return key === undefined || object === undefined ? [] : [{ key, isGood: isSigned(message, object, sig) }];
  });
  const [first] = known;
  if (first === undefined) {
    const why = typeof served === 'string' ? ` Keys of the registry are not known here: ${served}.` : '';
    const keyIds = signatures
      .slice(0, MAX_SIGNATURES)
      .map(({ keyid }) => keyid)
      .join(', ');
    return [{ id, outcome: 'unknown', message: `It is signed with ${keyIds}, which is no key that is known here.${why}` }];
  }
  const wrong = known.find(({ isGood }) => !isGood);
  if (wrong !== undefined) {
    const { keyId } = wrong.key;
    return [
      { id, outcome: 'contradicted', message: `The signature with the registry's key ${keyId} is not one of ${message.toString()}.` },
    ];
  }
  const whose = first.key.from === 'snapshot' ? 'the public npm registry, known to Waybill' : 'the registry, which it serves itself';
  return [
    { id, outcome: 'passed', message: `Signed with the key ${first.key.keyId} of ${whose}.` },
    checkTime(first.key, evidence.publishedAt, attestedAt),
  ];
}

function checkUnsigned(served: PackageEvidence['keys']): Check {
  const id = 'registry-signature';
  if (typeof served === 'string')
    return { id, outcome: 'unknown', message: `The registry shows no signature, and its keys are not known: ${served}.` };
  return served.length === 0
    ? { id, outcome: 'unknown', message: 'The registry shows no signature and has no keys.' }
    : { id, outcome: 'not-proven', message: 'The registry has keys, but shows no signature for this version.' };
}

/**
 * Whether a key was valid when it signed. Keys have an end only: npm signed in 2022 what had been published before it had any. An
 * attestation's time is proven, a publication's is what the registry says, and of a mirror it may be when that fetched it.
 */
function checkTime({ keyId, validUntil, from }: KnownKey, publishedAt: number | undefined, attestedAt: number | undefined): Check {
  const id = 'registry-signature-time';
  if (validUntil === undefined) return { id, outcome: 'passed', message: `The key ${keyId} has no end.` };
  const until = Date.parse(validUntil);
  const day = dayOf(until);
  if (Number.isNaN(until)) return { id, outcome: 'unknown', message: `The key ${keyId} ends at a time that cannot be read.` };
  if (attestedAt !== undefined && attestedAt <= until)
    return { id, outcome: 'passed', message: `It was attested on ${dayOf(attestedAt)}, before the key ${keyId} ended on ${day}.` };
  const at = publishedAt ?? attestedAt;
  if (at === undefined)
    return {
      id,
      outcome: 'unknown',
      message: `The key ${keyId} ended on ${day}, and the registry does not say when this version was published.`,
    };
  if (at <= until) return { id, outcome: 'passed', message: `It was published on ${dayOf(at)}, before the key ${keyId} ended on ${day}.` };
  const late = `It was published on ${dayOf(at)}, after the key ${keyId} ended on ${day}`;
  if (from === 'registry' || attestedAt !== undefined) return { id, outcome: 'contradicted', message: `${late}.` };
  return {
    id,
    outcome: 'unknown',
    message: `${late}; the registry serves no keys itself, so that it may be a mirror that says when it fetched it.`,
  };
}

function dayOf(time: number): string {
  return Number.isFinite(time) && Math.abs(time) <= 8.64e15 ? new Date(time).toISOString().slice(0, 10) : String(time);
}

function isSigned(message: Buffer, key: KeyObject, signature: string): boolean {
  try {
    return verify('sha256', message, key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}
