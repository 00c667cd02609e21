import type { Problem } from '../core/manifest.ts';
import type { Span } from '../core/span.ts';
import { JsonTokens } from './json-tokens.ts';

/** One member of an object that was skimmed. Offsets are UTF-16; both spans include quotes and brackets. */
export interface SkimmedMember {
  readonly key: string;
  readonly keySpan: Span;
  readonly valueSpan: Span;
}

/**
 * The first place where a text is not JSON (RFC 8259), undefined where it is. No tree is made and nothing recurses, so
 * that neither size nor nesting matter.
 */
export function firstJsonProblem(text: string): Problem | undefined {
  const skim = new Skim(text, 0);
  skim.value();
  if (skim.problem === undefined && skim.tokens.kind !== 'end') skim.fail('the text goes on behind its end');
  return skim.problem;
}

/**
 * The members of the object whose opening brace stands at `at`, in document order, duplicates included. Stops at the
 * first problem, with the members before it. Layout does not matter.
 */
export function skimMembers(text: string, at: number): SkimmedMember[] {
  const skim = new Skim(text, at);
  const members: SkimmedMember[] = [];
  if (!skim.take('{')) return members;
  while (skim.tokens.kind === 'string') {
    const key = skim.tokens.value;
    const keySpan = skim.tokens.span;
    skim.tokens.next();
    if (!skim.take(':')) break;
    const { start } = skim.tokens;
    const end = skim.value();
    if (skim.problem !== undefined) break;
    members.push({ key, keySpan, valueSpan: { start, end } });
    if (!skim.take(',')) break;
  }
  return members;
}

class Skim {
  readonly tokens: JsonTokens;
  problem: Problem | undefined;

  constructor(text: string, from: number) {
    this.tokens = new JsonTokens(text, from, 'json', (message, span) => {
      this.problem ??= { message, span };
    });
  }

  fail(message: string): void {
    this.problem ??= { message, span: this.tokens.span };
  }

  take(kind: '{' | ':' | ','): boolean {
    if (this.tokens.kind !== kind) return false;
    this.tokens.next();
    return true;
  }

  /** Goes over one value and gives the offset behind it; stops where `problem` gets set. */
  value(): number {
    const open: ('{' | '[')[] = [];
    let end = this.tokens.end;
    for (;;) {
      if (this.problem !== undefined) return end;
      end = this.tokens.end;
      const { kind } = this.tokens;
      if (kind === '{' || kind === '[') {
        this.tokens.next();
        if (this.tokens.kind !== CLOSING[kind]) {
          open.push(kind);
          if (kind === '{' && !this.#key()) return end;
          continue;
        }
        end = this.tokens.end;
      } else if (!SCALARS.has(kind)) {
        this.fail('a value is missing');
        return end;
      }
      this.tokens.next();
      for (;;) {
        const inside = open.at(-1);
        if (inside === undefined) return end;
        if (this.tokens.kind === ',') {
          this.tokens.next();
          if (inside === '{' && !this.#key()) return end;
          break;
        }
        if (this.tokens.kind !== CLOSING[inside]) {
          this.fail(this.tokens.kind === 'end' ? `a closing \`${CLOSING[inside]}\` is missing` : 'a comma is missing');
          return end;
        }
        open.pop();
        end = this.tokens.end;
        this.tokens.next();
      }
    }
  }

  #key(): boolean {
    if (this.tokens.kind !== 'string') this.fail('a property name is missing');
    else {
      this.tokens.next();
      if (this.take(':')) return this.problem === undefined;
      this.fail('a colon is missing');
    }
    return false;
  }
}

const CLOSING = { '{': '}', '[': ']' } as const;
const SCALARS: ReadonlySet<string> = new Set(['string', 'number', 'true', 'false', 'null']);
