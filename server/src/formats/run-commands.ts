import type { Manifest } from '../core/manifest.ts';
import { sourceSpan } from '../core/mapped-text.ts';
import type { Script } from '../core/script.ts';
import type { Span } from '../core/span.ts';
import { type Occasion, walkInvocations } from './shell-folder.ts';
import { type Invocation, keptPerWords } from './shell-invocation.ts';

/** A command that a script of a manifest runs, with where and how. */
export interface RunCommand extends Occasion {
  readonly script: Script;
  readonly invocation: Invocation;
}

/** All commands of a manifest's scripts but `cd`, in document order; found once, then kept as long as the manifest is. */
export function runCommandsOf(manifest: Manifest): readonly RunCommand[] {
  const kept = found.get(manifest);
  if (kept !== undefined) return kept;
  const commands = manifest.scripts.flatMap((script) => commandsOfScript(script, manifest.file.path));
  found.set(manifest, commands);
  return commands;
}

function commandsOfScript(script: Script, path: string): RunCommand[] {
  const commands: RunCommand[] = [];
  walkInvocations(script, path, (invocation, occasion) => {
    const { folders, joint, compounds } = occasion;
    commands.push({ script, invocation, folders, joint, compounds });
  });
  return commands;
}

/** Commands by the script they stand in; scripts without commands are not there. */
export function byScript(commands: readonly RunCommand[]): ReadonlyMap<Script, readonly RunCommand[]> {
  const groups = new Map<Script, RunCommand[]>();
  for (const command of commands) {
    const group = groups.get(command.script);
    if (group === undefined) groups.set(command.script, [command]);
    else group.push(command);
  }
  return groups;
}

// A dozen rules read the same commands at every key; the list goes when the manifest goes.
const found = new WeakMap<Manifest, readonly RunCommand[]>();

/** The words of a command that a finding covers: from what is run to the last word, as indexes into its source. */
function wordsRange({ command, words }: Invocation): readonly [number, number] {
  const start = words[0]?.start ?? command.start;
  return [start, Math.max(start, words.at(-1)?.end ?? start)];
}

/** Where a command stands in the document, from its program, or an earlier index into its source, to its last word. */
export function commandSpan(invocation: Invocation, from = Number.POSITIVE_INFINITY): Span {
  const [start, end] = wordsRange(invocation);
  return sourceSpan(invocation.command.source, Math.min(start, from), end);
}

/** The longest command that a message quotes, in UTF-16 units. */
const MAX_SHOWN_UNITS = 120;

/** A command as a message shows it: in one line, not for ever, and without what may be secret in its addresses. */
export const commandText = keptPerWords((invocation): string => {
  const text = invocation.command.source.text
    .slice(...wordsRange(invocation))
    .replace(/(?:\\\r?\n|\s)+/g, ' ')
    .replace(/(:\/\/)[^\s/@"']*@/g, '$1')
    .replace(/(:\/\/[^\s"'?]*)\?[^\s"']*/g, '$1');
  return text.length > MAX_SHOWN_UNITS ? `${text.slice(0, MAX_SHOWN_UNITS)}...` : text;
});
