import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { isMap, isPair, isScalar, parseDocument, visit } from 'yaml';
import { gitDates, gitRefs } from '../../server/src/core/facts.ts';
import { stableReleases } from '../../server/src/core/git-versions.ts';
import { sourceSpan } from '../../server/src/core/mapped-text.ts';
import { formatForLanguage, formatForPath } from '../../server/src/engine/formats.ts';
import { asWorkflow, format } from '../../server/src/formats/workflow.ts';
import { dialectOf } from '../../server/src/formats/workflow-steps.ts';
import { asScalar } from '../../server/src/formats/yaml-document.ts';
import { RULES_EVERY } from '../support/every-prefix.ts';
import { fixAll } from '../support/fixture.ts';
import { analyseFiles, type Facts, sourceFile } from '../support/memory-project.ts';

const PATH = '.github/workflows/ci.yml';

function parse(text: string, path = PATH) {
  return format.parse(sourceFile(path, text));
}

function model(text: string, path = PATH) {
  const workflow = asWorkflow(parse(text, path));
  assert.ok(workflow);
  return workflow;
}

/** Indented as the steps of one job. */
function withSteps(...lines: readonly string[]): string {
  return ['on: push', 'jobs:', '  a:', '    runs-on: ubuntu-latest', '    steps:', ...lines.map((line) => `      ${line}`), ''].join('\n');
}

test('workflows are recognised by their path, also one that is called action.yml', () => {
  for (const path of ['.github/workflows/a.yml', 'sub/.github/workflows/b.yaml', '.github/workflows/action.yml'])
    assert.equal(formatForPath(path)?.id, 'workflow', path);
  for (const path of ['action.yml', '.github/actions/x/action.yaml', 'workflows/action.yml', '.github/workflows/sub/action.yml'])
    assert.equal(formatForPath(path)?.id, 'action', path);
  for (const path of ['.github/ci.yml', '.github/workflows/sub/ci.yml', 'workflows/ci.yml'])
    assert.equal(formatForPath(path), undefined, path);
  assert.equal(formatForLanguage('github-actions-workflow')?.id, 'workflow');
});

test('triggers in all three forms', () => {
  const names = (text: string) =>
    model(text).triggers.map(({ name, span, types }) => [name, text.slice(span.start, span.end), types.map((type) => type.text)]);
  assert.deepEqual(names('on: push\n'), [['push', 'push', []]]);
  assert.deepEqual(names("'on': [push, 'pull_request']\n"), [
    ['push', 'push', []],
    ['pull_request', 'pull_request', []],
  ]);
  assert.deepEqual(names('on:\n  push:\n  pull_request_target:\n    types: [labeled, opened]\n  issue_comment: {types: created}\n'), [
    ['push', 'push', []],
    ['pull_request_target', 'pull_request_target', ['labeled', 'opened']],
    ['issue_comment', 'issue_comment', ['created']],
  ]);
});

test('permissions in all forms', () => {
  const permissions = (text: string) => {
    const read = model(text).permissions;
    return read && { all: read.all?.text, scopes: read.scopes.map(({ name, access }) => `${name}: ${access.text}`) };
  };
  assert.equal(permissions('on: push\n'), undefined);
  assert.deepEqual(permissions('permissions: write-all\n'), { all: 'write-all', scopes: [] });
  assert.deepEqual(permissions('permissions: {}\n'), { all: undefined, scopes: [] });
  assert.deepEqual(permissions('permissions:\n'), { all: undefined, scopes: [] });
  assert.deepEqual(permissions('permissions:\n  contents: read\n  id-token: "write"\n'), {
    all: undefined,
    scopes: ['contents: read', 'id-token: write'],
  });
});

test('a job has all that rules ask for', () => {
  const { jobs, env } = model(`on: push
env:
  A: 1
jobs:
  call:
    uses: ./.github/workflows/x.yml
    secrets: inherit
    with: {x: 1}
  build:
    name: Build
    if: github.ref == 'x'
    environment: production
    permissions: {contents: read}
    runs-on: [self-hosted, linux]
    env: {B: "\${{ secrets.X }}"}
    container:
      image: node:20
      credentials:
        username: me
        password: \${{ secrets.P }}
    services:
      db:
        image: postgres:16
        env: {P: 1}
      cache: redis
    steps:
      - id: one
        name: One
        if: always()
        shell: bash
        working-directory: web
        env: {C: 1}
        run: echo
      - uses: a/b@v1
        with:
          token: x
      - parallel:
          - run: nested
`);
  assert.deepEqual(
    env.map(({ key }) => key),
    ['A'],
  );
  const [call, build] = jobs;
  assert.equal(call?.uses?.verdict, 'local');
  assert.equal(asScalar(call?.secrets)?.text, 'inherit');
  assert.deepEqual(
    call?.with.map(({ key }) => key),
    ['x'],
  );
  assert.equal(build?.name?.text, 'Build');
  assert.equal(build?.condition?.text, "github.ref == 'x'");
  assert.equal(asScalar(build?.environment)?.text, 'production');
  assert.equal(build?.permissions?.scopes[0]?.name, 'contents');
  assert.equal(asScalar(build?.env[0]?.value)?.text, '$\u007b{ secrets.X }}');
  assert.equal(build?.container?.image?.requested, 'node:20');
  assert.deepEqual(
    build?.container?.credentials.map(({ key, value }) => [key, asScalar(value)?.text]),
    [
      ['username', 'me'],
      ['password', '$\u007b{ secrets.P }}'],
    ],
  );
  assert.deepEqual(
    build?.services.map(({ name, image }) => [name, image?.requested]),
    [
      ['db', 'postgres:16'],
      ['cache', 'redis'],
    ],
  );
  const [one, two, group, nested] = build?.steps ?? [];
  assert.deepEqual(
    [one?.id?.text, one?.name?.text, one?.condition?.text, one?.shell?.text, one?.run?.source.text],
    ['one', 'One', 'always()', 'bash', 'echo'],
  );
  assert.deepEqual([two?.uses?.requested, two?.with[0]?.key], ['a/b@v1', 'token']);
  assert.equal(group?.run, undefined);
  assert.equal(nested?.run?.source.text, 'nested');
});

test('images stand where they stand, and their spans are without quotes and docker://', () => {
  const text = `jobs:
  a:
    container: 'node:20'
    services:
      one: {image: "redis:7"}
      two: {image: ''}
      three:
        image: \${{ matrix.image }}
    steps:
      - uses: docker://alpine
      - uses: "docker://ghcr.io/o/r@sha256:${'a'.repeat(64)}"
      - uses: docker://localhost:5000/a:1
      - uses: >-
          docker://alpine:3.20
      - uses: "docker://alpine:3.2\\x30"
  b:
    container: {image: docker://node:22}
  c:
    container:
`;
  const { refs } = parse(text);
  assert.deepEqual(
    refs.map((ref) => (ref.ecosystem === 'oci' ? [ref.place, ref.verdict, text.slice(ref.span.start, ref.span.end), ref.editable] : [])),
    [
      ['container', 'mutable-tag', 'node:20', true],
      ['service', 'mutable-tag', 'redis:7', true],
      ['service', 'unresolved', '$\u007b{ matrix.image }}', true],
      ['uses', 'implicit-latest', 'alpine', true],
      ['uses', 'pinned', `ghcr.io/o/r@sha256:${'a'.repeat(64)}`, true],
      ['uses', 'mutable-tag', 'localhost:5000/a:1', true],
      ['uses', 'mutable-tag', 'alpine:3.20', true],
      ['uses', 'mutable-tag', 'alpine:3.2\\', false],
      ['container', 'mutable-tag', 'node:22', true],
    ],
  );
});

test('the dialect is that of the step, the job, the workflow, the runner', () => {
  const dialects = (text: string) => parse(text).scripts.map(({ dialect }) => dialect);
  assert.deepEqual(
    dialects(withSteps('- run: a', '- run: b', '  shell: pwsh', '- run: c', '  shell: python', '- run: d', '  shell: cmd')),
    ['posix', 'powershell', 'unknown', 'cmd'],
  );
  const defaults =
    'defaults: {run: {shell: pwsh}}\njobs:\n  a:\n    steps: [{run: x}]\n  b:\n    defaults: {run: {shell: bash}}\n    runs-on: windows-latest\n    steps: [{run: x}]\n';
  assert.deepEqual(dialects(defaults), ['powershell', 'posix']);
  const runner = (runsOn: string) =>
    dialects(
      `jobs:\n  a:\n    strategy: {matrix: {os: [windows-2022, windows-2019], mixed: [windows-latest, ubuntu-latest], include: [{extra: windows-11}]}}\n    runs-on: ${runsOn}\n    steps: [{run: x}]\n`,
    )[0];
  assert.equal(runner('windows-latest'), 'powershell');
  assert.equal(runner('[self-hosted, Windows, X64]'), 'powershell');
  assert.equal(runner('{group: g, labels: [windows]}'), 'powershell');
  assert.equal(runner('$\u007b{ matrix.os }}'), 'powershell');
  assert.equal(runner('$\u007b{ matrix.extra }}'), 'powershell');
  assert.equal(runner('$\u007b{ matrix.mixed }}'), 'posix');
  assert.equal(runner('$\u007b{ inputs.os }}'), 'posix');
  assert.equal(runner('ubuntu-latest'), 'posix');
});

test('custom shells', () => {
  const expected = {
    'bash -e {0}': 'posix',
    '/usr/bin/env -S bash -l {0}': 'posix',
    '/bin/zsh': 'posix',
    'C:\\Program\\pwsh.exe -c {0}': 'powershell',
    'cmd /D {0}': 'cmd',
    'perl {0}': 'unknown',
    '$\u007b{ matrix.shell }}': 'unknown',
  };
  for (const [shell, dialect] of Object.entries(expected)) assert.equal(dialectOf(shell), dialect, shell);
});

test('the folder is the step’s, the job’s, the workflow’s, under the folder that holds .github', () => {
  const text =
    'defaults: {run: {working-directory: all}}\njobs:\n  a:\n    steps:\n      - run: a\n      - {run: b, working-directory: ./web/../api}\n      - {run: c, working-directory: "$\u007b{ matrix.dir }}"}\n      - {run: d, working-directory: /tmp}\n      - {run: e, working-directory: ../..}\n      - {run: f, working-directory: .\\win\\dir}\n  b:\n    defaults: {run: {working-directory: job}}\n    steps: [{run: g}]\n';
  const folders = (path: string) => parse(text, path).scripts.map(({ folder }) => folder);
  assert.deepEqual(folders(PATH), ['all', 'api', undefined, undefined, undefined, 'win/dir', 'job']);
  assert.deepEqual(folders('sub/.github/workflows/ci.yml').slice(0, 2), ['sub/all', 'sub/api']);
  assert.equal(parse(withSteps('- run: a')).scripts[0]?.folder, '');
});

test('a script is what the shell reads, each word in its place', () => {
  const text = withSteps(
    '- run: |',
    '    npm ci',
    '      --flag',
    '',
    '    echo "$\u007b{ x }}" 😀',
    '- run: "a\\tb && c"',
    '- run: >',
    '    one',
    '    two',
  ).replaceAll('\n', '\r\n');
  const { scripts } = parse(text);
  assert.deepEqual(
    scripts.map(({ source }) => source.text),
    ['npm ci\n  --flag\n\necho "$' + '{{ x }}" 😀\n', 'a\tb && c', 'one two\n'],
  );
  for (const { source } of scripts) {
    for (const { 0: word, index } of source.text.matchAll(/\S+/g)) {
      const { start, end } = sourceSpan(source, index, index + word.length);
      assert.equal(text.slice(start, end), word);
    }
  }
});

test('uses in scripts, comments and inputs is no reference', () => {
  const text = withSteps(
    '# - uses: a/b@v1',
    '- run: |',
    '    cat <<EOF',
    '    - uses: a/b@v1',
    '    EOF',
    '- with: {uses: a/b@v1}',
    '  env:',
    '    uses: a/b@v1',
  );
  assert.deepEqual(parse(text).refs, []);
});

test('an ignore comment covers its line, the next one, or the block scalar that begins there', () => {
  const text = withSteps(
    '# waybill-ignore run/a: x',
    '',
    '# note',
    '- run: |',
    '    one',
    '    # waybill-ignore run/b: y',
    '    two',
    '    three # waybill-ignore run/c: z',
    '- uses: >- # zizmor: ignore[unpinned-uses]',
    '    a/b@v1',
  );
  const scopes = parse(text).ignores.map(({ scope }) =>
    text
      .slice(scope.start, scope.end)
      .trim()
      .split('\n')
      .map((line) => line.trim()),
  );
  assert.deepEqual(
    scopes.map((lines) => [lines[0], lines.at(-1)]),
    [
      ['- run: |', 'three # waybill-ignore run/c: z'],
      ['two', 'two'],
      ['three # waybill-ignore run/c: z', 'three # waybill-ignore run/c: z'],
      ['- uses: >- # zizmor: ignore[unpinned-uses]', 'a/b@v1'],
    ],
  );
});

test('broken documents keep what can be known', () => {
  const cases: readonly (readonly [name: string, text: string, uses: readonly string[]])[] = [
    ['half-typed value', withSteps('- uses: a/b@', '- uses: c/d@v1'), ['a/b@', 'c/d@v1']],
    ['bad indentation', withSteps('- uses: a/b@v1', ' - uses: c/d@v1', '- uses: e/f@v1'), ['a/b@v1', 'c/d@v1', 'e/f@v1']],
    ['bare word', withSteps('- uses: a/b@v1', '- us', '- uses: c/d@v1'), ['a/b@v1', 'c/d@v1']],
    ['unclosed flow', withSteps('- uses: a/b@v1', '  with: [x', '- uses: c/d@v1'), ['a/b@v1', 'c/d@v1']],
    ['tab indentation', withSteps('- uses: a/b@v1', '\t- uses: c/d@v1'), ['a/b@v1', 'c/d@v1']],
    ['expression in braces', withSteps('- uses: a/b@v1', '  with: { v: $\u007b{ x }} }', '- uses: c/d@v1'), ['a/b@v1', 'c/d@v1']],
    ['unclosed quote', withSteps("- name: 'it", '- uses: a/b@v1', "- uses: 'c/d@v1'"), ['a/b@v1', 'c/d@v1']],
    ['unclosed double quote', withSteps('- uses: "a/b@v1', '- uses: c/d@v1'), ['a/b@v1', 'c/d@v1']],
    ['duplicate key', withSteps('- uses: a/b@v1', '  uses: c/d@v1'), ['a/b@v1', 'c/d@v1']],
    ['second document', `${withSteps('- uses: a/b@v1')}---\nx: 1\n`, ['a/b@v1']],
    ['too deep', `${withSteps('- uses: a/b@v1')}x: ${'['.repeat(5000)}\n`, ['a/b@v1']],
  ];
  for (const [name, text, uses] of cases) {
    const manifest = parse(text);
    assert.deepEqual(
      manifest.refs.map(({ requested }) => requested),
      uses,
      name,
    );
    if (name !== 'bare word' && name !== 'half-typed value') assert.ok(manifest.problems.length > 0, name);
    for (const ref of manifest.refs)
      if (ref.ecosystem === 'github-actions') assert.equal(text.slice(ref.valueSpan.start, ref.valueSpan.end), ref.requested, name);
  }
});

test('scripts and images behind a syntax error are found too', () => {
  const text = `on: [push\njobs:\n  a:\n    container: node:20\n    services:\n      db:\n        image: postgres:16 # c\n    steps:\n      - run: |\n          npm ci\n          uses: x\n      - run: "echo"\n`;
  const { refs, scripts } = parse(text);
  assert.deepEqual(
    refs.map(({ requested }) => requested),
    ['node:20', 'postgres:16'],
  );
  assert.deepEqual(
    scripts.map(({ source }) => source.text),
    ['npm ci\nuses: x\n', 'echo'],
  );
});

/** Every workflow and action of every fixture. */
function fixtureDocuments(): { readonly path: string; readonly text: string }[] {
  const documents: { readonly path: string; readonly text: string }[] = [];
  for (const area of ['actions', 'workflow']) {
    for (const entry of readdirSync(`test/rules/${area}`, { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.txt')) continue;
      const parts = readFileSync(`test/rules/${area}/${entry}`, 'utf8').split(/^--- (.*)\n/m);
      for (let i = 1; i < parts.length; i += 2) {
        const path = /^input (\S+)/.exec(parts[i] ?? '')?.[1];
        if (path !== undefined) documents.push({ path, text: parts[i + 1] ?? '' });
      }
    }
  }
  return documents;
}

test('prefixes of every fixture parse, and all rules run over them', () => {
  const seen = new Set<string>();
  for (const [nth, { path, text }] of fixtureDocuments().entries()) {
    for (let length = 0; length <= text.length; length++) {
      const isLast = length > text.length - 40;
      // Fixtures are alike: of each another third of the prefixes is read.
      if (length % 3 !== nth % 3 && !isLast) continue;
      const prefix = text.slice(0, length);
      // Fixtures begin alike; one run over each text is enough.
      if (seen.has(prefix)) continue;
      seen.add(prefix);
      parse(prefix, path);
      if (length % RULES_EVERY !== 0 && !isLast) continue;
      for (const { manifest, findings } of analyseFiles({ [path]: prefix })) {
        for (const { span } of findings) assert.ok(span.start <= span.end && span.end <= length, `${path}: a finding outside the text`);
        for (const ref of manifest.refs) if ('editable' in ref && ref.editable) assertReadsAsWritten(prefix, ref);
      }
    }
  }
});

function assertReadsAsWritten(
  text: string,
  ref: { readonly span: { readonly start: number; readonly end: number }; readonly requested: string },
): void {
  const { start, end } = 'valueSpan' in ref ? (ref.valueSpan as typeof ref.span) : ref.span;
  assert.equal(text.slice(start, end), ref.requested);
}

const REFS = {
  head: 'refs/heads/main',
  refs: [
    { name: 'refs/heads/main', oid: 'c9'.repeat(20) },
    { name: 'refs/tags/v4', oid: 'd2'.repeat(20), peeled: 'c2'.repeat(20) },
    { name: 'refs/tags/v4.2.2', oid: 'c2'.repeat(20) },
  ],
};
const REPOSITORY = { owner: 'a', repo: 'b' };
const RELEASES = stableReleases(REFS, {}).map(({ id }) => id);
const A_MONTH_MS = 30 * 24 * 60 * 60 * 1000;
const FACTS: Facts = {
  [`${gitRefs.id} ${gitRefs.key(REPOSITORY)}`]: { state: 'known', value: REFS, asOf: A_MONTH_MS },
  [`${gitDates.id} ${gitDates.key({ ...REPOSITORY, ids: [...new Set(RELEASES)] })}`]: {
    state: 'known',
    value: Object.fromEntries(RELEASES.map((id) => [id, 0])),
    asOf: A_MONTH_MS,
  },
};

/** What a program reads of a document, with every `uses` made alike. */
function meaning(text: string): unknown {
  const document = parseDocument(text, { uniqueKeys: false, logLevel: 'silent' });
  assert.deepEqual(
    document.errors.map(({ message }) => message),
    [],
    text,
  );
  visit(document, {
    Pair(_, pair) {
      if (isPair(pair) && isScalar(pair.key) && pair.key.value === 'uses' && isScalar(pair.value)) pair.value.value = 'x';
      if (isMap(pair.value)) return undefined;
    },
  });
  return document.toJS();
}

test('pinning changes nothing but the uses, and doing it twice changes nothing more', async () => {
  const ref = fc.constantFrom('@v4', '@v4.2.2', '@main', '', '@c2c2c2c', `@${'c2'.repeat(20)}`, '@refs/tags/v4');
  const comment = fc.constantFrom(
    '',
    ' # keep',
    ' # v4',
    ' #v4.0.0 x',
    ' # zizmor: ignore[x]',
    ' # 😀',
    ' #',
    '\t# tag=v4',
    ' # ratchet:a/b@v4',
  );
  const shape = fc.constantFrom(
    (value: string, note: string) => `- uses: ${value}${note}`,
    (value: string, note: string) => `- name: "😀"\n  uses: '${value}'${note}`,
    (value: string, note: string) => `-   "uses"  :  "${value}"${note}\n    with: {x: 1}`,
    (value: string, note: string) => `- {uses: ${value}, with: {x: "# no"}}${note}`,
    (value: string, note: string) => `- { with: {y: 1}, uses: "${value}" }${note}`,
    (value: string, note: string) => `- {\n    uses: ${value},${note}\n    with: {x: 1} }`,
    (value: string, note: string) => `- uses: >-${note}\n    ${value}`,
    (value: string, note: string) => `- uses:${note}\n    ${value}`,
    (value: string, note: string) => `- uses: !!str ${value}${note}`,
  );
  const step = fc.tuple(shape, ref, comment).map(([render, at, note]) => render(`a/b${at}`, note));
  const steps = fc.array(step, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), fc.boolean(), fc.boolean(), async (list, crlf, bom, newline) => {
      const body = list.map((lines) => lines.replace(/^/gm, '      ')).join('\n');
      let text = `on: push\npermissions: {}\njobs:\n  a:\n    steps:\n${body}${newline ? '\n' : ''}`;
      if (crlf) text = text.replaceAll('\n', '\r\n');
      if (bom) text = `\ufeff${text}`;
      const once = await fixed(text);
      assert.deepEqual(meaning(once), meaning(text));
      assert.equal(await fixed(once), once);
      assert.equal(once.split('\n').length, text.split('\n').length);
      assert.equal(once.split('\r\n').length, text.split('\r\n').length);
      assert.equal(once.startsWith('\ufeff'), bom);
      assert.equal(once.endsWith('\n'), newline);
      for (const { findings } of analyseFiles({ [PATH]: once }, { facts: FACTS })) assert.deepEqual(findings, [], once);
    }),
    { numRuns: 300 },
  );
});

async function fixed(text: string): Promise<string> {
  const [analysis] = analyseFiles({ [PATH]: text }, { facts: FACTS });
  assert.ok(analysis);
  return (await fixAll(analysis, 0, FACTS)) ?? text;
}
