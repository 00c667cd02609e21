import type { Manifest } from '../../core/manifest.ts';
import type { Surroundings } from '../../core/rule.ts';
import type { Step } from '../../formats/workflow-steps.ts';
import { localCallee } from './local-callee.ts';
import { askedOnce, type ScriptCommand } from './script-commands.ts';
import { actionOf, viewOf } from './view.ts';

/** Sub-commands of git that talk to the remote repository with the credentials that a checkout left. */
const REMOTE_VERBS: ReadonlySet<string> = new Set([
  'push',
  'fetch',
  'pull',
  'clone',
  'ls-remote',
  'submodule',
  'lfs',
  'remote',
  'subtree',
  'send-email',
]);

/** Options of git that take the next word. */
const VALUE_OPTIONS: ReadonlySet<string> = new Set(['-c', '-C', '--git-dir', '--work-tree', '--namespace', '--config-env']);

/** Actions that push or fetch with what the checkout left (their README files say so). */
const PUSHING_ACTIONS =
  /^(?:stefanzweifel\/git-auto-commit-action|peter-evans\/create-pull-request|peaceiris\/actions-gh-pages|endbug\/add-and-commit|ad-m\/github-push-action|jamesives\/github-pages-deploy-action|changesets\/action|googleapis\/release-please-action|google-github-actions\/release-please-action|helm\/chart-releaser-action|mathieudutour\/github-tag-action|anothrnick\/github-tag-action|crazy-max\/ghaction-github-pages|cycjimmy\/semantic-release-action|python-semantic-release\/python-semantic-release|tj-actions\/changed-files|dorny\/paths-filter|actions-js\/push|github-actions-x\/commit|pre-commit-ci\/lite-action|autofix-ci\/action|nrwl\/nx-set-shas|rickstaa\/action-black|benchmark-action\/github-action-benchmark|devops-infra\/action-commit-push|planetscale\/ghcommit-action|release-plz\/action|marcoieni\/release-plz-action|ncipollo\/tag-action|fregante\/setup-git-user|oleksiyrudenko\/gha-git-credentials|crate-ci\/typos|super-linter\/super-linter|trufflesecurity\/trufflehog|lerna-lite\/.*|rymndhng\/release-on-push-action)(?:\/|$)/;

/** Programs that push tags or branches themselves. */
const PUSHING_PROGRAMS: ReadonlySet<string> = new Set([
  'semantic-release',
  'release-it',
  'lerna',
  'changeset',
  'gh-pages',
  'np',
  'bumpp',
  'git-cliff',
  'release-please',
  'release-plz',
  'cargo-release',
  'chromatic',
  'ct',
  'cr',
]);

/** Scripts and targets of somebody's own whose name says that they change or read the remote repository. */
const TELLING_NAME =
  /(?:^|[^a-z])(?:release|publish|deploy|push|tag|version|bump|commit|sync|changelog|backport|cherry-?pick|merge|gh-?pages|fetch|update)(?:$|[^a-z])/i;

/** Whether a step may push to, or fetch from, the repository that was checked out. */
export function usesRemote(step: Step, manifest: Manifest, surroundings: Surroundings, hops = 0): boolean {
  if (step.run !== undefined) {
    // Of a script in another language nothing is known but whether it speaks of git.
    if (step.run.dialect === 'unknown') return /\bgit\b/i.test(step.run.source.text);
    return scriptUsesRemote(step.run);
  }
  const action = actionOf(step);
  if (action === 'actions/github-script')
    return /\bgit\s+(?:push|fetch|pull)\b|['"]git['"]/.test(
      JSON.stringify(step.with.map(({ value }) => (value?.kind === 'scalar' ? value.text : ''))),
    );
  if (action !== '') return PUSHING_ACTIONS.test(action);
  if (step.uses?.verdict !== 'local') return false;
  const callee = localCallee(step.uses, manifest, surroundings);
  // What cannot be read, or runs JavaScript, may do anything.
  if (callee === undefined || hops > 2) return true;
  const { jobs, action: called } = viewOf(callee);
  if (called?.using?.text !== 'composite') return true;
  return jobs.some(({ steps }) => steps.some(({ step: inner }) => usesRemote(inner, callee, surroundings, hops + 1)));
}

const scriptUsesRemote = askedOnce((commands) => commands.some(commandUsesRemote));

function commandUsesRemote({ name, words, operands }: ScriptCommand): boolean {
  if (name === 'git') return REMOTE_VERBS.has(gitVerb(words.slice(1).map(({ value }) => value)));
  if (name === 'gh') return /^(?:pr (?:checkout|merge|create)|repo (?:sync|clone))$/.test(operands.slice(0, 2).join(' '));
  if (PUSHING_PROGRAMS.has(name)) return true;
  if (name === 'mkdocs' || name === 'mike') return operands.some((word) => /^(?:gh-deploy|deploy)$/.test(word));
  if (name === 'mvn' || name === 'mvnw') return operands.some((word) => word.startsWith('release:'));
  // `npm run release`, `make publish`, `./scripts/sync.sh`, `bash hack/bump.sh`
  const isManager =
    /^(?:npm|pnpm|yarn|bun|make|just|task|mage|rake|invoke|tox|nox|gradle|gradlew|bash|sh|python[\d.]*|node|nx|turbo)$/.test(name);
  if (isManager) return operands.some((word) => TELLING_NAME.test(word));
  return /[\\/]/.test(words[0]?.value ?? '') && TELLING_NAME.test(name);
}

function gitVerb(words: readonly string[]): string {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (VALUE_OPTIONS.has(word)) at++;
    else if (!word.startsWith('-')) return word;
  }
  return '';
}
