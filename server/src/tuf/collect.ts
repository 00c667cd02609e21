import { Readable } from 'node:stream';
import type { Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp } from '@tufjs/models';
import type { Documents } from './documents.ts';
import { hashOf, isFile } from './hash.ts';
import { readSnapshot, readTargets, readTimestamp, refuseExpired } from './metadata.ts';
import type { TufSet } from './state.ts';

/** The most roles that are asked for one file; Sigstore has two. */
const MAX_ROLES = 8;

/** What an update must not fall behind. */
export interface Before {
  readonly timestamp?: { readonly text: string; readonly metadata: Metadata<Timestamp> };
  readonly snapshot?: Metadata<Snapshot>;
}

/** How documents are collected. */
export interface CollectOptions {
  readonly root: Metadata<Root>;
  /** The fixed time of the update, in milliseconds since the epoch (section 5.1). */
  readonly at: number;
  readonly before: Before;
  /** The files that are wanted; the first of them must be there. */
  readonly files: readonly string[];
  /** Is told of all that is verified so far. */
  readonly note?: (set: TufSet) => void;
}

/** Collects timestamp, snapshot, targets and files, each verified by what came before (sections 5.4 to 5.7). Throws at what is wrong. */
export async function collect(documents: Documents, { root, at, before, files, note }: CollectOptions): Promise<TufSet> {
  const timestamp = checkTimestamp(await documents.timestamp(), root, before);
  refuseExpired(timestamp.metadata, at);
  let set: TufSet = { timestamp: timestamp.text, roles: [], files: [] };
  note?.(set);

  const meta = timestamp.metadata.signed.snapshotMeta;
  const asSnapshot = once((text) => checkSnapshot(text, { root, meta, before: before.snapshot }));
  const snapshotText = await documents.snapshot(meta, (text) => passes(() => asSnapshot(text)));
  const snapshot = asSnapshot(snapshotText);
  refuseExpired(snapshot, at);
  set = { ...set, snapshot: snapshotText };
  note?.(set);

  const roles = new Map<string, Metadata<Targets>>();
  const load = async (name: string, by: Metadata<Root> | Metadata<Targets>): Promise<Metadata<Targets>> => {
    const known = roles.get(name);
    if (known !== undefined) return known;
    const listed = own(snapshot.signed.meta, `${name}.json`);
    if (listed === undefined) throw new Error(`the snapshot does not list ${name}`);
    const asRole = once((one) => checkRole(one, { name, by, meta: listed }));
    const text = await documents.role(name, listed, (one) => passes(() => asRole(one)));
    const role = asRole(text);
    refuseExpired(role, at);
    roles.set(name, role);
    set = { ...set, roles: [...set.roles, [name, text]] };
    note?.(set);
    return role;
  };

  for (const [nth, path] of files.entries()) {
    const target = await findTarget(path, root, load);
    if (target === undefined) {
      if (nth === 0) throw new Error(`no role has ${path}`);
      continue;
    }
    // The library does not mind where there is no hash, or one that is broken.
    if (hashOf(target) === undefined) throw new Error(`${path} has no hash`);
    const text = await documents.file(target, (one) => isFile(target, one));
    await target.verify(Readable.from([Buffer.from(text)]));
    set = { ...set, files: [...set.files, [path, text]] };
    note?.(set);
  }
  return set;
}

/** A timestamp that is signed and does not fall behind; one of the same version is put aside for the one that is known (section 5.4.3). */
function checkTimestamp(text: string, root: Metadata<Root>, { timestamp: before }: Before): NonNullable<Before['timestamp']> {
  const metadata = readTimestamp(text);
  root.verifyDelegate('timestamp', metadata);
  if (before === undefined) return { text, metadata };
  const { version, snapshotMeta } = before.metadata.signed;
  if (metadata.signed.version === version) return before;
  refuseOlder('timestamp', metadata.signed.version, version);
  refuseOlder('the snapshot that the timestamp names', metadata.signed.snapshotMeta.version, snapshotMeta.version);
  return { text, metadata };
}

interface SnapshotOptions {
  readonly root: Metadata<Root>;
  readonly meta: MetaFile;
  readonly before: Metadata<Snapshot> | undefined;
}

function checkSnapshot(text: string, { root, meta, before }: SnapshotOptions): Metadata<Snapshot> {
  meta.verify(Buffer.from(text));
  const snapshot = readSnapshot(text);
  root.verifyDelegate('snapshot', snapshot);
  refuseOther('snapshot', snapshot.signed.version, meta.version);
  for (const [name, { version }] of Object.entries(before?.signed.meta ?? {})) {
    const listed = own(snapshot.signed.meta, name);
    if (listed === undefined) throw new Error(`the snapshot lists ${name} no more`);
    refuseOlder(name, listed.version, version);
  }
  return snapshot;
}

interface RoleOptions {
  readonly name: string;
  readonly by: Metadata<Root> | Metadata<Targets>;
  readonly meta: MetaFile;
}

function checkRole(text: string, { name, by, meta }: RoleOptions): Metadata<Targets> {
  meta.verify(Buffer.from(text));
  const role = readTargets(text);
  by.verifyDelegate(name, role);
  refuseOther(name, role.signed.version, meta.version);
  return role;
}

/** The first role that has a file, in the order in which they delegate (section 5.6.7). */
async function findTarget(
  path: string,
  root: Metadata<Root>,
  load: (name: string, by: Metadata<Root> | Metadata<Targets>) => Promise<Metadata<Targets>>,
): Promise<TargetFile | undefined> {
  const open: { readonly name: string; readonly by: Metadata<Root> | Metadata<Targets> }[] = [{ name: 'targets', by: root }];
  const visited = new Set<string>();
  for (let next = open.pop(); next !== undefined && visited.size < MAX_ROLES; next = open.pop()) {
    const { name, by } = next;
    if (visited.has(name)) continue;
    visited.add(name);
    const role = await load(name, by);
    const target = own(role.signed.targets, path);
    if (target !== undefined) return target;
    const delegated: (typeof next)[] = [];
    for (const { role: child, terminating } of role.signed.delegations?.rolesForTarget(path) ?? []) {
      delegated.unshift({ name: child, by: role });
      if (!terminating) continue;
      open.length = 0;
      break;
    }
    open.push(...delegated);
  }
  return undefined;
}

/** A check that is not made again for the text that passed it last. */
function once<T>(check: (text: string) => T): (text: string) => T {
  let passed: { readonly text: string; readonly value: T } | undefined;
  return (text) => {
    if (passed?.text !== text) passed = { text, value: check(text) };
    return passed.value;
  };
}

function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

function own<V>(members: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

function refuseOlder(what: string, version: number, before: number): void {
  if (version < before) throw new Error(`${what} has the version ${version}, and had ${before} before`);
}

function refuseOther(what: string, version: number, listed: number): void {
  if (version !== listed) throw new Error(`${what} has the version ${version}, and ${listed} is listed`);
}
