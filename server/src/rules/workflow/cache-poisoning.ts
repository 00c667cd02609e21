import type { Fix } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import type { Span } from '../../core/span.ts';
import type { Step } from '../../formats/workflow-steps.ts';
import { publicationsOf } from './publish.ts';
import { addEntries, inputPlace, unitOf } from './step-edits.ts';
import { actionOf, inputOf, viewOf } from './view.ts';

/** A cache that any other workflow run may have filled, in a job whose result others install. */
export const rule: Rule = {
  meta: {
    id: 'workflow/cache-poisoning',
    title: 'A cache restored in a job that publishes',
    severity: 'info',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://adnanthekhan.com/2024/05/06/the-monsters-in-your-build-cache-github-actions-cache-poisoning/',
      'https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching#restrictions-for-accessing-a-cache',
    ],
    messages: {
      restored: {
        what: '`{action}` restores a cache in the job `{job}`, which publishes with `{publisher}`.',
        why: 'Any workflow run of this branch or the default branch can have filled the cache, and what it left there becomes part of what others install.',
        remedy: 'Build what is published without a cache.',
      },
      own: {
        what: '`{action}` builds with a cache in the job `{job}`, and publishes what it built.',
        why: 'Any workflow run of this branch or the default branch can have filled the cache, and what it left there becomes part of what others install.',
        remedy: 'Build what is published without a cache.',
      },
    },
  },
  check(context) {
    const reported = new Set<Step>();
    for (const { job, steps } of viewOf(context.manifest).jobs) {
      if (job === undefined) continue;
      const last = steps.findLastIndex(({ step }) => publicationsOf(step).length > 0);
      const publisher = steps.slice(Math.max(last, 0)).flatMap(({ step }) => publicationsOf(step))[0]?.name;
      if (publisher === undefined) continue;
      for (const { step } of steps.slice(0, last + 1)) {
        const cache = reported.has(step) ? undefined : cacheOf(step);
        if (cache === undefined) continue;
        reported.add(step);
        const args = { action: actionOf(step), job: job.id, publisher };
        context.report({
          messageId: args.action === publisher ? 'own' : 'restored',
          args,
          span: cache.span,
          fixes: turnOff(step, cache, context),
        });
      }
    }
  },
};

/** How an action caches. */
interface Caching {
  /** The input that turns it on. */
  readonly input?: string;
  /** Whether it caches when the input is missing. */
  readonly byDefault?: true;
  /** The line that turns it off. */
  readonly off?: readonly [name: string, value: string];
}

/** Actions that restore a cache (their action.yml). What caches by default is turned off by name. */
const CACHING: Readonly<Record<string, Caching>> = {
  'actions/cache': { byDefault: true },
  'actions/cache/restore': { byDefault: true },
  'actions/setup-node': { input: 'cache' },
  'actions/setup-python': { input: 'cache' },
  'actions/setup-java': { input: 'cache' },
  'actions/setup-dotnet': { input: 'cache' },
  'actions/setup-go': { input: 'cache', byDefault: true, off: ['cache', 'false'] },
  'ruby/setup-ruby': { input: 'bundler-cache' },
  'astral-sh/setup-uv': { input: 'enable-cache', byDefault: true, off: ['enable-cache', 'false'] },
  'swatinem/rust-cache': { byDefault: true },
  'pnpm/action-setup': { input: 'cache' },
  'gradle/actions/setup-gradle': { input: 'cache-disabled', byDefault: true, off: ['cache-disabled', 'true'] },
  'actions-rust-lang/setup-rust-toolchain': { input: 'cache', byDefault: true, off: ['cache', 'false'] },
  'mozilla-actions/sccache-action': { byDefault: true },
  'graalvm/setup-graalvm': { input: 'cache' },
};

interface Cache {
  readonly span: Span;
  readonly caching: Caching;
  /** Whether the input is written. */
  readonly isWritten: boolean;
}

function cacheOf(step: Step): Cache | undefined {
  const action = actionOf(step);
  const caching = Object.hasOwn(CACHING, action) ? CACHING[action] : undefined;
  if (step.uses === undefined) return undefined;
  if (caching === undefined) return layersOf(step, action);
  const { input, byDefault, off } = caching;
  const value = input === undefined ? undefined : inputOf(step, input);
  if (value === undefined) return byDefault ? { span: inputPlace(step.node) ?? step.uses.valueSpan, caching, isWritten: false } : undefined;
  const isOff = value.text.trim() === '' || value.text === 'false' || value.text === off?.[1];
  const isOffByName = input === 'cache-disabled' ? value.text === 'true' : isOff;
  // An expression may turn it off for just this job.
  return isOffByName || value.text.includes('${{') ? undefined : { span: value.span, caching, isWritten: true };
}

/** Layers that BuildKit takes from the cache of GitHub. */
function layersOf(step: Step, action: string): Cache | undefined {
  const from = action === 'docker/build-push-action' ? inputOf(step, 'cache-from') : undefined;
  return from !== undefined && /\btype=gha\b/.test(from.text) ? { span: from.span, caching: {}, isWritten: true } : undefined;
}

function turnOff({ node }: Step, { caching: { off }, isWritten, span }: Cache, { manifest }: RuleContext): Fix[] {
  const title = 'Build without the cache: check that the job does not rely on it';
  if (off === undefined) return [];
  if (isWritten) return [{ title, safety: 'review', online: false, edits: [{ span, text: off[1] }] }];
  const edit = addEntries(manifest, { node, key: 'with', entries: [off], beside: 'uses', behind: true, unit: unitOf(manifest, node) });
  return edit === undefined ? [] : [{ title, safety: 'review', online: false, edits: [edit] }];
}
