import type { Format, IgnoreMarker, Manifest } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';
import { type Span, span } from '../core/span.ts';
import { LineIndex } from '../core/text.ts';
import { type DockerImage, readImages, type Stage } from './dockerfile-images.ts';
import { type Directive, type Escape, type Instruction, type LexedDockerfile, lexDockerfile } from './dockerfile-lexer.ts';
import { readScripts } from './dockerfile-scripts.ts';
import { secretsIn } from './dockerfile-variables.ts';
import { scanIgnoreMarkers } from './ignore-markers.ts';

/** A Dockerfile, as far as rules need it. */
export interface Dockerfile {
  readonly directives: readonly Directive[];
  /** The character that continues lines and escapes. */
  readonly escape: Escape;
  readonly instructions: readonly Instruction[];
  readonly stages: readonly Stage[];
  /** Every image reference, in the order of the manifest's `refs`. */
  readonly images: readonly DockerImage[];
}

/** Dockerfile and Containerfile, as BuildKit reads them (Docker documentation, "Dockerfile reference"). */
export const format: Format<Dockerfile> = {
  id: 'dockerfile',
  title: 'Dockerfile',
  globs: ['**/[Dd]ockerfile*', '**/[Cc]ontainerfile*', '**/*.[Dd]ockerfile', '**/*.[Cc]ontainerfile'],
  // Ignore files, and sources and documents about Dockerfiles. Templates are read: their FROM tells what they are.
  except: [
    '**/*.{dockerignore,containerignore}',
    '**/*.{md,mdx,markdown,rst,adoc,html,css,svg,png,pdf,json,jsonc,yaml,yml,toml,xml,lock,snap,patch,diff,orig,bak,log,gz,zip}',
    '**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs,vue,go,py,pyi,rb,rs,java,kt,kts,scala,groovy,cs,fs,c,h,cc,cpp,hpp,php,pl,lua,swift,dart,ex,exs,el,vim,sql}',
    '**/*.{sh,bash,zsh,fish,ps1,bat,cmd}',
  ],
  languageIds: ['dockerfile'],
  parse,
};

/** A manifest as a Dockerfile, undefined where it is another format's. */
export function asDockerfile(manifest: Manifest): Dockerfile | undefined {
  // The format id and the model's type are set together, here.
  return manifest.format === format.id ? (manifest.model as Dockerfile) : undefined;
}

function parse(file: SourceFile): Manifest<Dockerfile> {
  const lexed = lexDockerfile(file.text);
  const { directives, escape: escapeChar, instructions, problems } = lexed;
  const { stages, images } = readImages(file.text, lexed);
  return {
    file,
    format: format.id,
    model: { directives, escape: escapeChar, instructions, stages, images },
    refs: images.map(({ reference }) => reference),
    scripts: readScripts(file, { instructions, stages, images }),
    ignores: readIgnores(file.text, lexed),
    problems,
    secrets: secretsIn(file.text, instructions, escapeChar),
  };
}

/**
 * A marker covers the instruction below it with all its lines; inside a continuation or a here-document, the next line.
 * The first comment line behind the directives covers these too: a comment above them would end the directives.
 */
function readIgnores(text: string, lexed: LexedDockerfile): IgnoreMarker[] {
  if (!/waybill-ignore|hadolint/.test(text)) return [];
  const lines = new LineIndex(text);
  const starts = new Map(lexed.instructions.map((instruction) => [instruction.span.start, instruction.span]));
  const below = linesBelow(lines);
  const head = directiveLines(lexed, lines);
  const markers = scanIgnoreMarkers(text, lines, {
    endOfLine: false,
    scopeBelow(line) {
      const next = lines.lineSpan(below[line] ?? lines.lineCount);
      const indent = /^\ufeff?\s*/.exec(text.slice(next.start, next.end))?.[0].length ?? 0;
      const scope = starts.get(next.start + indent) ?? next;
      return head !== undefined && line === head.comment ? span(head.start, scope.end) : scope;
    },
  });
  const whole = span(0, text.length);
  return markers.map((marker) =>
    marker.origin === 'hadolint' && /\sglobal\s/.test(text.slice(marker.span.start, marker.span.end))
      ? { ...marker, scope: whole }
      : marker,
  );
}

/** For each line the number of the next one that is no comment. */
function linesBelow(lines: LineIndex): number[] {
  const below: number[] = [];
  let next = lines.lineCount;
  for (let line = lines.lineCount - 1; line >= 0; line--) {
    below[line] = next;
    if (!/^\ufeff?\s*#/.test(lines.lineText(line))) next = line;
  }
  return below;
}

/** Where the directives start, and the first comment line behind them. */
function directiveLines({ directives, syntax }: LexedDockerfile, lines: LineIndex): { start: number; comment: number } | undefined {
  const values: Span[] = directives.map(({ value }) => value);
  if (syntax !== undefined) values.push(syntax);
  if (values.length === 0) return undefined;
  let comment = 1 + Math.max(...values.map(({ start }) => lines.positionAt(start).line));
  while (comment < lines.lineCount && lines.lineText(comment).trim() === '') comment++;
  return { start: 0, comment };
}
