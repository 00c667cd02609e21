import { type GitFile, gitFile } from '../../core/facts.ts';
import type { ActionReference, ActionVerdict } from '../../core/reference.ts';
import type { Rule } from '../../core/rule.ts';
import { format as actionFormat } from '../../formats/action.ts';
import { format as workflowFormat } from '../../formats/workflow.ts';
import { aliasesOf, pinnedActions } from './judge.ts';

/** A pinned action whose own file uses actions by tag or branch: the pin covers one file, and the rest moves. */
export const rule: Rule = {
  meta: {
    id: 'actions/transitive-unpinned',
    title: 'A pinned action that itself uses unpinned actions',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: ['git-refs', 'git-file'],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://github.blog/changelog/2025-08-15-github-actions-policy-now-supports-blocking-and-sha-pinning-actions/',
      'https://nvd.nist.gov/vuln/detail/CVE-2025-30154',
    ],
    messages: {
      one: {
        what: '`{action}` is pinned, but its own file uses {used}, which is not.',
        why: 'Whoever can move that name runs code in this job; where the organisation demands full commits, the run fails.',
        remedy: 'Use a release that pins what it uses, or ask its maintainers for one.',
      },
      several: {
        what: '`{action}` is pinned, but its own file uses {count} actions that are not: {used}.',
        why: 'Whoever can move one of those names runs code in this job; where the organisation demands full commits, the run fails.',
        remedy: 'Use a release that pins what it uses, or ask its maintainers for one.',
      },
    },
  },
  check(context) {
    for (const { action, id, resolved } of pinnedActions(context)) {
      if (resolved.kind !== 'commit') continue;
      const { owner, repo, subPath } = action;
      const file = context.fact(gitFile, { owner, repo, commit: id, paths: filesOf(subPath) });
      if (file.state !== 'known') continue;
      const used = unpinnedIn(file.value);
      if (used.length === 0) continue;
      context.report({
        messageId: used.length === 1 ? 'one' : 'several',
        args: { action: action.name, count: String(used.length), used: shortList(used) },
        span: action.span,
        related: aliasesOf(action, context),
      });
    }
  },
};

/** Where an action or a called workflow is read from (GitHub documentation, "Metadata syntax for GitHub Actions"). */
function filesOf(subPath: string): readonly string[] {
  if (/\.ya?ml$/.test(subPath)) return [subPath];
  const folder = subPath === '' ? '' : `${subPath.replace(/\/+$/, '')}/`;
  return [`${folder}action.yml`, `${folder}action.yaml`];
}

/** The answer to a question is one object as long as it is kept: its file is read once, and not at every key. */
const READ = new WeakMap<GitFile, readonly string[]>();

const UNPINNED: ReadonlySet<ActionVerdict> = new Set(['unpinned', 'branch-ref', 'short-sha', 'missing-ref']);

function unpinnedIn(file: GitFile): readonly string[] {
  const known = READ.get(file);
  if (known !== undefined) return known;
  const format = file.path.startsWith('.github/workflows/') ? workflowFormat : actionFormat;
  const { refs } = format.parse({ uri: '', path: file.path, text: file.text, version: 0 });
  const unpinned = refs.filter((ref): ref is ActionReference => ref.ecosystem === 'github-actions' && UNPINNED.has(ref.verdict));
  const used = [...new Set(unpinned.map(({ requested }) => requested))];
  READ.set(file, used);
  return used;
}

/** How many names a message holds. */
const MAX_NAMES = 3;

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => `\`${name}\``);
  return shown.join(', ') + (names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '');
}
