import type { KeyObject } from 'node:crypto';
import { ASN1Obj, crypto, type X509Certificate } from '@sigstore/core';

/**
 * What makes the library fast without changing what it says. It encodes certificates dozens of times in one verification, to compare
 * and to verify them, byte by byte, and reads the key of an authority again for each: three quarters of its time. Nobody changes a
 * certificate that was parsed (for what it does change, the library parses a copy), so both are done once.
 */

/** The certificates of trust roots, and their keys as far as they were needed. */
const KEYS = new WeakMap<X509Certificate, KeyObject | undefined>();

/** The key of a certificate of a trust root; undefined for any other. Throws where it cannot be read, as the library does. */
function keyOf(certificate: X509Certificate): KeyObject | undefined {
  if (!KEYS.has(certificate)) return undefined;
  const key = KEYS.get(certificate) ?? crypto.createPublicKey(certificate.publicKey);
  KEYS.set(certificate, key);
  return key;
}

/** Makes a certificate of the trust root remember its encoding, its key, and whether another one has signed it. */
export function rememberTrusted(certificate: X509Certificate): void {
  rememberEncoding(certificate);
  KEYS.set(certificate, undefined);
  const verify = certificate.verify.bind(certificate);
  const known = new WeakMap<X509Certificate, boolean>();
  certificate.verify = (issuer = certificate) => {
    const answer = known.get(issuer) ?? verify(issuer);
    known.set(issuer, answer);
    return answer;
  };
}

/** Makes the certificate of somebody who signed remember its encoding, and read the keys of the trust root no more. */
export function rememberSigner(certificate: X509Certificate): void {
  rememberEncoding(certificate);
  const verify = certificate.verify.bind(certificate);
  certificate.verify = (issuer) => {
    const key = issuer && keyOf(issuer);
    if (key === undefined) return verify(issuer);
    return crypto.verify(certificate.tbsCertificate.toDER(), key, certificate.signatureValue, certificate.signatureAlgorithm);
  };
}

function rememberEncoding({ root, tbsCertificate }: X509Certificate): void {
  // RFC 5280, section 4.1: the public key is the seventh member.
  for (const part of [root, tbsCertificate, tbsCertificate.subs[6]]) if (part !== undefined) rememberDer(part);
}

function rememberDer(part: ASN1Obj): void {
  let der: Buffer | undefined;
  const encode = part.toDER.bind(part);
  part.toDER = () => {
    der ??= encode();
    return der;
  };
}

/**
 * An ASN.1 object in DER: the bytes that the library's own method gives. That one makes four buffers of a kilobyte for each of the eighty
 * objects of a certificate, which is a quarter of the time of a verification, and most of its garbage.
 */
export function encodeDer({ tag, subs, value }: ASN1Obj): Buffer {
  const content = subs.length === 0 ? value : Buffer.concat(subs.map((sub) => sub.toDER()));
  return Buffer.concat([Buffer.from([tag.toDER(), ...lengthOctets(content.length)]), content]);
}

/** X.690, section 8.1.3: short lengths are one octet; of others the first one says how many there are. */
function lengthOctets(length: number): readonly number[] {
  if (length < 128) return [length];
  const octets: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
  return [0x80 | octets.length, ...octets];
}

// Also for the copies of certificates that the library makes, to see what their log signed.
ASN1Obj.prototype.toDER = function toDER(this: ASN1Obj): Buffer {
  return encodeDer(this);
};
