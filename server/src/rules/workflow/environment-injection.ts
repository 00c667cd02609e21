import { sourceSpan } from '../../core/mapped-text.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import type { Script } from '../../core/script.ts';
import { shellOf, walkShell } from '../../formats/shell.ts';
import type { Redirection, ShellNode, SimpleCommand, Word } from '../../formats/shell-tree.ts';
import { PRIVILEGED_TRIGGERS } from './fork-guard.ts';
import { envTaint, taintOf } from './taint.ts';
import { actionOf, type StepView, type View, viewOf } from './view.ts';

/** Events that strangers cause and that run with the token of this repository. */
const TRIGGERS: ReadonlySet<string> = new Set([...PRIVILEGED_TRIGGERS, 'issues', 'discussion', 'discussion_comment', 'gollum']);

/** The files of the runner that later steps are configured by. */
const FILES = /\bGITHUB_(?:ENV|PATH|OUTPUT)\b/;

/** A stranger's text in a file that sets variables of later steps: a line feed in it starts another variable. */
export const rule: Rule = {
  meta: {
    id: 'workflow/environment-injection',
    title: 'Text of strangers in the environment of later steps',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '7.5',
    refs: [
      'https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-environment-variable',
      'https://www.legitsecurity.com/blog/github-privilege-escalation-vulnerability-0',
      'https://cwe.mitre.org/data/definitions/454.html',
    ],
    messages: {
      written: {
        what: '{what} is written to `{file}`, and anybody can write it.',
        why: 'A line of it can set any variable of the later steps, such as `NODE_OPTIONS` or `LD_PRELOAD`, or put a folder first in the path: they then run other code.',
        remedy:
          'Check the text before, write only what cannot hold a line feed behind a name of your own, or use a delimiter that is random.',
      },
    },
  },
  check(context) {
    const view = viewOf(context.manifest);
    const seen = new Set<Script>();
    for (const { steps } of view.jobs) {
      let hasArtefact = false;
      for (const at of steps) {
        const { run } = at.step;
        const events = at.triggers.filter(({ name }) => TRIGGERS.has(name));
        if (events.some(({ name }) => name === 'workflow_run') && downloads(at)) hasArtefact = true;
        if (run === undefined || events.length === 0 || seen.has(run) || !FILES.test(run.source.text)) continue;
        if (reportScript(run, { at: { ...at, triggers: events }, view, hasArtefact }, context)) seen.add(run);
      }
    }
  },
};

/** The artefacts of a workflow that a pull request ran are what its code made of them. */
function downloads({ step }: StepView): boolean {
  if (/^(?:actions\/download-artifact|dawidd6\/action-download-artifact)$/.test(actionOf(step))) return true;
  if (/\bgh\s+run\s+download\b/.test(step.run?.source.text ?? '')) return true;
  return (
    actionOf(step) === 'actions/github-script' &&
    step.with.some(({ value }) => value?.kind === 'scalar' && value.text.includes('downloadArtifact'))
  );
}

interface Place {
  readonly at: StepView;
  readonly view: View;
  readonly hasArtefact: boolean;
}

function reportScript(script: Script, place: Place, { report }: RuleContext): boolean {
  const shell = shellOf(script);
  const { source } = shell;
  const outer: (string | undefined)[] = [];
  let isFound = false;
  walkShell(shell, {
    enter: (scope) => outer.push('redirections' in scope ? fileOf(scope.redirections) : undefined),
    leave: () => outer.pop(),
    command: (command, { commands }) => {
      const last = commands.at(-1);
      const file = fileOf(command.redirections) ?? (last && targetOf(last)) ?? outer.at(-1);
      if (file === undefined || command.source !== source) return;
      for (const word of command.words) {
        const what = strange(word, command, script, place);
        if (what === undefined) continue;
        isFound = true;
        report({ messageId: 'written', args: { what, file }, span: sourceSpan(source, word.start, word.end) });
        return;
      }
    },
  });
  return isFound;
}

/** The file that output goes to, if it is one of the runner's. */
function fileOf(redirections: readonly Redirection[]): string | undefined {
  return redirections.flatMap(({ operator, target }) => (operator.includes('>') ? (FILES.exec(target?.value ?? '')?.[0] ?? []) : []))[0];
}

/** The same for the end of a pipeline, where `tee` is told the file in a word. */
function targetOf(node: ShellNode): string | undefined {
  const file = fileOf(node.redirections);
  if (file !== undefined || node.kind !== 'simple' || node.words[0]?.value !== 'tee') return file;
  return node.words.flatMap(({ value }) => FILES.exec(value)?.[0] ?? [])[0];
}

/** What of a word a stranger writes in a way that can set another variable; undefined for nothing. */
function strange(word: Word, command: SimpleCommand, script: Script, place: Place): string | undefined {
  const { text } = script.source;
  const written = text.slice(word.start, word.end);
  if (place.hasArtefact && readsFile(word, command)) return 'The content of an artefact';
  for (const { at, what, isMultiLine } of taintsIn(word, written, place)) {
    // Behind `NAME=` only a line feed starts another variable.
    if (isMultiLine ? !hasRandomDelimiter(text) : !written.slice(0, at).includes('=') && !text.includes('<<')) return `\`${what}\``;
  }
  return undefined;
}

interface PlacedTaint {
  /** The offset in the word. */
  readonly at: number;
  readonly what: string;
  readonly isMultiLine: boolean;
}

function* taintsIn(word: Word, written: string, { at, view }: Place): Generator<PlacedTaint> {
  for (const { start, node, source } of view.scriptExpressions(at.step)) {
    const taint = start >= word.start && start < word.end ? taintOf(node, at, view) : undefined;
    if (taint === undefined) continue;
    const { isMultiLine } = taint.source;
    yield { at: start - word.start, what: source.text.slice(taint.node.start, taint.node.end), isMultiLine };
  }
  for (const match of written.matchAll(/\$(?:env:)?\{?(?:env:)?([A-Za-z_]\w*)/g)) {
    const taint = envTaint(match[1] ?? '', at, view);
    if (taint !== undefined) yield { at: match.index, what: taint.source.path, isMultiLine: taint.source.isMultiLine };
  }
}

/** `echo "BODY<<$delimiter"`: nobody knows how the text would have to end. */
function hasRandomDelimiter(text: string): boolean {
  return /<<["']?\$[({\w]/.test(text);
}

/** `cat file >> ...`, `echo "X=$(cat file)"`: what is filtered on the way is taken to be checked. */
function readsFile(word: Word, command: SimpleCommand): boolean {
  if (command.words[0]?.value === 'cat') return word !== command.words[0] && !word.value.startsWith('-');
  return word.substitutions.some(({ body }) => {
    const [pipeline, second] = body;
    const [first, more] = pipeline?.commands ?? [];
    if (second !== undefined || more !== undefined || first?.kind !== 'simple') return false;
    return first.words[0]?.value === 'cat' || (first.words.length === 0 && first.redirections.some(({ operator }) => operator === '<'));
  });
}
