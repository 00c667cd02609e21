import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { ClientCapabilities, CodeAction, WorkspaceEdit } from 'vscode-languageserver-protocol';
import { MODERN, type Session, type SessionOptions, uriOf, withSession } from '../support/lsp-client.ts';
import { untilNamed } from './support/names.ts';

const MANIFEST = '{\n  "dependencies": { "crossenv": "7.0.3", "raect": "^19.0.0" }\n}\n';
const RAECT = { start: { line: 1, character: 43 }, end: { line: 1, character: 43 } };
const CREATES: ClientCapabilities = {
  ...MODERN,
  workspace: {
    ...MODERN.workspace,
    workspaceEdit: { documentChanges: true, resourceOperations: ['create'] },
    didChangeWatchedFiles: { dynamicRegistration: true },
  },
};

/** A session with the manifest open and the list of names read. */
function withNames(
  files: Readonly<Record<string, string>>,
  work: (lsp: Session, folder: string, uri: string) => Promise<void>,
  options: SessionOptions = {},
): Promise<void> {
  const given = { trusted: true, ...(options.initializationOptions as object | undefined) };
  return withSession(
    { 'package.json': MANIFEST, ...files },
    async (lsp, folder) => {
      const uri = uriOf(folder, 'package.json');
      await lsp.open(uri, MANIFEST, 'json');
      await untilNamed(lsp, uri, 2);
      await work(lsp, folder, uri);
    },
    { capabilities: CREATES, ...options, initializationOptions: given },
  );
}

async function allowing(lsp: Session, uri: string): Promise<CodeAction[]> {
  return (await lsp.actions(uri, RAECT)).filter(({ title }) => title.startsWith('Allow '));
}

/** Writes what an edit of one file does to it, as a client would. */
function write(folder: string, { documentChanges = [] }: WorkspaceEdit): string {
  const [change, ...more] = documentChanges.filter((one) => 'textDocument' in one);
  assert.ok(change !== undefined && 'textDocument' in change && more.length === 0);
  const file = path.join(folder, path.basename(new URL(change.textDocument.uri).pathname));
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const lines = before.split('\n');
  const offset = ({ line, character }: { line: number; character: number }) =>
    lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0) + character;
  const edits = change.edits.flatMap((edit) => ('newText' in edit ? [edit] : []));
  const text = edits
    .toReversed()
    .reduce((result, { range, newText }) => result.slice(0, offset(range.start)) + newText + result.slice(offset(range.end)), before);
  writeFileSync(file, text);
  return text;
}

describe('allowing a name', () => {
  test('by our own client: asked with the reason, in a new file, with the setting that names it', () =>
    withNames(
      {},
      async (lsp, folder, uri) => {
        const [action, ...others] = await allowing(lsp, uri);
        assert.equal(others.length, 0);
        assert.equal(action?.title, 'Allow raect in waybill.json, with a reason…');
        const argument = { textDocument: { uri }, ecosystem: 'npm', name: 'raect' };
        assert.deepEqual(action.command, { title: 'Allow', command: 'waybill.allowName', arguments: [argument] });
        const answer = await lsp.connection.sendRequest<{ edit: WorkspaceEdit; uri: string; setting: string }>('waybill/allowName', {
          ...argument,
          reason: 'our own',
        });
        assert.equal(answer.setting, 'waybill.json');
        assert.equal(answer.uri, uriOf(folder, 'waybill.json'));
        assert.deepEqual(answer.edit.documentChanges?.[0], { kind: 'create', uri: answer.uri, options: { ignoreIfExists: true } });
        assert.match(write(folder, answer.edit), /"name": "raect", "reason": "our own"/);
        lsp.settings = { policy: answer.setting };
        await lsp.connection.sendNotification('workspace/didChangeConfiguration', { settings: {} });
        await untilNamed(lsp, uri, 1);
      },
      { initializationOptions: { commands: true } },
    ));

  test('by any other client: the reason is left to be filled in, and until then nothing is allowed', () =>
    withNames(
      { 'policy.json': '{ "version": 1, "rules": { "image/latest": "off" } }\n' },
      async (lsp, folder, uri) => {
        const [action] = await allowing(lsp, uri);
        assert.ok(action);
        assert.equal(action.title, 'Allow raect in policy.json (fill in the reason: without one it is not used)');
        const { edit } = await lsp.resolve(action);
        assert.ok(edit);
        const text = write(folder, edit);
        assert.match(text, /^\{ "version": 1, "rules": \{ "image\/latest": "off" \},\s+"lookalikes": \{/);
        const policy = uriOf(folder, 'policy.json');
        await lsp.watched({ uri: policy, type: 2 });
        await untilNamed(lsp, uri, 2);
        assert.ok(lsp.logged.some((message) => message.includes('an allowed name needs a "reason"; the policy is not used')));
        writeFileSync(path.join(folder, 'policy.json'), text.replace('"reason": ""', '"reason": "ours"'));
        await lsp.watched({ uri: policy, type: 2 });
        await untilNamed(lsp, uri, 1);
        const globs = lsp.registrations.flatMap(({ registerOptions }) => (registerOptions?.watchers ?? []) as { globPattern: string }[]);
        assert.ok(
          globs.some(({ globPattern }) => globPattern === '**/policy.json'),
          'the file is watched',
        );
      },
      { settings: { policy: 'policy.json' } },
    ));

  test('counts what is not saved yet, and says what is wrong with a policy', () =>
    withNames(
      { 'policy.json': '{ "version": 1 }' },
      async (lsp, folder, uri) => {
        const ask = (name: string) =>
          lsp.connection.sendRequest<{ failed?: string; edit?: WorkspaceEdit }>('waybill/allowName', {
            textDocument: { uri },
            ecosystem: 'npm',
            name,
            reason: 'x',
          });
        const policy = uriOf(folder, 'policy.json');
        await lsp.open(
          policy,
          '{ "version": 1, "lookalikes": { "allow": [{ "ecosystem": "npm", "name": "raect", "reason": "y" }] } }',
          'json',
        );
        assert.deepEqual(await ask('raect'), { failed: 'policy.json allows raect already.' });
        const change = (await ask('reatc')).edit?.documentChanges?.[0];
        assert.ok(change !== undefined && 'textDocument' in change);
        assert.deepEqual(change.textDocument, { uri: policy, version: 1 });
        await lsp.change(policy, 2, { text: '{ "version": 2 }' });
        const { failed } = await ask('raect');
        assert.equal(failed, 'policy.json:1:14: "version" must be 1: correct it first, a policy with a mistake is not used.');
        await lsp.change(policy, 3, { text: '{' });
        assert.deepEqual(await ask('raect'), { failed: 'policy.json has syntax errors: correct it first.' });
        assert.deepEqual(await ask(' '), { failed: 'That is no name that could be allowed.' });
      },
      { settings: { policy: 'policy.json' } },
    ));

  test('is refused with a reason: no trust, no policy that another client names, a path that leads out', async () => {
    const refusals = async (options: SessionOptions): Promise<unknown> => {
      let reason: unknown;
      await withNames(
        {},
        async (lsp, _folder, uri) => {
          const [action] = await allowing(lsp, uri);
          assert.equal(action?.command, undefined);
          reason = action?.disabled?.reason;
        },
        options,
      );
      return reason;
    };
    assert.equal(
      await refusals({ initializationOptions: { trusted: false, commands: true } }),
      'The policy file of a workspace is not read before you trust it.',
    );
    assert.equal(await refusals({}), 'Name a policy file in the setting waybill.policy first.');
    await withNames(
      {},
      async (lsp, _folder, uri) => {
        const [action] = await allowing(lsp, uri);
        assert.ok(action);
        assert.equal((await lsp.resolve(action)).edit, undefined);
        assert.deepEqual(lsp.shown, ['Waybill: The policy file ../out.json is outside of its workspace folder.']);
      },
      { settings: { policy: '../out.json' } },
    );
  });

  test('is not offered for removed malware', () =>
    withNames(
      {},
      async (lsp, _folder, uri) => {
        const at = { line: 1, character: 23 };
        const titles = (await lsp.actions(uri, { start: at, end: at })).map(({ title }) => title);
        assert.ok(titles.some((title) => title.startsWith('Replace it by cross-env')));
        assert.deepEqual(
          titles.filter((title) => title.startsWith('Allow ')),
          [],
        );
      },
      { initializationOptions: { commands: true } },
    ));
});
