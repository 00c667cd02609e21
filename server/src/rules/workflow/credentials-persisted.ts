import type { Fix, Related } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import type { Step } from '../../formats/workflow-steps.ts';
import { usesRemote } from './git-use.ts';
import { addEntries, inputPlace, unitOf } from './step-edits.ts';
import { actionOf, inputOf, viewOf } from './view.ts';

/** A checkout that leaves its token in the work tree, where later steps and uploads find it. */
export const rule: Rule = {
  meta: {
    id: 'workflow/credentials-persisted',
    title: 'A checkout that leaves its token behind',
    severity: 'info',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://github.com/actions/checkout#usage',
      'https://unit42.paloaltonetworks.com/github-repo-artifacts-leak-tokens/',
      'https://docs.github.com/en/actions/reference/security/secure-use',
    ],
    messages: {
      persisted: {
        what: 'This checkout leaves the token of the job where git finds it, and no later step of the job pushes or fetches.',
        why: 'Every later step, its actions and the install scripts of dependencies can read it there.',
        remedy: 'Add `persist-credentials: false`.',
      },
      uploaded: {
        what: 'This checkout leaves the token of the job in the folder that a later step uploads.',
        why: 'Whoever can read the artefact, in a public repository anybody, can use the token as long as the job runs.',
        remedy: 'Add `persist-credentials: false`, or upload only the folder that is needed.',
      },
    },
  },
  check(context) {
    const { manifest, surroundings, report } = context;
    // An alias repeats a step, or its `uses`.
    const reported = new Set<Step['uses']>();
    for (const { steps } of viewOf(manifest).jobs) {
      // From the last step to the first: what comes later is then known.
      let isUsed = false;
      let upload: Step | undefined;
      for (const { step } of [...steps].reverse()) {
        const isCheckout = actionOf(step) === 'actions/checkout';
        if (isCheckout && !reported.has(step.uses) && persists(step) && (!isUsed || upload !== undefined)) {
          reported.add(step.uses);
          const { uses } = step;
          if (uses === undefined) continue;
          const related: Related[] =
            upload?.uses === undefined ? [] : [{ file: manifest.file, span: upload.uses.valueSpan, note: 'the folder is uploaded here' }];
          const fixes = isUsed ? [] : addInput(step, context);
          const messageId = upload === undefined ? 'persisted' : 'uploaded';
          report({
            messageId,
            args: {},
            span: inputPlace(step.node) ?? uses.valueSpan,
            related,
            fixes,
            ...(upload === undefined ? {} : { severity: 'warning' }),
          });
        }
        if (uploadsAll(step)) upload = step;
        isUsed ||= usesRemote(step, manifest, surroundings);
      }
    }
  },
};

/** Whether the token stays. A checkout that says so itself was thought about. */
function persists(step: Step): boolean {
  return inputOf(step, 'persist-credentials') === undefined;
}

/** Whether a step uploads the folder of the checkout with its hidden files (upload-artifact takes them since 4.4 only when asked). */
function uploadsAll(step: Step): boolean {
  if (actionOf(step) !== 'actions/upload-artifact') return false;
  const version = step.uses?.ref.match(/^v(\d+)/)?.[1] ?? step.uses?.comment?.text.match(/^v?(\d+)/)?.[1];
  const takesHidden = Number(version ?? 4) < 4 || inputOf(step, 'include-hidden-files')?.text === 'true';
  const paths = inputOf(step, 'path')?.text.split('\n') ?? [];
  return (
    takesHidden &&
    paths.some(
      (path) =>
        /^(?:\.|~|\*\*|\$\{\{\s*github\.workspace\s*\}\}|\$GITHUB_WORKSPACE)?\/?(?:\*\*?(?:\/\*)?)?$|^\.git(?:\/|$)/.test(path.trim()) &&
        path.trim() !== '',
    )
  );
}

function addInput({ node }: Step, { manifest }: RuleContext): Fix[] {
  // In a document that is half typed a step may be another one than it seems.
  if (manifest.problems.length > 0) return [];
  const edit = addEntries(manifest, {
    node,
    key: 'with',
    entries: [['persist-credentials', 'false']],
    beside: 'uses',
    behind: true,
    unit: unitOf(manifest, node),
  });
  const title = 'Add `persist-credentials: false`: check that nothing later in the job pushes, fetches or reads submodules';
  return edit === undefined ? [] : [{ title, safety: 'review', online: false, edits: [edit] }];
}
