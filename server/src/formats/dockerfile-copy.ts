import { type MappedText, sourceSpan } from '../core/mapped-text.ts';
import { remember } from '../core/remember.ts';
import { type Span, span } from '../core/span.ts';
import type { Instruction } from './dockerfile-lexer.ts';
import { splitWords, withoutQuotes } from './dockerfile-words.ts';

/** A word of a COPY or ADD that takes files from the build context. */
export interface CopiedSource {
  readonly keyword: string;
  /** Without quotes, as written. */
  readonly text: string;
  readonly span: Span;
  /** Whether it is the last word, which says where the others go. */
  readonly isLast: boolean;
  /** The values of its `--exclude` flags. */
  readonly excluded: readonly string[];
}

/** The words of every COPY and ADD from the context, in document order; what comes from a stage or an image is left out. */
export function copiedSourcesOf({ instructions }: { readonly instructions: readonly Instruction[] }): readonly CopiedSource[] {
  const sources: CopiedSource[] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === 'COPY' || instruction.keyword === 'ADD') sources.push(...copiedWords(instruction));
  }
  return sources;
}

/** The words of one instruction; none where it is no COPY or ADD from the context. Kept as long as the instruction is. */
export function copiedWords(instruction: Instruction): readonly CopiedSource[] {
  if (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') return NO_WORDS;
  const kept = words.get(instruction);
  if (kept !== undefined) return kept;
  const found = readWords(instruction);
  words.set(instruction, found);
  return found;
}

const NO_WORDS: readonly CopiedSource[] = [];
const words = new WeakMap<Instruction, readonly CopiedSource[]>();

function readWords({ keyword, flags, args, json, heredocs }: Instruction): readonly CopiedSource[] {
  if (flags.some(({ name }) => name === 'from')) return NO_WORDS;
  const excluded = flags.flatMap(({ name, value }) => (name === 'exclude' && value !== undefined ? [value.text] : []));
  const sources = json?.map(({ text, start, end }) => ({ text, span: span(start, end) })) ?? plainWords(args, heredocs);
  return sources.map((source, i) => ({ keyword, text: source.text, span: source.span, isLast: i === sources.length - 1, excluded }));
}

/** The words of the shell form but the announcements of here-documents. */
function plainWords(args: MappedText, heredocs: Instruction['heredocs']): Pick<CopiedSource, 'text' | 'span'>[] {
  const found: Pick<CopiedSource, 'text' | 'span'>[] = [];
  for (const { start, inner, text } of rememberedWords(args.text)) {
    if (!heredocs.some(({ word }) => word.start === start)) found.push({ text, span: sourceSpan(args, inner.start, inner.end) });
  }
  return found;
}

/** How many lists of words are remembered: more than a document has. */
const MAX_LISTS = 512;

const rememberedWords = remember(
  (text) =>
    splitWords(text).map((word) => {
      const inner = withoutQuotes(text, word);
      return { start: word.start, inner, text: text.slice(inner.start, inner.end) };
    }),
  MAX_LISTS,
);
