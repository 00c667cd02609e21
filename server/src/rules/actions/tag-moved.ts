import { type FirstSeen, firstSeen, type GitRefs, gitRefs } from '../../core/facts.ts';
import type { Fix } from '../../core/finding.ts';
import { commitOf, exactTagFor, resolveRef, tagNamed, versionKind } from '../../core/git-versions.ts';
import type { ActionReference } from '../../core/reference.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { aliasesOf } from './judge.ts';
import { dayOf, pinEdits } from './pin-edit.ts';
import { versionComment } from './version-comment.ts';

/** A tag that stands for another commit than when it was first seen here (tj-actions/changed-files, CVE-2025-30066). */
export const rule: Rule = {
  meta: {
    id: 'actions/tag-moved',
    title: 'A tag that stands for another commit than when it was first seen',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: ['git-refs', 'first-seen'],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '8.6',
    refs: [
      'https://nvd.nist.gov/vuln/detail/CVE-2025-30066',
      'https://docs.github.com/en/code-security/supply-chain-security/understanding-your-software-supply-chain/immutable-releases',
    ],
    messages: {
      release: {
        what: 'The tag `{tag}` of `{repository}` stands for `{now}`; when it was first seen here, on {day}, it stood for `{first}`.',
        why: 'A release does not change after it was made: this is how stolen repositories attack everybody who uses them.',
        remedy: 'Find out why it was moved before you run it, and pin the commit that you know.',
      },
      kept: {
        what: 'The tag `{tag}` of `{repository}` stands for `{now}`; this is the commit `{first}` that it stood for on {day}.',
        why: 'The pin holds. Whoever follows the tag runs other code now, and an update of this line would too.',
        remedy: 'Find out why it was moved before you update.',
      },
      moving: {
        what: 'The tag `{tag}` of `{repository}` has moved from `{first}` to `{now}` since {day}.',
        why: 'Such a tag is meant to move, and new code runs here without any change of this file.',
        remedy: 'Pin a commit, so that you choose when.',
      },
    },
  },
  check(context) {
    const { manifest, fact } = context;
    for (const action of manifest.refs) {
      if (action.ecosystem !== 'github-actions' || action.owner === '' || action.ref === '') continue;
      if (action.verdict !== 'unpinned' && action.verdict !== 'pinned') continue;
      const { owner, repo } = action;
      const answer = fact(gitRefs, { owner, repo });
      const used = answer.state === 'known' ? tagUsed(action, answer.value, manifest.file.text) : undefined;
      if (answer.state !== 'known' || used === undefined) continue;
      const first = fact(firstSeen, { owner, repo, tag: used.tag, commit: used.now });
      if (first.state === 'known' && first.value.commit !== used.now)
        report(context, action, { ...used, refs: answer.value, first: first.value });
    }
  },
};

interface UsedTag {
  readonly tag: string;
  /** The commit that the tag stands for now. */
  readonly now: string;
}

/** The tag that an action is named by: the ref itself, or the exact version in the comment of a pin. */
function tagUsed(action: ActionReference, refs: GitRefs, text: string): UsedTag | undefined {
  if (action.verdict === 'unpinned') {
    const resolved = resolveRef(refs, action.ref);
    const isTag = resolved.kind === 'tag' || resolved.kind === 'both';
    return isTag && versionKind(resolved.name) !== undefined ? { tag: resolved.name, now: resolved.commit } : undefined;
  }
  const tag = versionComment(action, text, refs)?.word;
  const ref = tag === undefined || versionKind(tag) !== 'full' ? undefined : tagNamed(refs, tag);
  return tag === undefined || ref === undefined ? undefined : { tag, now: commitOf(ref) };
}

interface Moved extends UsedTag {
  readonly refs: GitRefs;
  readonly first: FirstSeen;
}

function report(context: RuleContext, action: ActionReference, moved: Moved): void {
  const { tag, now, first } = moved;
  const isRelease = versionKind(tag) === 'full';
  const isKept = action.ref.toLowerCase() === first.commit;
  context.report({
    messageId: isKept ? 'kept' : isRelease ? 'release' : 'moving',
    args: {
      repository: `${action.owner}/${action.repo}`,
      tag,
      now: now.slice(0, 12),
      first: first.commit.slice(0, 12),
      day: dayOf(first.seen),
    },
    span: action.span,
    ...(isRelease && !isKept ? {} : { severity: 'info' as const }),
    related: aliasesOf(action, context),
    fixes: isKept ? [] : fixes(action, moved, context.manifest.file.text),
  });
}

function fixes(action: ActionReference, { tag, first, refs }: Moved, text: string): Fix[] {
  if (!action.editable) return [];
  const version = versionKind(tag) === 'full' ? tag : (exactTagFor(refs, first.commit, { requested: tag, subPath: action.subPath }) ?? tag);
  const edits = pinEdits(action, text, { target: { commit: first.commit, version }, refs });
  const title = `Pin to the commit that ${tag} stood for on ${dayOf(first.seen)}: check that it is the one you want`;
  return 'failed' in edits ? [] : [{ title, safety: 'review', online: false, edits }];
}
