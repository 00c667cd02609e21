import type { Fix } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { asWorkflow, type Job, type Workflow } from '../../formats/workflow.ts';
import { asScalar, entriesOf, entryOf, nodeOf, type YamlScalar } from '../../formats/yaml-document.ts';
import { localCallee } from './local-callee.ts';
import { secretsIn } from './secrets.ts';
import { addEntries, unitOf } from './step-edits.ts';
import { viewOf } from './view.ts';

/** All secrets where some were meant: what is called, or what reads them all, gets those that are added later too. */
export const rule: Rule = {
  meta: {
    id: 'workflow/secrets-inherited',
    title: 'All secrets handed over at once',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows#passing-inputs-and-secrets-to-a-reusable-workflow',
      'https://docs.github.com/en/actions/reference/security/secure-use#use-secrets-for-sensitive-information',
    ],
    messages: {
      inherit: {
        what: '`{callee}` gets every secret that this workflow can read.',
        why: 'Each of its steps can use secrets of the repository, the organisation and the environment that it has no need of, also those that are added later.',
        remedy: 'Name those that it needs under `secrets`.',
      },
      whole: {
        what: 'This reads all secrets at once.',
        why: 'The runner then holds every secret of the repository and the organisation, and whatever reads the value gets those that it has no need of.',
        remedy: 'Name each secret that is needed, as `secrets.NAME`.',
      },
    },
  },
  check(context) {
    const view = viewOf(context.manifest);
    for (const { job } of view.jobs) {
      const inherited = asScalar(job?.secrets);
      if (job?.uses === undefined || inherited?.text !== 'inherit') continue;
      const args = { callee: job.uses.requested };
      context.report({ messageId: 'inherit', args, span: inherited.span, fixes: listSecrets(job, inherited, context) });
    }
    // Mostly every secret is read by its name, and then there is nothing to look through.
    if (!/\bsecrets\b\s*(?:[^\s.:\w]|\.\s*\*)/i.test(context.manifest.file.text)) return;
    for (const scalar of view.scalars()) {
      const spans = new Set(secretsIn(scalar, view).flatMap(({ name, expression }) => (name === '*' ? [expression.span] : [])));
      for (const span of spans) context.report({ messageId: 'whole', args: {}, span });
    }
  },
};

/** The list of what a workflow of this repository declares; none where it also reads what it does not declare. */
function listSecrets({ uses, node }: Job, inherited: YamlScalar, { manifest, surroundings }: RuleContext): Fix[] {
  const callee = uses && localCallee(uses, manifest, surroundings);
  const called = callee && asWorkflow(callee);
  const entry = entryOf(node, 'secrets');
  if (callee === undefined || called === undefined || entry === undefined || entry.isMerged || inherited.raw.start < entry.keySpan.end)
    return [];
  const declared = declaredSecrets(called);
  const calleeView = viewOf(callee);
  const used = calleeView.scalars().flatMap((scalar) => secretsIn(scalar, calleeView).map(({ name }) => name.toUpperCase()));
  const names = new Set(declared.map((name) => name.toUpperCase()));
  if (
    declared.length === 0 ||
    called.jobs.some(({ secrets }) => asScalar(secrets)?.text === 'inherit') ||
    used.some((name) => !names.has(name))
  )
    return [];
  // The new list is added beside the old key, whose line then goes.
  const beside = { ...node, entries: node.entries.filter((one) => one !== entry).concat({ ...entry, key: 'old' }) };
  const edit = addEntries(manifest, {
    node: beside,
    key: 'secrets',
    entries: declared.map((name) => [name, `\${{ secrets.${name} }}`]),
    beside: 'old',
    behind: true,
    unit: unitOf(manifest, node),
  });
  const block = edit?.text.slice(edit.text.indexOf(':') + 1);
  if (block === undefined) return [];
  let start = inherited.raw.start;
  while (/[ \t]/.test(manifest.file.text[start - 1] ?? '')) start--;
  const title = 'Name the secrets that it declares: check that all of them exist here';
  const end = edit?.span.start ?? inherited.raw.end;
  const comment = manifest.file.text.slice(inherited.raw.end, end);
  return [{ title, safety: 'review', online: false, edits: [{ span: { start, end }, text: comment + block }] }];
}

function declaredSecrets({ root }: Workflow): string[] {
  const call = nodeOf(nodeOf(root, 'on'), 'workflow_call');
  return entriesOf(nodeOf(call, 'secrets')).map(({ key }) => key);
}
