import type { ActionReference } from '../../core/reference.ts';
import type { Rule } from '../../core/rule.ts';
import type { Span } from '../../core/span.ts';
import { ALLOW, lookalikeDraft } from '../lookalike-finding.ts';
import { aliasesOf } from './judge.ts';
import { replaceAction } from './lookalike-replace.ts';

/** An action of an owner whose name looks like a well-known one's: whoever registers it runs code in this workflow. */
export const rule: Rule = {
  meta: {
    id: 'actions/lookalike',
    title: 'An action whose owner looks like a well-known one',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: ['https://orca.security/resources/blog/typosquatting-in-github-actions/', 'https://docs.zizmor.sh/audits/#typosquat-uses'],
    messages: {
      alike: {
        what: 'The owner of `{name}` looks like the well-known `{owner}`: {difference}.',
        why: 'Anybody can register an owner that is free, and whatever stands there under this name runs in the job, with its token and its secrets.',
        remedy: `Use \`{target}\`; ${ALLOW}`,
      },
    },
  },
  check(context) {
    for (const action of context.manifest.refs) {
      if (action.ecosystem !== 'github-actions' || !NAMED.has(action.verdict) || action.repo === '') continue;
      const name = `${action.owner}/${action.repo}`;
      const found = context.lookalike('actions', name);
      if (found === undefined) continue;
      const slug = slugSpan(action);
      const fixes = replaceAction(action, { slug, target: found.target, text: context.manifest.file.text });
      const draft = lookalikeDraft({ ecosystem: 'actions', name, found, span: slug }, fixes);
      const owner = found.target.slice(0, found.target.indexOf('/'));
      context.report({ ...draft, args: { ...draft.args, owner }, related: aliasesOf(action, context) });
    }
  },
};

/** The verdicts of a `uses` that names a repository. */
const NAMED: ReadonlySet<ActionReference['verdict']> = new Set(['missing-ref', 'pinned', 'short-sha', 'branch-ref', 'unpinned']);

/** `owner/repo`; where the value is escaped, everything in front of the `@`. */
function slugSpan({ editable, valueSpan, nameSpan, owner, repo }: ActionReference): Span {
  return editable ? { start: valueSpan.start, end: valueSpan.start + owner.length + 1 + repo.length } : nameSpan;
}
