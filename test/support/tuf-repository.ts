import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/**
 * A repository of The Update Framework with keys of its own, made anew for each run, so that a test can also publish what no honest one
 * would. Canonical JSON is written here a second time: a test that signed with the library's own would agree with its mistakes.
 */

/** A key, as root metadata have it. */
export interface TufKey {
  readonly id: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly privateKey: KeyObject;
}

/** A new key. */
export function tufKey(kind: 'ed25519' | 'ecdsa' = 'ecdsa'): TufKey {
  const pair = kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const json =
    kind === 'ed25519'
      ? // As hexadecimal, which is the other way to write it.
        {
          keytype: kind,
          scheme: kind,
          keyval: { public: pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex') },
        }
      : { keytype: kind, scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
  return { id: sha256(canonical(json)), json, privateKey: pair.privateKey };
}

/** SHA-256 in hexadecimal. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** OLPC's canonical JSON: sorted members, no white space, only quotes and backslashes escaped. */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${canonical(name)}:${canonical(member)}`).join(',')}}`;
}

/** A signature as a document has it. */
export function signatureBy({ id, privateKey }: TufKey, body: unknown): { keyid: string; sig: string } {
  const bytes = Buffer.from(canonical(body));
  return { keyid: id, sig: sign(privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, privateKey).toString('hex') };
}

/** A document, signed with some keys. */
export function signedBy(body: unknown, keys: readonly TufKey[]): string {
  return JSON.stringify({ signatures: keys.map((key) => signatureBy(key, body)), signed: body }, undefined, 1);
}

/** Who may sign what. */
export interface Roles {
  root: readonly TufKey[];
  timestamp: readonly TufKey[];
  snapshot: readonly TufKey[];
  targets: readonly TufKey[];
}

/** What differs from an honest document: other members of what is signed, other signers. */
export interface Change {
  readonly members?: Readonly<Record<string, unknown>>;
  readonly by?: readonly TufKey[];
}

/** When documents expire unless a test says otherwise. */
export const EXPIRES = '2027-06-01T00:00:00Z';

/** A time before all documents expire, and after the repository was seeded. */
export const NOW = Date.parse('2026-12-01T12:00:00Z');

/** The day of what travels along. */
export const SINCE = Date.parse('2026-11-05');

/** The role that has the keys of the npm registry. */
const DELEGATED = 'npm-keys';

/** A repository; `served` is what it has by path, and may be changed at any time. */
export type TufRepositoryMaker = ReturnType<typeof makeTuf>;

/** Makes a repository with target files by path; those with a slash are a delegated role's. */
export function makeTuf(files: Readonly<Record<string, string>>, { isConsistent = true, expires = EXPIRES } = {}) {
  const online = tufKey('ed25519');
  const offline = [tufKey('ed25519'), tufKey(), tufKey()];
  const delegate = tufKey();
  let roles: Roles = { root: offline, timestamp: [online], snapshot: [online], targets: offline };
  const thresholds: Readonly<Record<keyof Roles, number>> = { root: 2, timestamp: 1, snapshot: 1, targets: 2 };
  const served = new Map<string, string>();
  const versions = { root: 1, timestamp: 0, snapshot: 0, targets: 0 };
  let current = files;

  const common = (type: string, version: number) => ({ _type: type, spec_version: '1.0.31', version, expires });
  const rootBody = (members: Change['members'] = {}) => ({
    ...common('root', versions.root),
    consistent_snapshot: isConsistent,
    keys: Object.fromEntries(Object.values(roles).flatMap((keys: readonly TufKey[]) => keys.map(({ id, json }) => [id, json]))),
    roles: Object.fromEntries(
      Object.entries(roles).map(([role, keys]: [string, readonly TufKey[]]) => [
        role,
        { keyids: keys.map(({ id }) => id), threshold: thresholds[role as keyof Roles] },
      ]),
    ),
    'x-test': { note: 'quote " and backslash \\' },
    ...members,
  });

  const metaOf = (version: number, text: string) => ({ version, length: Buffer.byteLength(text), hashes: { sha256: sha256(text) } });
  const put = (name: string, version: number, text: string): string => {
    served.set(isConsistent && name !== 'timestamp' ? `${version}.${name}.json` : `${name}.json`, text);
    return text;
  };

  const seed = signedBy(rootBody(), offline);
  served.set('1.root.json', seed);

  /** Publishes new targets, snapshot and timestamp: other files, or documents with something that is not as it should be. */
  function publish(
    changes: { files?: Readonly<Record<string, string>>; targets?: Change; delegated?: Change; snapshot?: Change; timestamp?: Change } = {},
  ): void {
    current = changes.files ?? current;
    versions.targets++;
    const targetsOf = (isDelegated: boolean) =>
      Object.fromEntries(
        Object.entries(current)
          .filter(([path]) => path.includes('/') === isDelegated)
          .map(([path, text]) => [path, { length: Buffer.byteLength(text), hashes: { sha256: sha256(text) } }]),
      );
    for (const [path, text] of Object.entries(current)) {
      const end = path.lastIndexOf('/') + 1;
      served.set(`targets/${path.slice(0, end)}${isConsistent ? `${sha256(text)}.` : ''}${path.slice(end)}`, text);
    }
    const delegated = { ...common('targets', versions.targets), targets: targetsOf(true), ...changes.delegated?.members };
    const delegatedText = put(DELEGATED, delegated.version, signedBy(delegated, changes.delegated?.by ?? [delegate]));
    const targets = {
      ...common('targets', versions.targets),
      targets: targetsOf(false),
      delegations: {
        keys: { [delegate.id]: delegate.json },
        roles: [{ name: DELEGATED, keyids: [delegate.id], threshold: 1, terminating: true, paths: ['*/*'] }],
      },
      ...changes.targets?.members,
    };
    const targetsText = put('targets', targets.version, signedBy(targets, changes.targets?.by ?? roles.targets));
    versions.snapshot++;
    const snapshot = {
      ...common('snapshot', versions.snapshot),
      meta: {
        'targets.json': metaOf(targets.version, targetsText),
        [`${DELEGATED}.json`]: metaOf(delegated.version, delegatedText),
      },
      ...changes.snapshot?.members,
    };
    const snapshotText = put('snapshot', snapshot.version, signedBy(snapshot, changes.snapshot?.by ?? roles.snapshot));
    versions.timestamp++;
    const timestamp = {
      ...common('timestamp', versions.timestamp),
      meta: { 'snapshot.json': metaOf(snapshot.version, snapshotText) },
      ...changes.timestamp?.members,
    };
    put('timestamp', timestamp.version, signedBy(timestamp, changes.timestamp?.by ?? roles.timestamp));
  }

  /** Publishes the next root; who signs it are the keys of before and after, unless a change says otherwise. */
  function rotate(next: Partial<Roles> = {}, { members, by }: Change = {}): void {
    const before = roles.root;
    roles = { ...roles, ...next };
    versions.root++;
    const body = rootBody(members);
    served.set(`${versions.root}.root.json`, signedBy(body, by ?? [...new Set([...before, ...roles.root])]));
  }

  publish();
  return {
    /** Root metadata 1 in base64: what travels along. */
    root: Buffer.from(seed).toString('base64'),
    served,
    versions,
    roles: () => roles,
    rootBody,
    publish,
    rotate,
  };
}
