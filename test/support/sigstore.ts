import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { Trust } from '../../server/src/provenance/index.ts';

/**
 * A Sigstore of our own: certificate authority, certificate transparency log, transparency log (both generations of its entries),
 * timestamp authority, and a registry's key. Made anew for each run, so that a test can also make what no honest one would sign.
 */

/** DER, as much of it as certificates and timestamps need (ITU-T X.690). */
const der = {
  tlv: (tag: number, ...parts: Uint8Array[]): Buffer => {
    const body = Buffer.concat(parts);
    const length =
      body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
    return Buffer.concat([Buffer.from([tag, ...length]), body]);
  },
  seq: (...parts: Uint8Array[]) => der.tlv(0x30, ...parts),
  set: (...parts: Uint8Array[]) => der.tlv(0x31, ...parts),
  context: (number: number, ...parts: Uint8Array[]) => der.tlv(0xa0 + number, ...parts),
  int: (value: number | Uint8Array) => der.tlv(0x02, typeof value === 'number' ? Buffer.from([value]) : value),
  octets: (...parts: Uint8Array[]) => der.tlv(0x04, ...parts),
  bits: (bytes: Uint8Array, unused = 0) => der.tlv(0x03, Buffer.from([unused]), bytes),
  utf8: (text: string) => der.tlv(0x0c, Buffer.from(text)),
  oid: (text: string) => {
    const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
    const bytes = [first * 40 + second];
    for (const number of rest) {
      const digits = [number & 127];
      for (let left = number >> 7; left > 0; left >>= 7) digits.unshift((left & 127) | 128);
      bytes.push(...digits);
    }
    return der.tlv(0x06, Buffer.from(bytes));
  },
  time: (date: Date) => der.tlv(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+/g, '')}`)),
};

const ECDSA_SHA256 = der.seq(der.oid('1.2.840.10045.4.3.2'));
const SHA256 = der.seq(der.oid('2.16.840.1.101.3.4.2.1'));
const TST_INFO = der.oid('1.2.840.113549.1.9.16.1.4');

/** A key pair, and the public half as SubjectPublicKeyInfo. */
export interface Key {
  readonly privateKey: KeyObject;
  readonly spki: Buffer;
}

/** A new key on the curve P-256. */
export function makeKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, spki: publicKey.export({ type: 'spki', format: 'der' }) };
}

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function nameOf(commonName: string): Buffer {
  return der.seq(der.set(der.seq(der.oid('2.5.4.3'), der.utf8(commonName))));
}

function extension(oid: string, value: Uint8Array): Buffer {
  return der.seq(der.oid(oid), der.octets(value));
}

/** A certificate authority or a timestamp authority: its certificate signs itself. */
export interface Authority {
  readonly key: Key;
  readonly name: Buffer;
  readonly certificate: Buffer;
}

interface CertificateOptions {
  readonly issuer: { readonly name: Buffer; readonly key: Key };
  readonly subject: Buffer;
  readonly spki: Buffer;
  readonly from: Date;
  readonly to: Date;
  readonly extensions: readonly Buffer[];
  readonly serial?: Buffer;
}

function tbs({ issuer, subject, spki, from, to, extensions, serial = randomSerial() }: CertificateOptions): Buffer {
  const validity = der.seq(der.time(from), der.time(to));
  const version = der.context(0, der.int(2));
  return der.seq(version, der.int(serial), ECDSA_SHA256, issuer.name, validity, subject, spki, der.context(3, der.seq(...extensions)));
}

function randomSerial(): Buffer {
  return Buffer.concat([Buffer.from([1]), randomBytes(15)]);
}

function signed(body: Buffer, { privateKey }: Key): Buffer {
  return der.seq(body, ECDSA_SHA256, der.bits(sign('sha256', body, privateKey)));
}

const EPOCH = new Date('2020-01-01T00:00:00Z');
const FAR = new Date('2040-01-01T00:00:00Z');

/** An authority with a root certificate. */
export function makeAuthority(commonName: string): Authority {
  const key = makeKey();
  const name = nameOf(commonName);
  const extensions = [
    extension('2.5.29.15', der.bits(Buffer.from([0x06]), 1)),
    extension('2.5.29.19', der.seq(der.tlv(0x01, Buffer.from([0xff])))),
    extension('2.5.29.14', der.octets(sha256(key.spki).subarray(0, 20))),
  ];
  return {
    key,
    name,
    certificate: signed(tbs({ issuer: { name, key }, subject: name, spki: key.spki, from: EPOCH, to: FAR, extensions }), key),
  };
}

/** Who signs: as GitHub Actions is described in Fulcio's certificates. */
export interface Signer {
  readonly san: string;
  readonly issuer: string;
  /** Values of Fulcio's extensions by the last number of their identifier; those below 8 are bare text. */
  readonly extensions: Readonly<Record<number, string>>;
}

/** What a bundle is made of. */
export interface BundleOptions {
  readonly format?: '0.1' | '0.2' | '0.3' | '0.3-legacy';
  readonly statement: unknown;
  /** A certificate for this signer, or the registry's key. */
  readonly by: Signer | 'registry';
  readonly at?: Date;
  /** Who vouches for the time: the log's promise, or the timestamp authority (and a log that promises nothing). */
  readonly time?: 'promise' | 'authority';
  readonly entry?: 'intoto' | 'dsse' | 'dsse-v2' | 'alpine';
  readonly authority?: Authority;
  readonly timestampAuthority?: Sigstore['timestampAuthority'];
  /** The certificate is valid for so many minutes from `at` on; negative: it ended before. */
  readonly minutes?: number;
  readonly withoutSct?: boolean;
  /** The certificate's key, where another one than this signs. */
  readonly certifiedKey?: Key;
  readonly keyId?: string;
  readonly hint?: string;
  readonly log?: { readonly key: Key; readonly id: Buffer };
  readonly payload?: string;
}

/** A bundle as JSON, loose enough for tests to spoil it. */
export interface BundleJson {
  mediaType: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests spoil any part of it.
  verificationMaterial: any;
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string; keyid: string }[] };
}

/** All authorities, the trust in them, and what they make. */
export type Sigstore = ReturnType<typeof makeSigstore>;

/** When things are signed unless a test says otherwise. */
export const SIGNED_AT = new Date('2026-03-01T12:00:00Z');

/** A new Sigstore. */
export function makeSigstore() {
  const authority = makeAuthority('Test CA');
  const tsaRoot = makeAuthority('Test TSA root');
  const timestampAuthority = makeTimestampAuthority(tsaRoot);
  const log = makeLog();
  const ctLog = makeLog();
  const registryKey = makeKey();
  const keyId = `SHA256:${sha256(registryKey.spki).toString('base64').replace(/=+$/, '')}`;
  const validFor = { start: EPOCH.toISOString() };
  const logJson = ({ key, id }: typeof log, baseUrl: string) => ({
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: key.spki.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
    logId: { keyId: id.toString('base64') },
  });
  const chain = (...certificates: Buffer[]) => ({
    subject: { organization: 'test', commonName: 'test' },
    uri: 'https://ca.example.test',
    certChain: { certificates: certificates.map((bytes) => ({ rawBytes: bytes.toString('base64') })) },
    validFor,
  });
  const trust: Trust = {
    date: '2026-03-01',
    source: 'file',
    root: {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [logJson(log, 'https://log.example.test')],
      certificateAuthorities: [chain(authority.certificate)],
      ctlogs: [logJson(ctLog, 'https://ct.example.test')],
      timestampAuthorities: [chain(timestampAuthority.certificate, tsaRoot.certificate)],
    },
    keys: [{ keyId, key: registryKey.spki.toString('base64'), validFrom: '2025-01-01T00:00:00Z' }],
  };

  const bundle = (options: BundleOptions): BundleJson => {
    const { format = '0.3', at = SIGNED_AT, by, time = 'promise' } = options;
    const { entry = format === '0.1' ? 'intoto' : time === 'authority' ? 'dsse-v2' : 'dsse' } = options;
    const key = by === 'registry' ? registryKey : makeKey();
    const payload = Buffer.from(options.payload ?? JSON.stringify(options.statement));
    const payloadType = 'application/vnd.in-toto+json';
    const encoded = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);
    const signature = sign('sha256', encoded, key.privateKey);
    const leaf = by === 'registry' ? undefined : certify(by, (options.certifiedKey ?? key).spki, { ...options, at });
    const certificate = leaf === undefined ? undefined : { rawBytes: leaf.toString('base64') };
    const holder =
      certificate === undefined
        ? { publicKey: { hint: options.hint ?? keyId } }
        : format.startsWith('0.3')
          ? { certificate }
          : { x509CertificateChain: { certificates: [certificate] } };
    const stamps =
      time === 'authority'
        ? [{ signedTimestamp: timestamp(options.timestampAuthority ?? timestampAuthority, signature, at).toString('base64') }]
        : [];
    return {
      mediaType:
        format === '0.3'
          ? 'application/vnd.dev.sigstore.bundle.v0.3+json'
          : `application/vnd.dev.sigstore.bundle+json;version=${format.slice(0, 3)}`,
      verificationMaterial: {
        ...holder,
        tlogEntries: [logEntry(options.log ?? log, bodyOf(entry, signature, payload), { at, format, entry, time })],
        timestampVerificationData: { rfc3161Timestamps: stamps },
      },
      dsseEnvelope: {
        payload: payload.toString('base64'),
        payloadType,
        signatures: [{ sig: signature.toString('base64'), keyid: options.keyId ?? (by === 'registry' ? keyId : '') }],
      },
    };
  };

  const certify = (signer: Signer, spki: Buffer, options: BundleOptions & { readonly at: Date }): Buffer => {
    const issuer = options.authority ?? authority;
    const fulcio = '1.3.6.1.4.1.57264.1';
    const isMail = !signer.san.includes('://');
    const extensions = [
      extension('2.5.29.15', der.bits(Buffer.from([0x80]), 7)),
      extension('2.5.29.37', der.seq(der.oid('1.3.6.1.5.5.7.3.3'))),
      extension('2.5.29.35', der.seq(der.tlv(0x80, sha256(issuer.key.spki).subarray(0, 20)))),
      extension('2.5.29.17', der.seq(der.tlv(isMail ? 0x81 : 0x86, Buffer.from(signer.san)))),
      extension(`${fulcio}.1`, Buffer.from(signer.issuer)),
      ...Object.entries(signer.extensions).map(([number, value]) =>
        extension(`${fulcio}.${number}`, Number(number) < 8 ? Buffer.from(value) : der.utf8(value)),
      ),
    ];
    const minutes = options.minutes ?? 10;
    const from = new Date(options.at.getTime() + Math.min(minutes, 0) * 120_000 - 1000);
    const to = new Date(options.at.getTime() + minutes * 60_000);
    const certificate = { issuer, subject: der.seq(), spki, from, to, serial: randomSerial() };
    const body = tbs({ ...certificate, extensions });
    if (options.withoutSct === true) return signed(body, issuer.key);
    // A signed certificate timestamp (RFC 6962, section 3.2), over the certificate without it.
    const date = Buffer.alloc(8);
    date.writeBigUInt64BE(BigInt(options.at.getTime()));
    const length = Buffer.from([0, body.length >> 8, body.length & 255]);
    const entry = Buffer.concat([
      Buffer.from([0, 0]),
      date,
      Buffer.from([0, 1]),
      sha256(issuer.key.spki),
      length,
      body,
      Buffer.from([0, 0]),
    ]);
    const sctSignature = sign('sha256', entry, ctLog.key.privateKey);
    const sct = Buffer.concat([Buffer.from([0]), ctLog.id, date, Buffer.from([0, 0, 4, 3, 0, sctSignature.length]), sctSignature]);
    const list = Buffer.concat([Buffer.from([0, sct.length + 2, 0, sct.length]), sct]);
    return signed(tbs({ ...certificate, extensions: [...extensions, extension('1.3.6.1.4.1.11129.2.4.2', der.octets(list))] }), issuer.key);
  };

  return { trust, bundle, keyId, registryKey, timestampAuthority };
}

function makeLog(): { readonly key: Key; readonly id: Buffer } {
  const key = makeKey();
  return { key, id: sha256(key.spki) };
}

/** A log of nobody's. */
export const strangeLog = makeLog;

/** The body of a log entry, in the three forms that statements have been entered in. */
function bodyOf(entry: NonNullable<BundleOptions['entry']>, signature: Buffer, payload: Buffer): unknown {
  const sig = signature.toString('base64');
  const payloadHash = { algorithm: 'sha256', value: sha256(payload).toString('hex') };
  switch (entry) {
    case 'intoto': {
      const envelope = { payloadType: 'application/vnd.in-toto+json', signatures: [{ sig: Buffer.from(sig).toString('base64') }] };
      return { apiVersion: '0.0.2', kind: 'intoto', spec: { content: { envelope, payloadHash } } };
    }
    case 'alpine':
      return { apiVersion: '0.0.1', kind: 'alpine', spec: {} };
    case 'dsse':
      return { apiVersion: '0.0.1', kind: 'dsse', spec: { payloadHash, signatures: [{ signature: sig, verifier: '' }] } };
    case 'dsse-v2': {
      const digest = { algorithm: 'SHA2_256', digest: sha256(payload).toString('base64') };
      return { apiVersion: '0.0.2', kind: 'dsse', spec: { dsseV002: { payloadHash: digest, signatures: [{ content: sig }] } } };
    }
  }
}

interface LogEntryOptions {
  readonly at: Date;
  readonly format: string;
  readonly entry: NonNullable<BundleOptions['entry']>;
  readonly time: 'promise' | 'authority';
}

/** The third of four entries of a log, with promise, proof or both. */
function logEntry(
  { key, id }: { readonly key: Key; readonly id: Buffer },
  content: unknown,
  { at, format, entry, time }: LogEntryOptions,
): unknown {
  const body = Buffer.from(JSON.stringify(content));
  const integratedTime = Math.floor(at.getTime() / 1000);
  const logIndex = 1002;
  const promised = JSON.stringify({ body: body.toString('base64'), integratedTime, logID: id.toString('hex'), logIndex });
  const [one, two] = [sha256(Buffer.from('entries 0 and 1')), sha256(Buffer.from('entry 3'))];
  const root = sha256(Buffer.from([1]), one, sha256(Buffer.from([1]), sha256(Buffer.from([0]), body), two));
  const note = `log.example.test\n4\n${root.toString('base64')}\n`;
  const noteSignature = Buffer.concat([id.subarray(0, 4), sign('sha256', Buffer.from(note), key.privateKey)]);
  const proof = {
    logIndex: '2',
    treeSize: '4',
    rootHash: root.toString('base64'),
    hashes: [two.toString('base64'), one.toString('base64')],
    checkpoint: { envelope: `${note}\n\u2014 log.example.test ${noteSignature.toString('base64')}\n` },
  };
  return {
    logIndex: String(logIndex),
    logId: { keyId: id.toString('base64') },
    kindVersion: { kind: entry === 'dsse-v2' ? 'dsse' : entry, version: entry === 'dsse' || entry === 'alpine' ? '0.0.1' : '0.0.2' },
    integratedTime: time === 'authority' ? '0' : String(integratedTime),
    ...(time === 'authority'
      ? {}
      : { inclusionPromise: { signedEntryTimestamp: sign('sha256', Buffer.from(promised), key.privateKey).toString('base64') } }),
    ...(format === '0.1' ? {} : { inclusionProof: proof }),
    canonicalizedBody: body.toString('base64'),
  };
}

/** A timestamp authority below a root of its own. */
export function makeTimestampAuthority(root: Authority): Authority & { readonly issuer: Buffer; readonly serial: Buffer } {
  const key = makeKey();
  const name = nameOf('Test TSA');
  const serial = randomSerial();
  const extensions = [extension('2.5.29.15', der.bits(Buffer.from([0x80]), 7))];
  const certificate = signed(tbs({ issuer: root, subject: name, spki: key.spki, from: EPOCH, to: FAR, extensions, serial }), root.key);
  return { key, name, certificate, issuer: root.name, serial };
}

/** A timestamp response (RFC 3161) over a signature. */
function timestamp({ key, issuer, serial }: Sigstore['timestampAuthority'], signature: Buffer, at: Date): Buffer {
  const info = der.seq(der.int(1), der.oid('1.2.3.4'), der.seq(SHA256, der.octets(sha256(signature))), der.int(7), der.time(at));
  const contentType = der.seq(der.oid('1.2.840.113549.1.9.3'), der.set(TST_INFO));
  const messageDigest = der.seq(der.oid('1.2.840.113549.1.9.4'), der.set(der.octets(sha256(info))));
  const signedAttributes = sign('sha256', der.set(contentType, messageDigest), key.privateKey);
  const signerInfo = der.seq(
    der.int(1),
    der.seq(issuer, der.int(serial)),
    SHA256,
    der.context(0, contentType, messageDigest),
    ECDSA_SHA256,
    der.octets(signedAttributes),
  );
  const content = der.seq(TST_INFO, der.context(0, der.octets(info)));
  const signedData = der.seq(der.int(3), der.set(SHA256), content, der.set(signerInfo));
  return der.seq(der.seq(der.int(0)), der.seq(der.oid('1.2.840.113549.1.7.2'), der.context(0, signedData)));
}
