import type { Edit, Fix } from '../../core/finding.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Rule } from '../../core/rule.ts';
import { LineIndex, lineEndOf } from '../../core/text.ts';
import { asWorkflow, indentUnit, type PermissionScope, type Permissions, type Workflow } from '../../formats/workflow.ts';
import { commentPlace, type YamlScalar } from '../../formats/yaml-document.ts';
import { addEntries } from './step-edits.ts';

/** The scopes with which somebody can change code, releases, deployments or what others trust. */
const GRAVE: ReadonlySet<string> = new Set([
  'contents',
  'packages',
  'actions',
  'id-token',
  'deployments',
  'security-events',
  'statuses',
  'checks',
  'pages',
  'attestations',
]);

/** Scopes that know no `read` (GitHub documentation, "permissions"). */
const WRITE_OR_NONE: ReadonlySet<string> = new Set(['id-token', 'attestations']);

/** Rights that every job of a workflow gets, whether it needs them or not. */
export const rule: Rule = {
  meta: {
    id: 'workflow/permissions-broad',
    title: 'Write permissions for a whole workflow',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: ['https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions'],
    messages: {
      all: {
        what: '`write-all` gives the token every right there is.',
        why: 'Any step of {whom}, its actions and their dependencies included, can push code, publish packages and approve deployments.',
        remedy: 'Name the scopes that are needed, each in the job that needs it.',
      },
      scope: {
        what: '`{scope}: write` holds for every job of this workflow.',
        why: 'Every step of every job can use it, also those that run code from elsewhere.',
        remedy: 'Grant it in the job that needs it, and keep the workflow at `read`.',
      },
    },
  },
  check({ manifest, report }) {
    const workflow = asWorkflow(manifest);
    if (workflow === undefined) return;
    const lines = new LineIndex(manifest.file.text);
    const reported = new Set<YamlScalar>();
    const reportAll = (permissions: Permissions | undefined, whom: string): void => {
      const all = permissions?.all;
      if (permissions === undefined || all?.text !== 'write-all' || reported.has(all)) return;
      reported.add(all);
      report({
        messageId: 'all',
        args: { whom },
        span: all.span,
        severity: 'error',
        fixes: narrowAll(permissions, all, { workflow, lines }),
      });
    };
    reportAll(workflow.permissions, 'this workflow');
    for (const job of workflow.jobs) reportAll(job.permissions, `the job \`${job.id}\``);
    const move = moveToHeir(workflow, { manifest, lines });
    for (const scope of workflow.permissions?.scopes ?? []) {
      if (scope.access.text !== 'write' || !GRAVE.has(scope.name)) continue;
      report({ messageId: 'scope', args: { scope: scope.name }, span: scope.access.span, fixes: [...move, narrowScope(scope)] });
    }
  },
};

/** Everything that is granted for writing, in the one job that inherits it: every job may then do what it could before. */
function moveToHeir(workflow: Workflow, { manifest, lines }: { readonly manifest: Manifest; readonly lines: LineIndex }): Fix[] {
  const heirs = workflow.jobs.filter(({ permissions }) => permissions === undefined);
  const [heir] = heirs;
  const scopes = workflow.permissions?.scopes ?? [];
  const isWritten = scopes.every(({ access, isMerged }) => !isMerged && access.header === '' && access.aliases.length === 0);
  if (heir === undefined || heirs.length !== 1 || !isWritten || manifest.problems.length > 0) return [];
  const added = addEntries(manifest, {
    node: heir.node,
    key: 'permissions',
    entries: scopes.map(({ name, access }) => [name, access.text]),
    beside: ['runs-on', 'uses', 'steps'].find((key) => heir.node.entries.some((entry) => entry.key === key)) ?? '',
    unit: indentUnit(workflow, lines),
  });
  const narrowed = scopes.flatMap((scope) => (scope.access.text === 'write' ? narrowScope(scope).edits : []));
  const title = `Move to the job \`${heir.id}\`, the only one that inherits it: check that it needs it`;
  return added === undefined ? [] : [{ title, safety: 'review', online: false, edits: [...narrowed, added] }];
}

function narrowScope({ name, access }: PermissionScope): Fix & { readonly online: false } {
  const less = WRITE_OR_NONE.has(name) ? 'none' : 'read';
  return {
    title: `Change to \`${name}: ${less}\`: check which jobs write there, and grant it to them`,
    safety: 'review',
    online: false,
    edits: [{ span: access.span, text: less }],
  };
}

/** `write-all` as a map with `contents: read`: below the key, or in braces where the document is in flow style. */
function narrowAll(
  { keySpan }: Permissions,
  all: YamlScalar,
  { workflow, lines }: { readonly workflow: Workflow; readonly lines: LineIndex },
): Fix[] {
  const fix = (edits: readonly Edit[]): Fix[] => [
    { title: 'Narrow to `contents: read`: check what the jobs write, and grant that to them', safety: 'review', online: false, edits },
  ];
  if (all.header !== '') return [];
  if (all.flowEnd !== undefined) return fix([{ span: all.raw, text: '{ contents: read }' }]);
  const { text } = lines;
  const key = lines.positionAt(keySpan.start);
  const line = lines.positionAt(all.raw.start).line;
  if (line !== key.line) {
    // Behind an alias the text may stand beside another key, where no map fits.
    const isAlone = text.slice(lines.lineSpan(line).start, all.raw.start).trim() === '';
    return isAlone ? fix([{ span: all.raw, text: 'contents: read' }]) : [];
  }
  const before = text.slice(lines.lineSpan(key.line).start, keySpan.start).replace(/^\ufeff|["']$/g, '');
  const entry = `${lineEndOf(text)}${before.replace(/[^ ]/g, ' ')}${indentUnit(workflow, lines)}contents: read`;
  const comment = commentPlace(text, all)?.comment;
  if (comment === undefined) {
    let start = all.raw.start;
    while (/[ \t]/.test(text[start - 1] ?? '')) start--;
    return fix([{ span: { start, end: all.raw.end }, text: entry }]);
  }
  const { start, end } = comment.span;
  return fix([
    { span: { start: all.raw.start, end: start }, text: '' },
    { span: { start: end, end }, text: entry },
  ]);
}
