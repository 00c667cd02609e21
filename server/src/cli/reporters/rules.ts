import type { LookalikeJudge } from '../../core/lookalike.ts';
import type { Rule } from '../../core/rule.ts';
import { rulePageUrl } from '../../core/rule-page.ts';

/** The catalogue: a table for people, or JSON with everything that is declared of a rule. */
export function rulesReport(rules: readonly Rule[], format: 'text' | 'json'): string {
  if (format === 'json') {
    const list = rules.map(({ meta }) => ({
      id: meta.id,
      title: meta.title,
      severity: meta.tier === 'strict' ? 'off' : meta.severity,
      confidence: meta.confidence,
      tier: meta.tier,
      formats: meta.formats,
      needs: meta.needs,
      fix: meta.fix,
      since: meta.since,
      url: rulePageUrl(meta.id),
    }));
    return `${JSON.stringify({ version: 1, rules: list }, undefined, 2)}\n`;
  }
  const width = Math.max(...rules.map(({ meta }) => meta.id.length));
  const rows = rules.map(
    ({ meta }) => `${meta.id.padEnd(width)}  ${(meta.tier === 'strict' ? 'off' : meta.severity).padEnd(7)}  ${meta.title}`,
  );
  return `${rows.join('\n')}\n\n${rules.length} rules. "waybill explain RULE" prints a rule's page.\n`;
}

/** How old the lists are that rules judge by, and what they were made from. */
export function dataReport(lookalikes: LookalikeJudge | undefined, format: 'text' | 'json'): string {
  const lists = lookalikes === undefined ? [] : [{ id: 'lookalikes', date: lookalikes.date, sources: lookalikes.sources }];
  if (format === 'json') return `${JSON.stringify({ version: 1, data: lists }, undefined, 2)}\n`;
  if (lists.length === 0) return 'lookalikes: the list of names is missing beside the program; install Waybill again.\n';
  return lists.map(({ id, date, sources }) => `${id}  ${date}\n${sources.map((source) => `  ${source}\n`).join('')}`).join('');
}
