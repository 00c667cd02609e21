import { sourceSpan } from '../../core/mapped-text.ts';
import { rememberBy } from '../../core/remember.ts';
import type { Script } from '../../core/script.ts';
import type { Span } from '../../core/span.ts';
import { shellOf, walkShell } from '../../formats/shell.ts';
import { type Invocation, invocationOf } from '../../formats/shell-invocation.ts';

/** A command of a script. */
export interface ScriptCommand extends Invocation {
  /** The words that are no options, from the first behind the program. */
  readonly operands: readonly string[];
  /** From the program's word to the last one. */
  readonly span: Span;
}

/** Programs that run another one, named by the first word that is no option; with `npm exec` and its kin, by the second. */
const RUNNERS: ReadonlySet<string> = new Set(['npx', 'bunx', 'pnpx', 'uvx', 'pipx']);
const PACKAGE_MANAGERS: ReadonlySet<string> = new Set(['npm', 'pnpm', 'yarn', 'bun', 'poetry', 'uv', 'pdm', 'bundle', 'hatch', 'rye']);
const EXEC: ReadonlySet<string> = new Set(['exec', 'x', 'dlx', 'run']);

const commands = new WeakMap<Script, readonly ScriptCommand[]>();

/** The commands of a script, nested ones included; found once, then kept as long as the script is. */
export function commandsOf(script: Script): readonly ScriptCommand[] {
  const kept = commands.get(script);
  if (kept !== undefined) return kept;
  const found: ScriptCommand[] = [];
  walkShell(shellOf(script), {
    command: (command) => {
      const invocation = invocationOf(command);
      const first = invocation?.words[0];
      const last = invocation?.words.at(-1);
      if (invocation === undefined || first === undefined || last === undefined) return;
      const span = sourceSpan(command.source, first.start, last.end);
      const operands = invocation.words.slice(1).flatMap(({ value }) => (value.startsWith('-') ? [] : [value]));
      found.push({ ...invocation, ...launched(invocation.name, operands), span });
    },
  });
  commands.set(script, found);
  return found;
}

/** How many scripts are remembered for each question. */
const REMEMBERED = 1_000;

/** A question whose answer depends on nothing but a script's commands: it is asked once for each text, wherever that stands. */
export function askedOnce(ask: (commands: readonly ScriptCommand[]) => boolean): (script: Script) => boolean {
  return rememberBy(
    ({ dialect, source }) => `${dialect} ${source.text}`,
    (script) => ask(commandsOf(script)),
    REMEMBERED,
  );
}

/** `npx lerna publish` as `lerna publish`, `yarn run release` as `yarn release`. */
function launched(name: string, operands: readonly string[]): Pick<ScriptCommand, 'name' | 'operands'> {
  const [first = '', second] = operands;
  const bare = (text: string): string => text.replace(/(?!^)@.*$/, '');
  if (RUNNERS.has(name) && first !== '') return { name: bare(first), operands: operands.slice(1) };
  if (PACKAGE_MANAGERS.has(name) && EXEC.has(first) && second !== undefined && first !== 'run') {
    return { name: bare(second), operands: operands.slice(2) };
  }
  // `yarn lerna publish`: what is no command of the manager is a program.
  if ((name === 'yarn' || name === 'pnpm') && PROGRAMS.has(first)) return { name: first, operands: operands.slice(1) };
  if ((name === 'uv' || name === 'poetry' || name === 'pdm' || name === 'rye') && first === 'run' && second !== undefined) {
    return { name: second, operands: operands.slice(2) };
  }
  if (/^python[\d.]*$|^py$/.test(name) && first !== '') return { name: first, operands: operands.slice(1) };
  return { name, operands };
}

const PROGRAMS: ReadonlySet<string> = new Set(['lerna', 'changeset', 'semantic-release', 'release-it', 'gh-pages', 'vsce', 'ovsx']);
