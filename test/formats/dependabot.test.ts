import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatForPath } from '../../server/src/engine/formats.ts';
import { asDependabot, format } from '../../server/src/formats/dependabot.ts';
import { checkEveryPrefix, fixtureDocuments } from '../support/every-prefix.ts';
import { sourceFile } from '../support/memory-project.ts';

function parse(text: string) {
  const manifest = format.parse(sourceFile('.github/dependabot.yml', text));
  return { manifest, updates: asDependabot(manifest)?.updates ?? [] };
}

const DOCUMENT = `version: 2
updates:
  - package-ecosystem: "npm"
    directories: [/, "/web/*"]
    schedule:
      interval: 'daily'
    insecure-external-code-execution: allow # no
    cooldown:
      default-days: 3
      include: ["*"]
  - package-ecosystem: docker
    directory: /images
    open-pull-requests-limit: 0
`;

test('an entry has its ecosystem, folders, schedule, cooldown and permission to run code', () => {
  const { updates, manifest } = parse(DOCUMENT);
  assert.deepEqual(manifest.problems, []);
  const [npm, docker] = updates;
  const scalars = [npm?.ecosystem, ...(npm?.directories ?? []), npm?.interval, npm?.cooldown?.defaultDays, npm?.externalCode];
  assert.deepEqual(
    scalars.map((scalar) => scalar?.text),
    ['npm', '/', '/web/*', 'daily', '3', 'allow'],
  );
  for (const scalar of scalars) assert.equal(DOCUMENT.slice(scalar?.span.start, scalar?.span.end), scalar?.text);
  assert.deepEqual([npm?.isSecurityOnly, docker?.isSecurityOnly], [false, true]);
  assert.deepEqual([docker?.directories.map(({ text }) => text), docker?.cooldown, docker?.interval], [['/images'], undefined, undefined]);
});

test('a key goes behind the last value of its mapping', () => {
  const { updates } = parse(DOCUMENT);
  const behind = (at: number | undefined) => DOCUMENT.slice(0, at).split('\n').at(-1);
  assert.deepEqual(
    updates.map(({ keyPlace }) => [keyPlace?.indent, behind(keyPlace?.at)]),
    [
      ['    ', '      include: ["*"]'],
      ['    ', '    open-pull-requests-limit: 0'],
    ],
  );
  assert.equal(behind(updates[0]?.cooldown?.keyPlace?.at), '      include: ["*"]');
});

/** Entries whose end cannot be told from their last value. */
const NO_PLACE = [
  'updates: [{package-ecosystem: npm}]',
  'a: &a /\nupdates:\n  - package-ecosystem: npm\n    directory: *a\n',
  'updates:\n  - package-ecosystem: npm\n    labels: |\n      x\n',
  'updates:\n  - package-ecosystem: npm\n    labels: &a\n      - *a\n',
  'updates:\n  - package-ecosystem: npm\n    labels:\n      - &a x\n      - *a\n',
  'updates:\n  - package-ecosystem: npm\n    labels:\n      - &a\n        b: c\n      - *a\n',
];

for (const text of NO_PLACE)
  test(`there is no place for a key in ${JSON.stringify(text)}`, () => {
    const [entry] = parse(text).updates;
    assert.equal(entry?.ecosystem?.text, 'npm');
    assert.equal(entry?.keyPlace, undefined);
  });

test('a key goes behind a sequence of mappings', () => {
  const text =
    'updates:\n  - package-ecosystem: npm\n    ignore:\n      - dependency-name: a\n      - dependency-name: b # c\n        versions:\n          - "1"\n          - "2"\n# end\n';
  const [entry] = parse(text).updates;
  assert.ok(text.slice(0, entry?.keyPlace?.at).endsWith('- "2"'));
});

test('what is no list of entries has none', () => {
  for (const text of [
    '',
    'updates',
    'updates:',
    'updates: npm',
    'updates: {a: b}',
    'updates: [npm, null, []]',
    '- updates',
    'a: &x\n  - *x',
  ])
    assert.deepEqual(parse(text).updates, []);
});

test('only the file in .github is one, and it is no workflow', () => {
  assert.equal(formatForPath('.github/dependabot.yml')?.id, 'dependabot');
  assert.equal(formatForPath('sub/.github/dependabot.yaml')?.id, 'dependabot');
  assert.equal(formatForPath('.github/workflows/dependabot.yml')?.id, 'workflow');
  assert.equal(formatForPath('dependabot.yml'), undefined);
});

test('every prefix of every dependabot.yml of the fixtures parses, and all rules run over it', () => {
  const documents = [...fixtureDocuments('dependabot.yml'), ...fixtureDocuments('dependabot.yaml')];
  assert.ok(documents.length > 5);
  for (const document of [...documents, DOCUMENT]) checkEveryPrefix(format, '.github/dependabot.yml', document);
});
