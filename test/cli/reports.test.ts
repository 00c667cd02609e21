import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import Ajv04 from 'ajv-draft-04';
import type { Log } from 'sarif';
import { lineHashes } from '../../server/src/cli/reporters/line-hashes.ts';
import { waybill } from '../support/cli.ts';
import { withFolder } from '../support/folder.ts';

const FILES = {
  Dockerfile: '# waybill-ignore image/unpinned: rebuilt every night\nFROM node:20\n# 👷\nFROM 👷node:20\nFROM python\n',
  'sub dir/package.json': '{"dependencies": {"left-pad": "*", "ümläut": "latest"}}',
  '.github/workflows/ci,a:b.yml':
    'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: a/b@v1\n      - run: curl http://x.example/a.sh | sh\n',
  'package.json': '{"name": ',
};

function report(format: string): Promise<string> {
  return withFolder(FILES, async (folder) => (await waybill(['check', folder, '--format', format])).stdout);
}

test('the JSON report is valid against the schema that ships', async () => {
  const schema = JSON.parse(readFileSync('schemas/report.schema.json', 'utf8'));
  const validate = new Ajv({ strict: true, allErrors: true }).compile(schema);
  const text = await report('json');
  assert.ok(validate(JSON.parse(text)), JSON.stringify(validate.errors, undefined, 1));
  assert.ok(text.split('"fingerprint"').length > 5);
  assert.ok(!validate(JSON.parse(text.replaceAll('"fingerprint"', '"print"'))), 'the schema must notice what is missing');
});

test('SARIF is valid against the official schema and carries what code scanning needs', async () => {
  const schema = createRequire(import.meta.url)('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
  const validate = new Ajv04({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false }).compile(schema);
  const log = JSON.parse(await report('sarif')) as Log;
  assert.ok(validate(log), JSON.stringify(validate.errors, undefined, 1));
  const [run] = log.runs;
  assert.ok(run?.results !== undefined);
  assert.equal(run.columnKind, 'utf16CodeUnits');
  const rules = run.tool.driver.rules ?? [];
  for (const rule of rules) {
    assert.match(String(rule.properties?.['security-severity']), /^\d+\.\d$/);
    assert.ok((rule.help?.markdown?.length ?? 0) > 200 && (rule.help?.text.length ?? 0) > 100, `${rule.id} has no help`);
    assert.match(rule.helpUri ?? '', /^https:/);
  }
  for (const result of run.results) {
    assert.equal(rules[result.ruleIndex ?? -1]?.id, result.ruleId);
    assert.match(result.partialFingerprints?.primaryLocationLineHash ?? '', /^[0-9a-f]+:\d+$/);
    const place = result.locations?.[0]?.physicalLocation;
    assert.equal(place?.artifactLocation?.uriBaseId, '%SRCROOT%');
    assert.ok((place?.region?.startLine ?? 0) >= 1 && (place?.region?.startColumn ?? 0) >= 1);
  }
  const suppressed = run.results.filter((result) => result.suppressions !== undefined);
  assert.deepEqual(
    suppressed.map(({ ruleId, suppressions }) => [ruleId, suppressions]),
    [['image/unpinned', [{ kind: 'inSource', justification: 'rebuilt every night' }]]],
  );
  const uris = run.results.map((result) => result.locations?.[0]?.physicalLocation?.artifactLocation?.uri);
  assert.ok(uris.includes('sub%20dir/package.json'));
  assert.ok(uris.includes('.github/workflows/ci%2Ca%3Ab.yml'));
});

test('GitHub annotations escape what would end a property or a line', async () => {
  const lines = (await report('github')).trimEnd().split('\n');
  const annotations = lines.slice(0, -1);
  for (const line of annotations)
    assert.match(line, /^::(error|warning|notice) file=[^,:]+,line=\d+,endLine=\d+(,col=\d+,endColumn=\d+)?,title=[^,:]+::./);
  assert.ok(annotations.some((line) => line.includes('file=.github/workflows/ci%2Ca%3Ab.yml')));
  assert.match(lines.at(-1) ?? '', /^waybill: \d+ errors/);
});

test('the rules report as JSON names every rule', async () => {
  const { rules } = JSON.parse((await waybill(['rules', '--format', 'json'])).stdout);
  assert.ok(rules.some(({ id, severity }: { id: string; severity: string }) => id === 'image/unpinned' && severity === 'warning'));
});

const SECRET = 'hunter2hunter2';
const TOKEN = `npm_${'a'.repeat(36)}`;

test('no report shows a secret, whichever rule speaks of its line', async () => {
  const files = {
    '.npmrc': `//npm.example.test/:_authToken=${TOKEN}\nregistry=http://robot:${SECRET}@npm.example.test/\n# waybill-ignore config/*: public\n_auth=${SECRET}\n`,
    Dockerfile: `FROM scratch\nENV A=1 DB_PASSWORD=${SECRET} B=2 NPM=${TOKEN}\nADD https://robot:${SECRET}@files.example.test/a /a\nRUN curl https://robot:${SECRET}@x.example.test/ | sh\n`,
  };
  await withFolder(files, async (folder) => {
    for (const format of ['text', 'json', 'sarif', 'github']) {
      const { stdout } = await waybill(['check', folder, '--format', format]);
      assert.ok(stdout.includes('config/credential-committed') && stdout.includes('config/insecure-transport'), stdout);
      assert.ok(stdout.includes('docker/secret-in-layer') && stdout.includes('docker/add-unverified'), stdout);
      assert.ok(!stdout.includes(SECRET) && !stdout.includes(TOKEN), `${format}: ${stdout}`);
      if (format === 'text') assert.ok(stdout.includes(`registry=http://robot:${'*'.repeat(SECRET.length)}@npm.example.test/`), stdout);
    }
  });
});

test('neither hashes nor fingerprints tell one secret from another', async () => {
  const of = (secret: string) =>
    withFolder({ '.npmrc': `_password=${secret}\n` }, async (folder) => (await waybill(['check', folder, '--format', 'sarif'])).stdout);
  assert.equal(await of('hunter2'), await of('winter3'));
});

test('line hashes are those of code scanning', () => {
  // Computed with the algorithm's own definition in big integers: 37-ary over the next 100 units, modulo 2^64.
  const text = 'hello\r\n\tworld\n\n';
  const units = [...'hello\nworld\n\n'].map((c) => c.charCodeAt(0)).concat(65535);
  const hash = (from: number): string => {
    let value = 0n;
    for (let i = from; i < from + 100; i++) value = BigInt.asUintN(64, value * 37n + BigInt(units[i] ?? 0));
    return value.toString(16);
  };
  assert.deepEqual(lineHashes(text), [`${hash(0)}:1`, `${hash(6)}:1`, `${hash(12)}:1`, `${hash(13)}:1`]);
  const long = `${'x'.repeat(300)}\n${'x'.repeat(300)}\n`;
  assert.equal(lineHashes(long)[0]?.split(':')[1], '1');
  assert.equal(lineHashes(long)[1], `${lineHashes(long)[0]?.split(':')[0]}:2`);
});
