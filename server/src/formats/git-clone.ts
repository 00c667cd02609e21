import { readOptions } from './install-command.ts';
import type { Invocation } from './shell-invocation.ts';

/** Options of `git clone` that take the next word (git documentation, "git-clone"). */
const CLONE = {
  letters: 'bojcu',
  long: 'branch origin depth jobs config upload-pack reference reference-if-able template separate-git-dir filter shallow-since shallow-exclude server-option bundle-uri revision'.split(
    ' ',
  ),
};
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/i;

/** The sub-command of a git invocation and what stands behind it. */
function subcommand({ words }: Invocation): { verb: string; rest: Invocation['words'] } {
  let at = 1;
  while (/^-./.test(words[at]?.value ?? '')) at += /^(?:-[cC]|--git-dir|--work-tree|--namespace)$/.test(words[at]?.value ?? '') ? 2 : 1;
  return { verb: words[at]?.value ?? '', rest: words.slice(at + 1) };
}

/**
 * The address that `git clone` copies without a commit. Undefined where it names one, where it cannot be known which
 * repository or version is meant, and for what lies on this machine or is the project itself.
 */
export function cloneOf(invocation: Invocation): string | undefined {
  const { verb, rest } = subcommand(invocation);
  if (invocation.name !== 'git' || verb !== 'clone') return undefined;
  const { options, operands } = readOptions(rest, CLONE);
  const [url] = operands;
  if (url === undefined || !/^(?:(?:https?|git|ssh):\/\/|[\w.-]+@[\w.-]+:)/.test(url.value)) return undefined;
  if (/^[^:]+:\/\/(?:[^/@]*@)?[$%]|github\.repository|GITHUB_REPOSITORY/.test(url.value)) return undefined;
  // A repository's name that is put together may be the project's own.
  if (/[$`%]/.test(url.value.replace(/^[^:]+:\/\/[^/]*@/, ''))) return undefined;
  const asked = options.findLast(({ name }) => /^(?:revision|branch|-b)$/.test(name))?.value;
  return asked !== undefined && (COMMIT.test(asked) || /[$`%]/.test(asked)) ? undefined : url.value;
}

/** Whether a git command goes to a commit that it names, or to one that is only known later. */
export function commitOf(invocation: Invocation): boolean {
  const { verb, rest } = subcommand(invocation);
  if (invocation.name !== 'git' || !/^(?:checkout|reset|switch|fetch|worktree)$/.test(verb)) return false;
  return rest.some(({ value }) => COMMIT.test(value) || /^["']?[$%]/.test(value));
}

/** Whether a git command sends something to another repository. */
export function isPush(invocation: Invocation): boolean {
  return invocation.name === 'git' && subcommand(invocation).verb === 'push';
}
