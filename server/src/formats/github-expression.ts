/**
 * GitHub's expressions (GitHub documentation, "Evaluate expressions in workflows and actions"; actions/runner, `ExpressionParser`).
 * All `start` and `end` are indexes (UTF-16, `end` exclusive) into the text that was read.
 */
export type ExpressionNode =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null; readonly start: number; readonly end: number }
  | ContextNode
  | {
      readonly kind: 'call';
      /** In lower case. */
      readonly name: string;
      readonly args: readonly ExpressionNode[];
      readonly start: number;
      readonly end: number;
    }
  | {
      readonly kind: 'operation';
      readonly operator: '!' | '&&' | '||' | '==' | '!=' | '<' | '<=' | '>' | '>=';
      readonly operands: readonly ExpressionNode[];
      readonly start: number;
      readonly end: number;
    }
  | {
      /** A part of something that is no context: `fromJSON(x).y`, `(a || b)[0]`. */
      readonly kind: 'part';
      readonly of: ExpressionNode;
      /** In lower case; `*` for all of them, and where it is not written literally. */
      readonly name: string;
      readonly start: number;
      readonly end: number;
    };

/** `github.event.issue.title`, in any of its spellings. */
export interface ContextNode {
  readonly kind: 'context';
  /** In lower case, joined by dots: `github.event['Issue'].title` is `github.event.issue.title`; `*` as in `part`. */
  readonly path: string;
  /** What stands in brackets and is no literal. */
  readonly indexes: readonly ExpressionNode[];
  readonly start: number;
  readonly end: number;
}

/** One `${{ }}`. */
export interface Expression {
  /** From the `$` to the last brace. */
  readonly start: number;
  readonly end: number;
  /** Undefined where it cannot be read. */
  readonly node: ExpressionNode | undefined;
}

/** Deeper expressions are not read. GitHub allows 50 levels. */
export const MAX_EXPRESSION_DEPTH = 60;

/** The `${{ }}` of a text, in order. A brace inside of a string does not end one. Never throws; linear in the text. */
export function expressionsIn(text: string): Expression[] {
  const found: Expression[] = [];
  for (let start = text.indexOf('${{'); start >= 0; ) {
    const end = endOfExpression(text, start + 3);
    if (end === undefined) break;
    found.push({ start, end, node: parseExpression(text, start + 3, end - 2) });
    start = text.indexOf('${{', end);
  }
  return found;
}

/** The offset behind the braces that close an expression; undefined where none do. */
function endOfExpression(text: string, from: number): number | undefined {
  let isString = false;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === "'") isString = !isString;
    else if (!isString && character === '}' && text[at + 1] === '}') return at + 2;
  }
  return undefined;
}

/** The condition of an `if`, which may stand with or without `${{ }}`; undefined where it cannot be read. */
export function parseCondition(text: string): ExpressionNode | undefined {
  const [first, second] = expressionsIn(text);
  if (first === undefined) return parseExpression(text, 0, text.length);
  // Text around the braces makes a string of it, which is always true.
  return second === undefined && text.slice(0, first.start).trim() === '' && text.slice(first.end).trim() === '' ? first.node : undefined;
}

/** Reads `[start, end)` of a text as one expression; undefined where it is none. Never throws. */
export function parseExpression(text: string, start: number, end: number): ExpressionNode | undefined {
  const tokens = tokenize(text, start, end);
  if (tokens === undefined) return undefined;
  const parser = new Parser(tokens);
  const node = parser.or(0);
  return parser.isAtEnd ? node : undefined;
}

/** An expression and all that it is made of, outermost first. */
export function* partsOf(node: ExpressionNode): Generator<ExpressionNode> {
  yield node;
  for (const child of childrenOf(node)) yield* partsOf(child);
}

function childrenOf(node: ExpressionNode): readonly ExpressionNode[] {
  switch (node.kind) {
    case 'literal':
      return [];
    case 'context':
      return node.indexes;
    case 'call':
      return node.args;
    case 'operation':
      return node.operands;
    case 'part':
      return [node.of];
  }
}

/** Functions that answer with a boolean, a number or a digest: nothing of their arguments comes through. */
const OPAQUE_CALLS: ReadonlySet<string> = new Set([
  'contains',
  'startswith',
  'endswith',
  'hashfiles',
  'success',
  'failure',
  'always',
  'cancelled',
]);

/**
 * The contexts whose text can be in an expression's value: of `a && b || c` those of `b` and `c`, of a comparison none, of
 * `format('{0}', a)` that of `a`. With `isWhole`, all below the context comes through, because `toJSON` is around it.
 */
export function* valuesOf(node: ExpressionNode, isWhole = false): Generator<{ readonly node: ContextNode; readonly isWhole: boolean }> {
  switch (node.kind) {
    case 'literal':
      return;
    case 'context':
      yield { node, isWhole };
      return;
    case 'part':
      yield* valuesOf(node.of, true);
      return;
    case 'call':
      if (OPAQUE_CALLS.has(node.name)) return;
      for (const argument of node.args) yield* valuesOf(argument, isWhole || node.name === 'tojson');
      return;
    case 'operation':
      if (node.operator === '||') for (const operand of node.operands) yield* valuesOf(operand, isWhole);
      // What is false on the left (an empty text, 0) says nothing.
      else if (node.operator === '&&') for (const operand of node.operands.slice(-1)) yield* valuesOf(operand, isWhole);
      return;
  }
}

/**
 * Whether a condition is `true`, `false`, or undefined (either), when all that is known of the world is the value of some
 * contexts. Text is compared as GitHub does, whatever its case.
 */
export function decide(node: ExpressionNode, known: ReadonlyMap<string, string>): boolean | undefined {
  if (node.kind !== 'operation') {
    const value = literalOf(node, known);
    return value === undefined ? undefined : value !== '' && value !== 0 && value !== false && value !== null;
  }
  const [left, right] = node.operands;
  if (left === undefined) return undefined;
  if (node.operator === '!') {
    const value = decide(left, known);
    return value === undefined ? undefined : !value;
  }
  if (node.operator === '&&' || node.operator === '||') {
    const decisive = node.operator === '||';
    const values = node.operands.map((operand) => decide(operand, known));
    if (values.includes(decisive)) return decisive;
    return values.includes(undefined) ? undefined : !decisive;
  }
  if (right === undefined || (node.operator !== '==' && node.operator !== '!=')) return undefined;
  const a = literalOf(left, known);
  const b = literalOf(right, known);
  if (typeof a !== 'string' || typeof b !== 'string') return undefined;
  return (a.toLowerCase() === b.toLowerCase()) === (node.operator === '==');
}

function literalOf(node: ExpressionNode, known: ReadonlyMap<string, string>): string | number | boolean | null | undefined {
  if (node.kind === 'literal') return node.value;
  return node.kind === 'context' ? known.get(node.path) : undefined;
}

interface Token {
  readonly kind: 'string' | 'number' | 'name' | 'sign';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const NUMBER = /[-+]?(?:0x[0-9a-f]+|0o[0-7]+|\d+(?:\.\d*)?(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?)/iy;
const NAME = /[a-z_][\w-]*/iy;
const SIGN = /&&|\|\||==|!=|<=|>=|[<>!()[\],.*]/y;

function tokenize(text: string, start: number, end: number): Token[] | undefined {
  const tokens: Token[] = [];
  const take = (pattern: RegExp, at: number): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  for (let at = start; at < end; ) {
    const character = text[at] ?? '';
    if (/\s/.test(character)) {
      at++;
      continue;
    }
    if (character === "'") {
      const stop = endOfString(text, at + 1, end);
      if (stop === undefined) return undefined;
      tokens.push({ kind: 'string', text: text.slice(at + 1, stop - 1).replaceAll("''", "'"), start: at, end: stop });
      at = stop;
      continue;
    }
    // `.5` behind a name or a bracket is no number but a part.
    const number = character === '.' && endsValue(tokens.at(-1)) ? undefined : take(NUMBER, at);
    const name = number === undefined ? take(NAME, at) : undefined;
    const word = number ?? name ?? take(SIGN, at);
    if (word === undefined || at + word.length > end) return undefined;
    tokens.push({
      kind: number !== undefined ? 'number' : name !== undefined ? 'name' : 'sign',
      text: word,
      start: at,
      end: at + word.length,
    });
    at += word.length;
  }
  return tokens;
}

function endsValue(token: Token | undefined): boolean {
  return token !== undefined && (token.kind === 'name' || ')]*'.includes(token.text));
}

function endOfString(text: string, from: number, end: number): number | undefined {
  for (let at = from; at < end; at++) {
    if (text[at] !== "'") continue;
    if (text[at + 1] !== "'" || at + 1 >= end) return at + 1;
    at++;
  }
  return undefined;
}

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='] as const;
const WORDS: Readonly<Record<string, boolean | null | number>> = {
  true: true,
  false: false,
  null: null,
  infinity: Infinity,
  nan: Number.NaN,
};

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  or(depth: number): ExpressionNode | undefined {
    return this.#joined('||', depth, () => this.#joined('&&', depth, () => this.#comparison(depth)));
  }

  #joined(operator: '||' | '&&', depth: number, operand: () => ExpressionNode | undefined): ExpressionNode | undefined {
    const first = operand();
    if (first === undefined || depth > MAX_EXPRESSION_DEPTH) return undefined;
    const operands = [first];
    while (this.#take(operator)) {
      const next = operand();
      if (next === undefined) return undefined;
      operands.push(next);
    }
    const last = operands.at(-1) ?? first;
    return operands.length === 1 ? first : { kind: 'operation', operator, operands, start: first.start, end: last.end };
  }

  #comparison(depth: number): ExpressionNode | undefined {
    let left = this.#unary(depth);
    for (;;) {
      const operator = COMPARISONS.find((sign) => this.#take(sign));
      if (left === undefined || operator === undefined) return left;
      const right = this.#unary(depth);
      if (right === undefined) return undefined;
      left = { kind: 'operation', operator, operands: [left, right], start: left.start, end: right.end };
    }
  }

  #unary(depth: number): ExpressionNode | undefined {
    const signs: number[] = [];
    for (let start = this.#next?.start ?? 0; this.#take('!'); start = this.#next?.start ?? 0) signs.push(start);
    if (signs.length > MAX_EXPRESSION_DEPTH) return undefined;
    const operand = this.#postfix(depth);
    return (
      operand &&
      signs.reduceRight<ExpressionNode>(
        (node, start) => ({ kind: 'operation', operator: '!', operands: [node], start, end: node.end }),
        operand,
      )
    );
  }

  #postfix(depth: number): ExpressionNode | undefined {
    let node = this.#primary(depth);
    for (let parts = 0; node !== undefined && parts <= MAX_EXPRESSION_DEPTH; parts++) {
      if (this.#take('.')) {
        const name = this.#next;
        if (name === undefined || (name.kind !== 'name' && name.text !== '*')) return undefined;
        this.#at++;
        node = withPart(node, name.text, undefined, name.end);
      } else if (this.#take('[')) {
        const star = this.#take('*');
        const index = star ? undefined : this.or(depth + 1);
        const close = this.#next;
        if ((!star && index === undefined) || close === undefined || !this.#take(']')) return undefined;
        const isText = index?.kind === 'literal' && typeof index.value === 'string';
        node = withPart(node, isText ? String(index.value) : '*', isText ? undefined : index, close.end);
      } else return node;
    }
    return undefined;
  }

  #primary(depth: number): ExpressionNode | undefined {
    const token = this.#next;
    if (token === undefined || depth > MAX_EXPRESSION_DEPTH) return undefined;
    this.#at++;
    const { start, end, text } = token;
    if (token.kind === 'string') return { kind: 'literal', value: text, start, end };
    if (token.kind === 'number') return { kind: 'literal', value: Number(text), start, end };
    if (token.kind === 'name') {
      const word = text.toLowerCase();
      if (this.#take('(')) return this.#call(word, start, depth);
      const value = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
      return value === undefined ? { kind: 'context', path: word, indexes: [], start, end } : { kind: 'literal', value, start, end };
    }
    if (text !== '(') return undefined;
    const inner = this.or(depth + 1);
    return inner !== undefined && this.#take(')') ? inner : undefined;
  }

  #call(name: string, start: number, depth: number): ExpressionNode | undefined {
    const args: ExpressionNode[] = [];
    for (let close = this.#next; ; close = this.#next) {
      if (close !== undefined && this.#take(')')) return { kind: 'call', name, args, start, end: close.end };
      if (args.length > 0 && !this.#take(',')) return undefined;
      const argument = this.or(depth + 1);
      if (argument === undefined) return undefined;
      args.push(argument);
    }
  }

  get #next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #take(sign: string): boolean {
    const token = this.#next;
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.#at++;
    return true;
  }
}

function withPart(node: ExpressionNode, name: string, index: ExpressionNode | undefined, end: number): ExpressionNode {
  const part = name.toLowerCase();
  if (node.kind !== 'context') return { kind: 'part', of: node, name: part, start: node.start, end };
  return { ...node, path: `${node.path}.${part}`, indexes: index === undefined ? node.indexes : [...node.indexes, index], end };
}
