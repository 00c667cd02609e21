import type { LockEntry, LockFile, LockRequest } from './lock-model.ts';
import { parseSpec } from './npm-spec.ts';

/** Somebody who asks for a package: another package, or the project itself (`entry` is undefined). */
export interface Requester {
  readonly entry: LockEntry | undefined;
  /** The folder of the importer, `''` for the lockfile's own; undefined for a package. */
  readonly importer: string | undefined;
  readonly request: LockRequest;
}

/** Who asks for which name. Made once per lockfile, in one pass over all requests. */
export type RequestIndex = ReadonlyMap<string, readonly Requester[]>;

/** All requests of a lockfile by the name that is asked for; workspaces count as importers. */
export function requestIndex(lock: LockFile): RequestIndex {
  const index = new Map<string, Requester[]>();
  const add = (requester: Requester): void => {
    const { name } = requester.request;
    const known = index.get(name);
    if (known === undefined) index.set(name, [requester]);
    else known.push(requester);
  };
  for (const { path, requests } of lock.importers) for (const request of requests) add({ entry: undefined, importer: path, request });
  for (const entry of lock.entries) {
    if (entry.source === 'root' || entry.source === 'workspace') continue;
    for (const request of lock.requestsOf(entry)) add({ entry, importer: undefined, request });
  }
  return index;
}

/** The name under which an entry is asked for. */
export function requestedName({ alias, name }: LockEntry): string {
  return alias ?? name;
}

/**
 * The names of the packages through which an entry comes in, from what the project asks for itself to the one that asks for the
 * entry. A shortest path, by names: `from` is who asks for the entry. Empty where no way up was found.
 */
export function pathFrom(index: RequestIndex, from: LockEntry): string[] {
  const seen = new Set<LockEntry>([from]);
  let level: { readonly entry: LockEntry; readonly path: readonly string[] }[] = [{ entry: from, path: [requestedName(from)] }];
  while (level.length > 0) {
    const above: typeof level = [];
    for (const { entry, path } of level) {
      const requesters = index.get(requestedName(entry)) ?? [];
      // Where nobody is known to ask, the project does: old formats do not record what it asks for.
      if (requesters.length === 0 || requesters.some(({ importer }) => importer !== undefined)) return [...path];
      for (const { entry: next } of requesters) {
        if (next === undefined || seen.has(next)) continue;
        seen.add(next);
        above.push({ entry: next, path: [requestedName(next), ...path] });
      }
    }
    level = above;
  }
  return [];
}

/** Whether a requirement, or what pnpm refers to, points at git or a URL instead of a registry. */
export function isExotic(spec: string): boolean {
  if (!/[/:]/.test(spec)) return false;
  const { kind } = parseSpec(spec);
  return kind === 'git' || kind === 'remote';
}
