import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ShellDialect } from '../../server/src/core/script.ts';
import { analyse } from '../../server/src/engine/analyse.ts';
import { applyEdits } from '../../server/src/engine/edits.ts';
import { shownUrl } from '../../server/src/formats/download.ts';
import { remoteRunsOf } from '../../server/src/formats/remote-code.ts';
import { DEFAULT_POLICY } from '../../server/src/policy/policy.ts';
import { rules } from '../../server/src/rules/index.ts';
import { factView, memoryProject, shippedLookalikes } from '../support/memory-project.ts';
import { scriptManifest } from '../support/script.ts';

function runs(text: string, dialect: ShellDialect = 'posix'): string[] {
  return scriptManifest(text, { dialect }).scripts.flatMap((script) =>
    remoteRunsOf(script).map(
      ({ runner, download, span }) => `${runner} ${download.url}${download.plain ? ' plain' : ''}: ${text.slice(span.start, span.end)}`,
    ),
  );
}

test('what a script downloads and runs is found where it stands', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['x; curl -s https://a.example/i | sh -s; y', ['sh https://a.example/i: curl -s https://a.example/i | sh -s']],
    ['curl --proto "=https" a.example/i | sh', ['sh a.example/i: curl --proto "=https" a.example/i | sh']],
    ['curl a.example/i | sh', ['sh a.example/i plain: curl a.example/i | sh']],
    ['curl -fsSLO https://a.example/b/i.sh; bash i.sh', ['bash https://a.example/b/i.sh: bash i.sh']],
    ['curl -o a https://a.example/a -o b https://a.example/b && ./b', ['./b https://a.example/a: ./b']],
    ['curl -ofile https://a.example/a && sh file', ['sh https://a.example/a: sh file']],
    ['wget --output-document=a https://a.example/a && sh a', ['sh https://a.example/a: sh a']],
    ['A=$(curl -s https://a.example/a); eval "$A"', ['eval https://a.example/a: eval "$A"']],
    ['eval `curl -s https://a.example/a`', ['eval https://a.example/a: eval `curl -s https://a.example/a`']],
    ['$(curl -s https://a.example/a)', ['sh https://a.example/a: $(curl -s https://a.example/a)']],
    ['{ curl -s https://a.example/a; } | sh', ['sh https://a.example/a: { curl -s https://a.example/a; } | sh']],
    ['if x; then curl -s https://a.example/a | sh; fi', ['sh https://a.example/a: curl -s https://a.example/a | sh']],
    ['curl -so a https://a.example/a; sha256sum -c s; sh a; curl -so a https://a.example/b; sh a', ['sh https://a.example/b: sh a']],
    ['curl -so a https://a.example/a; if ! echo x | shasum -c; then exit 1; fi; sh a', []],
    ['curl -s https://a.example/a > a; sh b', []],
    ['curl -s https://gitlab.com/g/p/-/raw/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/i.sh | sh', []],
    [
      'curl -s https://raw.githubusercontent.com/o/r/main/i.sh | sh',
      ['sh https://raw.githubusercontent.com/o/r/main/i.sh: curl -s https://raw.githubusercontent.com/o/r/main/i.sh | sh'],
    ],
  ];
  for (const [text, expected] of cases) assert.deepEqual(runs(text), expected, text);
  assert.deepEqual(runs('curl.exe https://a.example/i.ps1 | iex', 'powershell'), [
    'iex https://a.example/i.ps1: curl.exe https://a.example/i.ps1 | iex',
  ]);
  assert.deepEqual(runs('curl -s https://a.example/i | sh', 'unknown'), []);
});

test('an address is shown without what may be secret', () => {
  assert.equal(shownUrl('https://u:p@a.example/b?token=c#d'), 'https://a.example/b');
  assert.equal(shownUrl('a.example/b?c'), 'a.example/b');
});

const PIECES = fc.constantFrom(
  ...[
    'npm install',
    'npm i --no-save',
    'npm ci',
    'yarn',
    'pnpm i --no-frozen-lockfile',
    'uv sync',
    'rm package-lock.json',
    'cd web',
    'cd ..',
  ],
  ...[
    'curl -s https://a.example/a',
    'curl -o f https://a.example/a',
    'wget a.example/f',
    'sh f',
    './f',
    'sha256sum -c',
    'iex',
    'iwr x',
    'bash',
    'sudo',
    '"$A"',
  ],
  ...[
    ' | ',
    ' && ',
    ' || ',
    '; ',
    '\n',
    ' \\\n',
    '$(',
    ')',
    '<(',
    ' > f ',
    '(',
    '{ ',
    ' }',
    '"',
    "'",
    'A=',
    'eval ',
    "sh -c '",
    'if ',
    ' then ',
    ' fi ',
  ],
);
const SCRIPT = fc.array(PIECES, { maxLength: 25 }).map((pieces) => pieces.join(' '));

test('the rules run over any script; their fixes leave nothing that they would fix again', () => {
  const project = memoryProject({ 'package-lock.json': '{}', 'web/package-lock.json': '{}', 'pnpm-lock.yaml': '' });
  const check = (text: string, dialect: ShellDialect) =>
    analyse(scriptManifest(text, { dialect }), {
      rules,
      policy: DEFAULT_POLICY,
      surroundings: project,
      facts: factView({}),
      lookalikes: shippedLookalikes(),
      onRuleError: (rule, _format, error) => {
        throw new Error(`${rule} threw`, { cause: error });
      },
    }).findings.filter(({ rule }) => rule.startsWith('run/'));
  fc.assert(
    fc.property(SCRIPT, fc.constantFrom('posix', 'powershell', 'cmd'), (text, dialect) => {
      const findings = check(text, dialect as ShellDialect);
      for (const { span } of findings) assert.ok(0 <= span.start && span.start <= span.end && span.end <= text.length);
      const edits = findings.flatMap(({ fixes: [fix] }) => (fix?.online === false ? fix.edits : []));
      const fixed = applyEdits(text, edits);
      const again = check(fixed, dialect as ShellDialect);
      assert.ok(!again.some(({ rule, fixes }) => rule === 'run/lockfile-ignored' && fixes.some(({ safety }) => safety === 'safe')), fixed);
    }),
    { numRuns: 1000 },
  );
});

test('a long script is searched in linear time', () => {
  const units = [
    'curl -o f$I https://a.example/f; cd x; ./f; mv f g\n',
    'echo $(curl -s https://a.example/a) | ',
    '$(',
    '{ ',
    "sh -c '",
    'A=$(curl a.example); eval "$A"\n',
  ];
  for (const unit of units) {
    const text = unit.repeat(Math.ceil(200_000 / unit.length));
    const started = process.cpuUsage().user;
    runs(text);
    assert.ok(process.cpuUsage().user - started < 10_000_000, unit);
  }
});
