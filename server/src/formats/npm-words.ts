import { type InstallCommand, installCommandOf, type Option, type OptionTable, readOptions } from './install-command.ts';
import { writtenName } from './pip-command.ts';
import { keptPerWords, takesNext } from './shell-invocation.ts';
import type { Word } from './shell-tree.ts';

/** A command of npm, pnpm, Yarn or Bun that names packages, and the words that name them. */
export interface NpmWords {
  readonly manager: 'npm' | 'pnpm' | 'yarn' | 'bun';
  /** `run`: a program of theirs, `create`: the program of the initializer that is named for short, `add`: they are installed. */
  readonly purpose: 'run' | 'create' | 'add';
  /** Whether a program of the project is run where it has one of that name: `npx`, `npm exec` and `bunx` do, `dlx` does not. */
  readonly prefersLocal: boolean;
  /** Whether they are installed for the whole machine, and not into the project. */
  readonly isGlobal: boolean;
  /** Whether an option says that nothing is fetched (`npx --no`) or installed (`--dry-run`). */
  readonly isIdle: boolean;
  /** As they are written, with versions; what they mean is read by those who ask. */
  readonly words: readonly Word[];
}

/** The packages that a command of a package manager for npm's registry names; undefined where it is none that names any. */
export const npmWordsOf = keptPerWords((invocation): NpmWords | undefined => {
  const { name, words } = invocation;
  if (name === 'npx') return execWords('npm', true, words.slice(1));
  if (name === 'bunx') return execWords('bun', true, words.slice(1));
  if (name === 'pnpx') return execWords('pnpm', false, words.slice(1));
  const install = installCommandOf(invocation);
  if (install?.subcommand === undefined || install.manager === 'uv') return undefined;
  const { manager, subcommand } = install;
  const verb = subcommand.value;
  // pnpm's and Yarn's `exec` run what is installed already.
  const isLocalExec = (manager === 'npm' && /^(?:exec|x)$/.test(verb)) || (manager === 'bun' && verb === 'x');
  if (isLocalExec || verb === 'dlx') return execWords(manager, isLocalExec, words.slice(words.indexOf(subcommand) + 1));
  return addWords(install, manager, verb);
});

const NPM_INSTALL = new Set(['install', 'i', 'in', 'ins', 'inst', 'insta', 'instal', 'isnt', 'isnta', 'isntal', 'isntall', 'add']);
const ADD = new Set(['add', 'a', 'install', 'i']);
const CREATE = new Set(['create', 'init', 'innit', 'c']);
const NOTHING_INSTALLED = /^(?:dry-run|package-lock-only|lockfile-only|help|-h)$/;

function addWords({ operands, options }: InstallCommand, manager: NpmWords['manager'], verb: string): NpmWords | undefined {
  const isGlobal = options.some(({ name, off }) => !off && (name === '-g' || name === 'global'));
  const isIdle = options.some(({ name, off }) => !off && NOTHING_INSTALLED.test(name));
  const found = { manager, prefersLocal: false, isGlobal, isIdle };
  if (CREATE.has(verb) && (verb !== 'init' || manager === 'npm'))
    return { ...found, purpose: 'create', prefersLocal: manager === 'npm', words: operands.slice(0, 1) };
  if (manager === 'yarn' && verb === 'global')
    return operands[0]?.value === 'add' ? { ...found, purpose: 'add', isGlobal: true, words: operands.slice(1) } : undefined;
  const adds = manager === 'npm' ? NPM_INSTALL.has(verb) : manager === 'yarn' ? verb === 'add' : ADD.has(verb);
  return adds ? { ...found, purpose: 'add', words: operands } : undefined;
}

/** npm documentation, "npm exec"; pnpm and bun know fewer. */
const EXEC_OPTIONS: OptionTable = {
  letters: 'pcw',
  long: ['package', 'call', 'workspace', 'registry', 'cache', 'userconfig', 'allow-build'],
};

/** `npx NAME`, `npx -p NAME -c '...'`: options behind the first word that is none belong to the program. */
function execWords(manager: NpmWords['manager'], prefersLocal: boolean, words: readonly Word[]): NpmWords {
  let at = 0;
  while (at < words.length && /^-./.test(words[at]?.value ?? '')) {
    if (words[at++]?.value === '--') break;
    if (takesNext(words[at - 1]?.value ?? '', EXEC_OPTIONS.letters, EXEC_OPTIONS.long)) at++;
  }
  const { options } = readOptions(words.slice(0, at), EXEC_OPTIONS);
  const is = (names: readonly string[]) => options.some((option) => names.includes(writtenName(option)));
  const named = options.filter(({ name }) => name === 'package' || name === '-p');
  const wanted = named.length > 0 ? named.flatMap(optionValue) : is(['-c', 'call']) ? [] : words.slice(at, at + 1);
  const isIdle = is(['no', 'no-install', 'no-yes', 'offline']);
  return { manager, purpose: 'run', prefersLocal, isGlobal: false, isIdle, words: wanted };
}

/** The value of an option as a word: that behind it, or the part behind its `=`. */
export function optionValue({ words: [word, next], value }: Option): Word[] {
  if (next !== undefined) return [next];
  if (word === undefined || value === undefined || word.quoted) return [];
  return [{ ...word, value, start: word.end - value.length }];
}

/** `vite` of `npm create vite` is `create-vite`; `@acme` is `@acme/create`, `@acme/app` is `@acme/create-app`. */
export function creatorOf(name: string): string {
  const [scope, rest] = name.startsWith('@') ? name.split('/', 2) : [undefined, name];
  if (rest === undefined) return `${scope}/create`;
  const created = rest.startsWith('create-') ? rest : `create-${rest}`;
  return scope === undefined ? created : `${scope}/${created}`;
}
