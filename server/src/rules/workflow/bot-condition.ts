import type { Fix } from '../../core/finding.ts';
import { isVerbatim, sourceSpan } from '../../core/mapped-text.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { type ContextNode, type ExpressionNode, parseCondition, partsOf } from '../../formats/github-expression.ts';
import type { Trigger } from '../../formats/workflow.ts';
import type { YamlScalar } from '../../formats/yaml-document.ts';
import { mapScalar } from '../../formats/yaml-scalars.ts';
import { viewOf } from './view.ts';

/** Who acted last. On a pull request that need not be who wrote it. */
const ACTOR = /^github\.(?:actor|triggering_actor|event\.sender\.login)$/;

/** The events for which there is an author beside the actor. */
const EVENTS: ReadonlySet<string> = new Set(['pull_request', 'pull_request_target', 'workflow_run']);

/** Trust in a pull request because of who acted last on it: a stranger can make a bot the last one. */
export const rule: Rule = {
  meta: {
    id: 'workflow/bot-condition',
    title: 'Trust decided by who acted last',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://www.synacktiv.com/publications/github-actions-exploitation-dependabot',
      'https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#github-context',
    ],
    messages: {
      actor: {
        what: '`{context}` is who acted last, not who wrote the pull request.',
        why: 'A stranger can make {who} act on a pull request of their own, and this condition then takes it for one of {who}.',
        remedy: 'Compare the author that the event names, `github.event.pull_request.user.login`.',
      },
    },
  },
  check(context) {
    const seen = new Set<YamlScalar>();
    for (const { job, triggers, steps } of viewOf(context.manifest).jobs) {
      const places = [
        { condition: job?.condition, triggers },
        ...steps.map((at) => ({ condition: at.step.condition, triggers: at.triggers })),
      ];
      for (const { condition, triggers: reaching } of places) {
        if (condition === undefined || seen.has(condition) || !/actor|sender/i.test(condition.text)) continue;
        seen.add(condition);
        check(condition, reaching, context);
      }
    }
  },
};

function check(condition: YamlScalar, triggers: readonly Trigger[], { manifest, report }: RuleContext): void {
  const events = triggers.map(({ name }) => name).filter((name) => EVENTS.has(name));
  const node = parseCondition(condition.text);
  if (events.length === 0 || node === undefined) return;
  const source = mapScalar(manifest.file.text, condition);
  // The last line feed of a block scalar is not part of what was parsed, and none of the positions.
  for (const { actor, who } of trusts(node)) {
    // Forks get no secrets on `pull_request`; what is trusted there are bots.
    const isAtRisk = events.some((name) => name !== 'pull_request') || /\[bot\]$/i.test(who);
    if (!isAtRisk) continue;
    const onlyPulls = triggers.length === events.length && events.every((name) => name.startsWith('pull_request'));
    const isPlain = source.text === condition.text && isVerbatim(source, actor.start, actor.end);
    const span = sourceSpan(source, actor.start, actor.end);
    const written = source.text.slice(actor.start, actor.end);
    report({ messageId: 'actor', args: { context: written, who: `\`${who}\`` }, span, fixes: onlyPulls && isPlain ? useAuthor(span) : [] });
  }
}

interface Trust {
  readonly actor: ContextNode;
  readonly who: string;
}

/** `github.actor == 'x'` and `contains(..., github.actor)`, but not where they keep somebody out. */
function* trusts(node: ExpressionNode, isNegated = false): Generator<Trust> {
  if (node.kind === 'operation' && node.operator === '!') {
    for (const operand of node.operands) yield* trusts(operand, !isNegated);
    return;
  }
  if (node.kind === 'operation' && (node.operator === '&&' || node.operator === '||')) {
    for (const operand of node.operands) yield* trusts(operand, isNegated);
    return;
  }
  const isComparison = node.kind === 'operation' && node.operator === (isNegated ? '!=' : '==');
  const isList = node.kind === 'call' && node.name === 'contains' && !isNegated;
  if (!isComparison && !isList) return;
  const parts = [...partsOf(node)];
  const actor = parts.find((part): part is ContextNode => part.kind === 'context' && ACTOR.test(part.path));
  const text = parts.find((part) => part.kind === 'literal' && typeof part.value === 'string' && part.value !== '');
  // `github.actor == github.repository_owner` names nobody, and whom it lets in is the owner.
  if (actor === undefined || text?.kind !== 'literal') return;
  yield { actor, who: /[\w-]+(?:\[bot\])?/.exec(String(text.value))?.[0] ?? String(text.value) };
}

function useAuthor(span: { readonly start: number; readonly end: number }): Fix[] {
  const title = 'Compare the author of the pull request: check that nobody else is meant to pass';
  return [{ title, safety: 'review', online: false, edits: [{ span, text: 'github.event.pull_request.user.login' }] }];
}
