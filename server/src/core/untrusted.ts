import type { Span } from './span.ts';

/**
 * Text from a registry, a repository or a manifest is hostile. It goes through one of these functions before a person
 * or a terminal sees it.
 */

/** The longest piece of foreign text that a message shows, in UTF-16 units. */
export const MAX_SHOWN_UNITS = 200;

// C0, DEL, C1, bidirectional controls (Trojan Source, CVE-2021-42574), zero-width characters, line separators.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what must go.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Foreign text for one line of plain text: unsafe characters become U+FFFD, long text ends in an ellipsis. */
export function plain(text: string, maxUnits: number = MAX_SHOWN_UNITS): string {
  const bounded = text.length > maxUnits ? `${text.slice(0, maxUnits - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
  return bounded.replace(UNSAFE, '\ufffd');
}

/** A document with an asterisk for every UTF-16 unit of its secrets but line ends: offsets and lines stay what they are. */
export function masked(text: string, secrets: readonly Span[] = []): string {
  let result = '';
  let at = 0;
  for (const { start, end } of [...secrets].sort((a, b) => a.start - b.start)) {
    const from = Math.max(at, start);
    if (end <= from) continue;
    result += text.slice(at, from) + text.slice(from, end).replace(/[^\r\n]/g, '*');
    at = end;
  }
  return at === 0 ? text : result + text.slice(at);
}

/** Foreign text for Markdown: nothing in it is markup, a link, an image or HTML. */
export function markdown(text: string, maxUnits: number = MAX_SHOWN_UNITS): string {
  return plain(text, maxUnits).replace(/[\\`*_{}[\]()#+\-.!|<>&~$:@/]/g, (c) =>
    c === '<' ? '&lt;' : c === '>' ? '&gt;' : c === '&' ? '&amp;' : `\\${c}`,
  );
}

/** Foreign text as a Markdown code span; the fence is longer than any run of backticks in it. */
export function markdownCode(text: string, maxUnits: number = MAX_SHOWN_UNITS): string {
  const shown = plain(text, maxUnits);
  if (shown === '') return '``';
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map((m) => m[0].length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 || shown.startsWith(' ') ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}
