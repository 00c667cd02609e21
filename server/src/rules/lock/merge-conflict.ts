import type { Rule } from '../../core/rule.ts';
import { asLockFile, LOCK_FORMATS } from '../../formats/lock-model.ts';
import { conflictStarts } from '../../formats/merge-conflict.ts';

/** A lockfile that was committed in the middle of a merge: which of two sets of versions and hashes holds is anybody's guess. */
export const rule: Rule = {
  meta: {
    id: 'lock/merge-conflict',
    title: 'A lockfile with an unresolved merge conflict',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: LOCK_FORMATS,
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://git-scm.com/docs/git-merge#_how_conflicts_are_presented',
      'https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json',
      'https://yarnpkg.com/getting-started/qa',
    ],
    messages: {
      conflict: {
        what: 'A merge conflict is not resolved here.',
        why: 'The lockfile holds two sets of versions and hashes, so installs fail, or a manager picks for itself what no one reviewed.',
        remedy: 'Resolve the conflict in the manifest first, take one side of the lockfile, and run the install of your package manager.',
      },
      stray: {
        what: 'A marker of a merge conflict was left here.',
        why: 'The conflict was resolved in part, and what stands around the marker may be of both sides.',
        remedy: 'Take one side of the lockfile from version control, and run the install of your package manager.',
      },
    },
  },
  check({ manifest, report }) {
    if (asLockFile(manifest)?.hasConflicts === false) return;
    for (const { kind, span } of conflictStarts(manifest.file.text)) {
      report({ messageId: kind === 'ours' ? 'conflict' : 'stray', args: {}, span, identity: kind });
    }
  },
};
