import type { Edit } from '../core/finding.ts';
import { findOption, type InstallCommand, type Option, type PackageManager } from './install-command.ts';
import { type WordChange, wordEdits } from './word-edits.ts';

/** What an install knows of its surroundings. */
export interface InstallContext {
  /** Whether the manager sees that it runs in CI (the variable `CI`), where some freeze by themselves. */
  readonly ci: boolean;
  readonly yarn: 'classic' | 'berry' | undefined;
  /** Reads a variable of the environment, where the text sets it. */
  variable(name: string): string | undefined;
}

/** What an install does with the lockfile: installs it or fails, may go past it, or does not use it on purpose. */
export type LockfileUse = 'frozen' | 'loose' | { readonly off: Option };

/** How a bare install uses the lockfile, by its options, its manager's defaults and the environment. */
export function lockfileUse(command: InstallCommand, context: InstallContext): LockfileUse {
  const off = offOption(command);
  if (off !== undefined) return { off };
  return isFrozen(command, context) ? 'frozen' : 'loose';
}

/** The options that make a manager ignore its lockfile or take it for advice, where somebody wrote one. */
const OFF: Readonly<Record<PackageManager, readonly string[]>> = {
  npm: ['package-lock', 'shrinkwrap'],
  yarn: ['lockfile', 'immutable', 'frozen-lockfile'],
  pnpm: ['frozen-lockfile', 'lockfile'],
  bun: ['frozen-lockfile'],
  uv: ['locked', 'frozen'],
};

function offOption(command: InstallCommand): Option | undefined {
  const option = findOption(command, ...OFF[command.manager]);
  return option?.off === true ? option : undefined;
}

function isFrozen(command: InstallCommand, { ci, yarn, variable }: InstallContext): boolean {
  const on = (...names: readonly string[]) => findOption(command, ...names)?.off === false;
  const isSet = (name: string) => /^(?:1|true|yes|on)$/i.test(variable(name) ?? '');
  const isCi = variable('CI') === undefined ? ci : variable('CI') !== 'false';
  switch (command.manager) {
    case 'npm':
      return false;
    case 'pnpm':
      // pnpm documentation, "pnpm install": frozen by default in CI where a lockfile is present.
      return on('frozen-lockfile') || isSet('npm_config_frozen_lockfile') || isSet('pnpm_config_frozen_lockfile') || isCi;
    case 'yarn': {
      // Yarn 1 passes over options that it does not know, `--immutable` among them.
      if (yarn === 'classic') return on('frozen-lockfile');
      const byDefault = yarn === 'berry' && isCi && !/^(?:0|false)$/.test(variable('YARN_ENABLE_IMMUTABLE_INSTALLS') ?? '');
      return on('immutable', 'frozen-lockfile') || isSet('YARN_ENABLE_IMMUTABLE_INSTALLS') || byDefault;
    }
    case 'bun':
      return on('frozen-lockfile', 'production', '-p');
    case 'uv':
      return on('locked', 'frozen') || isSet('UV_LOCKED') || isSet('UV_FROZEN');
  }
}

/** A form of an install that holds to the lockfile. */
export interface FrozenForm {
  /** `npm ci`: for messages and titles. */
  readonly name: string;
  readonly changes: readonly WordChange[];
}

/** The frozen form of a bare install; for Yarn as the given generation reads it. */
export function frozenForm(command: InstallCommand, yarn: 'classic' | 'berry'): FrozenForm {
  const { manager, program, subcommand } = command;
  if (manager === 'npm') return npmForm(command);
  const flag = manager === 'uv' ? '--locked' : manager === 'yarn' && yarn === 'berry' ? '--immutable' : '--frozen-lockfile';
  const verb = subcommand === undefined ? '' : ` ${subcommand.value}`;
  const instead = offOption(command) ?? (manager === 'yarn' ? findOption(command, 'immutable', 'pure-lockfile') : undefined);
  const [word] = instead?.words ?? [];
  const change: WordChange = word === undefined ? { word: subcommand ?? program, text: ` ${flag}`, behind: true } : { word, text: flag };
  return { name: `${manager}${verb} ${flag}`, changes: [change] };
}

/** Options that `npm ci` has no use for. The value is what says the same to it, `''` where nothing has to. */
const NPM_DROPPED: Readonly<Record<string, string>> = {
  save: '',
  'save-dev': '',
  'save-exact': '',
  'save-optional': '',
  'save-peer': '',
  'save-prod': '',
  'save-bundle': '',
  'save-prefix': '',
  '-S': '',
  '-D': '',
  '-E': '',
  '-O': '',
  '-P': '',
  '-B': '',
  'package-lock': '',
  shrinkwrap: '',
  'prefer-dedupe': '',
  'lockfile-version': '',
  tag: '',
  before: '',
};

function npmForm({ kind, subcommand, options, program }: InstallCommand): FrozenForm {
  const verb = kind === 'install-test' ? 'install-ci-test' : 'ci';
  const changes: WordChange[] = [{ word: subcommand ?? program, text: verb }];
  for (const option of options) {
    const omits = isOmitDev(option);
    if (!omits && !Object.hasOwn(NPM_DROPPED, option.name)) continue;
    for (const [i, word] of option.words.entries()) changes.push({ word, text: omits && i === 0 ? '--omit=dev' : '' });
  }
  return { name: `npm ${verb}`, changes };
}

/** The old spellings of `--omit=dev`. */
function isOmitDev({ name, value, off }: Option): boolean {
  return (name === 'production' && !off) || (name === 'only' && /^prod(?:uction)?$/.test(value ?? ''));
}

/** A form's changes as edits of the document; undefined where a word does not stand there as it is read. */
export function editsFor({ changes }: FrozenForm, { invocation }: InstallCommand, document: string): readonly Edit[] | undefined {
  return wordEdits(changes, invocation.command.source, document);
}
