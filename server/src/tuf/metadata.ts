import { Metadata, MetadataKind, type Root, type Snapshot, type Targets, type Timestamp } from '@tufjs/models';

/** The largest documents that are read where nothing signed says how large they are, in bytes; the largest of Sigstore's has 10 kB. */
export const MAX_METADATA_BYTES = { root: 512_000, timestamp: 16_384, snapshot: 512_000, targets: 1_000_000 };

/** The library takes a time that grows with the square of an object's members, and no stack is endless: real ones have 20 and 8. */
const MAX_MEMBERS = 1_000;
const MAX_DEPTH = 32;

/** Metadata of one of the four kinds. */
type AnyMetadata = Metadata<Root> | Metadata<Timestamp> | Metadata<Snapshot> | Metadata<Targets>;

/** Reads root metadata; nothing of it is verified. Throws where it is none. */
export function readRoot(text: string): Metadata<Root> {
  const root = sound(Metadata.fromJSON(MetadataKind.Root, documentOf(text, 'root')));
  const { keys, roles } = root.signed;
  for (const [name, { keyIDs }] of Object.entries(roles)) {
    // One key under two names would count twice.
    const used = keyIDs.flatMap((id) => (Object.hasOwn(keys, id) ? [keys[id]?.keyVal.public] : []));
    if (new Set(used).size !== used.length) throw new Error(`${name} has one key under several names`);
  }
  return root;
}

/** Reads timestamp metadata; nothing of it is verified. Throws where it is none. */
export function readTimestamp(text: string): Metadata<Timestamp> {
  return sound(Metadata.fromJSON(MetadataKind.Timestamp, documentOf(text, 'timestamp')));
}

/** Reads snapshot metadata; nothing of it is verified. Throws where it is none. */
export function readSnapshot(text: string): Metadata<Snapshot> {
  return sound(Metadata.fromJSON(MetadataKind.Snapshot, documentOf(text, 'snapshot')));
}

/** Reads targets metadata; nothing of it is verified. Throws where it is none. */
export function readTargets(text: string): Metadata<Targets> {
  return sound(Metadata.fromJSON(MetadataKind.Targets, documentOf(text, 'targets')));
}

/** Throws where metadata has expired at a time, in milliseconds since the epoch. */
export function refuseExpired({ signed }: AnyMetadata, at: number): void {
  if (signed.isExpired(new Date(at))) throw new Error(`${signed.type} ${signed.version} has expired on ${signed.expires}`);
}

/** The library takes a day that cannot be read for one that never comes, and any number for a version. */
function sound<M extends AnyMetadata>(metadata: M): M {
  const { type, version, expires } = metadata.signed;
  if (!Number.isSafeInteger(version) || version < 1) throw new Error(`${type} has no version`);
  if (Number.isNaN(Date.parse(expires))) throw new Error(`${type} does not say when it expires`);
  return metadata;
}

type Document = Parameters<typeof Metadata.fromJSON>[1];

function documentOf(text: string, kind: string): Document {
  const root = parsed(text);
  if (!isObject(root) || Array.isArray(root)) throw new Error(`${kind} is no JSON object`);
  const open: (readonly [object, number])[] = [[root, 1]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    const names = Object.keys(value);
    if (depth > MAX_DEPTH || names.length > MAX_MEMBERS || names.includes('__proto__'))
      throw new Error(`${kind} has JSON out of all bounds`);
    for (const member of Object.values(value)) if (isObject(member)) open.push([member, depth + 1]);
  }
  // What came out of JSON.parse is JSON.
  return root as Document;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
