import { X509Certificate } from '@sigstore/core';
import { type PublicKey, PublicKeyDetails, TrustedRoot } from '@sigstore/protobuf-specs';
import { type TrustMaterial, toTrustMaterial } from '@sigstore/verify';
import type { RegistryKey, TrustRootSource } from '../core/provenance.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { at, listAt } from './json.ts';
import { registryKey } from './registry-key.ts';
import { rememberTrusted } from './remembered.ts';
import { REGISTRY_KEYS, TRUST_ROOT_DATE, TRUSTED_ROOT } from './trust-root.generated.ts';

/** Whom to believe: Sigstore's authorities and logs, and a registry's keys. */
export interface Trust {
  /** JSON of Sigstore's message `TrustedRoot`. */
  readonly root: unknown;
  readonly keys: readonly RegistryKey[];
  /** The day of the snapshot, `YYYY-MM-DD`. */
  readonly date: string;
  readonly source: TrustRootSource;
}

/** The snapshot that travels with Waybill. */
export const BUNDLED_TRUST: Trust = { root: TRUSTED_ROOT, keys: REGISTRY_KEYS, date: TRUST_ROOT_DATE, source: 'bundled' };

/** A trust that the library can use, and what can be asked of it. */
export interface ReadTrust {
  readonly material: TrustMaterial;
  readonly date: string;
  readonly hasKey: (keyId: string) => boolean;
  readonly hasLog: (id: Buffer) => boolean;
  /** The address of the log with an id. */
  readonly logUrl: (id: Buffer) => string | undefined;
  /** Whether a certificate authority has the name that issued a certificate; the signature is another matter. */
  readonly hasIssuerOf: (certificate: X509Certificate) => boolean;
  readonly hasTimestampAuthority: (issuer: Buffer, serialNumber: Buffer) => boolean;
}

/** The longest trust root that is read, in UTF-16 units; the public one has 7 kB. */
const MAX_ROOT_UNITS = 1024 * 1024;

/**
 * A trust by a newer root than the one that travels along (`trusted_root.json`); the registry's keys are those of the snapshot. A root
 * carries no date: its day is the one on which the newest of its authorities and logs began. Fails with a sentence.
 */
export function trustOf(text: string): Result<Trust> {
  if (text.length > MAX_ROOT_UNITS) return fail(`it is larger than ${MAX_ROOT_UNITS} characters`);
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return fail('it is no JSON');
  }
  const logs = [...listAt(root, 'tlogs'), ...listAt(root, 'ctlogs')].map((log) => at(log, 'publicKey', 'validFor', 'start'));
  const authorities = [...listAt(root, 'certificateAuthorities'), ...listAt(root, 'timestampAuthorities')];
  const days = [...logs, ...authorities.map((authority) => at(authority, 'validFor', 'start'))].flatMap((start) =>
    typeof start === 'string' && /^\d{4}-\d\d-\d\dT/.test(start) ? [start.slice(0, 10)] : [],
  );
  const date = days.sort().at(-1);
  if (listAt(root, 'tlogs').length === 0 || listAt(root, 'certificateAuthorities').length === 0 || date === undefined)
    return fail('it names no transparency log, or no certificate authority');
  const trust: Trust = { root, keys: REGISTRY_KEYS, date, source: 'file' };
  const read = readTrust(trust);
  return read.ok ? ok(trust) : fail(read.error);
}

/** What was read once is read: a thousand packages share one trust. */
const READ = new WeakMap<Trust, Result<ReadTrust>>();

/** Reads a trust; fails with a sentence where the root cannot be read. */
export function readTrust(trust: Trust): Result<ReadTrust> {
  const known = READ.get(trust);
  if (known !== undefined) return known;
  const read = tryRead(trust);
  READ.set(trust, read);
  return read;
}

function tryRead({ root, keys, date }: Trust): Result<ReadTrust> {
  const usable = new Map(keys.flatMap((key) => publicKeyOf(key)));
  try {
    const material = toTrustMaterial(TrustedRoot.fromJSON(root), Object.fromEntries(usable));
    const authorities = material.certificateAuthorities.flatMap(({ certChain }) => certChain);
    for (const certificate of authorities) rememberTrusted(certificate);
    for (const { certChain } of material.timestampAuthorities) for (const certificate of certChain) rememberTrusted(certificate);
    return ok({
      material,
      date,
      hasKey: (keyId) => usable.has(keyId),
      hasLog: (id) => material.tlogs.some(({ logID }) => logID.equals(id)),
      logUrl: (id) => material.tlogs.find(({ logID }) => logID.equals(id))?.baseURL || undefined,
      hasIssuerOf: (certificate) => authorities.some(({ subject }) => subject.equals(certificate.issuer)),
      hasTimestampAuthority: (issuer, serialNumber) =>
        material.timestampAuthorities.some(
          ({ certChain: [leaf] }) =>
            leaf instanceof X509Certificate && leaf.issuer.equals(issuer) && leaf.serialNumber.equals(serialNumber),
        ),
    });
  } catch (error) {
    return fail(`The trust root cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A key for the library; none where its dates make no sense, as it would then be valid at no time, and where it is of another kind. */
function publicKeyOf({ keyId, key, validFrom, validUntil }: RegistryKey): [string, PublicKey][] {
  const start = validFrom === undefined ? undefined : new Date(validFrom);
  const end = validUntil === undefined ? undefined : new Date(validUntil);
  if (Number.isNaN(start?.getTime()) || Number.isNaN(end?.getTime()) || registryKey(key) === undefined) return [];
  const rawBytes = Buffer.from(key, 'base64');
  return [[keyId, { rawBytes, keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256, validFor: { start, end } }]];
}
