import { type Invocation, keptPerWords, takesNext } from './shell-invocation.ts';
import type { Word } from './shell-tree.ts';

/** The package managers whose installs are read. */
export type PackageManager = 'npm' | 'yarn' | 'pnpm' | 'bun' | 'uv';

/** An option of a command, in one word or two. */
export interface Option {
  /** Without dashes and without `no-`: `frozen-lockfile`; a short one with its dash: `-g`. */
  readonly name: string;
  /** Whether it is written `--no-name`, or its value is `false`. */
  readonly off: boolean;
  /** What stands behind `=` or in the next word. */
  readonly value: string | undefined;
  /** The option's word, and its value's where that is another one. */
  readonly words: readonly Word[];
}

/** An invocation of a package manager, read as the manager reads it. */
export interface InstallCommand {
  readonly manager: PackageManager;
  readonly invocation: Invocation;
  /** `install`: everything the manifest asks for; `add`: named packages; `clean`: the lockfile and nothing else; `other`: no install into the project. */
  readonly kind: 'install' | 'install-test' | 'add' | 'clean' | 'other';
  readonly program: Word;
  readonly subcommand: Word | undefined;
  readonly options: readonly Option[];
  /** What stands behind the sub-command and is no option: the packages. */
  readonly operands: readonly Word[];
  /** The folder that `--prefix`, `-C`, `--cwd` or `--directory` names. */
  readonly folder: string | undefined;
}

interface Manager extends OptionTable {
  /** Names that mean "install", with packages or without; `''` where the bare program installs. */
  readonly install: readonly string[];
  readonly installTest: readonly string[];
  readonly clean: readonly string[];
  readonly folder: readonly string[];
  /** Options with which nothing of the project is installed. */
  readonly not: readonly string[];
}

const words = (text: string): readonly string[] => text.split(' ');
const NPM_INSTALL = words('install i in ins inst insta instal isnt isnta isntal isntall add');
/** npm's own list of names (lib/utils/cmd-list.js) and configuration types (workspaces/config, definitions.js). */
const NPM: Manager = {
  install: NPM_INSTALL,
  installTest: words('install-test it'),
  clean: words('ci clean-install ic install-clean isntall-clean install-ci-test cit clean-install-test sit'),
  letters: 'CwcmL',
  long: words(
    'prefix workspace omit include only also registry loglevel cache tag userconfig globalconfig location install-strategy ' +
      'before os cpu libc access audit-level auth-type ca cafile cert key proxy https-proxy noproxy fetch-retries ' +
      'fetch-retry-factor fetch-retry-maxtimeout fetch-retry-mintimeout fetch-timeout git local-address lockfile-version ' +
      'logs-dir logs-max maxsockets min-release-age node-options otp replace-registry-host save-prefix scope script-shell shell ' +
      'umask user-agent nodedir call depth message',
  ),
  folder: ['prefix', '-C'],
  not: words('-g global package-lock-only dry-run help -h version -v'),
};

const MANAGERS: Readonly<Record<PackageManager, Manager>> = {
  npm: NPM,
  yarn: {
    install: ['', 'install'],
    installTest: [],
    clean: [],
    letters: '',
    long: words(
      'cwd modules-folder cache-folder preferred-cache-folder global-folder link-folder mutex network-timeout ' +
        'network-concurrency child-concurrency registry proxy https-proxy use-yarnrc otp mode',
    ),
    folder: ['cwd'],
    not: words('-v version -h help -g global'),
  },
  pnpm: {
    install: ['install', 'i'],
    installTest: ['install-test', 'it'],
    clean: ['ci', 'clean-install', 'ic', 'install-clean'],
    letters: 'CF',
    long: words(
      'dir filter filter-prod loglevel reporter store-dir virtual-store-dir modules-dir lockfile-dir network-concurrency ' +
        'child-concurrency workspace-concurrency package-import-method registry hoist-pattern public-hoist-pattern node-linker',
    ),
    folder: ['dir', '-C'],
    not: words('-g global lockfile-only dry-run help -h version -v'),
  },
  bun: {
    install: ['install', 'i'],
    installTest: [],
    clean: ['ci'],
    letters: 'c',
    long: words(
      'cwd config cache-dir registry backend filter omit linker concurrent-scripts network-concurrency ca cafile ' +
        'minimum-release-age cpu os env-file',
    ),
    folder: ['cwd'],
    not: words('-g global lockfile-only dry-run help -h'),
  },
  uv: {
    install: ['sync'],
    installTest: [],
    clean: [],
    letters: 'pifCP',
    long: words(
      'directory project python extra group package only-group no-group no-extra no-install-package index default-index index-url ' +
        'extra-index-url find-links index-strategy keyring-provider resolution prerelease fork-strategy config-setting ' +
        'no-build-isolation-package exclude-newer link-mode reinstall-package refresh-package upgrade-package no-build-package ' +
        'no-binary-package cache-dir python-preference color allow-insecure-host config-file python-platform script output-format',
    ),
    folder: ['directory', 'project'],
    // An upgrade is asked for, a check installs nothing, a script has a lockfile of its own.
    not: words('upgrade -U upgrade-package -P check dry-run script help -h'),
  },
};

/** Names that run something over several projects and then name the sub-command. */
const RECURSIVE = new Set(['recursive', 'multi', 'm']);

/** An invocation as an install command; undefined where its program is none of the package managers. */
export function installCommandOf(invocation: Invocation): InstallCommand | undefined {
  const read = readCommand(invocation);
  return read && { ...read, invocation };
}

const readCommand = keptPerWords((invocation): Omit<InstallCommand, 'invocation'> | undefined => {
  const manager = managerOf(invocation.name);
  const [program, ...rest] = invocation.words;
  if (manager === undefined || program === undefined) return undefined;
  const table = MANAGERS[manager];
  const { options, operands } = readOptions(rest, table);
  if (manager === 'pnpm' && RECURSIVE.has(operands[0]?.value ?? '')) operands.shift();
  const subcommand = operands.shift();
  return {
    manager,
    kind: kindOf(table, subcommand, operands, options),
    program,
    subcommand,
    options,
    operands,
    folder: options.findLast(({ name }) => table.folder.includes(name))?.value,
  };
});

/** Which options of a program take the next word: letters, and long names. */
export interface OptionTable {
  readonly letters: string;
  readonly long: readonly string[];
}

/** Parts words into options and the others; what stands behind `--` is no option. */
export function readOptions(words: readonly Word[], { letters, long }: OptionTable): { options: Option[]; operands: Word[] } {
  const options: Option[] = [];
  const operands: Word[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) break;
    if (word.value === '--') {
      operands.push(...words.slice(at + 1));
      break;
    }
    if (!/^-./.test(word.value)) operands.push(word);
    else options.push(optionOf(word, takesNext(word.value, letters, long) ? words[++at] : undefined, letters));
  }
  return { options, operands };
}

function managerOf(name: string): PackageManager | undefined {
  if (name === 'yarnpkg') return 'yarn';
  return name === 'npm' || name === 'yarn' || name === 'pnpm' || name === 'bun' || name === 'uv' ? name : undefined;
}

function optionOf(word: Word, next: Word | undefined, letters: string): Option {
  const used = next === undefined ? [word] : [word, next];
  if (!word.value.startsWith('--')) {
    // `-rlist.txt` has its value in the same word.
    const inside = letters.includes(word.value[1] ?? ' ') && word.value.length > 2 ? word.value.slice(2) : undefined;
    return { name: word.value.slice(0, 2), off: false, value: next?.value ?? inside, words: used };
  }
  const equals = word.value.indexOf('=');
  const name = equals < 0 ? word.value.slice(2) : word.value.slice(2, equals);
  const value = equals < 0 ? next?.value : word.value.slice(equals + 1);
  const negated = name.startsWith('no-');
  // `--no-group x` of uv takes a value: it is an option of that name, not a negation.
  if (negated && value !== undefined && next !== undefined) return { name, off: false, value, words: used };
  return { name: negated ? name.slice(3) : name, off: negated !== (value === 'false'), value, words: used };
}

function kindOf(
  table: Manager,
  subcommand: Word | undefined,
  operands: readonly Word[],
  options: readonly Option[],
): InstallCommand['kind'] {
  const name = subcommand?.value ?? '';
  if (options.some((option) => isNoInstall(table, option))) return 'other';
  if (table.clean.includes(name)) return 'clean';
  if (table.installTest.includes(name)) return operands.length === 0 ? 'install-test' : 'add';
  if (!table.install.includes(name)) return 'other';
  // npm itself reads `npm add` without names as `npm install`.
  return operands.length === 0 ? 'install' : 'add';
}

function isNoInstall(table: Manager, { name, value, off }: Option): boolean {
  if (name === 'location') return value === 'global';
  if (name === 'mode') return value === 'update-lockfile';
  return !off && table.not.includes(name);
}

/** The last option with one of some names, where it is given. */
export function findOption(command: InstallCommand, ...names: readonly string[]): Option | undefined {
  return command.options.findLast(({ name }) => names.includes(name));
}
