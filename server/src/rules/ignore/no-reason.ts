import type { Rule } from '../../core/rule.ts';

/** An ignore comment that does not say why: the next reader cannot tell a decision from a shortcut. */
export const rule: Rule = {
  meta: {
    id: 'ignore/no-reason',
    title: 'An ignore comment without a reason',
    severity: 'hint',
    confidence: 'high',
    tier: 'recommended',
    formats: [],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '0.0',
    refs: [],
    messages: {
      missing: {
        what: 'This ignore comment gives no reason.',
        why: 'Without one, nobody can tell later whether the risk was judged or only silenced.',
        remedy: 'Write it behind the rule: `waybill-ignore {rule}: the reason`.',
      },
    },
  },
  check({ manifest, report }) {
    for (const marker of manifest.ignores) {
      if (marker.origin !== 'waybill' || marker.reason !== '') continue;
      report({ messageId: 'missing', args: { rule: marker.rules.join(', ') || 'area/rule' }, span: marker.span });
    }
  },
};
