import { type MappedText, mappedPart, mappedSlice, sourceSpan } from '../core/mapped-text.ts';
import type { ImageArgument, ImagePlace, ImageReference } from '../core/reference.ts';
import { type Span, span } from '../core/span.ts';
import { expandWord, type Lookup } from './dockerfile-expand.ts';
import type { Instruction, LexedDockerfile } from './dockerfile-lexer.ts';
import { splitQuotedWords, splitWords, withoutQuotes } from './dockerfile-words.ts';
import { type ClassifiedImage, classifyImage, type ImageText, imageReference } from './image-reference.ts';

/** A build stage: a FROM and what follows it. */
export interface Stage {
  /** The name behind AS, in lower case: stage names are compared without case. */
  readonly name?: string;
  readonly nameSpan?: Span;
  /** Index of the FROM in the document's instructions. */
  readonly instruction: number;
  /** Index of the earlier stage that it builds on; undefined where it builds on an image. */
  readonly base?: number;
}

/** An image reference with what only a Dockerfile knows of it. */
export interface DockerImage {
  readonly reference: ImageReference;
  /** Index of the instruction it stands in; -1 for the frontend of `# syntax=`. */
  readonly instruction: number;
  /** Index of the stage that it names, for the verdict `stage`. */
  readonly stage?: number;
  /** A stage of this name is defined further down: where it stands, BuildKit takes the name for an image's. */
  readonly forwardStage: boolean;
}

/** Finds all stages and image references, in document order. */
export function readImages(
  text: string,
  lexed: LexedDockerfile,
): { readonly stages: readonly Stage[]; readonly images: readonly DockerImage[] } {
  const reader = new Reader(lexed);
  if (lexed.syntax !== undefined) reader.readSyntax(text, lexed.syntax);
  for (const [index, instruction] of lexed.instructions.entries()) reader.read(instruction, index);
  return { stages: reader.stages, images: reader.finish() };
}

/** A global ARG: one that stands before the first FROM. */
interface GlobalArg {
  /** The default after expansion; undefined where there is none, or where it depends on an ARG without one. */
  readonly value?: string;
  readonly argument?: Omit<ImageArgument, 'uses'>;
  /** The ARGs that the default names. */
  readonly parts: readonly string[];
}

/** The longest ARG value that is followed, in UTF-16 units: no image name is longer, and values can double line by line. */
const MAX_VALUE_LENGTH = 4096;

interface Draft extends Omit<ImageText, 'arguments'> {
  readonly instruction: number;
  readonly stage?: number;
  readonly forwardStage: boolean;
}

class Reader {
  readonly stages: Stage[] = [];
  readonly #lexed: LexedDockerfile;
  readonly #drafts: Draft[] = [];
  readonly #globals = new Map<string, GlobalArg>();
  /** How often each global ARG is read: by a reference, a platform, or a stage that takes it over. */
  readonly #uses = new Map<string, number>();
  /** The first stage of each name, of the whole document. */
  readonly #stageNames: ReadonlyMap<string, number>;
  #isTemplate = false;

  constructor(lexed: LexedDockerfile) {
    this.#lexed = lexed;
    this.#stageNames = stageNames(lexed.instructions);
  }

  readSyntax(text: string, { start, end }: Span): void {
    const source = mappedSlice(text, start, end);
    this.#add({ source, place: 'syntax', path: ['directives', 'syntax'], instruction: -1, forwardStage: false });
  }

  read(instruction: Instruction, index: number): void {
    const { keyword, onbuild, flags } = instruction;
    if (keyword === 'FROM' && !onbuild) this.#from(instruction, index);
    else if (keyword === 'ARG' && !onbuild) this.#arg(instruction);
    for (const { name, value } of flags) {
      if (value === undefined) continue;
      if (keyword === 'COPY' && name === 'from') this.#fromFlag(value, onbuild ? 'onbuild-copy-from' : 'copy-from', index);
      if (keyword !== 'RUN' || name !== 'mount') continue;
      for (const source of mountSources(value)) this.#fromFlag(source, onbuild ? 'onbuild-run-mount' : 'run-mount', index);
    }
  }

  /** The references, now that it is known how often each ARG takes part. */
  finish(): DockerImage[] {
    // Whoever reads an ARG reads those that its default is made of; these stand above it.
    for (const [name, { parts }] of [...this.#globals].reverse()) this.#count(parts, this.#uses.get(name) ?? 0);
    return this.#drafts.map(({ instruction, stage, forwardStage, ...text }) => {
      const args = (text.variables ?? []).flatMap((name) => {
        const argument = this.#globals.get(name)?.argument;
        return argument === undefined ? [] : [{ ...argument, uses: this.#uses.get(name) ?? 0 }];
      });
      // A template engine makes the Dockerfile that is built: nobody knows from this text what it will pull.
      const classified = this.#isTemplate ? { classified: { verdict: 'template' } as const } : {};
      const reference = imageReference({ ...text, ...classified, arguments: args });
      return { reference, instruction, forwardStage, ...(stage === undefined ? {} : { stage }) };
    });
  }

  #add(draft: Draft): void {
    this.#drafts.push(draft);
    this.#count(draft.variables ?? []);
  }

  #count(names: readonly string[], times = 1): void {
    for (const name of names) this.#uses.set(name, (this.#uses.get(name) ?? 0) + times);
  }

  #lookup: Lookup = (name) => this.#globals.get(name)?.value;

  #arg({ args }: Instruction): void {
    for (const word of splitQuotedWords(args.text, this.#lexed.escape)) {
      const text = args.text.slice(word.start, word.end);
      const equals = text.indexOf('=');
      const name = equals < 0 ? text : text.slice(0, equals);
      if (this.stages.length > 0) {
        if (equals < 0) this.#count([name]);
        continue;
      }
      // Without a default, an earlier one stays (BuildKit's `buildMetaArgs`).
      if (equals < 0) continue;
      const inner = withoutQuotes(args.text, span(word.start + equals + 1, word.end));
      const expanded = expandWord(text.slice(equals + 1), this.#lookup, this.#lexed.escape);
      const isKnown = expanded.ok && expanded.value.unset.length === 0 && expanded.value.value.length <= MAX_VALUE_LENGTH;
      this.#globals.delete(name);
      this.#globals.set(name, {
        ...(isKnown ? { value: expanded.value.value } : {}),
        argument: { name, span: sourceSpan(args, inner.start, inner.end), value: args.text.slice(inner.start, inner.end) },
        parts: expanded.ok ? expanded.value.used.filter((part) => part !== name) : [],
      });
    }
  }

  #from({ args, flags }: Instruction, index: number): void {
    const { escape: escapeChar } = this.#lexed;
    const [word, as, nameWord] = splitWords(args.text);
    if (args.text.includes('{{') || args.text.includes('<%')) this.#isTemplate = true;
    for (const { value } of flags) {
      const platform = value && expandWord(value.text, this.#lookup, escapeChar);
      if (platform?.ok) this.#count(platform.value.used);
    }
    const base = word && this.#baseImage(args, word, index);
    const named = as && nameWord && args.text.slice(as.start, as.end).toUpperCase() === 'AS' ? nameWord : undefined;
    this.stages.push({
      instruction: index,
      ...(base === undefined ? {} : { base }),
      ...(named === undefined
        ? {}
        : { name: args.text.slice(named.start, named.end).toLowerCase(), nameSpan: sourceSpan(args, named.start, named.end) }),
    });
  }

  /** Adds the reference of a FROM; gives the stage that it names. */
  #baseImage(args: MappedText, word: Span, index: number): number | undefined {
    const whole = mappedPart(args, word.start, word.end);
    const known = { place: 'from', path: ['instructions', index, 'FROM'], instruction: index } as const;
    const expanded = expandWord(whole.text, this.#lookup, this.#lexed.escape);
    if (!expanded.ok) {
      this.#add({ ...known, source: whole, classified: { verdict: 'invalid', reason: expanded.error }, forwardStage: false });
      return undefined;
    }
    const { value, used, unset } = expanded.value;
    if (unset.length > 0) {
      this.#add({ ...known, source: whole, variables: used, classified: { verdict: 'unresolved' }, forwardStage: false });
      return undefined;
    }
    const inner = withoutQuotes(args.text, word);
    const literal = value !== '' && args.text.slice(inner.start, inner.end) === value;
    const { stage, classified } = this.#classify(value, 'from');
    this.#add({
      ...known,
      source: literal ? mappedPart(args, inner.start, inner.end) : whole,
      variables: used,
      ...(literal ? {} : { resolved: value }),
      classified,
      ...(stage === undefined ? {} : { stage }),
      forwardStage: this.#isForward(value, classified, this.stages.length),
    });
    return stage;
  }

  /** Adds the reference of a `--from=` or of a mount's `from=`. BuildKit expands no variable there. */
  #fromFlag(source: MappedText, place: ImagePlace, index: number): void {
    const value = source.text;
    if (value === '') return;
    const { stage, classified } = this.#classifyFlag(value, place);
    this.#add({
      source,
      place,
      path: ['instructions', index, place],
      instruction: index,
      classified,
      ...(stage === undefined ? {} : { stage }),
      forwardStage: this.#isForward(value, classified, this.stages.length - 1),
    });
  }

  #classifyFlag(value: string, place: ImagePlace): Classified {
    const found = this.#classify(value, place);
    const { verdict } = found.classified;
    if (verdict === 'template' || verdict === 'unresolved') return found;
    if (/\$./.test(value)) return invalid('variables-not-expanded-here');
    const isNumber = /^[+-]?\d+$/.test(value);
    // A mount finds stages by their name only (`detectRunMount`); a number would be pulled as an image of that name.
    if (isNumber && place.endsWith('run-mount')) return invalid('number-in-mount');
    // What ONBUILD names may be a stage of the Dockerfile that builds on this image.
    if (place.startsWith('onbuild') && found.stage === undefined && (isNumber || /^[a-z][\w.-]*$/i.test(value)))
      return { classified: { verdict: 'unresolved' } };
    if (!isNumber) return found;
    const stage = Number(value);
    return stage >= 0 && stage < this.stages.length - 1 ? { stage, classified: { verdict: 'stage' } } : invalid('no-such-stage');
  }

  #classify(value: string, place: ImagePlace): Classified {
    const classified = classifyImage(value, place);
    const stage = this.#stageNames.get(value.toLowerCase());
    if (classified.verdict === 'scratch' || stage === undefined || stage >= this.stages.length) return { classified };
    return { stage, classified: { verdict: 'stage' } };
  }

  #isForward(value: string, { image }: ClassifiedImage, current: number): boolean {
    return image !== undefined && (this.#stageNames.get(value.toLowerCase()) ?? 0) > current;
  }
}

interface Classified {
  readonly stage?: number;
  readonly classified: ClassifiedImage;
}

function invalid(reason: string): Classified {
  return { classified: { verdict: 'invalid', reason } };
}

function stageNames(instructions: readonly Instruction[]): Map<string, number> {
  const names = new Map<string, number>();
  let index = 0;
  for (const { keyword, onbuild, args } of instructions) {
    if (keyword !== 'FROM' || onbuild) continue;
    const [, as, name] = args.text.split(/[\t\v\f\r ]+/);
    if (as?.toUpperCase() === 'AS' && name !== undefined && !names.has(name.toLowerCase())) names.set(name.toLowerCase(), index);
    index++;
  }
  return names;
}

/** The values of `from=` in a mount's comma-separated options (the keys have no case). */
function mountSources(mount: MappedText): MappedText[] {
  const sources: MappedText[] = [];
  for (const option of mount.text.matchAll(/[^,]+/g)) {
    const start = option.index + 'from='.length;
    if (option[0].slice(0, 5).toLowerCase() === 'from=') sources.push(mappedPart(mount, start, option.index + option[0].length));
  }
  return sources;
}
