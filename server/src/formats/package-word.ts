import type { Manifest } from '../core/manifest.ts';
import { sourceSpan } from '../core/mapped-text.ts';
import type { Span } from '../core/span.ts';
import { npmPackage } from './named-package.ts';
import { creatorOf, type NpmWords, npmWordsOf } from './npm-words.ts';
import { type RunCommand, runCommandsOf } from './run-commands.ts';
import { valueSpan } from './word-edits.ts';

/** A package of npm's registry that a word of a command names. */
export interface PackageWord {
  readonly command: RunCommand;
  readonly use: NpmWords;
  /** The word, without the quotes around it. */
  readonly span: Span;
  /** The name as it is written: of an initializer the short one, of an alias what it stands for. */
  readonly written: string;
  /** The package's own name. */
  readonly name: string;
  /** What is asked for, without the separator; `''` where nothing is. */
  readonly requirement: string;
}

/** The package that the word under the pointer names; `offset` counts UTF-16 units. Undefined where there is none. */
export function packageWordAt(manifest: Manifest, offset: number): PackageWord | undefined {
  for (const command of runCommandsOf(manifest)) {
    const { invocation } = command;
    const { source } = invocation.command;
    if (offset < source.start || offset > source.end) continue;
    const use = npmWordsOf(invocation);
    for (const word of use?.words ?? []) {
      const span = valueSpan(source, word) ?? sourceSpan(source, word.start, word.end);
      if (use === undefined || offset < span.start || offset > span.end) continue;
      const found = npmPackage(invocation, word);
      if (found === undefined) return undefined;
      const { name: written, requirement } = found;
      return { command, use, span, written, requirement, name: use.purpose === 'create' ? creatorOf(written) : written };
    }
  }
  return undefined;
}
