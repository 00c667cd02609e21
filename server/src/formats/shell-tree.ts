import type { MappedText } from '../core/mapped-text.ts';
import type { ShellDialect } from '../core/script.ts';

/**
 * Shell text as a tree. All `start` and `end` are indexes (UTF-16, `end` exclusive) into the text that the command's
 * `source` holds; `sourceSpan` turns them into places of the document.
 */
export interface ShellScript {
  readonly source: MappedText;
  readonly dialect: ShellDialect;
  readonly body: CommandList;
}

/** Pipelines one behind the other. */
export type CommandList = readonly Pipeline[];

/** Commands joined by `|`. */
export interface Pipeline {
  readonly commands: readonly ShellNode[];
  /** What stands before it: `;` for everything that neither tests the result before it nor starts a list. */
  readonly joint: '' | '&&' | '||' | ';';
  readonly start: number;
  readonly end: number;
}

/** One member of a pipeline. */
export type ShellNode = SimpleCommand | Group;

/** Words that are run, with what is set and redirected for them. */
export interface SimpleCommand {
  readonly kind: 'simple';
  readonly source: MappedText;
  readonly dialect: ShellDialect;
  /** `NAME=value` before the first word; in PowerShell the variable of `$name = command`. */
  readonly assignments: readonly Word[];
  readonly words: readonly Word[];
  readonly redirections: readonly Redirection[];
  readonly start: number;
  readonly end: number;
}

/** Commands that share redirections: `( )`, `{ }`, `if ... fi` and other compound commands, the body of a function. */
export interface Group {
  readonly kind: 'group';
  readonly type: 'subshell' | 'braces' | 'compound' | 'function';
  readonly body: CommandList;
  readonly redirections: readonly Redirection[];
  readonly start: number;
  readonly end: number;
}

/** A word. Its span holds its quotes. */
export interface Word {
  /** The word as the command gets it: quotes and escapes gone. What the shell expands stands in it as written. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
  /** Whether the shell, or GitHub (`${{ }}`), puts something else in the place of a part of it. */
  readonly dynamic: boolean;
  readonly quoted: boolean;
  readonly substitutions: readonly Substitution[];
}

/** `$(...)` and backticks are `command`, `<(...)` is `input`, `>(...)` is `output`, a PowerShell `{ }` is `block`. */
export interface Substitution {
  readonly kind: 'command' | 'input' | 'output' | 'block';
  readonly body: CommandList;
  readonly start: number;
  readonly end: number;
}

/** A redirection. */
export interface Redirection {
  /** As written, without a file descriptor: `>`, `>>`, `<`, `<<`, `<<<`, `&>`, ... */
  readonly operator: string;
  /** The digits before the operator; `''` for none. */
  readonly descriptor: string;
  /** The file, or for a here-document its delimiter; undefined where nothing is written. */
  readonly target: Word | undefined;
  /** Where a here-document's lines stand. */
  readonly hereDocument: { readonly start: number; readonly end: number } | undefined;
}

/** How deep commands may nest; what lies deeper is read as if it stood at that depth. */
export const MAX_SHELL_DEPTH = 40;
