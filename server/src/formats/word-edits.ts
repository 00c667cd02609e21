import type { Edit } from '../core/finding.ts';
import { isVerbatim, type MappedText, sourceSpan } from '../core/mapped-text.ts';
import type { Span } from '../core/span.ts';
import type { Word } from './shell-tree.ts';

/** A change of one word: something instead of it, behind it, or (`''` instead) nothing. */
export interface WordChange {
  readonly word: Word;
  readonly text: string;
  readonly behind?: true;
}

/**
 * Changes as edits of the document; undefined where a word does not stand there as it is read, or where what is left would be
 * read in another way: behind a comment in a continuation, in a folded scalar.
 */
export function wordEdits(changes: readonly WordChange[], source: MappedText, document: string): readonly Edit[] | undefined {
  const edits: Edit[] = [];
  for (const { word, text, behind } of changes) {
    const place = sourceSpan(source, word.start, word.end);
    if (document.slice(place.start, place.end) !== source.text.slice(word.start, word.end)) return undefined;
    const inJson = isJsonWord(word, place, source, document);
    if (behind) edits.push({ span: { start: place.end, end: place.end }, text: inJson ? text.replace(/ +/g, '", "') : text });
    else if (text !== '') edits.push({ span: place, text });
    else {
      const gone = inJson ? withComma(place, document) : withBlanks(place, document);
      if (gone === undefined) return undefined;
      edits.push({ span: gone, text: '' });
    }
  }
  return edits;
}

/** Whether a word is a string of the JSON form (`RUN ["npm", "ci"]`), and not a script that stands in quotes as a whole. */
function isJsonWord(word: Word, { start, end }: Span, source: MappedText, document: string): boolean {
  if (document[start - 1] !== '"' || document[end] !== '"' || source.text[word.start - 1] === '"') return false;
  return source.text.length > word.end - word.start || /\[\s*$/.test(document.slice(Math.max(0, start - MAX_BLANKS), start - 1));
}

/** As far as is looked back for the bracket in front of a string, in UTF-16 units. */
const MAX_BLANKS = 100;

/** A string of the JSON form with its quotes and the comma in front of it. */
function withComma({ start, end }: Span, document: string): Span | undefined {
  let from = start - 2;
  while (/\s/.test(document[from] ?? '')) from--;
  return document[from] === ',' ? { start: from, end: end + 1 } : undefined;
}

/** A word with the blanks in front of it, and with the continuations that part it from the word before. */
function withBlanks({ start, end }: Span, document: string): Span | undefined {
  let from = start;
  for (;;) {
    while (document[from - 1] === ' ' || document[from - 1] === '\t') from--;
    if (document[from - 1] !== '\n') return { start: from, end };
    const before = from - (document[from - 2] === '\r' ? 3 : 2);
    if (document[before] !== '\\' && document[before] !== '`') return undefined;
    from = before;
  }
}

/**
 * Where the characters `[from, to)` of a word's value stand in the document; undefined where they do not stand there as they
 * are read: escapes, quotes around a part of the word, a continuation in between.
 */
export function valueSpan(source: MappedText, { value, start, end }: Word, from = 0, to = value.length): Span | undefined {
  const raw = source.text.slice(start, end);
  const inner = raw === value ? start : raw.slice(1, -1) === value ? start + 1 : undefined;
  if (inner === undefined || value === '' || !isVerbatim(source, inner, inner + value.length)) return undefined;
  const { start: first } = sourceSpan(source, inner, inner + 1);
  return { start: first + from, end: first + to };
}
