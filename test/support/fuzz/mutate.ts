import { splitsPair } from '../../../server/src/core/text.ts';
import type { Random } from './random.ts';

/** Pieces that mean something to one of the formats, or are hard on any. */
const PIECES: readonly [string, ...string[]] = [
  '',
  ...[
    '"',
    "'",
    '`',
    '\\',
    '\\"',
    '{',
    '}',
    '[',
    ']',
    '(',
    ')',
    ',',
    ':',
    ': ',
    '- ',
    '#',
    '# ',
    '|',
    '>',
    '|-',
    '&',
    '*',
    '!',
    '%',
    '@',
    '~',
    '?',
  ],
  ...[
    '\n',
    '\r\n',
    '\r',
    '\t',
    ' ',
    '  ',
    '\u2028',
    '\ufeff',
    '\0',
    '\u{1f600}',
    '\u00e4',
    '\u200f',
    '\\\n',
    '`\n',
    '\n\n',
    '\n---\n',
    '\n...\n',
  ],
  ...[
    '$(',
    '${',
    '$((',
    '${{ ',
    ' }}',
    '<<EOF\n',
    '<<-"E"\n',
    'EOF\n',
    '<(',
    '&&',
    '||',
    ';',
    '2>&1',
    '| sh',
    '| sudo bash',
    'sh -c "',
    'eval ',
  ],
  ...[
    'FROM ',
    'FROM node:20 AS x\n',
    'RUN ',
    'RUN <<EOF\n',
    'ARG A=',
    'ENV ',
    'COPY --from=',
    '# syntax=',
    '# escape=`\n',
    'ONBUILD ',
    '@sha256:',
    'scratch',
  ],
  ...[
    'uses: ',
    'run: |\n',
    'on: ',
    'jobs:\n',
    'steps:\n',
    'permissions:\n',
    'pull_request_target',
    'with:\n',
    '<<: *a',
    '&a ',
    '!!str ',
    'actions/checkout@v4',
  ],
  ...[
    '"dependencies": {',
    '"scripts": {',
    '"packages": {',
    '"resolved": "http://',
    '"integrity": "sha512-',
    '"node_modules/',
    '"__proto__": ',
    '"version": ',
  ],
  ...[
    'npm install',
    'npm ci',
    'yarn',
    'pnpm i',
    'curl -fsSL https://x.example.test/i.sh',
    '^1.2.3',
    '*',
    'latest',
    'git+ssh://',
    'github:a/b#',
    'npm:x@',
    'file:..',
  ],
  ...[
    '# waybill: ignore[',
    '# waybill: ignore[*] -- ',
    '# zizmor: ignore[',
    '# hadolint ignore=',
    'ignore',
    '] because ',
    'null',
    'true',
    '1e999',
    '-0',
  ],
  ...[
    'integrity ',
    'resolution: {integrity: sha512-',
    "lockfileVersion: '9.0'\n",
    'importers:\n',
    'snapshots:\n',
    '__metadata:\n',
    '<<<<<<< HEAD\n',
    '=======\n',
    '>>>>>>> x\n',
  ],
];

/** Longest text that a mutation makes, in UTF-16 units: long enough to show what grows too fast. */
const MAX_UNITS = 40_000;

/** A text after one to four changes. `others` are texts that pieces are taken from. */
export function mutate(random: Random, text: string, others: readonly [string, ...string[]]): string {
  let result = text;
  for (let i = random.below(4); i >= 0; i--) result = mutateOnce(random, result, others);
  return result.length <= MAX_UNITS ? result : result.slice(0, MAX_UNITS);
}

function mutateOnce(random: Random, text: string, others: readonly [string, ...string[]]): string {
  const [start, end] = part(random, text);
  const put = (piece: string): string => text.slice(0, start) + piece + text.slice(end);
  switch (random.below(11)) {
    case 0:
      return put('');
    case 1:
      return text.slice(0, start);
    case 2:
      return text.slice(start);
    case 3:
      return put(text.slice(start, end).repeat(2 + random.below(3)));
    case 4:
      return put(random.pick(PIECES).repeat(random.oneIn(50) ? 2_000 : 1));
    case 5: {
      const other = random.pick(others);
      const [from, to] = part(random, other);
      return put(other.slice(from, to));
    }
    case 6:
      return text.slice(0, start) + random.pick(PIECES) + text.slice(start);
    case 7:
      return text.slice(0, start) + String.fromCharCode(random.below(random.oneIn(2) ? 128 : 0xd7ff)) + text.slice(start + 1);
    case 8:
      return text.replace(/\r?\n/g, random.pick(['\n', '\r\n', '\r', ' \n']));
    case 9:
      return lines(random, text);
    default:
      return text.slice(0, start) + random.pick(PIECES) + random.pick(PIECES) + text.slice(start);
  }
}

/** A stretch of a text, mostly a short one. It never starts or ends in the middle of a surrogate pair. */
function part(random: Random, text: string): [number, number] {
  const start = whole(text, random.below(text.length + 1));
  const length = random.oneIn(3) ? random.below(text.length - start + 1) : random.below(12);
  return [start, whole(text, Math.min(text.length, start + length))];
}

function whole(text: string, offset: number): number {
  return splitsPair(text, offset) ? offset - 1 : offset;
}

/** Moves, doubles, drops or indents a line. */
function lines(random: Random, text: string): string {
  const all = text.split('\n');
  const at = random.below(all.length);
  const line = all[at] ?? '';
  const drop = all.toSpliced(at, 1);
  switch (random.below(4)) {
    case 0:
      return drop.join('\n');
    case 1:
      return all.toSpliced(at, 0, line).join('\n');
    case 2:
      return drop.toSpliced(random.below(all.length), 0, line).join('\n');
    default:
      return all.with(at, ' '.repeat(random.below(6)) + line.trimStart()).join('\n');
  }
}
