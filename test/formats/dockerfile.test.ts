// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what variables look like in the texts under test.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Copy, DockerfileParser, From } from 'dockerfile-ast';
import fc from 'fast-check';
import type { Span } from '../../server/src/core/span.ts';
import { LineIndex } from '../../server/src/core/text.ts';
import { formatForPath } from '../../server/src/engine/formats.ts';
import { asDockerfile, format } from '../../server/src/formats/dockerfile.ts';
import type { DockerImage } from '../../server/src/formats/dockerfile-images.ts';
import { checkEveryPrefix } from '../support/every-prefix.ts';
import { analyseFiles, sourceFile } from '../support/memory-project.ts';

/** A case of `dockerfile/references.json`; `range` is `line:character-line:character`, zero-based. */
interface Case {
  readonly name: string;
  readonly input: string;
  readonly expect: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Written for this project and reviewed against BuildKit's source. A range is that of the reference without quotes, and
 * of the whole word where a variable takes part; that of an ARG is its default's without quotes.
 */
const CASES = JSON.parse(readFileSync('test/formats/dockerfile/references.json', 'utf8')) as readonly Case[];

function imagesOf(text: string): readonly DockerImage[] {
  return asDockerfile(format.parse(sourceFile('Dockerfile', text)))?.images ?? [];
}

function rangeText(lines: LineIndex, span: Span): string {
  const { start, end } = lines.rangeOf(span);
  return `${start.line}:${start.character}-${end.line}:${end.character}`;
}

/** What the data says of a reference, made from what the format says. */
function described(text: string, { reference, stage, forwardStage }: DockerImage): Record<string, unknown> {
  const lines = new LineIndex(text);
  const { image, arguments: args } = reference;
  const all: Record<string, unknown> = {
    kind: reference.place,
    raw: reference.requested,
    vars: reference.variables.length > 0 ? reference.variables : undefined,
    resolved: reference.resolved,
    ref: image && `${image.registry}/${image.repository}`,
    tag: image?.tag,
    digest: image?.digest,
    verdict: reference.verdict,
    reason: reference.reason,
    stage,
    forwardStage: forwardStage || undefined,
    split: reference.editable ? undefined : true,
    range: rangeText(lines, reference.span),
    argRanges: args.length > 0 ? args.map(({ name, span }) => `${name}@${rangeText(lines, span)}`) : undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

for (const { name, input, expect } of CASES) {
  test(`references: ${name}`, () => {
    assert.deepEqual(
      imagesOf(input).map((image) => described(input, image)),
      expect,
    );
  });
}

const DIGEST = `sha256:${'a'.repeat(64)}`;

/** Verdict (and reason) of every reference of a document. */
function verdicts(text: string): string[] {
  return imagesOf(text).map(({ reference: { requested, verdict, reason } }) => `${requested} ${reason ?? verdict}`);
}

test('a stage number counts for COPY alone, and only where the stage stands above', () => {
  assert.deepEqual(
    verdicts('FROM a:1\nFROM b:1\nCOPY --from=0 x y\nCOPY --from=1 x y\nCOPY --from=-1 x y\nCOPY --from=00 x y\n').slice(2),
    ['0 stage', '1 no-such-stage', '-1 no-such-stage', '00 stage'],
  );
  assert.deepEqual(verdicts('FROM a:1\nFROM b:1\nRUN --mount=from=0,target=/x true\n').slice(2), ['0 number-in-mount']);
});

test('ONBUILD may name a stage of the Dockerfile that builds on the image', () => {
  const text =
    'FROM a:1 AS own\nONBUILD COPY --from=own x y\nONBUILD COPY --from=theirs x y\nONBUILD COPY --from=3 x y\nONBUILD COPY --from=o/r x y\n';
  assert.deepEqual(verdicts(text).slice(1), ['own stage', 'theirs unresolved', '3 unresolved', 'o/r implicit-latest']);
});

test('scratch is empty wherever a stage may be named', () => {
  assert.deepEqual(verdicts('FROM scratch\nCOPY --from=scratch / /\nRUN --mount=from=scratch,target=/x true\n'), [
    'scratch scratch',
    'scratch scratch',
    'scratch scratch',
  ]);
});

test('variables in flags are refused by BuildKit; a dollar sign at the end is none', () => {
  assert.deepEqual(
    verdicts('ARG I=a\nFROM a:1\nCOPY --from=${I}:1 x y\nRUN --mount=from=$I:1,target=/x true\nCOPY --from=a$ x y\n').slice(1),
    ['${I}:1 variables-not-expanded-here', '$I:1 variables-not-expanded-here', 'a$ bad-name'],
  );
});

test('a template is silent as a whole', () => {
  assert.deepEqual(verdicts('FROM node:{{ .Version }} AS a\nFROM alpine\nCOPY --from=nginx / /\n'), [
    'node:{{ template',
    'alpine template',
    'nginx template',
  ]);
  assert.deepEqual(verdicts('FROM <%= image %>\n'), ['<%= template']);
  // A RUN that formats with Go templates is no template.
  assert.deepEqual(verdicts("FROM alpine\nRUN docker inspect -f '{{.Id}}' x\n"), ['alpine implicit-latest']);
});

test('quotes around a literal reference are not part of it', () => {
  for (const quote of ['"', "'"]) {
    const [image] = imagesOf(`FROM ${quote}node:20${quote} AS a\n`);
    assert.deepEqual(
      [image?.reference.requested, image?.reference.span, image?.reference.editable],
      ['node:20', { start: 6, end: 13 }, true],
    );
  }
  const [image] = imagesOf('FROM node:"20"\n');
  assert.deepEqual(
    [image?.reference.requested, image?.reference.resolved, image?.reference.verdict],
    ['node:"20"', 'node:20', 'mutable-tag'],
  );
  assert.deepEqual(verdicts('FROM ""\n'), ['"" empty']);
});

test('a comment or a line end inside a reference makes it uneditable', () => {
  const [image] = imagesOf('FROM node:2\\\n# comment\n0\n');
  assert.deepEqual([image?.reference.requested, image?.reference.editable, image?.reference.verdict], ['node:20', false, 'mutable-tag']);
});

test('an escaped escape character continues nothing', () => {
  assert.deepEqual(verdicts('FROM a:1\nRUN echo \\\\\nFROM b:1\n'), ['a:1 mutable-tag', 'b:1 mutable-tag']);
  assert.deepEqual(verdicts('# escape=`\nFROM a:1\nRUN dir c:\\\nFROM b:1\n'), ['a:1 mutable-tag', 'b:1 mutable-tag']);
});

test('the frontend can be named in JSON', () => {
  const [image] = imagesOf('{"syntax": "docker/dockerfile:1"}');
  assert.deepEqual(
    [image?.reference.place, image?.reference.requested, image?.reference.span.start],
    ['syntax', 'docker/dockerfile:1', 12],
  );
});

test('an ARG is used by references, by platforms, by other ARGs and by stages that take it over', () => {
  const uses = (text: string) => imagesOf(text).flatMap(({ reference }) => reference.arguments.map(({ name, uses }) => `${name} ${uses}`));
  assert.deepEqual(uses('ARG B=node:20\nFROM $B\n'), ['B 1']);
  assert.deepEqual(uses('ARG B=node:20\nFROM $B\nFROM ${B}\n'), ['B 2', 'B 2']);
  assert.deepEqual(uses('ARG B=node:20\nFROM $B\nARG B\n'), ['B 2']);
  assert.deepEqual(uses('ARG B=node:20\nFROM --platform=$B $B\n'), ['B 2']);
  assert.deepEqual(uses('ARG A=20\nARG B=node:$A\nFROM $B\nFROM x:$A\n'), ['B 1', 'A 2']);
});

test('a later ARG without a default keeps the earlier one, a later default replaces it', () => {
  const resolved = (text: string) => imagesOf(text).map(({ reference }) => reference.resolved ?? reference.verdict);
  assert.deepEqual(resolved('ARG V=1\nARG V\nFROM a:$V\n'), ['a:1']);
  assert.deepEqual(resolved('ARG V=1\nARG V=2\nFROM a:$V\n'), ['a:2']);
  assert.deepEqual(resolved('ARG U\nARG V=$U-x\nFROM a:$V\n'), ['unresolved']);
});

test('values that double line by line are given up', () => {
  const lines = Array.from({ length: 100 }, (_, i) => `ARG A${i + 1}=$A${i}$A${i}`);
  assert.deepEqual(verdicts(`ARG A0=node\n${lines.join('\n')}\nFROM $A100\nFROM $A1\n`), ['$A100 unresolved', '$A1 implicit-latest']);
});

test('instructions know keyword, flags, arguments and here-documents', () => {
  const text =
    'ADD --checksum=sha256:abc --chown="a b" https://example.test/x.tgz \\\n  # why\n  /x/\nONBUILD ADD ["a", "b"]\nCOPY <<a <<-"b c" /d\n1\na\n\t2\n\tb c\n';
  const model = asDockerfile(format.parse(sourceFile('Dockerfile', text)));
  const [add, onbuild, copy] = model?.instructions ?? [];
  assert.deepEqual(
    add?.flags.map(({ name, value }) => [name, value?.text]),
    [
      ['checksum', 'sha256:abc'],
      ['chown', 'a b'],
    ],
  );
  assert.deepEqual([add?.keyword, add?.args.text], ['ADD', 'https://example.test/x.tgz   /x/']);
  assert.equal(add && text.slice(add.span.start, add.span.end), text.slice(0, text.indexOf('\nONBUILD')));
  assert.deepEqual([onbuild?.keyword, onbuild?.onbuild, onbuild?.json?.map((word) => word.text)], ['ADD', true, ['a', 'b']]);
  assert.deepEqual(
    copy?.heredocs.map(({ name, chomp, body }) => [name, chomp, text.slice(body.start, body.end)]),
    [
      ['a', false, '1\n'],
      ['b c', true, '\t2\n'],
    ],
  );
});

test('a here-document without an end is a problem, and what stands below is still read', () => {
  const text = 'FROM a:1\nRUN <<EOF\nFROM b:1\n';
  const { problems } = format.parse(sourceFile('Dockerfile', text));
  assert.deepEqual(problems, [{ message: 'the here-document EOF has no end', span: { start: 13, end: 18 } }]);
  assert.deepEqual(verdicts(text), ['a:1 mutable-tag', 'b:1 mutable-tag']);
});

/** Dialect and text of every script. */
function scripts(text: string): string[] {
  return format.parse(sourceFile('app/Dockerfile', text)).scripts.map(({ dialect, source }) => `${dialect}: ${source.text}`);
}

test('scripts: the shell form, joined over continuations, comments removed', () => {
  const text = 'FROM a:1\nRUN --mount=type=cache,target=/x apt-get update \\\n  # why\n\n  && curl x | sh\n';
  assert.deepEqual(scripts(text), ['posix: apt-get update   && curl x | sh']);
  const [script] = format.parse(sourceFile('app/Dockerfile', text)).scripts;
  const at = script?.source.text.indexOf('curl') ?? -1;
  assert.equal(script?.source.offsets[at], text.indexOf('curl'));
  assert.deepEqual([script?.folder, script?.place, script?.path], ['app', 'docker-run', ['instructions', 1, 'RUN']]);
});

test('scripts: the JSON form', () => {
  const text =
    'FROM a:1\nRUN ["bash", "-euo", "pipefail", "-c", "curl \\"x\\" | sh"]\nRUN ["npm", "install", "it\'s | sh"]\nRUN []\nRUN ["cmd", "/S", "/C", "dir"]\nRUN [ -f x ] && y\n';
  assert.deepEqual(scripts(text), ['posix: curl "x" | sh', "posix: npm install 'it'\\''s | sh'", 'cmd: dir', 'posix: [ -f x ] && y']);
  const [inner, words] = format.parse(sourceFile('Dockerfile', text)).scripts;
  assert.equal(inner?.source.offsets[inner.source.text.indexOf('sh')], text.indexOf('sh"]'));
  assert.equal(words?.source.offsets[words.source.text.indexOf('install')], text.indexOf('install'));
  assert.equal(words && text.slice(words.span.start, words.span.end), 'npm", "install", "it\'s | sh"');
});

test('scripts: here-documents that a shell reads', () => {
  assert.deepEqual(scripts('FROM a:1\nRUN <<EOF\nnpm install\nEOF\n'), ['posix: npm install\n']);
  assert.deepEqual(scripts('FROM a:1\r\nRUN <<-EOF\r\n\tnpm install\r\n\t\tx\r\n\tEOF\r\n'), ['posix: npm install\nx\n']);
  assert.deepEqual(scripts('FROM a:1\nRUN <<EOF bash -x\nnpm install\nEOF\n'), ['posix: <<EOF bash -x', 'posix: npm install\n']);
  assert.deepEqual(scripts('FROM a:1\nRUN a; sudo -E sh <<EOF && cat x\nb\nEOF\n'), ['posix: a; sudo -E sh <<EOF && cat x']);
  assert.deepEqual(scripts('FROM a:1\nRUN a && /bin/sh -s -- x <<EOF && cat x\nb\nEOF\n').slice(1), ['posix: b\n']);
  assert.deepEqual(scripts('FROM a:1\nRUN <<EOF python3\nimport os\nEOF\n'), ['posix: <<EOF python3']);
  assert.deepEqual(scripts('FROM a:1\nRUN bash run.sh <<EOF\nb\nEOF\n'), ['posix: bash run.sh <<EOF']);
  assert.deepEqual(scripts('FROM a:1\nRUN bash -c "cat" <<EOF\nb\nEOF\n'), ['posix: bash -c "cat" <<EOF']);
  assert.deepEqual(scripts('FROM a:1\nRUN cat <<EOF > x && bash y\nb\nEOF\n'), ['posix: cat <<EOF > x && bash y']);
  assert.deepEqual(scripts('FROM a:1\nRUN <<EOF\n#!/usr/bin/env python3\nimport os\nEOF\nRUN <<EOF\n#!/bin/bash -e\nx\nEOF\n'), [
    'posix: #!/bin/bash -e\nx\n',
  ]);
  assert.deepEqual(scripts('FROM a:1\nCOPY <<EOF /x\ncurl x | sh\nEOF\n'), []);
});

test('scripts: SHELL changes the dialect, a stage inherits it', () => {
  const text =
    'FROM a:1 AS win\nSHELL ["powershell.exe", "-Command"]\nRUN iwr x\nFROM b:1\nRUN x\nFROM win\nRUN y\nSHELL ["python", "-c"]\nRUN z\n';
  assert.deepEqual(scripts(text), ['powershell: iwr x', 'posix: x', 'powershell: y', 'unknown: z']);
  assert.deepEqual(scripts('FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN dir\n'), ['cmd: dir']);
});

/** The lines, zero-based, that each marker covers. */
function scopes(text: string): string[] {
  const lines = new LineIndex(text);
  return format.parse(sourceFile('Dockerfile', text)).ignores.map(({ rules, scope }) => {
    const { start, end } = lines.rangeOf(scope);
    return `${rules.join(' ')} ${start.line}-${end.line}`;
  });
}

test('ignores: the instruction below, the next line of a continuation, the directives above', () => {
  assert.deepEqual(scopes('# waybill-ignore image/latest: x\nFROM \\\n  node\n'), ['image/latest 1-2']);
  assert.deepEqual(scopes('# waybill-ignore a/b: x\n# waybill-ignore c/d: x\nFROM node\n'), ['a/b 2-2', 'c/d 2-2']);
  assert.deepEqual(scopes('FROM node\nRUN a \\\n  # waybill-ignore a/b: x\n  && b \\\n  && c\n'), ['a/b 3-3']);
  assert.deepEqual(scopes('# syntax=docker/dockerfile:1\n# waybill-ignore a/b: x\nFROM \\\nnode\n'), ['a/b 0-3']);
  assert.deepEqual(scopes('# syntax=docker/dockerfile:1\n\n# waybill-ignore a/b: x\n\nFROM node\n'), ['a/b 0-3']);
  assert.deepEqual(scopes('# syntax=docker/dockerfile:1\n# words\n# waybill-ignore a/b: x\nFROM node\n'), ['a/b 3-3']);
  assert.deepEqual(scopes('FROM node # waybill-ignore a/b: x\n'), []);
  assert.deepEqual(scopes('\ufeff# hadolint ignore=DL3006\nFROM node\n'), ['image/latest 1-1']);
  assert.deepEqual(scopes('# hadolint global ignore=DL3006\nFROM a\nFROM b\n'), ['image/latest 0-3']);
  assert.deepEqual(scopes('FROM a:1\nRUN <<EOF\n# waybill-ignore a/b: x\ncurl x | sh\nEOF\n'), ['a/b 3-3']);
  assert.deepEqual(scopes('FROM a:1\n# waybill-ignore a/b: x'), ['a/b 1-1']);
});

test('which files are Dockerfiles', () => {
  const wanted = [
    'Dockerfile',
    'dockerfile',
    'a/Dockerfile.dev',
    'Dockerfile-alpine',
    'api.Dockerfile',
    'api.dockerfile',
    'Containerfile',
    'x/Containerfile.ubi9',
    'a.containerfile',
    'Dockerfile.tmpl',
    'Dockerfile.j2',
  ];
  const unwanted = [
    '.dockerignore',
    'Dockerfile.dockerignore',
    'api.Dockerfile.dockerignore',
    'dockerfile.ts',
    'Dockerfile.md',
    'dockerfile-parser.go',
    'Dockerfile.sh',
    'docker-compose.yml',
    'Makefile',
  ];
  assert.deepEqual(
    wanted.filter((path) => formatForPath(path)?.id !== 'dockerfile'),
    [],
  );
  assert.deepEqual(
    unwanted.filter((path) => formatForPath(path)?.id === 'dockerfile'),
    [],
  );
});

/** Every text that this file and the fixtures of the rules know. */
const TEXTS: readonly string[] = [...CASES.map(({ input }) => input), ...fixtureInputs()];

/** The Dockerfiles among the inputs of all rules' fixtures. */
function fixtureInputs(): string[] {
  const files = readdirSync('test/rules', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.txt'));
  return files.flatMap((name) =>
    readFileSync(`test/rules/${name}`, 'utf8')
      .split(/^--- /m)
      .filter((section) => /^input \S*(Docker|Container)file/i.test(section))
      .map((section) => section.slice(section.indexOf('\n') + 1)),
  );
}

test('every prefix of every fixture parses, and all rules run over it', () => {
  for (const text of TEXTS) checkEveryPrefix(format, 'Dockerfile', text);
});

/** Properties that every parsed document has. */
function checkSpans(text: string): void {
  const manifest = format.parse(sourceFile('Dockerfile', text));
  const inside = (span: Span) => assert.ok(0 <= span.start && span.start <= span.end && span.end <= text.length);
  for (const reference of manifest.refs) {
    inside(reference.span);
    inside(reference.nameSpan);
    if (reference.ecosystem !== 'oci') continue;
    if (reference.editable) assert.equal(text.slice(reference.span.start, reference.span.end), reference.requested);
    for (const { span, value } of reference.arguments)
      if (span.end - span.start === value.length) assert.equal(text.slice(span.start, span.end), value);
  }
  for (const { source } of manifest.scripts) {
    assert.equal(source.offsets.length, source.text.length);
    source.offsets.forEach((offset, i) => {
      assert.ok(i === 0 || offset >= (source.offsets[i - 1] ?? 0), 'offsets ascend');
      assert.ok(offset < text.length);
    });
  }
  for (const instruction of asDockerfile(manifest)?.instructions ?? []) {
    inside(instruction.span);
    inside(instruction.keywordSpan);
    const written = text.slice(instruction.keywordSpan.start, instruction.keywordSpan.end);
    if (written.length === instruction.keyword.length) assert.equal(written.toUpperCase(), instruction.keyword);
  }
}

test('spans are those of the text, for every fixture and for random documents', () => {
  for (const text of TEXTS) checkSpans(text);
  const piece = fc.constantFrom(
    ...[
      'FROM ',
      'node',
      ':20',
      '@',
      DIGEST,
      ' AS ',
      'x',
      '\n',
      '\r\n',
      '\\\n',
      '`\n',
      '# ',
      '# escape=`\n',
      '# syntax=',
      'ARG ',
      'V=',
      '$V',
      '${V:-',
      '}',
      '"',
      "'",
    ],
    ...[
      'COPY --from=',
      'RUN ',
      '--mount=from=',
      ',',
      'ONBUILD ',
      '<<EOF',
      '<<-EOF',
      '\nEOF\n',
      'SHELL ["',
      '"]',
      '["',
      '\\',
      ' ',
      '\t',
      '{{',
      '\ufeff',
      '😀',
      '\r',
      '0',
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      checkSpans(pieces.join(''));
      analyseFiles({ Dockerfile: pieces.join('') });
    }),
    { numRuns: 1500 },
  );
});

/** The ranges of the images in FROM and COPY --from, as the format sees them and as dockerfile-ast does. */
function compareWithOracle(input: string, name: string): void {
  const lines = new LineIndex(input);
  const ours = imagesOf(input).filter(({ reference: { place } }) => place === 'from' || place === 'copy-from');
  const theirs = DockerfileParser.parse(input)
    .getInstructions()
    .flatMap((instruction) => {
      if (instruction instanceof From) return [instruction.getImageRange()];
      if (!(instruction instanceof Copy)) return [];
      return instruction.getFlags().flatMap((flag) => (flag.getName() === 'from' ? [flag.getValueRange()] : []));
    })
    .flatMap((range) => (range === null ? [] : [`${range.start.line}:${range.start.character}-${range.end.line}:${range.end.character}`]));
  assert.deepEqual(
    ours.map(({ reference }) => rangeText(lines, reference.span)),
    theirs,
    name,
  );
}

test('the oracle: dockerfile-ast sees the references of the data in the same places', () => {
  // dockerfile-ast counts the quotes of a flag's value in.
  for (const { name, input } of CASES) if (name !== 'copyFromQuoted') compareWithOracle(input, name);
});

test('the oracle: dockerfile-ast sees the references of random documents in the same places', () => {
  const image = fc.constantFrom('node', 'node:20', 'ghcr.io/o/r:1', `a@${DIGEST}`, 'localhost:5000/a:1', 'b');
  const end = fc.constantFrom('\n', '\r\n', '\n\n', ' \n', '\n# FROM c:1\n', '\n  # COPY --from=c:1 x y\n');
  const gap = fc.constantFrom(' ', '  ', '\t', ' \\\n', ' \\\n  # FROM c\n  ', ' \\\r\n ', ' \\ \n\n ');
  const words = fc.oneof(
    fc.tuple(fc.constantFrom('FROM', 'from'), image),
    fc.tuple(fc.constant('FROM'), fc.constant('--platform=linux/arm64'), image, fc.constant('AS'), fc.constantFrom('b', 'c')),
    fc.tuple(
      fc.constant('COPY'),
      image.map((name) => `--from=${name}`),
      fc.constant('--link'),
      fc.constant('x'),
      fc.constant('y'),
    ),
    fc.tuple(fc.constant('RUN'), fc.constant('FROM'), fc.constant('z')),
  );
  const line = fc
    .tuple(words, fc.array(gap, { minLength: 5, maxLength: 5 }), end)
    .map(([parts, gaps, lineEnd]) => parts.map((part, i) => (i === 0 ? part : `${gaps[i - 1] ?? ' '}${part}`)).join('') + lineEnd);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (all) => compareWithOracle(all.join(''), all.join(''))),
    { numRuns: 400 },
  );
});
