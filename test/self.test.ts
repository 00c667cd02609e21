import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waybill } from './support/cli.ts';

test('this repository has no finding of its own tool, but for what is bad on purpose', async () => {
  const paths = ['package.json', 'package-lock.json', '.github', '.npmrc', 'test/vscode/package.json', 'test/vscode/package-lock.json'];
  const { status, stdout } = await waybill(['check', ...paths, '--fail-on', 'hint', '--min-severity', 'hint']);
  assert.equal(status, 0, stdout);
});

test('the whole repository has findings only where something is bad on purpose', async () => {
  const { stdout } = await waybill(['check', '.', '--format', 'json', '--min-severity', 'hint']);
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly { readonly path: string; readonly rule: string }[] };
  const onPurpose = /^(?:examples\/shop|test\/syntaxes|test\/vscode\/workspace)\//;
  assert.deepEqual(
    findings.filter(({ path }) => !onPurpose.test(path)).map(({ path, rule }) => `${path} ${rule}`),
    [],
  );
  assert.ok(findings.some(({ path }) => path.startsWith('examples/shop/')));
});
