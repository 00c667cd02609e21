import type { Fix } from '../../core/finding.ts';
import type { ActionReference } from '../../core/reference.ts';
import type { Rule } from '../../core/rule.ts';
import { aliasesOf } from './judge.ts';

/** A path that says one thing in more words than it needs: it slips past allow lists, reviewers and update tools. */
export const rule: Rule = {
  meta: {
    id: 'actions/obscured-path',
    title: 'An action whose path is written in a roundabout way',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow', 'action'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: ['https://docs.zizmor.sh/audits/#obfuscation'],
    messages: {
      roundabout: {
        what: '`{name}` is a roundabout way to write `{plain}`.',
        why: 'The runner cleans the path before it uses it; allow lists, advisories and people compare the text.',
        remedy: 'Write it plainly.',
      },
      outside: {
        what: '`{name}` leads out of the repository that it names.',
        why: 'What runs is not in `{repository}`, although allow lists, advisories and people read it so.',
        remedy: 'Name the repository and the folder that are meant.',
      },
    },
  },
  check(context) {
    for (const action of context.manifest.refs) {
      if (action.ecosystem !== 'github-actions' || action.owner === '' || action.verdict === 'invalid-uses') continue;
      const segments = action.name.split(/[/\\]/);
      if (!segments.some((segment) => segment === '' || segment === '.' || segment === '..')) continue;
      const plain = normalised(action);
      context.report({
        messageId: plain === undefined ? 'outside' : 'roundabout',
        args: { name: action.name, plain: plain ?? '', repository: `${action.owner}/${action.repo}` },
        span: action.valueSpan,
        related: aliasesOf(action, context),
        fixes: plain === undefined || !action.editable ? [] : [fix(action, plain)],
      });
    }
  },
};

/** The path without its detours; undefined where it leaves the repository. */
function normalised({ owner, repo, subPath }: ActionReference): string | undefined {
  const folders: string[] = [];
  for (const segment of subPath.split('/')) {
    if (segment === '..' && folders.pop() === undefined) return undefined;
    if (segment !== '' && segment !== '.' && segment !== '..') folders.push(segment);
  }
  return [owner, repo, ...folders].join('/');
}

function fix({ nameSpan }: ActionReference, plain: string): Fix {
  return { title: `Write ${plain}`, safety: 'safe', online: false, edits: [{ span: nameSpan, text: plain }] };
}
