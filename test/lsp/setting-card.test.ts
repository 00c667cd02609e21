import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { hover } from '../../server/src/lsp/hover.ts';
import { analyseFiles, type Files, factFetch, memoryProject } from '../support/memory-project.ts';

/** The hover over the first occurrence of a text, as plain text. */
async function hoverOver(files: Files, path: string, wanted: string, markdown = false): Promise<string | undefined> {
  const analysis = analyseFiles(files).find(({ manifest }) => manifest.file.path === path);
  assert.ok(analysis);
  const text = files[path] ?? '';
  const document = TextDocument.create(`file:///${path}`, 'plaintext', 1, text);
  const offset = text.indexOf(wanted) + 1;
  const context = { document, analysis, project: memoryProject(files), offset, markdown, fetch: factFetch({}) };
  const result = await hover(context, new AbortController().signal);
  return result === undefined ? undefined : typeof result.contents === 'object' && 'value' in result.contents ? result.contents.value : '';
}

test('the release age is said in words, in each manager’s unit', async () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['pnpm-workspace.yaml', 'minimumReleaseAge: 10080\n', '10080', /^Here: 10,080 minutes = 7 days$/m],
    ['.npmrc', 'min-release-age=7\n', 'min', /^Here: 7 days$/m],
    ['.yarnrc.yml', 'npmMinimalAgeGate: "7d"\n', '7d', /^Here: 7 days$/m],
    ['bunfig.toml', '[install]\nminimumReleaseAge = 604800\n', '604800', /^Here: 604,800 seconds = 7 days$/m],
    ['package.json', '{ "pnpm": { "minimumReleaseAge": 1440 } }', '1440', /^Here: 1,440 minutes = 1 day$/m],
  ];
  for (const [path, text, wanted, expected] of cases) assert.match((await hoverOver({ [path]: text }, path, wanted)) ?? '', expected, path);
});

test('a hover says what a setting does, since when, its defaults, and what is in use', async () => {
  const files = { 'package.json': '{ "packageManager": "pnpm@10.20.0" }', 'pnpm-workspace.yaml': 'blockExoticSubdeps: true\n' };
  const value = (await hoverOver(files, 'pnpm-workspace.yaml', 'blockExotic')) ?? '';
  assert.match(value, /^Waybill blockExoticSubdeps$/m);
  assert.match(value, /^Does: Only the project itself may name git repositories/m);
  assert.match(value, /^Default: false, true since 11\.0\.0$/m);
  assert.match(value, /^Known: since pnpm 10\.26\.0$/m);
  assert.match(value, /^In use: pnpm 10\.20\.0, which does not know it yet$/m);
  assert.match(value, /^Documentation: pnpm\.io\/settings#blockexoticsubdeps$/m);
  assert.match(value, /^Findings: config\/manager-lacks-setting$/m);
});

test('what npm and pnpm both know is explained for the one in use', async () => {
  const npm =
    (await hoverOver(
      { '.npmrc': 'ignore-scripts=true\n', 'package-lock.json': '{ "lockfileVersion": 3, "packages": {} }' },
      '.npmrc',
      'ignore',
    )) ?? '';
  assert.match(npm, /^In use: npm$/m);
  const pnpm =
    (await hoverOver({ '.npmrc': 'ignore-scripts=true\n', 'package.json': '{ "packageManager": "pnpm@11.1.0" }' }, '.npmrc', 'ignore')) ??
    '';
  assert.match(pnpm, /^Place: since pnpm 11\.0\.0 in pnpm-workspace\.yaml alone$/m);
});

test('what the table does not know has no hover', async () => {
  assert.equal(await hoverOver({ '.yarnrc.yml': 'nodeLinker: node-modules\n' }, '.yarnrc.yml', 'nodeLinker'), undefined);
  assert.equal(await hoverOver({ '.yarnrc.yml': '# x\nenableScripts: false\n' }, '.yarnrc.yml', '# x'), undefined);
});

test('a hover in Markdown links to the documentation and escapes what the file says', async () => {
  const files = { 'package.json': '{ "packageManager": "pnpm@10.20.0" }', 'pnpm-workspace.yaml': 'trustPolicy: "[x](command:evil)"\n' };
  const value = (await hoverOver(files, 'pnpm-workspace.yaml', 'trustPolicy', true)) ?? '';
  assert.match(value, /\]\(https:\/\/pnpm\.io\/settings#trustpolicy\)/);
  assert.ok(!value.includes('(command:'), value);
});
