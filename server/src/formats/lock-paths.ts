import type { LockEntry, LockFile } from './lock-model.ts';

/** What a lockfile says of who asks for its packages. */
export interface LockPaths {
  /** Whether a project of the lockfile asks for a package itself. A lockfile that does not say so: whether no package asks for it. */
  isDirect(entry: LockEntry): boolean;
  /** The names from a dependency of a project to the package: `['a', 'b', 'name']`; a shortest one. */
  pathTo(entry: LockEntry): readonly string[];
}

/** Reads who asks for whom. Linear in the lockfile; made only when something is to be said about an entry. */
export function lockPaths(lock: LockFile): LockPaths {
  const named = new Map<string, LockEntry[]>();
  for (const entry of lock.entries) {
    const installed = entry.alias ?? entry.name;
    const same = named.get(installed);
    if (same === undefined) named.set(installed, [entry]);
    else same.push(entry);
  }
  const requested = new Set<string>();
  for (const entry of lock.entries) for (const { name } of lock.requestsOf(entry)) requested.add(name);
  const projects = lock.importers.flatMap(({ requests }) => requests.map(({ name }) => name));
  const roots = new Set(projects.length > 0 ? projects : [...named.keys()].filter((name) => !requested.has(name)));
  const parents = new Map<string, string>();
  const queue = [...roots];
  for (let at = 0; at < queue.length; at++) {
    const parent = queue[at] ?? '';
    for (const entry of named.get(parent) ?? []) {
      for (const { name } of lock.requestsOf(entry)) {
        if (roots.has(name) || parents.has(name)) continue;
        parents.set(name, parent);
        queue.push(name);
      }
    }
  }
  return {
    isDirect: (entry) => roots.has(entry.alias ?? entry.name),
    pathTo: (entry) => {
      const path = [entry.alias ?? entry.name];
      for (let up = parents.get(path[0] ?? ''); up !== undefined; up = parents.get(up)) path.unshift(up);
      return path;
    },
  };
}
