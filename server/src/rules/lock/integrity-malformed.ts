import type { Rule } from '../../core/rule.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry, perStretch } from '../../formats/lock-model.ts';

/** An integrity value that is no hash: cut, retyped or edited by hand. Managers skip what they do not understand. */
export const rule: Rule = {
  meta: {
    id: 'lock/integrity-malformed',
    title: 'An integrity value that is no hash',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: LOCK_FORMATS,
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '7.0',
    refs: ['https://www.w3.org/TR/SRI/#the-integrity-attribute', 'https://www.rfc-editor.org/rfc/rfc4648#section-4'],
    messages: {
      digest: {
        what: 'The {algorithm} hash of `{name}` is not the base64 of {bytes} bytes.',
        why: 'No archive can have it, so the install fails, or the manager passes over the hash and checks nothing.',
        remedy: 'Restore the line from version control, or delete the entry and run `{manager} install`.',
      },
      algorithm: {
        what: 'The integrity of `{name}` holds no hash that a package manager knows.',
        why: 'Unknown algorithms are passed over, so the archive is checked against nothing.',
        remedy: 'Restore the line from version control, or delete the entry and run `{manager} install`.',
      },
    },
  },
  check({ manifest, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined) return;
    for (const { entry, fault } of perStretch(lock, faultsIn).flat()) {
      report({
        messageId: fault.algorithm === undefined ? 'algorithm' : 'digest',
        args: { name: entry.name, manager: lock.manager, algorithm: fault.algorithm ?? '', bytes: String(fault.bytes ?? '') },
        span: lock.spanOf(entry, 'integrity'),
        identity: entry.key,
      });
    }
  },
};

function faultsIn(entries: readonly LockEntry[]): { readonly entry: LockEntry; readonly fault: Fault }[] {
  return entries.flatMap((entry) => {
    const { integrity } = entry;
    const fault = integrity === undefined || isUsual(integrity) ? undefined : faultOf(integrity);
    return fault === undefined ? [] : [{ entry, fault }];
  });
}

/** Whether it is one SHA-512 hash, as nearly every entry has; by hand, because it is asked ten thousand times for each key. */
function isUsual(integrity: string): boolean {
  if (integrity.length !== USUAL_UNITS || !integrity.startsWith('sha512-') || !integrity.endsWith('==')) return false;
  for (let at = 'sha512-'.length; at < USUAL_UNITS - '=='.length; at++) {
    if (IS_DIGIT[integrity.charCodeAt(at)] !== true) return false;
  }
  return true;
}

/** `sha512-` and the padded base64 of 64 bytes. */
const USUAL_UNITS = 95;

/** The digits of base64 (RFC 4648, section 4), by character code. */
const IS_DIGIT: readonly boolean[] = Array.from({ length: 128 }, (_, code) => /[A-Za-z0-9+/]/.test(String.fromCharCode(code)));

/** Digest sizes in bytes of what npm, yarn, pnpm and bun verify. */
const BYTES: ReadonlyMap<string, number> = new Map([
  ['md5', 16],
  ['sha1', 20],
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
]);

/** One hash of the list: algorithm, digest, and options behind `?` (Subresource Integrity, section 3.5). */
const HASH = /^([^-]+)-([^?]*)(?:\?.*)?$/;

interface Fault {
  readonly algorithm?: string;
  readonly bytes?: number;
}

/** The first hash that cannot be one; a fault without algorithm where none is known. */
function faultOf(integrity: string): Fault | undefined {
  let known = 0;
  for (const hash of integrity.trim().split(/\s+/)) {
    const [, algorithm = '', digest = ''] = HASH.exec(hash) ?? [];
    const bytes = BYTES.get(algorithm);
    if (bytes === undefined) continue;
    known++;
    if (!isBase64(digest, bytes)) return { algorithm, bytes };
  }
  return known === 0 ? {} : undefined;
}

/** Whether a text is the padded base64 (RFC 4648, section 4) of so many bytes. */
function isBase64(digest: string, bytes: number): boolean {
  const padding = (3 - (bytes % 3)) % 3;
  const length = Math.ceil(bytes / 3) * 4;
  return digest.length === length && digest.endsWith('='.repeat(padding)) && /^[A-Za-z0-9+/]+$/.test(digest.slice(0, length - padding));
}
