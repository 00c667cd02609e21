import { type MappedText, sourceSpan } from '../core/mapped-text.ts';
import { rememberAs } from '../core/remember.ts';
import { type Span, span } from '../core/span.ts';
import { holdsToken, isPlaceholder, passwordsInUrls } from './credential.ts';
import { expandWord } from './dockerfile-expand.ts';
import type { Instruction } from './dockerfile-lexer.ts';
import { splitQuotedWords, withoutQuotes } from './dockerfile-words.ts';

/** One variable that an ARG or ENV sets. */
export interface Assignment {
  readonly name: string;
  readonly nameSpan: Span;
  /** As written, with its quotes; undefined for an ARG without a default. */
  readonly written?: string;
  /** The value without its quotes, where it is one piece in quotes. */
  readonly valueSpan?: Span;
}

/**
 * The variables of an ARG or ENV, in order; none of another instruction (BuildKit's `parseNameVal` and `parseNameOrNameVal`). Kept
 * as long as the instruction is, whose document has but one escape character.
 */
export function assignmentsOf(instruction: Instruction, escapeChar: string): readonly Assignment[] {
  if (instruction.keyword !== 'ARG' && instruction.keyword !== 'ENV') return NO_ASSIGNMENTS;
  const known = assignments.get(instruction);
  if (known !== undefined) return known;
  const found = readAssignments(instruction, escapeChar);
  assignments.set(instruction, found);
  return found;
}

const NO_ASSIGNMENTS: readonly Assignment[] = [];
const assignments = new WeakMap<Instruction, readonly Assignment[]>();

function readAssignments({ keyword, args }: Instruction, escapeChar: string): readonly Assignment[] {
  const words = splitQuotedWords(args.text, escapeChar);
  const [first] = words;
  if (keyword === 'ENV' && first !== undefined && !args.text.slice(first.start, first.end).includes('=')) {
    // `ENV name value with blanks`: one variable, and quotes are no more than characters around its words.
    const rest = span(first.end + args.text.slice(first.end).search(/\S|$/), args.text.length);
    return rest.start === rest.end ? [] : [assignment(args, first, rest)];
  }
  return words.map((word) => {
    const equals = args.text.slice(word.start, word.end).indexOf('=');
    if (equals < 0) return assignment(args, word, undefined);
    return assignment(args, span(word.start, word.start + equals), span(word.start + equals + 1, word.end));
  });
}

function assignment(args: MappedText, name: Span, value: Span | undefined): Assignment {
  const known = { name: args.text.slice(name.start, name.end), nameSpan: sourceSpan(args, name.start, name.end) };
  if (value === undefined) return known;
  const inner = withoutQuotes(args.text, value);
  return { ...known, written: args.text.slice(value.start, value.end), valueSpan: sourceSpan(args, inner.start, inner.end) };
}

const SECRET_NAME =
  /(?:token|secret|passw(?:or)?d|passphrase|credentials?|(?:api|access|auth|private|secret|client|application|app|signing|encryption|deploy|master|account|ssh)_?key|secret_key_base|(?:^|_)pat)(?:_(?:value|base64|b64|\d+))?$/i;

/** What is in a client's hands anyway: names that say so, and the prefixes whose variables bundlers copy into web pages. */
const PUBLIC_NAME = /(?:^|_)(?:public|publishable)(?:_|$)|^(?:vite|react_app|vue_app|gatsby)_/i;

/**
 * Whether a variable of this name holds a secret. The end of a name says what it is: `NPM_TOKEN` is a token, `TOKEN_URL`,
 * `SECRET_NAME`, `PASSWORD_FILE` and `ACCESS_KEY_ID` are something else.
 */
export function isSecretName(name: string): boolean {
  const plain = name.replaceAll('-', '_');
  return SECRET_NAME.test(plain) && !PUBLIC_NAME.test(plain);
}

/** What makes a variable a secret: its name, what its value looks like, or another secret variable in its value. */
type SecretReason = 'name' | 'value' | 'variable';

/** Why a variable is a secret; `variable` is the other variable concerned. */
interface Secret {
  readonly reason: SecretReason;
  readonly variable?: string;
}

/** Why a variable is a secret; undefined where it is none. Kept as long as the assignment is. */
export function secretReason(keyword: string, assigned: Assignment, escapeChar: string): Secret | undefined {
  const known = secrets.get(assigned);
  if (known !== undefined) return known.secret;
  const key = `${escapeChar}${keyword} ${assigned.name}=${assigned.written === undefined ? '' : `=${assigned.written}`}`;
  const secret = rememberedSecret(key, () => findSecret(keyword, assigned, escapeChar));
  secrets.set(assigned, { secret });
  return secret;
}

/** How many assignments are remembered: more than a document has. */
const MAX_ASSIGNMENTS = 1_024;

const rememberedSecret = rememberAs<Secret | undefined>(MAX_ASSIGNMENTS);
const secrets = new WeakMap<Assignment, { readonly secret: Secret | undefined }>();

function findSecret(keyword: string, { name, written }: Assignment, escapeChar: string): Secret | undefined {
  const expanded = expandWord(written ?? '', () => undefined, escapeChar);
  const value = expanded.ok ? expanded.value.value : (written ?? '');
  const used = expanded.ok ? expanded.value.used : [];
  if (holdsToken(value) || passwordsInUrls(value).length > 0) return { reason: 'value' };
  const variable = used.find(isSecretName);
  if (variable !== undefined && (keyword === 'ENV' || !isSecretName(name))) return { reason: 'variable', variable };
  if (!isSecretName(name)) return undefined;
  // A build argument is there to be given a value; a variable of the image has the one that is written, or will be overridden.
  if (keyword === 'ARG') return isSwitch(value) ? undefined : { reason: 'name' };
  return used.length === 0 && isPlaceholder(value) ? undefined : { reason: 'name' };
}

function isSwitch(value: string): boolean {
  return /^(?:true|false|yes|no|on|off|0|1)$/i.test(value);
}

/** What no report may show of a Dockerfile: the values of secret variables, and passwords in addresses, wherever they stand. */
export function secretsIn(text: string, instructions: readonly Instruction[], escapeChar: string): Span[] {
  const found: Span[] = [];
  for (const instruction of instructions) {
    for (const one of assignmentsOf(instruction, escapeChar)) {
      if (one.valueSpan === undefined || one.written === undefined || secretReason(instruction.keyword, one, escapeChar) === undefined)
        continue;
      if (!/^["']?\$\{?\w+\}?["']?$/.test(one.written)) found.push(one.valueSpan);
    }
  }
  found.push(...passwordsInUrls(text));
  return found;
}

/** The values that variables have at each instruction, as far as the document tells them. */
export class Variables {
  readonly #escape: string;
  readonly #globals = new Map<string, string>();
  #stage: Map<string, string> | undefined;

  constructor(escapeChar: string) {
    this.#escape = escapeChar;
  }

  /** Takes in an instruction, in document order. */
  read(instruction: Instruction): void {
    if (instruction.onbuild) return;
    if (instruction.keyword === 'FROM') this.#stage = new Map();
    const known = this.#stage ?? this.#globals;
    for (const { name, written } of assignmentsOf(instruction, this.#escape)) {
      // An ARG without a default takes over the one before the first FROM.
      const value = written === undefined ? this.#globals.get(name) : this.expand(written);
      if (value !== undefined && value.length <= MAX_VALUE_UNITS) known.set(name, value);
    }
  }

  /** A word with its variables replaced; undefined where one has no value, or BuildKit refuses the word. */
  expand(word: string): string | undefined {
    if (word.length > MAX_WORD_UNITS) return undefined;
    const known = this.#stage ?? this.#globals;
    const expanded = expandWord(word, (name) => known.get(name), this.#escape);
    return expanded.ok && expanded.value.unset.length === 0 ? expanded.value.value : undefined;
  }
}

/** The longest word that is expanded, in UTF-16 units. */
const MAX_WORD_UNITS = 1024;

/** The longest value that is followed, in UTF-16 units: addresses are shorter, and values can double line by line. */
const MAX_VALUE_UNITS = 256;
