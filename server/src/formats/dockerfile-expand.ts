import { fail, ok, type Result } from '../core/result.ts';

/** A word after its variables were replaced. */
export interface Expansion {
  readonly value: string;
  /** Names of the variables that the value depends on, each once, in the order in which they stand. */
  readonly used: readonly string[];
  /** Those of `used` that have no value; each counts as empty in `value`. */
  readonly unset: readonly string[];
}

/** The value of a variable; undefined where it has none. */
export type Lookup = (name: string) => string | undefined;

/**
 * Replaces variables and removes quotes and escapes as BuildKit does (frontend/dockerfile/shell/lex.go): `$a`, `${a}` and
 * the modifiers `:- - :+ + :? ? # ## % %% / //`. Fails, with a reason in one word, where BuildKit refuses the word.
 */
export function expandWord(word: string, lookup: Lookup, escapeChar: string): Result<Expansion> {
  if (!/[$'"\\`]/.test(word)) return ok({ value: word, used: [], unset: [] });
  const expander = new Expander(word, lookup, escapeChar);
  const value = expander.until(undefined, false);
  return expander.refused ? fail('bad-substitution') : ok({ value, used: [...expander.used], unset: [...expander.unset] });
}

/** How deep `${a:-${b:-...}}` may nest: nobody writes more, and each level is a call. */
const MAX_NESTING = 64;

/** The most steps that one pattern may take: beyond it, the variable counts as one without a value. */
const MAX_PATTERN_STEPS = 100_000;

class Expander {
  /** Whether BuildKit refuses the word. */
  refused = false;
  used = new Set<string>();
  unset = new Set<string>();
  readonly #word: string;
  readonly #lookup: Lookup;
  readonly #escape: string;
  #at = 0;
  #depth = 0;

  constructor(word: string, lookup: Lookup, escapeChar: string) {
    this.#word = word;
    this.#lookup = lookup;
    this.#escape = escapeChar;
  }

  /** Reads up to the character `stop` and over it, or to the end. In a pattern, escapes stay. */
  until(stop: string | undefined, keepEscapes: boolean): string {
    if (++this.#depth > MAX_NESTING) return this.#refuse();
    let value = '';
    while (this.#at < this.#word.length) {
      const char = this.#word[this.#at] ?? '';
      if (char === stop) {
        this.#at++;
        this.#depth--;
        return value;
      }
      if (char === "'") value += this.#singleQuoted();
      else if (char === '"') value += this.#doubleQuoted(keepEscapes);
      else if (char === '$') value += this.#variable();
      else if (char === this.#escape) {
        value += (keepEscapes ? char : '') + (this.#word[this.#at + 1] ?? '');
        this.#at += 2;
      } else {
        value += char;
        this.#at++;
      }
    }
    if (stop !== undefined) return this.#refuse();
    this.#depth--;
    return value;
  }

  /** Gives up: nothing more is read. */
  #refuse(): string {
    this.refused = true;
    this.#at = this.#word.length;
    return '';
  }

  #singleQuoted(): string {
    const end = this.#word.indexOf("'", this.#at + 1);
    if (end < 0) return this.#refuse();
    const value = this.#word.slice(this.#at + 1, end);
    this.#at = end + 1;
    return value;
  }

  #doubleQuoted(keepEscapes: boolean): string {
    let value = '';
    for (this.#at++; this.#at < this.#word.length; ) {
      const char = this.#word[this.#at] ?? '';
      if (char === '"') {
        this.#at++;
        return value;
      }
      if (char === '$') {
        value += this.#variable();
        continue;
      }
      const next = this.#word[this.#at + 1] ?? '';
      const escaped = char === this.#escape && (next === '"' || next === '$' || next === this.#escape);
      value += escaped ? (keepEscapes ? char : '') + next : char;
      this.#at += escaped ? 2 : 1;
    }
    return this.#refuse();
  }

  #variable(): string {
    this.#at++;
    if (this.#word[this.#at] !== '{') {
      const name = this.#name();
      return name === '' ? '$' : this.#require(name);
    }
    this.#at++;
    const name = this.#name();
    if (name === '') return this.#refuse();
    const modifier = this.#word[this.#at++];
    if (modifier === '}') return this.#require(name);
    const emptyIsUnset = modifier === ':';
    const kind = emptyIsUnset ? this.#word[this.#at++] : modifier;
    if (kind === '-' || kind === '+' || kind === '?') return this.#conditional(name, kind, emptyIsUnset);
    if (emptyIsUnset) return this.#refuse();
    if (kind === '#' || kind === '%') return this.#trimmed(name, kind);
    if (kind === '/') return this.#replaced(name);
    return this.#refuse();
  }

  /** A name, digits, or one of the shell's special parameters. */
  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#word)?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  #require(name: string): string {
    this.used.add(name);
    const value = this.#lookup(name);
    if (value === undefined) this.unset.add(name);
    return value ?? '';
  }

  #conditional(name: string, kind: '-' | '+' | '?', emptyIsUnset: boolean): string {
    const { used, unset } = this;
    this.used = new Set();
    this.unset = new Set();
    const word = this.until('}', false);
    const inWord = { used: this.used, unset: this.unset };
    this.used = used.add(name);
    this.unset = unset;
    const value = this.#lookup(name);
    const isSet = value !== undefined && !(emptyIsUnset && value === '');
    if (kind === '?' && !isSet) unset.add(name);
    // What stands in a branch that is not taken does not matter.
    if ((kind === '-' && !isSet) || (kind === '+' && isSet)) {
      for (const other of inWord.used) used.add(other);
      for (const other of inWord.unset) unset.add(other);
      return word;
    }
    return kind === '+' ? '' : (value ?? '');
  }

  #trimmed(name: string, kind: '#' | '%'): string {
    const longest = this.#word[this.#at] === kind;
    if (longest) this.#at++;
    const pattern = this.#pattern(this.until('}', true));
    const value = this.#require(name);
    const reverse = kind === '%';
    const chars = reverse ? [...value].reverse() : [...value];
    const ends = this.#matchEnds(name, reverse ? [...pattern].reverse() : pattern, chars, 0);
    const cut = longest ? ends.at(-1) : ends[0];
    const rest = chars.slice(cut ?? 0);
    return (reverse ? rest.reverse() : rest).join('');
  }

  #replaced(name: string): string {
    const all = this.#word[this.#at] === '/';
    if (all) this.#at++;
    const pattern = this.#pattern(this.until('/', true));
    const replacement = this.until('}', true);
    const chars = [...this.#require(name)];
    let value = '';
    for (let at = 0, steps = 0; at < chars.length; steps += pattern.length) {
      if (steps * chars.length > MAX_PATTERN_STEPS) {
        this.unset.add(name);
        break;
      }
      const end = this.#matchEnds(name, pattern, chars, at).at(-1);
      if (end === undefined || end === at) {
        value += chars[at++] ?? '';
        continue;
      }
      value += replacement;
      at = end;
      if (!all) return value + chars.slice(at).join('');
    }
    return value;
  }

  /** `*` is anything, `?` one character; a backslash makes `*`, `?` and itself plain, and may stand before `}` and `/`. */
  #pattern(text: string): PatternPart[] {
    const parts: PatternPart[] = [];
    const chars = [...text];
    for (let i = 0; i < chars.length; i++) {
      const char = chars[i] ?? '';
      if (char === '*') parts.push({ kind: 'any' });
      else if (char === '?') parts.push({ kind: 'one' });
      else if (char !== '\\') parts.push({ kind: 'char', char });
      else {
        const escaped = chars[++i] ?? '';
        if (!['*', '?', '\\', '}', '/'].includes(escaped)) this.#refuse();
        parts.push({ kind: 'char', char: escaped });
      }
    }
    return parts;
  }

  /** Where a match of the pattern that starts at `from` can end, ascending. */
  #matchEnds(name: string, pattern: readonly PatternPart[], chars: readonly string[], from: number): number[] {
    if ((pattern.length + 1) * (chars.length + 1) > MAX_PATTERN_STEPS) {
      this.unset.add(name);
      return [];
    }
    let ends = new Set([from]);
    for (const part of pattern) {
      const next = new Set<number>();
      if (part.kind === 'any') for (let end = Math.min(...ends); end <= chars.length; end++) next.add(end);
      else for (const end of ends) if (end < chars.length && (part.kind === 'one' || chars[end] === part.char)) next.add(end + 1);
      if (next.size === 0) return [];
      ends = next;
    }
    return [...ends].sort((a, b) => a - b);
  }
}

const NAME = /[\p{L}_][\p{L}\p{Nd}_]*|\p{Nd}+|[@*#?\-$!]/uy;

type PatternPart = { readonly kind: 'any' } | { readonly kind: 'one' } | { readonly kind: 'char'; readonly char: string };
