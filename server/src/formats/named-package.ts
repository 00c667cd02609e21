import { isVerbatim, sourceSpan } from '../core/mapped-text.ts';
import { movedSpan, type Span } from '../core/span.ts';
import { type KeptScript, keptPerScript } from './kept-scripts.ts';
import { parseSpec } from './npm-spec.ts';
import { npmWordsOf } from './npm-words.ts';
import { PIP_OPTIONS } from './pip-command.ts';
import { type Invocation, takesNext } from './shell-invocation.ts';
import { stepsOf } from './shell-steps.ts';
import type { Word } from './shell-tree.ts';

/** A registry's package that a command installs or runs by its name. */
export interface NamedPackage {
  readonly ecosystem: 'npm' | 'pypi';
  readonly name: string;
  /** Where the name stands in the document; where it is escaped or quoted piecewise, the whole word. */
  readonly span: Span;
  /** Whether the span holds the name and nothing else, so that another may take its place. */
  readonly editable: boolean;
  /** What is asked for of it, without the separator: `^19`, `latest`; empty where nothing is, and for Python packages. */
  readonly requirement: string;
  /** Where the requirement stands in the document; only there where it is editable like the name. */
  readonly requirementSpan?: Span;
}

/** Scripts without any of these words name no package: most scripts, so that they are not parsed for nothing. */
const MANAGERS = /\b(?:npm|npx|pnpm|pnpx|yarn|yarnpkg|bun|bunx|pip[\d.]*|pipx|uv|uvx|poetry|pdm)\b/;

/** The packages that the commands of a script name, in document order; found once for each text, and kept with the script. */
export const namedPackagesOf: (script: KeptScript) => readonly NamedPackage[] = keptPerScript(
  (script) =>
    MANAGERS.test(script.source.text)
      ? stepsOf(script).flatMap((step) => (step.kind === 'command' ? packagesOf(step.invocation) : []))
      : [],
  (packages, by) =>
    packages.map(({ requirementSpan, ...one }) => {
      const moved = { ...one, span: movedSpan(one.span, by) };
      return requirementSpan === undefined ? moved : { ...moved, requirementSpan: movedSpan(requirementSpan, by) };
    }),
);

const NODE_PROGRAMS = new Set(['npm', 'npx', 'pnpm', 'pnpx', 'yarn', 'yarnpkg', 'bun', 'bunx']);
const PYTHON_PROGRAMS = /^(?:python[\d.]*|pip[\d.]*|pipx|uvx?|poetry|pdm)$/;

function packagesOf(invocation: Invocation): NamedPackage[] {
  if (NODE_PROGRAMS.has(invocation.name)) {
    const named = npmWordsOf(invocation);
    // The name of an initializer is not the one that is written.
    return named === undefined || named.purpose === 'create' ? [] : named.words.flatMap((word) => npmPackage(invocation, word) ?? []);
  }
  if (PYTHON_PROGRAMS.test(invocation.name)) return pythonWords(invocation).flatMap((word) => pythonPackage(invocation, word) ?? []);
  return [];
}

/** `name`, `@scope/name`, both with `@version`, and `alias@npm:name@version`, of which the aliased name counts. */
export function npmPackage(invocation: Invocation, word: Word): NamedPackage | undefined {
  const { value } = word;
  const match = /^(@[^/@\s]+\/)?([^/@\s:]+)(?:@(.*))?$/s.exec(value);
  if (match === null || word.dynamic || /^[.~-]|[\\$%*{}"'`;]|\.(?:tgz|tar\.gz)$/.test(value)) return undefined;
  const [, scope = '', base = '', requirement] = match;
  const spec = requirement === undefined ? undefined : parseSpec(requirement);
  if (spec?.kind === 'alias' && spec.name !== undefined && requirement?.startsWith('npm:')) {
    const start = value.length - requirement.length + spec.name.span.start;
    return placed(invocation, word, { ecosystem: 'npm', start, end: start + spec.name.text.length, requirement: spec.specPart.text });
  }
  const isOfRegistry = spec === undefined || spec.kind === 'version' || spec.kind === 'range' || spec.kind === 'tag';
  return isOfRegistry ? placed(invocation, word, { ecosystem: 'npm', start: 0, end: scope.length + base.length, requirement }) : undefined;
}

/** Options of pip, uv, pipx, poetry and pdm whose value is the next word. */
const PYTHON_LETTERS = 'rceifptCGEsP';
const PYTHON_LONG = [...PIP_OPTIONS.long, ...'optional source tag branch rev override env-file'.split(' ')];

/** The words of a command that name packages of PyPI. */
function pythonWords({ name, words }: Invocation): readonly Word[] {
  if (/^python[\d.]*$/.test(name)) {
    const module = words[1]?.value === '-m' && words[2]?.value === 'pip' ? operandsOf(words.slice(3)) : [];
    return behind(module, ['install', 'download', 'wheel']);
  }
  if (/^pip[\d.]*$/.test(name)) return behind(operandsOf(words.slice(1)), ['install', 'download', 'wheel']);
  if (name === 'poetry' || name === 'pdm') return behind(operandsOf(words.slice(1)), ['add']);
  if (name === 'pipx') return behind(operandsOf(words.slice(1)), ['install', 'run']).slice(0, 1);
  if (name === 'uvx') return operandsOf(words.slice(1)).slice(0, 1);
  if (name !== 'uv') return [];
  const operands = operandsOf(words.slice(1));
  const [verb] = operands;
  if (verb?.value === 'pip') return behind(operands.slice(1), ['install']);
  if (verb?.value === 'tool') return behind(operands.slice(1), ['install', 'run']).slice(0, 1);
  return behind(operands, ['add']);
}

function operandsOf(words: readonly Word[]): readonly Word[] {
  const operands: Word[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) break;
    if (!/^-./.test(word.value)) operands.push(word);
    else if (takesNext(word.value, PYTHON_LETTERS, PYTHON_LONG)) at++;
  }
  return operands;
}

function behind([verb, ...rest]: readonly Word[], verbs: readonly string[]): readonly Word[] {
  return verb !== undefined && verbs.includes(verb.value) ? rest : [];
}

/** The name of a requirement (PEP 508); a path, an address or an archive has none. */
function pythonPackage(invocation: Invocation, word: Word): NamedPackage | undefined {
  const { value } = word;
  const name = /^[\p{L}\p{N}][\p{L}\p{N}._-]*(?=$|[[\s<>=!~;@,])/u.exec(value)?.[0];
  if (name === undefined || word.dynamic || /\.(?:whl|zip|txt|toml|tar\.gz)$/.test(name) || /@\s*[a-z+]+:|[\\/$%`]/.test(value))
    return undefined;
  return placed(invocation, word, { ecosystem: 'pypi', start: 0, end: name.length, requirement: undefined });
}

/** A name in a word's value; the requirement is the end of the value. */
interface Part {
  readonly ecosystem: NamedPackage['ecosystem'];
  readonly start: number;
  readonly end: number;
  readonly requirement: string | undefined;
}

/** A part of a word's value with its place, exact where the word stands in the document as it is read. */
function placed(
  { command: { source } }: Invocation,
  { value, start: from, end: to }: Word,
  { ecosystem, start, end, requirement = '' }: Part,
): NamedPackage {
  const name = value.slice(start, end);
  const written = source.text.slice(from, to);
  const quote = written.length === value.length + 2 && /^["']/.test(written) ? 1 : 0;
  const first = from + quote + start;
  const isWhole = written.slice(quote, quote + value.length) === value;
  const editable = isWhole && isVerbatim(source, first, first + name.length);
  const last = from + quote + value.length;
  const behind = last - requirement.length;
  const named = {
    ecosystem,
    name,
    editable,
    requirement,
    span: editable ? sourceSpan(source, first, first + name.length) : sourceSpan(source, from, to),
  };
  return requirement !== '' && editable && isVerbatim(source, behind, last)
    ? { ...named, requirementSpan: sourceSpan(source, behind, last) }
    : named;
}
