import type { Rule } from '../../core/rule.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry } from '../../formats/lock-model.ts';

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
    },
  },
  check({ manifest, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined) return;
    for (const entry of lock.entries) {
      if (entry.integrity !== undefined || !isDownloaded(entry)) continue;
      const name = entry.version === undefined ? entry.name : `${entry.name}@${entry.version}`;
      report({ messageId: 'missing', args: { name, manager: lock.manager }, span: lock.spanOf(entry, 'key'), identity: entry.key });
    }
  },
};

/**
 * An entry without version and address is what npm keeps of an optional package that it never fetched. Yarn berry holds
 * packages by a checksum of its own, and has none for those that it did not fetch because of their conditions.
 */
function isDownloaded({ source, version, resolved, checksum, conditions }: LockEntry): boolean {
  if (checksum !== undefined || conditions !== undefined) return false;
  return source === 'tarball' && (version !== undefined || resolved !== undefined);
}
