import type { Manifest } from '../../core/manifest.ts';
import { type MappedText, sourceSpan } from '../../core/mapped-text.ts';
import type { Span } from '../../core/span.ts';
import { type Action, asAction } from '../../formats/action.ts';
import { decide, type Expression, expressionsIn, parseCondition } from '../../formats/github-expression.ts';
import { asWorkflow, type Job, type Permissions, type Trigger, type Workflow } from '../../formats/workflow.ts';
import type { Step } from '../../formats/workflow-steps.ts';
import { asScalar, type YamlEntry, type YamlNode, type YamlScalar } from '../../formats/yaml-document.ts';
import { mapScalar } from '../../formats/yaml-scalars.ts';

/** An expression and the text it stands in. */
export interface PlacedExpression extends Expression {
  readonly source: MappedText;
  /** From the `$` to the last brace. */
  readonly span: Span;
}

/** A step with what holds for it. */
export interface StepView {
  readonly step: Step;
  /** Its `env`, that of its job and that of the workflow: what comes first, wins. */
  readonly env: readonly (readonly YamlEntry[])[];
  /** The `if` of its job and its own, as written. */
  readonly conditions: readonly string[];
  /** The triggers that can get as far as this step. */
  readonly triggers: readonly Trigger[];
}

/** A job, or all of a composite action. */
export interface JobView {
  /** Undefined for a composite action. */
  readonly job: Job | undefined;
  /** What its token may do: its own `permissions`, or those of the workflow; a scope that neither names is `none`. */
  readonly permissions: Permissions | undefined;
  readonly conditions: readonly string[];
  readonly triggers: readonly Trigger[];
  readonly steps: readonly StepView[];
}

/** A workflow or an action as its rules see it; made once for each manifest. */
export interface View {
  readonly manifest: Manifest;
  readonly workflow: Workflow | undefined;
  readonly action: Action | undefined;
  readonly jobs: readonly JobView[];
  /** Whether a trigger may be there that the document does not name: of whoever calls the workflow or action. */
  readonly isCalled: boolean;
  /** The expressions of a value, each with its place. */
  expressions(scalar: YamlScalar): readonly PlacedExpression[];
  /** The expressions of a script. */
  scriptExpressions(step: Step): readonly PlacedExpression[];
  /** All values of the document that hold an expression, each once. */
  scalars(): readonly YamlScalar[];
}

const views = new WeakMap<Manifest, View>();

/** The view of a manifest; of one that is neither workflow nor action, one without jobs. */
export function viewOf(manifest: Manifest): View {
  const kept = views.get(manifest);
  if (kept !== undefined) return kept;
  const view = makeView(manifest);
  views.set(manifest, view);
  return view;
}

function makeView(manifest: Manifest): View {
  const { text } = manifest.file;
  const workflow = asWorkflow(manifest);
  const action = asAction(manifest);
  const placed = new WeakMap<object, readonly PlacedExpression[]>();
  const place = (key: object, read: () => MappedText): readonly PlacedExpression[] => {
    const kept = placed.get(key);
    if (kept !== undefined) return kept;
    const source = read();
    const found = expressionsIn(source.text).map((one) => ({ ...one, source, span: sourceSpan(source, one.start, one.end) }));
    placed.set(key, found);
    return found;
  };
  let scalars: readonly YamlScalar[] | undefined;
  return {
    manifest,
    workflow,
    action,
    jobs: workflow === undefined ? actionJobs(action) : workflow.jobs.map((job) => jobView(workflow, job)),
    isCalled: workflow === undefined || workflow.triggers.some(({ name }) => name === 'workflow_call'),
    expressions: (scalar) => (scalar.text.includes('${{') ? place(scalar, () => mapScalar(text, scalar)) : []),
    scriptExpressions: ({ run }) => (run?.source.text.includes('${{') ? place(run, () => run.source) : []),
    scalars: () => {
      scalars ??= scalarsWithExpressions(workflow?.root ?? action?.root);
      return scalars;
    },
  };
}

function actionJobs(action: Action | undefined): JobView[] {
  if (action === undefined || action.steps.length === 0) return [];
  const steps = action.steps.map((step) => ({ step, env: [step.env], conditions: conditionsOf(step.condition), triggers: [] }));
  return [{ job: undefined, permissions: undefined, conditions: [], triggers: [], steps }];
}

function jobView(workflow: Workflow, job: Job): JobView {
  const conditions = conditionsOf(job.condition);
  const triggers = workflow.triggers.filter((trigger) => canPass(conditions, trigger));
  return {
    job,
    permissions: job.permissions ?? workflow.permissions,
    conditions,
    triggers,
    steps: job.steps.map((step) => {
      const own = conditionsOf(step.condition);
      return {
        step,
        env: [step.env, job.env, workflow.env],
        conditions: own.length === 0 ? conditions : [...conditions, ...own],
        triggers: own.length === 0 ? triggers : triggers.filter((trigger) => canPass(own, trigger)),
      };
    }),
  };
}

function conditionsOf(condition: YamlScalar | undefined): readonly string[] {
  return condition === undefined ? [] : [condition.text];
}

/** Whether conditions can be true for an event. What a condition says of anything else is left open. */
function canPass(conditions: readonly string[], { name, types }: Trigger): boolean {
  const known = new Map([['github.event_name', name]]);
  const [type] = types;
  if (types.length === 1 && type !== undefined) known.set('github.event.action', type.text);
  // A called workflow sees the event of its caller.
  return name === 'workflow_call' || conditions.every((text) => conditionAllows(text, known));
}

function conditionAllows(text: string, known: ReadonlyMap<string, string>): boolean {
  if (!text.includes('event')) return true;
  const node = parseCondition(text);
  return node === undefined || decide(node, known) !== false;
}

function scalarsWithExpressions(root: YamlNode | undefined): YamlScalar[] {
  const found: YamlScalar[] = [];
  const seen = new Set<YamlNode>();
  const open: (YamlNode | undefined)[] = [root];
  for (let node = open.pop(); node !== undefined || open.length > 0; node = open.pop()) {
    if (node === undefined || seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'scalar') {
      if (node.text.includes('${{')) found.push(node);
    } else open.push(...(node.kind === 'seq' ? node.items : node.entries.map(({ value }) => value)));
  }
  return found.sort((a, b) => a.raw.start - b.raw.start);
}

/** An input of a step by its name, which GitHub reads in any case. */
export function inputOf(step: Step, name: string): YamlScalar | undefined {
  return asScalar(step.with.find(({ key }) => key.toLowerCase() === name)?.value);
}

/** `owner/repo` or `owner/repo/path` of a step's action, in lower case; `''` where it runs none. */
export function actionOf({ uses }: Step): string {
  if (uses === undefined || uses.owner === '') return '';
  return [uses.owner, uses.repo, ...(uses.subPath === '' ? [] : [uses.subPath])].join('/').toLowerCase();
}
