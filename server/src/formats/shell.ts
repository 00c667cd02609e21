import { type MappedText, mappedPart, offsetAt } from '../core/mapped-text.ts';
import type { ShellDialect } from '../core/script.ts';
import { type KeptScript, keptPerScript } from './kept-scripts.ts';
import { interpretationOf, invocationOf, joinedWords } from './shell-invocation.ts';
import { ShellMover } from './shell-moved.ts';
import { parsePosix } from './shell-posix.ts';
import type { CommandList, Group, Pipeline, Redirection, ShellScript, SimpleCommand, Substitution, Word } from './shell-tree.ts';
import { parseCmd, parsePowerShell } from './shell-windows.ts';

/** How many scripts may stand in one another (`sh -c "sh -c ..."`); each costs one more reading of its text. */
const MAX_NESTED_SCRIPTS = 4;

/** Splits shell text into commands. Never throws; text of an unknown dialect has no commands. Linear in its length. */
export function parseShell(source: MappedText, dialect: ShellDialect): ShellScript {
  return { source, dialect, body: commandsOf(source, dialect) };
}

/**
 * The commands of a script of a manifest; parsed once for each text, and kept with the script. Commands that do not stand in a
 * nested script have the very `source` that the result has.
 */
export const shellOf: (script: KeptScript) => ShellScript = keptPerScript(
  ({ source, dialect }) => parseShell(source, dialect),
  ({ source, dialect, body }, by) => {
    const mover = new ShellMover(by);
    return { source: mover.text(source), dialect, body: mover.list(body) };
  },
);

function commandsOf(source: MappedText, dialect: ShellDialect): CommandList {
  switch (dialect) {
    case 'posix':
      return parsePosix(source);
    case 'powershell':
      return parsePowerShell(source);
    case 'cmd':
      return parseCmd(source);
    case 'unknown':
      return [];
  }
}

/** What a walk tells of. `enter` and `leave` surround a group, a substitution or a nested script. */
export interface ShellVisitor {
  /** Before its commands are told. */
  pipeline?(pipeline: Pipeline): void;
  /** After the substitutions in its words, which run first, and before the script it runs. */
  command?(command: SimpleCommand, pipeline: Pipeline): void;
  enter?(scope: ShellScope): void;
  leave?(scope: ShellScope): void;
}

/** Something that holds commands. A nested script is what `sh -c '...'`, `eval` or a here-document for a shell runs. */
export type ShellScope = Group | Substitution | (ShellScript & { readonly kind: 'script' });

/** Tells a visitor of all commands of a script in the order in which they stand, nested ones included. */
export function walkShell(script: ShellScript, visitor: ShellVisitor): void {
  walkList(script.body, visitor, 0);
}

/** Like `walkShell`, for commands that stand inside others. */
export function walkCommands(list: CommandList, visitor: ShellVisitor): void {
  walkList(list, visitor, 0);
}

function walkList(list: CommandList, visitor: ShellVisitor, nesting: number): void {
  for (const pipeline of list) {
    visitor.pipeline?.(pipeline);
    for (const node of pipeline.commands) {
      if (node.kind === 'simple') walkSimple(node, pipeline, visitor, nesting);
      else {
        visitor.enter?.(node);
        walkList(node.body, visitor, nesting);
        for (const redirection of node.redirections) walkWord(redirection.target, visitor, nesting);
        visitor.leave?.(node);
      }
    }
  }
}

function walkSimple(command: SimpleCommand, pipeline: Pipeline, visitor: ShellVisitor, nesting: number): void {
  for (const word of command.assignments) walkWord(word, visitor, nesting);
  for (const word of command.words) walkWord(word, visitor, nesting);
  for (const redirection of command.redirections) walkWord(redirection.target, visitor, nesting);
  visitor.command?.(command, pipeline);
  if (nesting >= MAX_NESTED_SCRIPTS) return;
  const nested = nestedScript(command);
  if (nested === undefined) return;
  const scope = { ...nested, kind: 'script' } as const;
  visitor.enter?.(scope);
  walkList(nested.body, visitor, nesting + 1);
  visitor.leave?.(scope);
}

function walkWord(word: Word | undefined, visitor: ShellVisitor, nesting: number): void {
  for (const substitution of word?.substitutions ?? []) {
    visitor.enter?.(substitution);
    walkList(substitution.body, visitor, nesting);
    visitor.leave?.(substitution);
  }
}

/**
 * The script that a command runs and that stands in its own words: `sh -c '...'`, `eval ...`, `pwsh -Command ...`,
 * or a here-document that a shell reads.
 */
export function nestedScript(command: SimpleCommand): ShellScript | undefined {
  const invocation = invocationOf(command);
  const interpretation = invocation && interpretationOf(invocation);
  if (interpretation === undefined || interpretation.language === 'other') return undefined;
  const { language, program } = interpretation;
  if (program.kind === 'code') {
    const source = joinedWords(command, program.words);
    return source && parseShell(source, language);
  }
  if (program.kind !== 'stdin' || language !== 'posix') return undefined;
  const document = command.redirections.findLast(readsDocument)?.hereDocument;
  return document && parseShell(mappedPart(command.source, document.start, document.end, offsetAt(command.source, document.end)), 'posix');
}

function readsDocument(redirection: Redirection): boolean {
  return redirection.hereDocument !== undefined && (redirection.descriptor === '' || redirection.descriptor === '0');
}
