import type { LockEntry, LockFile, LockRequest } from './lock-model.ts';
import { fitsRequirement } from './version-order.ts';

/** What a lockfile says of who asks for its packages. */
export interface LockPaths {
  /** Whether a project of the lockfile asks for a package itself. A lockfile that does not say so: whether no package asks for it. */
  isDirect(entry: LockEntry): boolean;
  /** The names from a dependency of a project to the package: `['a', 'b', 'name']`; a shortest one. */
  pathTo(entry: LockEntry): readonly string[];
  /**
   * The packages, other than those of the project, that ask for it by a requirement which its version satisfies: of several versions of a
   * name each has its own.
   */
  askers(entry: LockEntry): readonly LockEntry[];
}

/** Reads who asks for whom. Linear in the lockfile; made only when something is to be said about an entry, and once for all who say it. */
export function lockPaths(lock: LockFile): LockPaths {
  const known = pathsOf.get(lock);
  if (known !== undefined) return known;
  const made = read(lock);
  pathsOf.set(lock, made);
  return made;
}

const pathsOf = new WeakMap<LockFile, LockPaths>();

function read(lock: LockFile): LockPaths {
  const named = new Map<string, LockEntry[]>();
  for (const entry of lock.entries) {
    const installed = entry.alias ?? entry.name;
    const same = named.get(installed);
    if (same === undefined) named.set(installed, [entry]);
    else same.push(entry);
  }
  const asking = new Map<string, LockEntry[]>();
  // What an entry asks for is read from its text: once.
  const asked = new Map<LockEntry, readonly string[]>();
  for (const by of lock.entries) {
    const requests = lock.requestsOf(by);
    if (requests.length === 0) continue;
    asked.set(
      by,
      requests.map(({ name }) => {
        const askers = asking.get(name);
        if (askers === undefined) asking.set(name, [by]);
        else askers.push(by);
        return name;
      }),
    );
  }
  const projects = lock.importers.flatMap(({ requests }) => requests.map(({ name }) => name));
  const roots = new Set(projects.length > 0 ? projects : [...named.keys()].filter((name) => !asking.has(name)));
  const parents = new Map<string, string>();
  const queue = [...roots];
  for (let at = 0; at < queue.length; at++) {
    const parent = queue[at] ?? '';
    for (const entry of named.get(parent) ?? []) {
      for (const name of asked.get(entry) ?? []) {
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
      for (let up = parents.get(path[0] ?? ''); up !== undefined; up = parents.get(up)) path.push(up);
      return path.reverse();
    },
    askers: (entry) => {
      const installed = entry.alias ?? entry.name;
      const isMeant = ({ name, spec }: LockRequest): boolean =>
        name === installed && fitsRequirement(entry.version ?? '', spec.replace(/^npm:(?:@?[^@]+@)?/, ''));
      return (asking.get(installed) ?? []).filter(
        (by) => by.source !== 'root' && by.source !== 'workspace' && lock.requestsOf(by).some(isMeant),
      );
    },
  };
}
