import { mappedPart } from '../core/mapped-text.ts';
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
export function copiedSourcesOf({ instructions }: { readonly instructions: readonly Instruction[] }): CopiedSource[] {
  return instructions.flatMap(copiedWords);
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
  const documents = new Set(heredocs.map(({ word }) => word.start));
  const sources =
    json ??
    splitWords(args.text)
      .filter(({ start }) => !documents.has(start))
      .map((word) => {
        const inner = withoutQuotes(args.text, word);
        return mappedPart(args, inner.start, inner.end);
      });
  const excluded = flags.flatMap(({ name, value }) => (name === 'exclude' && value !== undefined ? [value.text] : []));
  return sources.map(({ text, start, end }, i) => ({
    keyword,
    text,
    span: span(start, end),
    isLast: i === sources.length - 1,
    excluded,
  }));
}
