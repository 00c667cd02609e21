import { createPublicKey, type KeyObject } from 'node:crypto';

/** Keys that were read; reading one takes as long as using it. There are as many as registries have. */
const KEYS = new Map<string, KeyObject | undefined>();
const MAX_READ_KEYS = 256;

/** A key with which a registry signs, from SubjectPublicKeyInfo in base64: ECDSA on P-256, whatever a list says that it is. Undefined for any other. */
export function registryKey(base64: string): KeyObject | undefined {
  if (KEYS.has(base64)) return KEYS.get(base64);
  const read = readKey(base64);
  if (KEYS.size >= MAX_READ_KEYS) KEYS.clear();
  KEYS.set(base64, read);
  return read;
}

function readKey(base64: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
