import type { Edit, Fix } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import type { Job } from '../../formats/workflow.ts';
import type { Step } from '../../formats/workflow-steps.ts';
import { asScalar, entriesOf, type YamlEntry, type YamlMap, type YamlScalar } from '../../formats/yaml-document.ts';
import { type SecretUse, secretsIn } from './secrets.ts';
import { addEntries, removeEntry, unitOf } from './step-edits.ts';
import { looseThirdParties, pinFirst } from './third-party.ts';
import { type View, viewOf } from './view.ts';

/** A secret that more code gets than needs it. */
export const rule: Rule = {
  meta: {
    id: 'workflow/secret-exposed',
    title: 'A secret within reach of code that does not need it',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://docs.github.com/en/actions/reference/security/secure-use#use-secrets-for-sensitive-information',
      'https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#env',
    ],
    messages: {
      env: {
        what: '`{secret}` stands in the environment of {whom}.',
        why: 'Every action, every program and every install script of a dependency that runs there can read it.',
        remedy: 'Set it in the `env` of the step that needs it.',
      },
      handed: {
        what: '`{action}`, which is not pinned to a commit, is given {secrets}.',
        why: 'Whoever can move `{ref}` in `{repository}` gets hold of that, without any change of this file.',
        remedy: 'Name the full commit.',
      },
    },
  },
  check(context) {
    const view = viewOf(context.manifest);
    const { workflow } = view;
    if (workflow === undefined || !/secrets/i.test(context.manifest.file.text)) return;
    const all = [...new Set(workflow.jobs.flatMap(({ steps }) => steps))];
    reportEnv({ entries: workflow.env, steps: all, whom: 'every job of this workflow', parent: workflow.root }, view, context);
    const seen = new Set<readonly YamlEntry[]>();
    for (const { env, steps, id, node } of workflow.jobs) {
      reportEnv({ entries: env, steps, whom: `every step of the job \`${id}\``, parent: node, seen }, view, context);
    }
    reportHanded(all, workflow.jobs, view, context);
  },
};

interface Environment {
  readonly entries: readonly YamlEntry[];
  readonly steps: readonly Step[];
  readonly whom: string;
  readonly parent: YamlMap | undefined;
  readonly seen?: Set<readonly YamlEntry[]>;
}

function reportEnv({ entries, steps, whom, parent, seen }: Environment, view: View, { report }: RuleContext): void {
  // What a lone step has in its job's environment, it has alone.
  if (steps.length < 2 || seen?.has(entries)) return;
  seen?.add(entries);
  for (const entry of entries) {
    for (const { expression, name } of onePerExpression(asScalar(entry.value), view)) {
      if (name === '*') continue;
      const fixes = parent === undefined ? [] : moveToSteps(entry, { entries, steps, parent }, view);
      report({ messageId: 'env', args: { secret: `secrets.${name}`, whom }, span: expression.span, fixes });
    }
  }
}

/** Sets a variable in each step whose script names it, and there alone. */
function moveToSteps(
  entry: YamlEntry,
  { entries, steps, parent }: { readonly entries: readonly YamlEntry[]; readonly steps: readonly Step[]; readonly parent: YamlMap },
  { manifest }: View,
): Fix[] {
  const value = asScalar(entry.value);
  const env = parent.entries.find(({ key }) => key === 'env');
  // Another job may have the same variables, through an alias.
  const isShared =
    env?.value !== undefined && manifest.file.text.slice(env.keySpan.end, Math.max(env.keySpan.end, env.value.span.start)).includes('&');
  if (isShared || value === undefined || value.header !== '' || env === undefined || !/^\w+$/.test(entry.key)) return [];
  const isNamed = new RegExp(`\\b${entry.key}\\b`);
  const readers = steps.filter(({ run }) => run !== undefined && isNamed.test(run.source.text));
  // Other parts of the document that read it would lose it.
  const others =
    manifest.file.text.split(`env.${entry.key}`).length - 1 >
    readers.filter(({ run }) => run?.source.text.includes(`env.${entry.key}`)).length;
  const remove = entries.length > 1 ? removeEntry(manifest, entry) : removeWhole(env, entry, manifest.file.text);
  if (readers.length === 0 || others || remove === undefined) return [];
  const written: readonly [string, string] = [entry.key, manifest.file.text.slice(value.raw.start, value.raw.end)];
  const added: Edit[] = [];
  for (const { node } of readers) {
    const edit = addEntries(manifest, { node, key: 'env', entries: [written], beside: 'run', unit: unitOf(manifest, node) });
    if (edit === undefined) return [];
    added.push(edit);
  }
  const names = readers.length === 1 ? 'the step that names it' : `the ${readers.length} steps that name it`;
  return [
    {
      title: `Move \`${entry.key}\` to ${names}: check that no program in other steps reads it`,
      safety: 'review',
      online: false,
      edits: [remove, ...added],
    },
  ];
}

/** The edit that removes an `env` with its only entry; undefined where they do not stand on two lines of their own. */
function removeWhole(env: YamlEntry, { keySpan, value, isMerged }: YamlEntry, text: string): Edit | undefined {
  if (env.isMerged || isMerged || value?.kind !== 'scalar' || value.raw.start < keySpan.end || keySpan.start < env.keySpan.end)
    return undefined;
  const start = text.lastIndexOf('\n', env.keySpan.start) + 1;
  const next = text.indexOf('\n', value.raw.end);
  const lines = next < 0 ? undefined : text.slice(start, next + 1);
  return lines !== undefined && /^[ ]*env:[ \t]*\r?\n[ ]+[^\r\n]*\r?\n$/.test(lines) && !/\s#/.test(lines)
    ? { span: { start, end: next + 1 }, text: '' }
    : undefined;
}

function reportHanded(steps: readonly Step[], jobs: readonly Job[], view: View, context: RuleContext): void {
  const loose = looseThirdParties(context);
  const calls = jobs.map(({ uses, with: inputs, secrets }) => ({ uses, values: [...inputs, ...entriesOf(secrets)] }));
  for (const { uses, values } of [...steps.map((step) => ({ uses: step.uses, values: [...step.with, ...step.env] })), ...calls]) {
    if (uses === undefined || !loose.has(uses)) continue;
    const given = values.flatMap(({ value }) => onePerExpression(asScalar(value), view));
    const [first, ...others] = given;
    if (first === undefined) continue;
    const { requested, ref, owner, repo } = uses;
    const names = new Set(given.map(({ name }) => (name === '*' ? 'all secrets' : `\`secrets.${name}\``)));
    const args = { secrets: [...names].join(', '), action: requested, ref, repository: `${owner}/${repo}` };
    const { file } = context.manifest;
    const related = others.map(({ expression: { span } }) => ({ file, span, note: 'this is handed over too' }));
    context.report({ messageId: 'handed', args, span: first.expression.span, related, fixes: pinFirst(uses, context) });
  }
}

/** `${{ secrets.A || secrets.B }}` is one place to change. */
function onePerExpression(scalar: YamlScalar | undefined, view: View): SecretUse[] {
  const uses = secretsIn(scalar, view);
  return uses.filter(({ expression }, i) => uses.findIndex((other) => other.expression === expression) === i);
}
