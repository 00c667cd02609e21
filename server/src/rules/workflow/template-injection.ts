import type { Related } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { asAction } from '../../formats/action.ts';
import { asScalar, scalarOf, type YamlScalar } from '../../formats/yaml-document.ts';
import { codeInputs } from './code-inputs.ts';
import { localCallee } from './local-callee.ts';
import { type Code, type Injection, moveToEnv } from './move-to-env.ts';
import { taintOf } from './taint.ts';
import { actionOf, type StepView, type View, viewOf } from './view.ts';

/** A stranger's text that becomes part of a script before the script runs: a title can hold commands. */
export const rule: Rule = {
  meta: {
    id: 'workflow/template-injection',
    title: 'Text of strangers inside of a script',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: [
      'https://docs.github.com/en/actions/concepts/security/script-injections',
      'https://securitylab.github.com/resources/github-actions-untrusted-input/',
      'https://cwe.mitre.org/data/definitions/94.html',
    ],
    messages: {
      script: {
        what: '`{context}` becomes part of this script, and anybody can write it.',
        why: 'GitHub puts the text in before the shell or interpreter reads the script, so that commands in it run with the token and secrets of the job.',
        remedy: 'Hand it over in `env`, and read it as a variable.',
      },
      input: {
        what: '`{context}`, which anybody can write, is handed to `{callee}`, which makes `{input}` part of a script.',
        why: 'GitHub puts the text in before the shell reads the script, so that commands in it run with the token and secrets of the job.',
        remedy: 'Read the input as a variable there: hand it to the script in `env`.',
      },
    },
  },
  check(context) {
    const view = viewOf(context.manifest);
    const seen = new Set<YamlScalar>();
    for (const job of view.jobs) {
      for (const at of job.steps) {
        for (const code of codesOf(at)) if (!seen.has(code.scalar)) reportCode(code, { at, view, seen }, context);
        reportInputs(at, view, context);
      }
    }
  },
};

function codesOf({ step }: StepView): Code[] {
  const run = step.run && scalarOf(step.node, 'run');
  const shell = run === undefined ? [] : [{ scalar: run, script: step.run }];
  return [...shell, ...codeInputs(step).map((scalar) => ({ scalar, script: undefined }))];
}

interface Place {
  readonly at: StepView;
  readonly view: View;
  /** An aliased step stands in several jobs, and one that a stranger reaches is enough. */
  readonly seen: Set<YamlScalar>;
}

function reportCode(code: Code, { at, view, seen }: Place, { report }: RuleContext): void {
  const expressions = code.script === undefined ? view.expressions(code.scalar) : view.scriptExpressions(at.step);
  const injections = expressions.flatMap((expression): Injection[] => {
    const taint = taintOf(expression.node, at, view);
    return taint === undefined ? [] : [{ expression, taint }];
  });
  if (injections.length === 0) return;
  seen.add(code.scalar);
  const isScript = code.script !== undefined || actionOf(at.step) === 'actions/github-script';
  const { fixes, moved } = isScript ? moveToEnv(injections, code, at, view) : { fixes: [], moved: new Set<Injection>() };
  for (const injection of injections) {
    const { expression, taint } = injection;
    const context = expression.source.text.slice(taint.node.start, taint.node.end);
    report({ messageId: 'script', args: { context }, span: expression.span, fixes: moved.has(injection) ? fixes : [] });
  }
}

/** Inputs of an action of this repository that its scripts take in. */
function reportInputs(at: StepView, view: View, { surroundings, report }: RuleContext): void {
  const { uses } = at.step;
  if (uses?.verdict !== 'local' || !at.step.with.some(({ value }) => asScalar(value)?.text.includes('${{'))) return;
  const callee = localCallee(uses, view.manifest, surroundings);
  if (callee === undefined || asAction(callee) === undefined) return;
  const inner = viewOf(callee);
  for (const { key, value } of at.step.with) {
    const scalar = asScalar(value);
    const place = scalar && sinkOf(key.toLowerCase(), inner);
    if (scalar === undefined || place === undefined) continue;
    const related: Related[] = [{ file: callee.file, span: place, note: 'the input becomes part of the script here' }];
    for (const expression of view.expressions(scalar)) {
      const taint = taintOf(expression.node, at, view);
      if (taint === undefined) continue;
      const context = expression.source.text.slice(taint.node.start, taint.node.end);
      report({ messageId: 'input', args: { context, callee: uses.requested, input: key }, span: expression.span, related });
    }
  }
}

/** Where a composite action puts an input into a script. */
function sinkOf(input: string, action: View) {
  for (const { steps } of action.jobs) {
    for (const { step } of steps) {
      for (const { node, span } of action.scriptExpressions(step)) {
        if (node?.kind === 'context' && node.path === `inputs.${input}`) return span;
      }
    }
  }
  return undefined;
}
