import { fail, ok, type Result } from './result.ts';

/** The longest expression that is read, in UTF-16 units. */
export const MAX_PATTERN_UNITS = 500;

/** How many states an expression may have: `(a{99}){99}` is short and has ten thousand. */
const MAX_STATES = 1000;

/** A regular expression whose time is linear in the text, whatever it says. */
export interface LinearPattern {
  /** As it was written. */
  readonly source: string;
  /** Whether it matches all of a text, from the first character to the last. */
  matches(text: string): boolean;
}

/**
 * Reads a regular expression as RE2 and JavaScript both understand it: characters, `.`, classes, groups, `|`, `* + ? {n,m}`, `^`, `$`.
 * What needs trying back (look-arounds, back references) and what the two read differently is refused. An expression of a file is
 * hostile: JavaScript's own take `(a+)+$` for ever. Fails with a sentence on what is wrong.
 */
export function linearPattern(source: string): Result<LinearPattern> {
  if (source.length > MAX_PATTERN_UNITS) return fail(`it is longer than ${MAX_PATTERN_UNITS} characters`);
  const reader = new Reader(source);
  const node = reader.read();
  if (reader.problem !== undefined) return fail(reader.problem);
  if (sizeOf(node) > MAX_STATES) return fail('it repeats too much: what its counts multiply to is too large');
  const states: State[] = [{}];
  const start = build(node, 0, states);
  return ok({ source, matches: (text) => run(states, start, text) });
}

type Test = (code: number) => boolean;

type Node =
  | { readonly kind: 'one'; readonly test: Test }
  | { readonly kind: 'edge'; readonly edge: 'start' | 'end' }
  | { readonly kind: 'all' | 'any'; readonly items: readonly Node[] }
  | { readonly kind: 'repeat'; readonly item: Node; readonly min: number; readonly max: number };

const DIGIT: Test = (code) => code >= 48 && code <= 57;
const WORD: Test = (code) => DIGIT(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
const SPACE: Test = (code) => code === 32 || (code >= 9 && code <= 13);
const not =
  (test: Test): Test =>
  (code) =>
    !test(code);

/** What stands for a class of characters, and for one that cannot be seen. */
const CLASSES: Readonly<Record<string, Test>> = { d: DIGIT, D: not(DIGIT), w: WORD, W: not(WORD), s: SPACE, S: not(SPACE) };
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

/** Recursive descent; after a problem, what it gives is of no use. */
class Reader {
  problem: string | undefined;
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Node {
    const node = this.#alternatives();
    if (this.#at < this.#text.length) this.#refuse('a ")" closes nothing');
    return node;
  }

  #alternatives(): Node {
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    const [only] = items;
    return only !== undefined && items.length === 1 ? only : { kind: 'any', items };
  }

  #sequence(): Node {
    const items: Node[] = [];
    while (this.problem === undefined && this.#at < this.#text.length && !/[|)]/.test(this.#text.charAt(this.#at)))
      items.push(this.#repeated(this.#atom()));
    return { kind: 'all', items };
  }

  #repeated(item: Node): Node {
    const [whole, mark = '', from, comma, to] = this.#match(/([*+?])|\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/y) ?? [];
    if (whole === undefined) return item;
    if (item.kind === 'edge') this.#refuse(`"${whole}" repeats an edge of the text`);
    // Asking for less first changes what is found, and not whether all of a text matches.
    this.#take('?');
    if (this.#match(/[*+?]|\{\d+(?:,\d*)?\}/y) !== null) this.#refuse(`"${whole}" is repeated itself`);
    if (from === undefined) return { kind: 'repeat', item, min: mark === '+' ? 1 : 0, max: mark === '?' ? 1 : Number.POSITIVE_INFINITY };
    const min = Number(from);
    const max = comma === undefined ? min : to === undefined ? Number.POSITIVE_INFINITY : Number(to);
    if (max < min) this.#refuse(`"${whole}" counts backwards`);
    return { kind: 'repeat', item, min, max };
  }

  #atom(): Node {
    const character = this.#next();
    switch (character) {
      case '^':
        return { kind: 'edge', edge: 'start' };
      case '$':
        return { kind: 'edge', edge: 'end' };
      case '.':
        return { kind: 'one', test: (code) => ![10, 13, 0x2028, 0x2029].includes(code) };
      case '(':
        return this.#group();
      case '[':
        return { kind: 'one', test: this.#class() };
      case '\\': {
        const escaped = this.#escape();
        return { kind: 'one', test: typeof escaped === 'number' ? (code) => code === escaped : escaped };
      }
      case '*':
      case '+':
      case '?':
        this.#refuse(`"${character}" repeats nothing`);
    }
    const wanted = character.codePointAt(0);
    return { kind: 'one', test: (code) => code === wanted };
  }

  #group(): Node {
    // A name is for what was found, which nobody asks for.
    if (this.#take('?') && this.#match(/:|P?<[A-Za-z_]\w*>/y) === null)
      this.#refuse(`"(?${this.#text.charAt(this.#at)}" looks around or sets a flag, which is not supported`);
    const node = this.#alternatives();
    if (!this.#take(')')) this.#refuse('a "(" is not closed');
    return node;
  }

  #class(): Test {
    const isNegated = this.#take('^');
    const tests: Test[] = [];
    while (this.problem === undefined && !this.#take(']')) {
      if (this.#at >= this.#text.length) this.#refuse('a "[" is not closed');
      if (/^\[[:.=]/.test(this.#text.slice(this.#at))) this.#refuse('classes such as "[:alpha:]" are not supported');
      const from = this.#member();
      const isRange = this.#text.charAt(this.#at) === '-' && this.#text.charAt(this.#at + 1) !== ']';
      if (isRange) this.#at++;
      const to = isRange ? this.#member() : from;
      if (typeof from === 'number' && typeof to === 'number') {
        if (to < from) this.#refuse('a range of a class runs backwards');
        tests.push((code) => code >= from && code <= to);
      } else if (isRange) this.#refuse('a range of a class needs two characters');
      else if (typeof from !== 'number') tests.push(from);
    }
    if (tests.length === 0) this.#refuse('a class is empty');
    const holds: Test = (code) => tests.some((test) => test(code));
    return isNegated ? not(holds) : holds;
  }

  #member(): number | Test {
    const character = this.#next();
    return character === '\\' ? this.#escape() : (character.codePointAt(0) ?? 0);
  }

  #escape(): number | Test {
    const hex = this.#match(/x([0-9A-Fa-f]{2})/y)?.[1];
    if (hex !== undefined) return Number.parseInt(hex, 16);
    const character = this.#next();
    const known = Object.hasOwn(CLASSES, character) ? CLASSES[character] : undefined;
    if (known !== undefined) return known;
    const control = Object.hasOwn(CONTROLS, character) ? CONTROLS[character] : undefined;
    if (control !== undefined) return control;
    if (character === '') this.#refuse('it ends with a backslash');
    else if (/[\w\u0080-\uffff]/.test(character)) this.#refuse(`"\\${character}" is not supported`);
    return character.codePointAt(0) ?? 0;
  }

  #next(): string {
    const code = this.#text.codePointAt(this.#at);
    const character = code === undefined ? '' : String.fromCodePoint(code);
    this.#at += character.length;
    return character;
  }

  #take(character: string): boolean {
    const isThere = this.#text.startsWith(character, this.#at);
    if (isThere) this.#at += character.length;
    return isThere;
  }

  #match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }

  #refuse(problem: string): void {
    this.problem ??= problem;
  }
}

/** One step: past a character (`test`), or to `next` and `other` without one, at an edge alone where it names one. */
interface State {
  test?: Test;
  edge?: 'start' | 'end';
  next?: number;
  other?: number;
}

/** How many states a node makes at most. */
function sizeOf(node: Node): number {
  switch (node.kind) {
    case 'one':
    case 'edge':
      return 1;
    case 'all':
    case 'any':
      return node.items.reduce((sum, item) => sum + sizeOf(item) + 1, 0);
    case 'repeat':
      return (sizeOf(node.item) + 1) * Math.max(1, Number.isFinite(node.max) ? node.max : node.min);
  }
}

/** Adds the states of a node that go on to `next`; gives the first of them. */
function build(node: Node, next: number, states: State[]): number {
  const add = (state: State): number => states.push(state) - 1;
  switch (node.kind) {
    case 'one':
      return add({ test: node.test, next });
    case 'edge':
      return add({ edge: node.edge, next });
    case 'all':
      return node.items.reduceRight((after, item) => build(item, after, states), next);
    case 'any':
      return node.items.map((item) => build(item, next, states)).reduceRight((other, first) => add({ next: first, other }));
    case 'repeat': {
      const { item, min, max } = node;
      let after = next;
      let count = min;
      if (Number.isFinite(max)) {
        for (let i = min; i < max; i++) after = add({ next: build(item, after, states), other: next });
      } else {
        const loop: State = { other: next };
        const end = add(loop);
        loop.next = build(item, end, states);
        // The last of those that must be there is the one that is repeated.
        after = min === 0 ? end : loop.next;
        count = Math.max(0, min - 1);
      }
      for (let i = 0; i < count; i++) after = build(item, after, states);
      return after;
    }
  }
}

/** All states at once, character by character: at most as many steps as there are states for each (Thompson, 1968). */
function run(states: readonly State[], start: number, text: string): boolean {
  const characters = [...text];
  const seen = new Uint32Array(states.length);
  let current = [start];
  for (let at = 0; at <= characters.length; at++) {
    const reached: State[] = [];
    const open = current;
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const state = states[index];
      if (state === undefined || seen[index] === at + 1) continue;
      seen[index] = at + 1;
      if (index === 0 && at === characters.length) return true;
      if (state.test !== undefined) reached.push(state);
      else if (state.edge === undefined || at === (state.edge === 'start' ? 0 : characters.length))
        for (const to of [state.next, state.other]) if (to !== undefined) open.push(to);
    }
    const code = characters[at]?.codePointAt(0) ?? 0;
    current = reached.flatMap(({ test, next }) => (next !== undefined && test?.(code) === true ? [next] : []));
    if (current.length === 0) return false;
  }
  return false;
}
