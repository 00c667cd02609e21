import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { OFFLINE_FACTS } from '../../server/src/engine/fact-store.ts';
import { Analyses, MAX_KEPT_UNITS } from '../../server/src/lsp/documents.ts';
import { nodeHost } from '../../server/src/lsp/node-host.ts';
import { Workspace } from '../../server/src/lsp/workspace.ts';
import { DEFAULT_POLICY } from '../../server/src/policy/policy.ts';

const CONTEXT = { policy: DEFAULT_POLICY, facts: OFFLINE_FACTS, lookalikes: 'pending' } as const;

/** A lockfile of at least so many UTF-16 units, with one thing that a rule finds. */
function lockfile(folder: string, units: number): TextDocument {
  const packages = { 'node_modules/a': { version: '1.0.0', resolved: 'http://npm.example.test/a/-/a-1.0.0.tgz' } };
  const text = JSON.stringify({ lockfileVersion: 3, license: 'x'.repeat(units), packages });
  return TextDocument.create(`file:///no-such-folder/${folder}/package-lock.json`, 'json', 1, text);
}

test('models of documents that nobody asked about for the longest are let go, and made again when somebody does', () => {
  const errors: unknown[] = [];
  const workspace = new Workspace(nodeHost({}), () => undefined);
  const analyses = new Analyses(workspace, (_rule, _format, error) => errors.push(error));
  const most = Math.round(MAX_KEPT_UNITS * 0.6);
  const [first, second, small] = [lockfile('a', most), lockfile('b', most), lockfile('c', 10)];
  const [ofFirst, ofSmall] = [analyses.of(first, CONTEXT), analyses.of(small, CONTEXT)];
  assert.ok((ofFirst?.findings.length ?? 0) > 0);
  // Together they are small enough.
  assert.equal(analyses.of(first, CONTEXT), ofFirst);
  assert.equal(analyses.of(small, CONTEXT), ofSmall);
  const ofSecond = analyses.of(second, CONTEXT);
  assert.equal(analyses.of(small, CONTEXT), ofSmall, 'what was asked for lately stays');
  assert.equal(analyses.of(second, CONTEXT), ofSecond);
  const again = analyses.of(first, CONTEXT);
  assert.notEqual(again, ofFirst, 'the large one from before was let go');
  assert.deepEqual(again?.findings, ofFirst?.findings);
  const tooLarge = lockfile('d', MAX_KEPT_UNITS + 1);
  assert.equal(analyses.of(tooLarge, CONTEXT), analyses.of(tooLarge, CONTEXT), 'the last one stays whatever its size');
  assert.notEqual(analyses.of(small, CONTEXT), ofSmall);
  assert.deepEqual(errors, []);
});
