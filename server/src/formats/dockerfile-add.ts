import { type MappedText, mappedPart } from '../core/mapped-text.ts';
import { type Span, span } from '../core/span.ts';
import type { Dockerfile } from './dockerfile.ts';
import type { Instruction } from './dockerfile-lexer.ts';
import { Variables } from './dockerfile-variables.ts';
import { splitWords, withoutQuotes } from './dockerfile-words.ts';

/** Something from another machine that ADD puts into an image. */
export interface RemoteSource {
  readonly instruction: Instruction;
  /** Where it stands, without quotes. */
  readonly span: Span;
  /** Its address, variables replaced as far as they are known. */
  readonly address: string;
  /** Whether the document has the address at `span` just as it is. */
  readonly isLiteral: boolean;
  readonly kind: 'file' | 'git';
  /** What `--checksum` says; `''` where nothing does. */
  readonly checksum: string;
}

/** The remote sources of all ADD instructions, in document order; found once, then kept as long as the Dockerfile is. */
export function remoteSourcesOf(dockerfile: Dockerfile): readonly RemoteSource[] {
  const before = kept.get(dockerfile);
  if (before !== undefined) return before;
  const found: RemoteSource[] = [];
  const variables = new Variables(dockerfile.escape);
  const hasAdd = dockerfile.instructions.some(({ keyword }) => keyword === 'ADD');
  for (const instruction of hasAdd ? dockerfile.instructions : []) {
    variables.read(instruction);
    if (instruction.keyword !== 'ADD') continue;
    const checksum = instruction.flags.findLast(({ name }) => name === 'checksum')?.value?.text ?? '';
    for (const { source, place } of wordsOf(instruction)) {
      // The scheme is often known where the rest of an address is not: `https://host/$VERSION.tgz`.
      const expanded = variables.expand(source.text);
      const address = expanded ?? source.text.replace(/^["']|["']$/g, '');
      const kind = isGit(address) ? 'git' : /^https?:\/\//.test(address) ? 'file' : undefined;
      if (kind === undefined) continue;
      const isLiteral = source.text.replace(/^(["'])(.*)\1$/s, '$2') === address && place.end - place.start === address.length;
      found.push({ instruction, span: place, address, isLiteral, kind, checksum });
    }
  }
  kept.set(dockerfile, found);
  return found;
}

const kept = new WeakMap<Dockerfile, readonly RemoteSource[]>();

/**
 * Whether BuildKit clones an address instead of downloading it (`gitutil.ParseGitRef`): the schemes of git and ssh, what is
 * written as scp does, `github.com/` without a scheme, and http to a path that ends with `.git`.
 */
function isGit(address: string): boolean {
  if (/^(?:git|ssh):\/\/|^[\w.-]+@[\w.-]+:|^github\.com\//.test(address)) return true;
  return /^https?:\/\/[^?#]*\.git(?:[?#]|$)/.test(address);
}

/** Whether an address is asked without encryption. Loopback is: in a build it is the build's own container. */
export function isPlain(address: string): boolean {
  return /^(?:http|git):\/\//.test(address);
}

interface SourceWord {
  /** With its quotes: they say what is a variable. */
  readonly source: MappedText;
  readonly place: Span;
}

/** The words of an ADD but the last, which is where they go. */
function wordsOf({ args, json, heredocs }: Instruction): SourceWord[] {
  if (json !== undefined) {
    return json.slice(0, -1).map((source) => ({ source, place: span(source.start, source.end) }));
  }
  const documents = new Set(heredocs.map(({ word }) => word.start));
  return splitWords(args.text)
    .slice(0, -1)
    .filter(({ start }) => !documents.has(start))
    .map((word) => {
      const inner = withoutQuotes(args.text, word);
      const { start, end } = mappedPart(args, inner.start, inner.end);
      return { source: mappedPart(args, word.start, word.end), place: span(start, end) };
    });
}
