import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Io } from '../../server/src/cli/io.ts';
import { verify } from '../../server/src/cli/verify.ts';
import { serve } from '../sources/support/loopback.ts';
import { NO_HOME } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';

test('a run that is cancelled ends at once, without a report, and says how far it came', async () => {
  const abort = new AbortController();
  // It never answers: only the end of the run ends the request.
  const registry = await serve(() => abort.abort());
  const packages = Object.fromEntries(Array.from({ length: 40 }, (_, nth) => [`node_modules/p${nth}`, { version: '1.0.0' }]));
  const lock = JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } }, undefined, 2);
  try {
    await withFolder({ 'package-lock.json': lock }, async (cwd) => {
      let [out, err] = ['', ''];
      const io: Io = {
        cwd,
        env: { ...NO_HOME, NPM_CONFIG_REGISTRY: registry.url },
        stdout: { write: (text) => (out += text) },
        stderr: { write: (text) => (err += text) },
        signal: abort.signal,
        readStdin: () => '',
        lookalikes: () => undefined,
      };
      const subject = { kind: 'paths', paths: ['.'], only: [] } as const;
      const status = await verify(
        { command: 'verify', subject, format: 'text', require: 'nothing', isRequireGiven: false, trust: false, refresh: false },
        io,
      );
      assert.deepEqual({ status, out, err }, { status: 2, out: '', err: 'waybill: cancelled after 0 of 40 packages\n' });
    });
  } finally {
    await registry.close();
  }
});
