import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import * as vscode from 'vscode';
import { type NpmServer, startNpmServer } from '../../sources/support/npm-server.ts';
import { actionsAt, applyAction, closeAll, fileUri, noFinding, openFile, ours, placeOf, ruleOf, until, untilAsync } from './support.ts';

const MANIFEST = '{\n  "dependencies": { "raect": "^19.0.0", "chalkk": "^5.0.0" }\n}\n';

/** The actions at a name, once the list of names was read. */
function actionsOn(document: vscode.TextDocument, name: string): Promise<vscode.CodeAction[]> {
  return untilAsync(`actions on ${name}`, async () => {
    const found = await actionsAt(document.uri, placeOf(document, name), vscode.CodeActionKind.QuickFix);
    return found.some(({ title }) => title.startsWith('Compare ')) && found;
  });
}

describe('a name that looks like another', () => {
  let npm: NpmServer;

  before(async () => {
    npm = await startNpmServer({
      react: { versions: { '19.0.0': {}, '19.2.0': {} }, tags: { latest: '19.2.0' } },
      raect: { versions: { '0.0.1': { deprecated: '<img src=x>' } }, tags: { latest: '0.0.1' } },
    });
    await vscode.workspace.fs.writeFile(fileUri('names/.npmrc'), Buffer.from(`registry=${npm.registry}\n`));
  });
  after(async () => {
    await vscode.workspace.fs.delete(fileUri('names'), { recursive: true });
    await npm.close();
  });
  afterEach(closeAll);

  it('is compared on a page, which is rendered without what is markup in it', async () => {
    const document = await openFile('names/package.json', MANIFEST);
    const compare = (await actionsOn(document, 'raect')).find(({ title }) => title === 'Compare raect with react');
    assert.ok(compare?.command);
    await vscode.commands.executeCommand(compare.command.command, ...(compare.command.arguments ?? []));
    await until('the page', () =>
      vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).find(({ label }) => label.includes('raect beside react')),
    );
    const page = vscode.Uri.from({ scheme: 'waybill-page', path: '/raect beside react.md' });
    const text = (await vscode.workspace.openTextDocument(page)).getText();
    assert.match(text, /^\| Newest version \| 0\\\.0\\\.1 \| 19\\\.2\\\.0 \|$/m);
    assert.match(text, /^\| Deprecated \| yes\\: &lt;img src\\?=x&gt; \|/m);
    const html = await vscode.commands.executeCommand<string>('markdown.api.render', text);
    assert.match(html, /<table/);
    assert.doesNotMatch(html, /<img/);
  });

  it('is replaced in all files at once', async () => {
    const other = await openFile('names/web/package.json', '{ "dependencies": { "raect": "0.0.1" } }\n');
    const document = await openFile('names/package.json', MANIFEST);
    await applyAction(await actionsOn(document, 'raect'), /^Replace raect by react in all files/);
    assert.equal(document.getText(), MANIFEST.replace('raect', 'react'));
    assert.equal(other.getText(), '{ "dependencies": { "react": "19.2.0" } }\n');
    await vscode.workspace.saveAll();
  });

  it('is allowed with a reason, in a policy file that is made and named in the settings', async () => {
    const document = await openFile('names/package.json', MANIFEST);
    const allow = (await actionsOn(document, 'chalkk')).find(({ title }) => title.startsWith('Allow chalkk in '));
    assert.equal(allow?.title, 'Allow chalkk in waybill.json, with a reason…');
    assert.ok(allow.command);
    await vscode.commands.executeCommand(allow.command.command, ...(allow.command.arguments ?? []), 'our own "fork"');
    const text = Buffer.from(await vscode.workspace.fs.readFile(fileUri('waybill.json'))).toString();
    assert.match(text, /\{ "ecosystem": "npm", "name": "chalkk", "reason": "our own \\"fork\\"" \}/);
    assert.equal(vscode.workspace.getConfiguration('waybill', document.uri).get('policy'), 'waybill.json');
    await until('only raect is left', () => ours(document.uri).filter((one) => ruleOf(one) === 'npm/lookalike').length === 1);
    // The file is watched: what is taken out of it counts at once.
    await vscode.workspace.fs.writeFile(fileUri('waybill.json'), Buffer.from('{ "version": 1, "rules": { "npm/lookalike": "off" } }\n'));
    await noFinding(document.uri, 'npm/lookalike');
    await vscode.workspace
      .getConfiguration('waybill', document.uri)
      .update('policy', undefined, vscode.ConfigurationTarget.WorkspaceFolder);
    await vscode.workspace.fs.delete(fileUri('waybill.json'));
  });
});
