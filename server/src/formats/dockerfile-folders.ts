import { rememberAs } from '../core/remember.ts';
import { folderOf, joinPath } from '../core/source-file.ts';
import { type CopiedSource, copiedWords } from './dockerfile-copy.ts';
import type { Stage } from './dockerfile-images.ts';
import type { Instruction } from './dockerfile-lexer.ts';

/** Where a stage stands: the folder of the image, and which folders of the context were copied to which of the image. */
interface Place {
  readonly workdir: string;
  readonly copied: readonly { readonly to: string; readonly from: string }[];
}

const START: Place = { workdir: '', copied: [] };
/** More copies than that no stage has; they would only cost time. */
const MAX_COPIES = 200;

/**
 * For each instruction the folders of the build context that were copied to where it runs (`WORKDIR`, `COPY`), likeliest
 * first; empty where nothing was. Paths of the image are without their leading slash, those of the context relative to it.
 */
export function contextFolders(instructions: readonly Instruction[], stages: readonly Stage[]): readonly (readonly string[])[] {
  const places: Place[] = [];
  const found = new Map<Place, readonly string[]>();
  let stage = -1;
  return instructions.map((instruction) => {
    if (instruction.keyword === 'FROM' && !instruction.onbuild) {
      stage++;
      places[stage] = places[stages[stage]?.base ?? -1] ?? START;
      return [];
    }
    const place = places[stage] ?? START;
    const next = instruction.onbuild ? place : after(place, instruction);
    if (stage >= 0) places[stage] = next;
    if (instruction.keyword !== 'RUN') return [];
    const folders = found.get(next) ?? foldersFor(next);
    found.set(next, folders);
    return folders;
  });
}

function after(place: Place, instruction: Instruction): Place {
  if (instruction.keyword === 'WORKDIR')
    return { ...place, workdir: imagePath(place, instruction.args.text.replace(/^(["'])(.*)\1$/, '$2')) };
  if (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') return place;
  const words = copiedWords(instruction);
  const target = words.at(-1);
  if (target === undefined || words.length < 2 || place.copied.length >= MAX_COPIES) return place;
  const key = JSON.stringify([place.workdir, words.map(({ text }) => text)]);
  const brought = rememberedCopies(key, () => copiesIn(place, words, target.text));
  return brought.length === 0 ? place : { ...place, copied: [...place.copied, ...brought] };
}

/** How many copies are remembered: more than a document has. */
const MAX_REMEMBERED = 512;

const rememberedCopies = rememberAs<Place['copied']>(MAX_REMEMBERED);

function copiesIn(place: Place, words: readonly CopiedSource[], target: string): Place['copied'] {
  const to = imagePath(place, target);
  const isFolder = words.length > 2 || /(?:^|\/)\.{0,2}$/.test(target);
  return words.slice(0, -1).flatMap(({ text }) => {
    const source = joinPath('', text);
    if (source === undefined || /[$]|:\/\//.test(text)) return [];
    // A manifest or lockfile brings its folder; of any other file nothing follows.
    if (MANIFEST.test(text)) return [{ to: isFolder ? to : folderOf(to), from: folderOf(source) }];
    return /\.[a-z]+$/i.test(text) ? [] : [{ to, from: source.replace(/(?:^|\/)\*$/, '') }];
  });
}

const MANIFEST =
  /(?:^|\/)(?:package[^/]*|npm-shrinkwrap\.json|yarn[^/]*|pnpm-[^/]*|bun[^/]*|uv\.lock|pyproject\.toml|requirements[^/]*|\*\.(?:json|lock|yaml|toml))$/;

function imagePath({ workdir }: Place, path: string): string {
  return joinPath(path.startsWith('/') ? '' : workdir, path) ?? workdir;
}

function foldersFor({ workdir, copied }: Place): string[] {
  const here = copied.flatMap(({ to, from }) => {
    if (to === workdir) return [from];
    return workdir.startsWith(`${to}/`) || to === '' ? (joinPath(from, workdir.slice(to.length)) ?? []) : [];
  });
  return [...new Set(here)];
}
