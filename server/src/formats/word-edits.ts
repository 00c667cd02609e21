import type { Edit } from '../core/finding.ts';
import { type MappedText, sourceSpan } from '../core/mapped-text.ts';
import type { Word } from './shell-tree.ts';

/** A change of one word: something instead of it, behind it, or (`''` instead) nothing. */
export interface WordChange {
  readonly word: Word;
  readonly text: string;
  readonly behind?: true;
}

/** Changes as edits of the document; undefined where a word does not stand there as it is read. */
export function wordEdits(changes: readonly WordChange[], source: MappedText, document: string): readonly Edit[] | undefined {
  const edits: Edit[] = [];
  for (const { word, text, behind } of changes) {
    const place = sourceSpan(source, word.start, word.end);
    if (document.slice(place.start, place.end) !== source.text.slice(word.start, word.end)) return undefined;
    if (behind) edits.push({ span: { start: place.end, end: place.end }, text });
    else if (text !== '') edits.push({ span: place, text });
    else {
      // The blanks in front go with the word.
      let from = place.start;
      while (document[from - 1] === ' ' || document[from - 1] === '\t') from--;
      edits.push({ span: { start: from, end: place.end }, text: '' });
    }
  }
  return edits;
}
