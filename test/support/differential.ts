import assert from 'node:assert/strict';
import { isAlias, isScalar, parseAllDocuments, visit } from 'yaml';
import type { Edit } from '../../server/src/core/finding.ts';
import type { Manifest } from '../../server/src/core/manifest.ts';
import { sourceSpan } from '../../server/src/core/mapped-text.ts';
import type { Span } from '../../server/src/core/span.ts';
import { formatForPath } from '../../server/src/engine/formats.ts';
import { asDockerfile } from '../../server/src/formats/dockerfile.ts';
import { splitQuotedWords } from '../../server/src/formats/dockerfile-words.ts';
import { shellOf, walkShell } from '../../server/src/formats/shell.ts';
import type { SimpleCommand, Word } from '../../server/src/formats/shell-tree.ts';
import { sourceFile } from './memory-project.ts';

/** A piece of what a document means, and where it stands. */
interface Unit extends Span {
  readonly text: string;
}

/**
 * The differential check of a fix: the document is read before and after, and whatever the edits do not touch must mean the
 * same, in the same order. A word that is swallowed by a continuation, a quote that no longer closes, an instruction that
 * becomes part of another one, or a key that moves into another mapping is a difference; so is an edit that changes nothing.
 * Fails with the first unit that differs.
 */
export function assertSameButEdits(path: string, before: string, after: string, edits: readonly Edit[]): void {
  const sorted = [...edits].sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
  let shift = 0;
  const written: Span[] = [];
  for (const { span, text } of sorted) {
    written.push({ start: span.start + shift, end: span.start + shift + text.length });
    shift += text.length - (span.end - span.start);
  }
  const old = untouched(
    unitsOf(path, before),
    sorted.map(({ span }) => span),
  );
  const now = untouched(unitsOf(path, after), written);
  assert.notEqual(after, before, `${path}: the fix changes nothing`);
  assert.deepEqual(now, old, `${path}: the fix changes what it does not touch`);
  assert.equal(problemsOf(path, after), problemsOf(path, before), `${path}: the fix makes the document malformed`);
}

function untouched(units: readonly Unit[], spans: readonly Span[]): string[] {
  return units.filter(({ start, end }) => !spans.some((span) => start <= span.end && span.start <= end)).map(({ text }) => text);
}

function parse(path: string, text: string): Manifest {
  const format = formatForPath(path);
  assert.ok(format, `no format reads ${path}`);
  return format.parse(sourceFile(path, text));
}

function problemsOf(path: string, text: string): number {
  return parse(path, text).problems.length;
}

/** All that a document means, as far as a parser of ours or another one tells, by place. */
function unitsOf(path: string, text: string): Unit[] {
  const manifest = parse(path, text);
  const units = [...commandUnits(manifest), ...dockerUnits(manifest), ...(/\.ya?ml$/.test(path) ? yamlUnits(text) : [])];
  // The same text may be several units: a scalar of YAML, and the words of the script in it.
  return units.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** Every word of every command, with where commands begin and end. */
function commandUnits(manifest: Manifest): Unit[] {
  const units: Unit[] = [];
  for (const script of manifest.scripts) {
    const add = ({ source }: SimpleCommand, text: string, start: number, end: number): void => {
      units.push({ text, ...sourceSpan(source, start, end) });
    };
    const addWord = (command: SimpleCommand, kind: string, word: Word | undefined): void => {
      if (word !== undefined) add(command, `${kind} ${word.value}`, word.start, word.end);
    };
    walkShell(shellOf(script), {
      command: (command, { joint }) => {
        for (const word of command.assignments) addWord(command, 'assignment', word);
        for (const [i, word] of command.words.entries()) addWord(command, i === 0 ? `command ${joint} ${script.dialect}` : 'word', word);
        for (const { operator, target } of command.redirections) addWord(command, operator, target);
      },
    });
  }
  return units;
}

/** Every instruction of a Dockerfile with its flags and words, and every image with its stage. */
function dockerUnits(manifest: Manifest): Unit[] {
  const dockerfile = asDockerfile(manifest);
  const units: Unit[] = [];
  for (const { keyword, keywordSpan, onbuild, flags, args, json, heredocs } of dockerfile?.instructions ?? []) {
    units.push({ text: `instruction ${onbuild ? 'ONBUILD ' : ''}${keyword}`, ...keywordSpan });
    for (const { name, value, span } of flags) units.push({ text: `flag ${name}=${value?.text ?? ''}`, ...span });
    for (const { name, body } of heredocs) units.push({ text: `here-document ${name}`, ...body });
    if (json !== undefined) {
      for (const { text, start, end } of json) units.push({ text: `string ${text}`, start, end });
    } else if (keyword !== 'RUN') {
      for (const { start, end } of splitQuotedWords(args.text, dockerfile?.escape ?? '\\')) {
        units.push({ text: `argument ${args.text.slice(start, end)}`, ...sourceSpan(args, start, end) });
      }
    }
  }
  for (const { reference } of dockerfile?.images ?? [])
    units.push({ text: `image ${reference.requested} ${reference.verdict}`, ...reference.span });
  return units;
}

/** Every scalar and alias with the keys that lead to it, as the library reads them. A script in it is compared by its words. */
function yamlUnits(text: string): Unit[] {
  const units: Unit[] = [];
  for (const document of parseAllDocuments(text, { uniqueKeys: false, merge: true })) {
    if (!('contents' in document)) continue;
    visit(document, (key, node, parents) => {
      if (!isScalar(node) && !isAlias(node)) return;
      const [start = 0, end = start] = node.range ?? [];
      const keys = parents.flatMap((parent) =>
        'key' in Object(parent) && isScalar((parent as { key: unknown }).key) ? [(parent as { key: { value: unknown } }).key.value] : [],
      );
      const value = isScalar(node)
        ? typeof node.value === 'string' && node.value.includes('\n')
          ? 'a script'
          : String(node.value)
        : `*${node.source}`;
      units.push({ text: `${key === 'key' ? 'key' : 'value'} ${keys.join('.')}: ${value}`, start, end: Math.max(start, end) });
    });
  }
  return units;
}
