import { type Option, type OptionTable, readOptions } from './install-command.ts';
import { keptPerWords } from './shell-invocation.ts';
import type { Word } from './shell-tree.ts';

/** An invocation of pip, or of uv's `pip`. */
export interface PipCommand {
  readonly tool: 'pip' | 'uv';
  readonly subcommand: Word;
  readonly options: readonly Option[];
  /** What is to be installed. */
  readonly operands: readonly Word[];
}

/** An option's name as it is written, without dashes: `no-index`, which is no other option turned off. */
export function writtenName({ name, off, words }: Option): string {
  return off && words[0]?.value.startsWith('--no-') === true ? `no-${name}` : name;
}

/** Options that take the next word (pip documentation, "pip install"; uv's reference of `uv pip`). */
export const PIP_OPTIONS: OptionTable = {
  letters: 'rcetifdp',
  long: (
    'requirement constraint editable target index-url extra-index-url find-links platform python-version implementation abi root prefix ' +
    'src upgrade-strategy config-settings config-setting global-option build-option no-binary only-binary progress-bar report ' +
    'root-user-action cache-dir proxy retries timeout exists-action trusted-host cert client-cert log dest python use-feature ' +
    'requirements constraints overrides index default-index index-strategy keyring-provider resolution prerelease exclude-newer ' +
    'link-mode torch-backend from with with-editable with-requirements allow-insecure-host extra group wheel-dir reinstall-package ' +
    'upgrade-package refresh-package no-build-isolation-package build-constraint build-constraints excludes spec pip-args suffix ' +
    'python-preference python-platform color config-file directory project exclude-newer-package no-build-package no-binary-package ' +
    'no-sources-package config-settings-package fork-strategy'
  ).split(' '),
};

/** An invocation as a command of pip: `pip`, `pip3.12`, `python -m pip`, `uv pip`; undefined for every other. */
export const pipCommandOf = keptPerWords(({ name, words }): PipCommand | undefined => {
  const isModule = /^(?:python|py)[\d.]*$/.test(name) && words[1]?.value === '-m' && /^pip\d*$/.test(words[2]?.value ?? '');
  const isUv = name === 'uv' && words[1]?.value === 'pip';
  if (!isModule && !isUv && !/^pip[\d.]*$/.test(name)) return undefined;
  const { options, operands } = readOptions(words.slice(isModule ? 3 : isUv ? 2 : 1), PIP_OPTIONS);
  const subcommand = operands.shift();
  return subcommand && { tool: isUv ? 'uv' : 'pip', subcommand, options, operands };
});
