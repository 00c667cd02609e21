import type { Rule } from '../../core/rule.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry, perStretch } from '../../formats/lock-model.ts';

/** A package that is downloaded without a hash to hold it against: whatever the registry or a proxy sends is installed. */
export const rule: Rule = {
  meta: {
    id: 'lock/integrity-missing',
    title: 'A locked package without an integrity hash',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: LOCK_FORMATS,
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json#packages',
      'https://www.w3.org/TR/SRI/',
      'https://github.com/npm/cli/issues/4460',
    ],
    messages: {
      missing: {
        what: '`{name}` is locked without an integrity hash.',
        why: 'Nothing tells the archive that was reviewed from one that the registry, a proxy or an attacker puts in its place.',
        remedy: 'Delete this entry and `node_modules`, then run `{manager} install`, which downloads it again and writes the hash.',
      },
      many: {
        what: '{count} packages are locked without an integrity hash, `{name}` first.',
        why: 'Nothing tells the archives that were reviewed from others that the registry, a proxy or an attacker puts in their place.',
        remedy: 'Delete the lockfile and `node_modules`, then run `{manager} install`, which downloads them again and writes the hashes.',
      },
    },
  },
  check({ manifest, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined) return;
    const missing = perStretch(lock, missingIn).flat();
    const [first] = missing;
    if (first !== undefined && missing.length > MAX_SINGLE_FINDINGS) {
      const args = { count: String(missing.length), name: nameOf(first), manager: lock.manager };
      report({ messageId: 'many', args, span: lock.spanOf(first, 'key'), identity: 'many' });
      return;
    }
    for (const entry of missing)
      report({
        messageId: 'missing',
        args: { name: nameOf(entry), manager: lock.manager },
        span: lock.spanOf(entry, 'key'),
        identity: entry.key,
      });
  },
};

/** More than these have one cause, a lockfile that was written without hashes, and get one finding. */
const MAX_SINGLE_FINDINGS = 20;

function missingIn(entries: readonly LockEntry[]): LockEntry[] {
  return entries.filter((entry) => entry.integrity === undefined && isDownloaded(entry));
}

function nameOf({ name, version }: LockEntry): string {
  return version === undefined ? name : `${name}@${version}`;
}

/**
 * An entry without version and address is what npm keeps of an optional package that it never fetched. Yarn berry holds
 * packages by a checksum of its own, and has none for those that it did not fetch because of their conditions.
 */
function isDownloaded({ source, version, resolved, checksum, conditions }: LockEntry): boolean {
  if (checksum !== undefined || conditions !== undefined) return false;
  return source === 'tarball' && (version !== undefined || resolved !== undefined);
}
