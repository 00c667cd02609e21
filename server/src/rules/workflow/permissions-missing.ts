import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { LineIndex, lineEndOf } from '../../core/text.ts';
import { asWorkflow, indentUnit, type Workflow } from '../../formats/workflow.ts';

/** A workflow that leaves its token's rights to the repository's settings: in many that is write access to everything. */
export const rule: Rule = {
  meta: {
    id: 'workflow/permissions-missing',
    title: 'A workflow without `permissions`',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions',
      'https://github.blog/changelog/2023-02-02-github-actions-updating-the-default-github_token-permissions-to-read-only/',
    ],
    messages: {
      none: {
        what: 'Nothing says what the token of this workflow may do.',
        why: 'It then has the rights that the repository’s settings give to every workflow, which in older repositories is write access to all of it.',
        remedy: 'Add `permissions` with what is needed, `contents: read` for a build.',
      },
      some: {
        what: 'Nothing says what the token of the job `{job}` may do.',
        why: 'It then has the rights that the repository’s settings give to every workflow, which in older repositories is write access to all of it.',
        remedy: 'Add `permissions` to the job or to the whole workflow, `contents: read` for a build.',
      },
    },
  },
  check({ manifest, report }) {
    const workflow = asWorkflow(manifest);
    if (workflow?.jobsKey === undefined || workflow.permissions !== undefined) return;
    // The caller of a workflow that is only called decides what its token may do.
    if (workflow.triggers.length > 0 && workflow.triggers.every(({ name }) => name === 'workflow_call')) return;
    const without = workflow.jobs.filter((job) => job.permissions === undefined);
    const [first] = without;
    if (first === undefined) return;
    const { text } = manifest.file;
    // Behind a syntax error the key may be there and yet not in the tree.
    if (manifest.problems.length > 0 && /^["']?permissions["']?[ \t]*:/m.test(text)) return;
    report({
      messageId: without.length === workflow.jobs.length ? 'none' : 'some',
      args: { job: first.id },
      span: workflow.jobsKey,
      fixes: fixes(workflow, workflow.jobsKey.start, text),
    });
  },
};

function fixes(workflow: Workflow, keyStart: number, text: string): Fix[] {
  if (workflow.root === undefined || workflow.root.isFlow) return [];
  const lines = new LineIndex(text);
  const { line } = lines.positionAt(keyStart);
  const before = text.slice(lines.lineSpan(line).start, keyStart);
  const indent = before.replace(/^\ufeff/, '').replace(/["']$/, '');
  if (indent.trim() !== '') return [];
  // Comments that stand right above `jobs` are about the jobs.
  let top = line;
  while (
    top > 0 &&
    lines
      .lineText(top - 1)
      .replace(/^\ufeff/, '')
      .startsWith(`${indent}#`)
  )
    top--;
  const end = lineEndOf(text);
  const isSpaced = top > 0 && lines.lineText(top - 1).trim() === '';
  const block = `${indent}permissions:${end}${indent}${indentUnit(workflow, lines)}contents: read${end}${isSpaced ? end : ''}`;
  const at = lines.lineSpan(top).start + (top === 0 && text.startsWith('\ufeff') ? 1 : 0);
  const title = 'Add `permissions: contents: read` for all jobs: check which of them need more';
  return [{ title, safety: 'review', online: false, edits: [{ span: { start: at, end: at }, text: block }] }];
}
