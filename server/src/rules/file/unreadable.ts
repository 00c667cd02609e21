import type { Rule } from '../../core/rule.ts';
import { asLockFile } from '../../formats/lock-model.ts';
import { isAtConflict } from '../../formats/merge-conflict.ts';

/** A document that its parser could not read to the end: what stands behind the problem may have gone unchecked. */
export const rule: Rule = {
  meta: {
    id: 'file/unreadable',
    title: 'A file that could not be read to its end',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: [],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '0.0',
    refs: ['https://www.rfc-editor.org/rfc/rfc8259', 'https://yaml.org/spec/1.2.2/'],
    messages: {
      syntax: {
        what: 'This file is not well-formed: {problem}.',
        why: 'What stands behind this place may have gone unchecked, so a clean result says less than it seems to.',
        remedy: 'Mend the syntax here.',
      },
    },
  },
  check({ manifest, report }) {
    const [first] = manifest.problems;
    // In a lockfile, lock/merge-conflict says so at the same line.
    if (first === undefined || (asLockFile(manifest) !== undefined && isAtConflict(manifest.file.text, first.span.start))) return;
    report({ messageId: 'syntax', args: { problem: first.message }, span: first.span, identity: 'syntax' });
  },
};
