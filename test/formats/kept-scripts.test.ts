// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what variables look like in the texts under test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mappedSlice, sourceSpan } from '../../server/src/core/mapped-text.ts';
import { formatForPath } from '../../server/src/engine/formats.ts';
import { namedPackagesOf } from '../../server/src/formats/named-package.ts';
import { remoteRunsOf } from '../../server/src/formats/remote-code.ts';
import { commandSpan, runCommandsOf } from '../../server/src/formats/run-commands.ts';
import { shellOf, walkShell } from '../../server/src/formats/shell.ts';
import { stepsOf } from '../../server/src/formats/shell-steps.ts';
import type { Word } from '../../server/src/formats/shell-tree.ts';
import { analyseFiles, sourceFile } from '../support/memory-project.ts';

/** Documents with shell text of all kinds; the same commands stand in several scripts. */
const TEXTS: Readonly<Record<string, string>> = {
  'web/Dockerfile': `# syntax=docker/dockerfile:1
ARG NODE=20
FROM node:\${NODE} AS build
WORKDIR /app
ENV API_TOKEN=abc \\
    PLAIN=1
COPY web/package.json web/package-lock.json ./
RUN npm install --omit=dev && \\
    # a comment inside
    npm cache clean --force
RUN cd client && npm install
RUN curl -fsSL https://get.example.test/a.sh | sh
RUN if [ -f package-lock.json ]; then npm ci; else npm install; fi
RUN sh -c "curl -k https://get.example.test/b.sh -o b.sh && sh b.sh"
RUN eval "$(wget -qO- https://get.example.test/c.sh)"
RUN cat < <(curl -k https://get.example.test/f) > "$(npm install --prefix out odd@latest)"
RUN <<EOF
npm install left-pad
sudo -u app pip install -r requirements.txt --trusted-host pypi.example.test
EOF
RUN ["npm", "install"]
RUN echo "$(npm install --no-save x@latest)" && apt-get install -y --allow-unauthenticated y
FROM node:\${NODE}
COPY . .
RUN npm install --omit=dev && \\
    # a comment inside
    npm cache clean --force
RUN curl -fsSL https://get.example.test/a.sh | sh
RUN git clone https://git.example.test/a/b && npx cowsay hi
`,
  '.github/workflows/ci.yml': `name: ci
on: [push, pull_request_target]
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: npm install
      - run: |
          cd web
          npm install
          curl -fsSL https://get.example.test/a.sh | sh
          echo "NAME=\${{ github.head_ref }}" >> "$GITHUB_ENV"
          bash -c 'npm install -g typo && echo "\${{ github.event.issue.title }}"'
      - run: >
          pip install -r requirements.txt
          --extra-index-url https://pypi.example.test/simple
  two:
    runs-on: windows-latest
    steps:
      - run: npm install
      - run: |
          iwr https://get.example.test/d.ps1 | iex
          $x = "\${{ github.head_ref }}"
`,
  'package.json': `{
  "name": "shop",
  "scripts": {
    "docker:build": "npm install && curl https://get.example.test/e.sh | sh",
    "ci": "cd web && npm install",
    "postinstall": "node -e \\"require('x')\\" && curl https://get.example.test/a.sh | sh",
    "test": "npm install && curl https://get.example.test/e.sh | sh"
  }
}
`,
};

/** What is typed: enough to make and break scripts. */
const SNIPPETS = [
  'x',
  ' ',
  '\n',
  '"',
  "'",
  '\\\n',
  '&& ',
  '| sh',
  '$(',
  ')',
  'RUN npm install\n',
  '# ',
  'EOF\n',
  'cd a && ',
  '{',
  '\t',
  '😀',
  '\r\n',
];

/** All that the scripts of a document say, and what all rules find in it, with every place. */
function said(path: string, text: string): unknown {
  const manifest = formatForPath(path)?.parse(sourceFile(path, text));
  assert.ok(manifest);
  const words: unknown[] = [];
  for (const script of manifest.scripts) {
    walkShell(shellOf(script), {
      command: ({ source, assignments, words: own, redirections, start, end }) => {
        const place = (word: Word | undefined) => word && [word.value, sourceSpan(source, word.start, word.end)];
        const targets = redirections.map(({ operator, target }) => [operator, place(target)]);
        words.push([sourceSpan(source, start, end), assignments.map(place), own.map(place), targets]);
      },
    });
  }
  const [analysis] = analyseFiles({ [path]: text, 'package-lock.json': '{}' });
  return {
    words,
    commands: runCommandsOf(manifest).map(({ invocation, folders, joint, compounds, script }) => [
      invocation.name,
      commandSpan(invocation),
      invocation.command.source.text === script.source.text,
      invocation.assignments.map(({ value }) => value),
      invocation.prefixes,
      folders,
      joint,
      compounds.length,
    ]),
    runs: manifest.scripts.map(remoteRunsOf),
    named: manifest.scripts.map(namedPackagesOf),
    findings: analysis?.findings.map(({ rule, message, span, related, fingerprint, fixes }) => [
      rule,
      message,
      span,
      related.map(({ span: other, note }) => [other, note]),
      fingerprint,
      fixes.map((fix) => [fix.title, fix.online ? undefined : fix.edits]),
    ]),
  };
}

let flood = 0;

/** Reads so many other scripts that nothing is left of those that were read before. */
function forgetEverything(): void {
  for (let i = 0; i < 32; i++) {
    const text = `echo ${'x'.repeat(8_000)} ${flood++}`;
    shellOf({ source: mappedSlice(text, 0, text.length), dialect: 'posix' });
  }
}

function scriptOf(text: string, at: number) {
  return { source: mappedSlice(' '.repeat(at) + text, at, at + text.length), dialect: 'posix' } as const;
}

function firstWords(text: string, at: number): readonly Word[] | undefined {
  const [step] = stepsOf(scriptOf(text, at));
  return step?.kind === 'command' ? step.invocation.words : undefined;
}

test('what is known of a text is known wherever it stands, until too much else was read', () => {
  const words = firstWords('npm run once', 0);
  assert.ok(words);
  assert.equal(firstWords('npm run once', 0), words);
  assert.equal(firstWords('npm run once', 40), words);
  assert.notEqual(firstWords('npm run other', 40), words);
  forgetEverything();
  assert.notEqual(firstWords('npm run once', 0), words);
});

test('the same text in another dialect, or otherwise laid out in the document, is another text', () => {
  const text = 'echo a\\ b';
  const source = mappedSlice(text, 0, text.length);
  const [posix, powershell] = (['posix', 'powershell'] as const).map((dialect) => shellOf({ source, dialect }));
  assert.notDeepEqual(posix?.body, powershell?.body);
  const folded = shellOf({ source: { ...source, breaks: [5, 9], end: source.end + 4 }, dialect: 'posix' });
  const [first] = folded.body[0]?.commands ?? [];
  assert.ok(first?.kind === 'simple');
  assert.deepEqual(sourceSpan(first.source, 5, 9), { start: 9, end: 13 });
});

test('after any edits, everything is as if the document was read for the first time', () => {
  const edit = fc.record({ at: fc.nat(3_000), remove: fc.nat(6), insert: fc.constantFrom('', ...SNIPPETS) });
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(TEXTS)), fc.array(edit, { minLength: 1, maxLength: 5 }), (path, edits) => {
      let text = TEXTS[path] ?? '';
      const versions = [text];
      for (const { at, remove, insert } of edits) {
        const from = at % (text.length + 1);
        text = text.slice(0, from) + insert + text.slice(from + remove);
        versions.push(text);
      }
      const typed = versions.map((version) => said(path, version));
      for (const [i, version] of versions.entries()) {
        forgetEverything();
        assert.deepEqual(typed[i], said(path, version));
      }
    }),
    { numRuns: 25 },
  );
});
