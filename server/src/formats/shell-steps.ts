import { keptPerScript } from './kept-scripts.ts';
import { shellOf, walkShell } from './shell.ts';
import { type Invocation, invocationOf } from './shell-invocation.ts';
import { ShellMover } from './shell-moved.ts';
import type { Pipeline } from './shell-tree.ts';

/** What happens one after the other when a script is read: a command, or a scope that begins or ends. */
export type ShellStep =
  | { readonly kind: 'enter' }
  /** `forgets`: what ends was a shell of its own, which leaves no folder changed behind. */
  | { readonly kind: 'leave'; readonly forgets: boolean }
  | CommandStep;

/** A command that is run. */
interface CommandStep {
  readonly kind: 'command';
  readonly invocation: Invocation;
  readonly joint: Pipeline['joint'];
  /** For each `if`, `case` and loop around the command, outermost first, an object that stands for it. */
  readonly compounds: readonly object[];
}

/**
 * All commands of a script in the order in which they stand, nested ones included, with the scopes around them; kept with the
 * script. `invocation.words` is the same list for the same text, wherever it stands (but for words with commands in them): what
 * follows from the words alone can be kept beside it.
 */
export const stepsOf = keptPerScript(
  (script): readonly ShellStep[] => {
    const steps: ShellStep[] = [];
    let compounds: readonly object[] = [];
    walkShell(shellOf(script), {
      enter: (scope) => {
        steps.push({ kind: 'enter' });
        if (scope.kind === 'group' && scope.type === 'compound') compounds = [...compounds, scope];
      },
      leave: (scope) => {
        steps.push({ kind: 'leave', forgets: scope.kind !== 'group' || scope.type === 'subshell' });
        if (scope.kind === 'group' && scope.type === 'compound') compounds = compounds.slice(0, -1);
      },
      command: (command, { joint }) => {
        const invocation = invocationOf(command);
        if (invocation !== undefined) steps.push({ kind: 'command', invocation, joint, compounds });
      },
    });
    return steps;
  },
  (steps, by) => {
    const mover = new ShellMover(by);
    return steps.map((step) => (step.kind === 'command' ? movedStep(step, mover) : step));
  },
);

function movedStep({ invocation, joint, compounds }: CommandStep, mover: ShellMover): CommandStep {
  return { kind: 'command', invocation: movedInvocation(invocation, mover), joint, compounds };
}

function movedInvocation(invocation: Invocation, mover: ShellMover): Invocation {
  const command = mover.command(invocation.command);
  const isSame = command.words === invocation.command.words && command.assignments === invocation.command.assignments;
  // Where words hold commands they were copied, and the invocation has to show the copies.
  if (!isSame) return invocationOf(command) ?? invocation;
  const { name, words, assignments, prefixes } = invocation;
  return { command, name, words, assignments, prefixes };
}
