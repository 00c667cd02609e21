import { parse } from 'semver';
import type { Rule } from '../../core/rule.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry, perStretch } from '../../formats/lock-model.ts';

/** An entry whose archive is another package's or another version's: lockfile injection, which a reviewer scrolls past. */
export const rule: Rule = {
  meta: {
    id: 'lock/resolved-mismatch',
    title: 'A locked package whose archive is another one',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: LOCK_FORMATS,
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '9.0',
    refs: [
      'https://snyk.io/blog/why-npm-lockfiles-can-be-a-security-blindspot-for-injecting-malicious-modules/',
      'https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json#packages',
    ],
    messages: {
      name: {
        what: 'The archive of `{name}` is that of `{other}`.',
        why: 'The lockfile decides what is downloaded, so `{other}` would be installed under the name `{name}`: this is how lockfile injection looks.',
        remedy: 'Find out who changed this line; delete the entry and run `{manager} install` to have it written anew.',
      },
      version: {
        what: '`{name}` is locked at {version}, and its archive is that of {other}.',
        why: 'The lockfile decides what is downloaded, so {other} would be installed while audits see {version}.',
        remedy: 'Find out who changed this line; delete the entry and run `{manager} install` to have it written anew.',
      },
    },
  },
  check({ manifest, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined) return;
    for (const { entry, version, tarball } of perStretch(lock, mismatchesIn).flat()) {
      const { name } = entry;
      const otherName = tarball.name !== name;
      report({
        messageId: otherName ? 'name' : 'version',
        args: { manager: lock.manager, name, version: version ?? '', other: otherName ? tarball.name : tarball.version },
        span: lock.spanOf(entry, 'resolved'),
        identity: `${entry.key} ${tarball.name}@${tarball.version}`,
      });
    }
  },
};

function mismatchesIn(entries: readonly LockEntry[]) {
  return entries.flatMap((entry) => {
    const { name, version, resolved, source } = entry;
    if (resolved === undefined || name === '' || (source !== 'tarball' && source !== 'bundled')) return [];
    if (version !== undefined && isUsual(resolved, name, version)) return [];
    const tarball = readTarball(resolved);
    // yarn: somebody requires this very address, under a name of their own.
    if (tarball === undefined || entry.key.includes(`@${resolved.replace(/#.*$/s, '')}`)) return [];
    if (tarball.name === name && (version === undefined || isSameVersion(tarball.version, version))) return [];
    return [{ entry, version, tarball }];
  });
}

/**
 * Whether an address, up to its `#`, ends in just `/<name>/-/<basename>-<version>.tgz`, as nearly all do, found without making a text.
 * A scope in front of an unscoped name makes it another package.
 */
function isUsual(resolved: string, name: string, version: string): boolean {
  const base = name.startsWith('@') ? name.slice(name.indexOf('/') + 1) : name;
  const hash = resolved.indexOf('#');
  const end = hash < 0 ? resolved.length : hash;
  const versionAt = end - '.tgz'.length - version.length;
  const baseAt = versionAt - 1 - base.length;
  const nameAt = baseAt - '/-/'.length - name.length;
  if (nameAt < 1 || !resolved.startsWith(version, versionAt) || !resolved.startsWith(name, nameAt)) return false;
  if (!resolved.startsWith(base, baseAt) || !resolved.startsWith('/-/', baseAt - 3)) return false;
  if (resolved[nameAt - 1] !== '/' || resolved[versionAt - 1] !== '-' || !resolved.startsWith('.tgz', end - 4)) return false;
  const scopeSign = resolved[resolved.lastIndexOf('/', nameAt - 2) + 1];
  return base !== name || (scopeSign !== '@' && scopeSign !== '%');
}

/**
 * Name and version in a tarball's address, undefined where it has not the registry's layout, `/<name>/-/<basename>-<version>.tgz`.
 * GitLab and Artifactory write a scoped name's scope again behind `/-/`; a scope's slash may be `%2f`. Registries with
 * other layouts (a digest or `download` in the path, source archives of git hosts) name nothing that could be compared.
 */
function readTarball(resolved: string): { readonly name: string; readonly version: string } | undefined {
  const path = decode(resolved.replace(/[?#].*$/s, ''));
  const match = /\/((?:@[^/]+\/)?[^/@]+)\/-\/(?:(@[^/]+)\/)?([^/]+)\.tgz$/.exec(path);
  if (match === null) return undefined;
  const [, name = '', scope, file = ''] = match;
  const base = name.slice(name.indexOf('/') + 1);
  if (scope !== undefined && scope !== name.slice(0, name.indexOf('/'))) return undefined;
  if (!file.startsWith(`${base}-`)) return undefined;
  const version = file.slice(base.length + 1);
  return parse(version, { loose: true }) === null ? undefined : { name, version };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Not percent-encoded, whatever it looks like; compared as it stands.
    return path;
  }
}

/** Old archives have loose versions in their names (`1.0.0beta`), and build metadata (`+exp`) never gets there. */
function isSameVersion(a: string, b: string): boolean {
  const [left, right] = [parse(a, { loose: true }), parse(b, { loose: true })];
  return left !== null && right !== null && left.version === right.version;
}
