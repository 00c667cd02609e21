import type { Edit, Fix } from '../../core/finding.ts';
import { isVerbatim, sourceSpan } from '../../core/mapped-text.ts';
import type { Script } from '../../core/script.ts';
import { nestedScript, shellOf, walkShell } from '../../formats/shell.ts';
import { invocationOf } from '../../formats/shell-invocation.ts';
import type { SimpleCommand, Word } from '../../formats/shell-tree.ts';
import type { YamlScalar } from '../../formats/yaml-document.ts';
import { addEntries, type NewEntry, unitOf } from './step-edits.ts';
import type { Taint } from './taint.ts';
import type { PlacedExpression, StepView, View } from './view.ts';

/** An expression of a script that is to come from the environment. */
export interface Injection {
  readonly expression: PlacedExpression;
  readonly taint: Taint;
}

/** A script of a step: of `run` in a shell, or of an input in JavaScript. */
export interface Code {
  readonly scalar: YamlScalar;
  /** Undefined for JavaScript. */
  readonly script: Script | undefined;
}

/**
 * The fix that hands expressions to a script through the step's `env`, quoted as the shell needs it: one for all of the step.
 * Those whose place is not sure (in single quotes of PowerShell, in the words of another shell, in a pattern) stay.
 */
export function moveToEnv(
  injections: readonly Injection[],
  { scalar, script }: Code,
  at: StepView,
  view: View,
): { readonly fixes: readonly Fix[]; readonly moved: ReadonlySet<Injection> } {
  const { manifest } = view;
  const { node } = at.step;
  const moved = new Set<Injection>();
  const names = new Map<string, string>();
  const entries: NewEntry[] = [];
  const edits: Edit[] = [];
  for (const injection of injections) {
    const { expression, taint } = injection;
    const { source, start, end } = expression;
    const text = source.text.slice(start, end);
    const value = envValue(text);
    if (value === undefined || !isVerbatim(source, start, end)) continue;
    const name = names.get(text) ?? existingName(expression, at) ?? freeName(taint, at, names);
    const use = script === undefined ? useInJavaScript(expression, name) : useInShell(expression, script, name);
    const written = use && encode(use.text, scalar, use.start === 0);
    if (use === undefined || written === undefined || !isVerbatim(source, use.start, use.end)) continue;
    if (!names.has(text) && existingName(expression, at) === undefined) entries.push([name, value]);
    names.set(text, name);
    edits.push({ span: sourceSpan(source, use.start, use.end), text: written });
    moved.add(injection);
  }
  const entry = addEntries(manifest, {
    node,
    key: 'env',
    entries,
    beside: script === undefined ? 'with' : 'run',
    unit: unitOf(manifest, node),
  });
  if (edits.length === 0 || (entries.length > 0 && entry === undefined)) return { fixes: [], moved: new Set() };
  const title = `Hand it over in \`env\` and read it as a variable there (check that the ${script === undefined ? 'script' : 'command'} wants it as one text)`;
  return { fixes: [{ title, safety: 'review', online: false, edits: entry === undefined ? edits : [entry, ...edits] }], moved };
}

/** An expression as a YAML value; undefined where it runs over lines. */
function envValue(text: string): string | undefined {
  if (/[\r\n]/.test(text)) return undefined;
  return /: |\s#/.test(text) ? `'${text.replaceAll("'", "''")}'` : text;
}

/** The name of a variable that the expression already reads: `${{ env.TITLE }}`. */
function existingName({ node }: PlacedExpression, { env }: StepView): string | undefined {
  if (node?.kind !== 'context' || !node.path.startsWith('env.')) return undefined;
  const wanted = node.path.slice('env.'.length);
  return env.flat().find(({ key }) => key.toLowerCase() === wanted)?.key;
}

function freeName({ source, node }: Taint, { env }: StepView, names: ReadonlyMap<string, string>): string {
  // Of all of an event the event is named, and not the one text that makes it dangerous.
  const path = source.path.startsWith(`${node.path}.`) ? node.path : source.path;
  const base = path
    .replace(/^github\.(?:event\.)?(?=.)/, '')
    .replace(/^github$/, 'context')
    .replace(/\W+/g, '_')
    .toUpperCase();
  const taken = new Set([...env.flat().map(({ key }) => key.toUpperCase()), ...names.values()]);
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}_${count}`;
    if (!taken.has(name)) return name;
  }
}

/** What stands in the script instead of `[start, end)`. */
interface Use {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function useInShell({ source, start, end }: PlacedExpression, script: Script, name: string): Use | undefined {
  const place = shellPlace(script, start, end);
  if (place === undefined) return undefined;
  if (script.dialect === 'powershell') return place === 'single' ? undefined : { start, end, text: `\${env:${name}}` };
  const variable = `\${${name}}`;
  if (place === 'double') return { start, end, text: variable };
  const isAlone =
    place === 'single' && source.text[start - 1] === "'" && source.text[end] === "'" && isVerbatim(source, start - 1, end + 1);
  if (isAlone) return { start: start - 1, end: end + 1, text: `"${variable}"` };
  return { start, end, text: place === 'single' ? `'"${variable}"'` : `"${variable}"` };
}

type Place = 'bare' | 'single' | 'double';

/** Commands that read their words as code once more. */
const EVALUATES: ReadonlySet<string> = new Set([
  'eval',
  'ssh',
  'trap',
  'su',
  'parallel',
  'watch',
  'invoke-expression',
  'iex',
  'invoke-command',
]);

/** The quotes around a stretch of a shell script; undefined where they cannot be told, or are read twice. */
function shellPlace(script: Script, start: number, end: number): Place | undefined {
  if (script.dialect !== 'posix' && script.dialect !== 'powershell') return undefined;
  const shell = shellOf(script);
  let best: { readonly word: Word; readonly command: SimpleCommand } | undefined;
  let document: Place | 'quoted' | undefined;
  walkShell(shell, {
    command: (command) => {
      if (command.source !== shell.source) return;
      const targets = command.redirections.flatMap(({ target, hereDocument }) => {
        if (hereDocument !== undefined && hereDocument.start <= start && end <= hereDocument.end) {
          const isRead = nestedScript(command) !== undefined;
          document = target === undefined || target.quoted || isRead ? 'quoted' : 'double';
        }
        return target ?? [];
      });
      for (const word of [...command.assignments, ...command.words, ...targets]) {
        if (word.start > start || word.end < end) continue;
        if (best === undefined || word.end - word.start <= best.word.end - best.word.start) best = { word, command };
      }
    },
  });
  if (document !== undefined) return document === 'quoted' ? undefined : document;
  if (best === undefined || evaluates(best.command)) return undefined;
  return placeInWord(shell.source.text, best.word, start, script.dialect);
}

function evaluates(command: SimpleCommand): boolean {
  const name = invocationOf(command)?.name.toLowerCase();
  return (name !== undefined && EVALUATES.has(name)) || nestedScript(command) !== undefined;
}

/** The quotes that are open at `offset` of a word, outside of its substitutions. */
function placeInWord(text: string, { start, end, substitutions }: Word, offset: number, dialect: Script['dialect']): Place | undefined {
  if (text[start] === '@') return undefined;
  const escapeSign = dialect === 'posix' ? '\\' : '`';
  let quote = '';
  for (let at = start; at < offset; at++) {
    const inner = substitutions.find((substitution) => substitution.start === at);
    if (inner !== undefined) {
      if (inner.end > offset) return undefined;
      at = inner.end - 1;
      continue;
    }
    // What GitHub puts in is not read as shell text here.
    const isExpression = text.startsWith('${{', at);
    const close = isExpression ? text.indexOf('}}', at) : -1;
    if (isExpression && close >= 0 && close < end) {
      at = close + 1;
      continue;
    }
    // A default in braces, `${X:-...}`, and arithmetic have quotes of their own.
    if (quote !== "'" && text[at] === '$' && (text[at + 1] === '{' || text.startsWith('((', at + 1) || text[at + 1] === "'")) {
      const brace = text.indexOf('}', at);
      if (text[at + 1] !== '{' || brace < 0 || brace > offset) return undefined;
      at = brace;
      continue;
    }
    const character = text[at] ?? '';
    if (character === escapeSign && quote !== "'") at++;
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
  }
  return quote === '' ? 'bare' : quote === '"' ? 'double' : 'single';
}

/** A whole string of JavaScript, or a part of a template. */
function useInJavaScript({ source, start, end }: PlacedExpression, name: string): Use | undefined {
  const { text } = source;
  const before = text[start - 1] ?? '';
  const variable = `process.env.${name}`;
  if (/["'`]/.test(before) && text[end] === before) return { start: start - 1, end: end + 1, text: variable };
  // A lone backtick before it on its line opened a template.
  const line = text.slice(text.lastIndexOf('\n', start) + 1, start);
  const isTemplate = line.replaceAll('\\`', '').split('`').length % 2 === 0 && !/["']/.test(line.slice(0, line.indexOf('`')));
  return isTemplate && text.slice(end).includes('`') ? { start, end, text: `\${${variable}}` } : undefined;
}

/** A text as a part of a scalar in its style; undefined where it could not stand there. */
function encode(text: string, { style }: YamlScalar, isFirst: boolean): string | undefined {
  switch (style) {
    case 'double':
      return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
    case 'single':
      return text.replaceAll("'", "''");
    case 'plain':
      return isFirst && /^["']/.test(text) ? undefined : text;
    default:
      return text;
  }
}
