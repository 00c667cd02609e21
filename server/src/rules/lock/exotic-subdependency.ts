import type { Rule } from '../../core/rule.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry, type LockFile } from '../../formats/lock-model.ts';
import { isExotic, pathFrom, type RequestIndex, requestedName, requestIndex } from '../../formats/lock-requests.ts';
import { parseLockedGit } from '../../formats/npm-spec.ts';
import { shownPath } from '../shown-path.ts';

const REMEDY = 'Use a version of `{through}` that gets it from a registry, or override `{name}` with a registry version.';

/** A package that another one pulls in from git or from a URL: past every registry, its scanners and its release dates. */
export const rule: Rule = {
  meta: {
    id: 'lock/exotic-subdependency',
    title: 'A dependency of a dependency that comes from git or a URL',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: LOCK_FORMATS,
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '7.0',
    refs: [
      'https://pnpm.io/settings#blockexoticsubdeps',
      'https://docs.npmjs.com/cli/v11/using-npm/config#allow-git',
      'https://slsa.dev/spec/v1.1/threats-overview',
    ],
    messages: {
      git: {
        what: '`{name}` comes from the git repository `{place}`, because {path} asks for it.',
        why: 'You did not choose this source: no registry scans it, dates it or takes it back, and fetching it may run its build.',
        remedy: REMEDY,
      },
      url: {
        what: '`{name}` is downloaded from `{place}`, because {path} asks for it.',
        why: 'You did not choose this source: no registry scans it, dates it or takes it back, and the server can answer everybody otherwise.',
        remedy: REMEDY,
      },
    },
  },
  check({ manifest, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined) return;
    const candidates = lock.entries.filter(isCandidate);
    if (candidates.length === 0) return;
    const index = requestIndex(lock);
    const askers = new Askers(lock, index);
    for (const [at, entry] of candidates.entries()) {
      const from = askers.of(entry);
      if (from === undefined) continue;
      const path = at < MAX_PATHS ? pathFrom(index, from) : [];
      const through = path[0] ?? requestedName(from);
      report({
        messageId: entry.source === 'git' ? 'git' : 'url',
        args: {
          name: requestedName(entry),
          place: placeOf(entry),
          path: shownPath(path.length === 0 ? [requestedName(from)] : path),
          through,
        },
        span: lock.spanOf(entry, 'resolved'),
        identity: entry.key,
      });
    }
  },
};

/** For so many packages the whole way is looked for, which takes time with the size of the lockfile; for others the last step is told. */
const MAX_PATHS = 50;

/** From git, or from an address that has not a registry's layout. */
function isCandidate({ source, resolved }: LockEntry): boolean {
  return source === 'git' || (source === 'tarball' && resolved !== undefined && !resolved.includes('/-/'));
}

/** Who asks for git repositories and URLs, by the name that they ask for. */
class Askers {
  readonly #lock: LockFile;
  readonly #index: RequestIndex;
  readonly #known = new Map<string, { readonly own: ReadonlySet<string>; readonly packages: readonly LockEntry[] }>();

  constructor(lock: LockFile, index: RequestIndex) {
    this.#lock = lock;
    this.#index = index;
  }

  /** The package that asks for just this source; undefined where the project itself does too, which the manifest shows. */
  of(entry: LockEntry): LockEntry | undefined {
    const name = requestedName(entry);
    const known = this.#known.get(name) ?? this.#read(name);
    return known.own.has(entry.key) ? undefined : known.packages.find((one) => one !== entry);
  }

  #read(name: string) {
    const own = new Set<string>();
    const packages: LockEntry[] = [];
    for (const { entry, importer, request } of this.#index.get(name) ?? []) {
      if (!isExotic(withoutName(request.spec, name))) continue;
      if (entry !== undefined) packages.push(entry);
      const locked = importer === undefined ? undefined : this.#lock.locked(importer, name, request.spec);
      if (locked !== undefined) own.add(locked.key);
    }
    const known = { own, packages };
    this.#known.set(name, known);
    return known;
  }
}

/** pnpm refers to a package under another name as `name@address`. */
function withoutName(spec: string, name: string): string {
  return spec.startsWith(`${name}@`) ? spec.slice(name.length + 1) : spec;
}

/** The repository, or the host: addresses hold commits, and now and then a password. */
function placeOf({ resolved = '', source, key }: LockEntry): string {
  const git = source === 'git' ? parseLockedGit(resolved) : undefined;
  if (git?.kind === 'git') return git.repository;
  return /:\/\/(?:[^/@?#]*@)?([^/?#]+)/.exec(resolved)?.[1] ?? key;
}
