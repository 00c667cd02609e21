import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';

test('a client that names no root at all gets answers, and nothing of the disk is walked', async () => {
  const child = spawn(process.execPath, ['dist/server.js', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
    connection.listen();
    await connection.sendRequest('initialize', { capabilities: { textDocument: { diagnostic: {} } } });
    await connection.sendNotification('initialized', {});
    assert.deepEqual(await connection.sendRequest('waybill/scanWorkspace'), {
      files: 0,
      error: 0,
      warning: 0,
      info: 0,
      hint: 0,
      unknown: 0,
    });
    const textDocument = { uri: 'file:///nowhere/Dockerfile', languageId: 'dockerfile', version: 1, text: 'FROM node:20\n' };
    await connection.sendNotification('textDocument/didOpen', { textDocument });
    const report = await connection.sendRequest<{ items: unknown[] }>('textDocument/diagnostic', { textDocument });
    assert.equal(report.items.length, 1);
    connection.dispose();
  } finally {
    child.kill();
  }
});
