import type { Fix, Message } from '../../core/finding.ts';
import type { ActionReference } from '../../core/reference.ts';
import type { Rule } from '../../core/rule.ts';
import type { UsesProblem } from '../../formats/action-reference.ts';
import { actionsJudged, aliasesOf, type JudgedAction } from './judge.ts';
import { gluedCommentFix, newestFixes } from './pin-edit.ts';

const REFUSED = 'GitHub refuses the whole file, or the job fails before its first step.';
const FORM = 'Write `owner/repository@commit`, `./path` or `docker://image`.';

const MESSAGES = {
  empty: { what: 'This `uses` names nothing.', why: REFUSED, remedy: FORM },
  expression: {
    what: '`{uses}` holds an expression.',
    why: 'GitHub reads `uses` before any expression has a value, and refuses the file.',
    remedy: 'Write the action out; for a choice, use steps with `if`.',
  },
  'local-with-ref': {
    what: '`{uses}` is a path of this repository and has a ref.',
    why: 'A path is always taken from the commit that runs, and GitHub refuses the ref.',
    remedy: 'Remove the `@` and what follows it.',
  },
  'several-refs': { what: '`{uses}` has more than one `@`.', why: REFUSED, remedy: FORM },
  'no-repository': { what: '`{uses}` does not name both an owner and a repository.', why: REFUSED, remedy: FORM },
  'local-without-dot': {
    what: '`{uses}` looks like a path of this repository.',
    why: 'Without `./` its first two parts are taken for an owner and a repository of that name.',
    remedy: 'Begin it with `./`.',
  },
  address: { what: '`{uses}` is an address.', why: REFUSED, remedy: FORM },
  'bad-name': { what: '`{uses}` has a character that no owner or repository on GitHub can have.', why: REFUSED, remedy: FORM },
  'bad-ref': { what: '`{ref}` is not a name that git allows for a tag or branch.', why: REFUSED, remedy: 'Name the full commit.' },
  'workflow-as-step': {
    what: '`{uses}` is a reusable workflow, used as a step.',
    why: 'A reusable workflow can only be called by a job, and GitHub refuses the file.',
    remedy: 'Move it to `jobs.<name>.uses`.',
  },
  'action-as-job': {
    what: '`{uses}` is not a reusable workflow, but a job calls it.',
    why: 'A job can only call a file in `.github/workflows`, and GitHub refuses the file.',
    remedy: 'Use the action in a step of the job.',
  },
  'ref-not-found': {
    what: '`{repository}` has no tag or branch `{ref}`.',
    why: 'The job fails, until somebody who can write there makes one: then that is what runs.',
    remedy: 'Name the full commit of a release.',
  },
  'glued-comment': {
    what: '`{repository}` has no tag or branch `{ref}`.',
    why: 'A `#` without a space before it begins no comment, so that all of this is the ref.',
    remedy: 'Put a space before the `#`.',
  },
  'repository-not-found': {
    what: 'There is no repository `{repository}`.',
    why: 'The job fails, until somebody takes the name: then their code runs here.',
    remedy: 'Correct the name, or remove the step.',
  },
} satisfies Readonly<Record<UsesProblem | 'ref-not-found' | 'glued-comment' | 'repository-not-found', Message>>;

/** A `uses` that GitHub cannot resolve; what cannot be resolved today may be somebody else's tomorrow. */
export const rule: Rule = {
  meta: {
    id: 'actions/invalid-uses',
    title: 'A `uses` that names no action',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsuses',
      'https://git-scm.com/docs/git-check-ref-format',
    ],
    messages: MESSAGES,
  },
  check(context) {
    const { text } = context.manifest.file;
    for (const judged of actionsJudged(context, 'invalid-uses')) {
      const { action, reason } = judged;
      const { requested, owner, repo, ref } = action;
      const problem = reason === 'ref-not-found' && ref.includes('#') ? 'glued-comment' : reason;
      context.report({
        messageId: problem !== undefined && Object.hasOwn(MESSAGES, problem) ? problem : 'bad-name',
        args: { uses: requested, repository: `${owner}/${repo}`, ref },
        span: action.valueSpan,
        related: aliasesOf(action, context),
        fixes: action.editable ? fixes(judged, text) : [],
      });
    }
  },
};

function fixes({ action, reason }: JudgedAction, text: string): Fix[] {
  if (reason === 'ref-not-found')
    return [...gluedCommentFix(action, text), ...newestFixes(action, text, 'check that it is the one you want')];
  const normal = normalised(action, reason);
  if (normal === undefined || normal === action.requested) return [];
  const edit = { span: action.valueSpan, text: normal };
  return [{ title: `Write ${normal}: check that this is what is meant`, safety: 'review', online: false, edits: [edit] }];
}

/** What was probably meant, where that is plain. */
function normalised({ requested }: ActionReference, reason: string | undefined): string | undefined {
  switch (reason) {
    case 'local-with-ref':
      return requested.replace(/@[^@]*$/, '');
    case 'local-without-dot':
      return `./${requested.replace(/@[^@]*$/, '')}`;
    case 'address':
      return /^(?:https?:\/\/|git@)?(?:www\.)?github\.com[/:]([\w-]+\/[\w./-]+?)(?:\.git)?(@[^@\s]+)?$/i.exec(requested)?.slice(1).join('');
    case 'bad-name':
      return /^\s*([\w-]+\/[\w./-]+)\s*[:@]\s*([\w./-]+)\s*$/.exec(requested)?.slice(1).join('@');
    case 'bad-ref':
      return /^([^@\s]+@[^@\s]+)\s+$/.exec(requested)?.[1];
    default:
      return undefined;
  }
}
