import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { hover } from '../../server/src/lsp/hover.ts';
import { DEFAULT_POLICY } from '../../server/src/policy/policy.ts';
import { analyseFiles, factFetch, memoryProject } from '../support/memory-project.ts';
import { CASES, type PapersCase } from './support/package-papers.ts';

const FOLDER = 'test/lsp/package-papers';

/** The hover over a text of a file, in both forms. */
async function hoverOver({ files, facts = {}, path: file, over, demands = [] }: PapersCase, markdown: boolean): Promise<string> {
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
  return typeof result?.contents === 'object' && 'value' in result.contents ? result.contents.value : 'no hover';
}

describe('papers of a package', () => {
  for (const [name, one] of Object.entries(CASES)) {
    test(name, async () => {
      const [markdown, plain] = [await hoverOver(one, true), await hoverOver(one, false)];
      assert.doesNotMatch(plain, /\bsafe\b/i);
      const golden = path.join(FOLDER, `${name}.txt`);
      const found = `--- markdown\n${markdown}\n--- plain text\n${plain}\n`;
      if (process.env.UPDATE === '1') {
        mkdirSync(FOLDER, { recursive: true });
        writeFileSync(golden, found);
      }
      assert.equal(found, existsSync(golden) ? readFileSync(golden, 'utf8') : '');
    });
  }

  test('there is a case for every golden text', () => {
    assert.deepEqual(
      readdirSync(FOLDER).sort(),
      Object.keys(CASES)
        .map((name) => `${name}.txt`)
        .sort(),
    );
  });
});
