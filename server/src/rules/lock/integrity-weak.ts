import type { Rule } from '../../core/rule.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry } from '../../formats/lock-model.ts';

const WHY = 'Two archives with the same {algorithm} can be made on purpose, so the hash does not prove which of them was reviewed.';

/** Packages that are held by nothing but a hash for which two different archives can be made. */
export const rule: Rule = {
  meta: {
    id: 'lock/integrity-weak',
    title: 'Locked packages with nothing but a weak hash',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: LOCK_FORMATS,
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '3.0',
    refs: ['https://shattered.io/', 'https://www.w3.org/TR/SRI/#hash-functions', 'https://www.rfc-editor.org/rfc/rfc6194'],
    messages: {
      one: {
        what: '`{name}` is locked by nothing but a {algorithm} hash.',
        why: WHY,
        remedy: 'Delete this entry and `node_modules`, then run `{manager} install`, which writes the hash that the registry has today.',
      },
      many: {
        what: '{count} packages are locked by nothing but a {algorithm} hash, `{name}` first.',
        why: WHY,
        remedy:
          'Delete the lockfile and `node_modules`, then run `{manager} install`, which writes the hashes that the registry has today.',
      },
    },
  },
  check({ manifest, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined) return;
    let first: LockEntry | undefined;
    let count = 0;
    const algorithms = new Set<string>();
    for (const entry of lock.entries) {
      const { integrity } = entry;
      if (integrity === undefined || integrity.startsWith('sha512-') || entry.source !== 'tarball') continue;
      const weak = weakOnly(integrity);
      if (weak === undefined) continue;
      first ??= entry;
      algorithms.add(weak);
      count++;
    }
    if (first === undefined) return;
    const { name, version } = first;
    report({
      messageId: count === 1 ? 'one' : 'many',
      args: {
        name: version === undefined ? name : `${name}@${version}`,
        count: String(count),
        algorithm: [...algorithms].sort().reverse().join(' or '),
        manager: lock.manager,
      },
      span: lock.spanOf(first, 'integrity'),
      identity: 'weak',
    });
  },
};

/** The algorithms for which collisions were made, as people write them. */
const WEAK: ReadonlyMap<string, string> = new Map([
  ['sha1', 'SHA-1'],
  ['md5', 'MD5'],
]);

/** The weak algorithm of the first hash, where there is no better one beside it; undefined otherwise. */
function weakOnly(integrity: string): string | undefined {
  let found: string | undefined;
  for (const hash of integrity.trim().split(/\s+/)) {
    const dash = hash.indexOf('-');
    const weak = WEAK.get(dash < 0 ? '' : hash.slice(0, dash).toLowerCase());
    if (weak === undefined) return undefined;
    found ??= weak;
  }
  return found;
}
