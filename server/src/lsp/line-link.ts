import type { Project } from '../engine/project.ts';

/** A line of a file of the project: in words, and where the file is on a disk a link to it. */
export interface LineLink {
  /** `packages/a/package.json, line 7`; the path alone where the file cannot be read. */
  readonly words: string;
  readonly link?: string;
}

/** The line with an offset (UTF-16 units) of a file; `path` is relative to the checked root. */
export function lineIn(project: Project, path: string, offset: number): LineLink {
  const file = project.manifest(path)?.file;
  if (file === undefined) return { words: path };
  const line = lineOf(file.text, offset);
  const link = fileLink(file.uri, line);
  return { words: `${path}, line ${line}`, ...(link === undefined ? {} : { link }) };
}

/** The line of an offset, counted from one, without an index of all lines: lockfiles have a hundred thousand of them. */
function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** Files alone: what else a client's address means is its own matter. Brackets would end a link of Markdown. */
function fileLink(uri: string, line: number): string | undefined {
  if (!/^file:\/\/[\w.~!$&'()*+,;=:@%/-]*$/.test(uri)) return undefined;
  return `${uri.replaceAll('(', '%28').replaceAll(')', '%29')}#L${line}`;
}
