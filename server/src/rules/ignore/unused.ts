import type { Rule } from '../../core/rule.ts';

/** An ignore comment that silences nothing: a typing error in the rule's name, or a risk that is gone. */
export const rule: Rule = {
  meta: {
    id: 'ignore/unused',
    title: 'An ignore comment that silences nothing',
    severity: 'hint',
    confidence: 'high',
    tier: 'recommended',
    formats: [],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '0.0',
    refs: [],
    messages: {
      unused: {
        what: 'Nothing here is silenced by `{name}`.',
        why: 'A stale ignore comment would also hide the next finding of this rule at this place.',
        remedy: 'Remove it.',
      },
      unknown: {
        what: 'There is no rule `{name}`.',
        why: 'This ignore comment silences nothing.',
        remedy: 'See `waybill rules` for the names of all rules.',
      },
      misspelt: {
        what: 'There is no rule `{name}`.',
        why: 'This ignore comment silences nothing.',
        remedy: 'Did you mean `{nearest}`?',
      },
    },
  },
  last: true,
  check({ unusedIgnores, report }) {
    for (const { name, span, unknownRule } of unusedIgnores) {
      if (unknownRule === undefined) report({ messageId: 'unused', args: { name }, span });
      else if (unknownRule.nearest === undefined) report({ messageId: 'unknown', args: { name }, span });
      else {
        const fix = {
          title: `Replace with ${unknownRule.nearest}`,
          safety: 'review',
          online: false,
          edits: [{ span, text: unknownRule.nearest }],
        } as const;
        report({ messageId: 'misspelt', args: { name, nearest: unknownRule.nearest }, span, fixes: [fix] });
      }
    }
  },
};
