import type { Rule } from '../../core/rule.ts';
import { NO_SPAN, type Span, span } from '../../core/span.ts';
import { asLockFile, type LockFile } from '../../formats/lock-model.ts';

/** A lockfile in a layout that its manager left behind years ago: newer managers rewrite it, and tools read half of it. */
export const rule: Rule = {
  meta: {
    id: 'lock/outdated-format',
    title: 'A lockfile in an outdated format',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-lock', 'pnpm-lock'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '2.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json#lockfileversion',
      'https://pnpm.io/installation#compatibility',
    ],
    messages: {
      npm: {
        what: 'This lockfile has version {version} of its format, which npm 6 wrote.',
        why: 'It records neither what the project asks for nor which packages have install scripts, and a newer npm looks everything up anew to fill that in.',
        remedy: 'Run `npm install --package-lock-only` with a current npm, and commit the lockfile.',
      },
      pnpm: {
        what: 'This lockfile has version {version} of its format, which pnpm 7 and older wrote.',
        why: 'A current pnpm does not read it: it ignores the file and locks everything anew, with versions that nobody reviewed.',
        remedy:
          'Run `pnpm install --lockfile-only` with the newest pnpm that reads it, pnpm 8, then with a current one, and commit the lockfile.',
      },
    },
  },
  check({ manifest, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined || !isOutdated(lock)) return;
    report({
      messageId: lock.manager === 'npm' ? 'npm' : 'pnpm',
      args: { version: lock.lockfileVersion ?? '' },
      span: versionSpan(manifest.file.text, lock),
      identity: 'outdated',
    });
  },
};

function isOutdated({ manager, lockfileVersion, entries }: LockFile): boolean {
  const major = Number.parseInt(lockfileVersion ?? '', 10);
  if (manager === 'npm') return major === 1 && entries.length > 0;
  return manager === 'pnpm' && major <= MAX_OLD_PNPM;
}

/** Version 5 and its minor ones are those of pnpm 3 to 7; pnpm 8 writes version 6. */
const MAX_OLD_PNPM = 5;

/** In how many UTF-16 units from the start the version is looked for. */
const HEAD_UNITS = 65_536;

function versionSpan(text: string, { manager, lockfileVersion = '' }: LockFile): Span {
  const head = text.slice(0, HEAD_UNITS);
  const pattern = manager === 'npm' ? /"lockfileVersion"\s*:\s*"?(\d+)/ : /^lockfileVersion:[ \t]*['"]?([\d.]+)/m;
  const match = pattern.exec(head);
  if (match === null || match[1] !== lockfileVersion) return NO_SPAN;
  const end = match.index + match[0].length;
  return span(end - match[1].length, end);
}
