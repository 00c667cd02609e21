import assert from 'node:assert/strict';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { rulePageUrl } from '../../../server/src/core/rule-page.ts';
import { hover } from '../../../server/src/lsp/hover.ts';
import { DEFAULT_POLICY } from '../../../server/src/policy/policy.ts';
import { analyseFiles, factFetch, memoryProject } from '../../support/memory-project.ts';
import type { PapersCase } from './package-papers.ts';

/** A hover: its text, and the text of the document that it is about. */
export interface Shown {
  readonly text: string;
  readonly about: string;
}

/** What is shown over a text of a file; undefined where nothing is. */
export async function shownOver(
  { files, facts = {}, path: file, over, demands = [] }: PapersCase,
  markdown: boolean,
): Promise<Shown | undefined> {
  const provenance = new Map(demands.map((demand) => [demand.match, demand]));
  const analysis = analyseFiles(files, { facts, policy: { ...DEFAULT_POLICY, provenance } }).find(
    ({ manifest }) => manifest.file.path === file,
  );
  assert.ok(analysis, `${file} is of no format`);
  const text = files[file] ?? '';
  const offset = text.indexOf(over) + 1;
  assert.ok(offset > 0, `${over} is not in ${file}`);
  const document = TextDocument.create(`file:///workspace/${file}`, 'plaintext', 1, text);
  const context = { document, analysis, project: memoryProject(files), offset, markdown, fetch: factFetch(facts), demands: provenance };
  const result = await hover(context, new AbortController().signal);
  if (result === undefined) return undefined;
  assert.ok(typeof result.contents === 'object' && 'value' in result.contents);
  return { text: result.contents.value, about: document.getText(result.range) };
}

/** The hover over a text of a file, in one of both forms. */
export async function hoverOver(one: PapersCase, markdown: boolean): Promise<string> {
  return (await shownOver(one, markdown))?.text ?? 'no hover';
}

/** Where a hover's links may lead: our pages, files of the workspace, public pages about what is proven. */
const LINKS = ['https://github.com/', 'https://search.sigstore.dev/?logIndex=', 'file:///workspace/', rulePageUrl('')];

/** Nothing that others wrote is markup: outside of code spans there are no links but ours, no HTML, no images, no control characters. */
export function assertHarmless(markdown: string): void {
  // What a fence of backticks holds is shown as it is.
  const prose = markdown.replace(/(?<![\\`])(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, 'CODE');
  for (const [, target = ''] of prose.matchAll(/(?<!\\)\]\(([^)\n]*)\)/g))
    assert.ok(LINKS.some((start) => target.startsWith(start)) && !/\s/.test(target), target);
  assert.doesNotMatch(prose, /(?<!\\)!\[/);
  assert.doesNotMatch(prose, /<|(?<!\\)\]\(command:/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what must not be there.
  assert.doesNotMatch(markdown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/);
}
