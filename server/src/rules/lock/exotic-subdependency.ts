import type { Rule } from '../../core/rule.ts';
import { plain } from '../../core/untrusted.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry, type LockFile } from '../../formats/lock-model.ts';
import { isExotic, pathFrom, type RequestIndex, requestedName, requestIndex } from '../../formats/lock-requests.ts';
import { parseLockedGit } from '../../formats/npm-spec.ts';

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
        remedy: 'Use a version of `{through}` that gets it from a registry, or override `{name}` with a registry version.',
      },
      url: {
        what: '`{name}` is downloaded from `{place}`, because {path} asks for it.',
        why: 'You did not choose this source: no registry scans it, dates it or takes it back, and the server can answer everybody otherwise.',
        remedy: 'Use a version of `{through}` that gets it from a registry, or override `{name}` with a registry version.',
      },
    },
  },
  check({ manifest, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined) return;
    const candidates = lock.entries.filter(isCandidate);
    if (candidates.length === 0) return;
    const index = requestIndex(lock);
    for (const entry of candidates) {
      const from = requesterOf(lock, index, entry);
      if (from === undefined) continue;
      const path = pathFrom(index, from);
      const through = path[0] ?? requestedName(from);
      report({
        messageId: entry.source === 'git' ? 'git' : 'url',
        args: { name: requestedName(entry), place: placeOf(entry), path: shownPath(path, from), through },
        span: lock.spanOf(entry, 'resolved'),
        identity: entry.key,
      });
    }
  },
};

/** From git, or from an address that has not a registry's layout. */
function isCandidate({ source, resolved }: LockEntry): boolean {
  return source === 'git' || (source === 'tarball' && resolved !== undefined && !resolved.includes('/-/'));
}

/** The package that asks for just this source; undefined where the project itself does too, which the manifest shows. */
function requesterOf(lock: LockFile, index: RequestIndex, entry: LockEntry): LockEntry | undefined {
  const requesters = (index.get(requestedName(entry)) ?? []).filter(({ request }) => isExotic(withoutName(request.spec, request.name)));
  const isOwn = requesters.some(
    ({ importer, request }) => importer !== undefined && lock.locked(importer, request.name, request.spec)?.key === entry.key,
  );
  return isOwn ? undefined : requesters.find((one) => one.entry !== undefined && one.entry !== entry)?.entry;
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

/** How many names of a path are shown; a longer one is cut in its middle. */
const MAX_PATH = 6;

function shownPath(path: readonly string[], from: LockEntry): string {
  const names = (path.length === 0 ? [requestedName(from)] : path).map((name) => `\`${plain(name)}\``);
  const shown = names.length <= MAX_PATH ? names : [...names.slice(0, MAX_PATH / 2), '…', ...names.slice(-MAX_PATH / 2)];
  return shown.join(' > ');
}
