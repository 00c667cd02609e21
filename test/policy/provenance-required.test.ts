import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, known, unknown } from '../../server/src/core/answer.ts';
import type { ProvenanceVerdict } from '../../server/src/core/provenance.ts';
import { analyse } from '../../server/src/engine/analyse.ts';
import { formatForPath } from '../../server/src/engine/formats.ts';
import { parsePolicy } from '../../server/src/policy/policy-file.ts';
import { rule } from '../../server/src/rules/npm/provenance-required.ts';
import { type Files, factView, memoryProject, shippedLookalikes, sourceFile } from '../support/memory-project.ts';

const ACME = '{ "version": 1, "npm": { "provenance": [{ "match": "@acme/*" }] } }';

/** What the rule alone says of a file under a policy, and what it asked for. */
function run(files: Files, path: string, policy: string, answer: (id: string) => Answer<unknown> = () => unknown('offline')) {
  const read = parsePolicy(policy, () => undefined);
  const format = formatForPath(path);
  assert.ok(read.ok && format);
  const asked: string[] = [];
  const { findings, unknown: notKnown } = analyse(format.parse(sourceFile(path, files[path] ?? '')), {
    rules: [rule],
    policy: read.value,
    surroundings: memoryProject(files),
    facts: {
      get: (kind, key) => {
        const id = `${kind.id} ${kind.key(key)}`;
        asked.push(id);
        return factView({ [id]: answer(id) }).get(kind, key);
      },
    },
    lookalikes: shippedLookalikes(),
  });
  return { findings: findings.map(({ message }) => message.what), asked, notKnown: notKnown.map(({ path: _, ...rest }) => rest) };
}

function verdict(checks: ProvenanceVerdict['checks'], state: ProvenanceVerdict['verdict']): Answer<ProvenanceVerdict> {
  return known(
    { subject: 'pkg:npm/x@1.0.0', verdict: state, checks, attestations: [], trustRootDate: '2026-11-01', trustRootSource: 'bundled' },
    0,
  );
}

const manifest = (dependencies: object) => JSON.stringify({ dependencies });
const lock = (...names: readonly string[]) =>
  JSON.stringify({
    lockfileVersion: 3,
    packages: { '': {}, ...Object.fromEntries(names.map((name) => [`node_modules/${name}`, { version: '1.0.0' }])) },
  });

test('where the policy says nothing, nothing is asked', () => {
  const files = { 'package.json': manifest({ '@acme/ui': '1.0.0' }), 'package-lock.json': lock('@acme/ui', '@acme/core') };
  for (const path of Object.keys(files)) {
    assert.deepEqual(run(files, path, '{ "version": 1 }'), { findings: [], asked: [], notKnown: [] });
    const others = '{ "version": 1, "npm": { "provenance": [{ "match": "@other/*" }, { "match": "acme" }] } }';
    assert.deepEqual(run(files, path, others), { findings: [], asked: [], notKnown: [] });
  }
});

test('only what matches is asked for, each where it is told', () => {
  const files = {
    'package.json': manifest({ '@acme/ui': '1.0.0', 'left-pad': '1.0.0' }),
    'package-lock.json': lock('@acme/ui', '@acme/core', 'left-pad'),
  };
  assert.deepEqual(run(files, 'package.json', ACME).asked, ['npm-provenance @acme/ui@1.0.0 - @acme/ui']);
  assert.deepEqual(run(files, 'package-lock.json', ACME).asked, ['npm-provenance @acme/core@1.0.0 - @acme/core']);
});

test('what is not known is listed as unknown, with its reason', () => {
  const files = { 'package.json': manifest({ '@acme/ui': '1.0.0' }), 'package-lock.json': lock('@acme/ui') };
  assert.deepEqual(run(files, 'package.json', ACME).notKnown, [{ subject: 'npm-provenance', why: 'offline', count: 1 }]);
  const refused = () => verdict([{ id: 'attestations-served', outcome: 'unknown', message: 'It does not serve them.' }], 'unknown');
  assert.deepEqual(run(files, 'package.json', ACME, refused), {
    findings: [],
    asked: ['npm-provenance @acme/ui@1.0.0 - @acme/ui'],
    notKnown: [{ subject: 'npm-provenance', why: 'denied', count: 1, detail: 'It does not serve them.' }],
  });
});

test('a catalog without a lockfile is unknown', () => {
  const { notKnown } = run({ 'package.json': manifest({ '@acme/ui': 'catalog:' }) }, 'package.json', ACME);
  assert.deepEqual(notKnown, [{ subject: 'npm-provenance', why: 'denied', count: 1, detail: 'no lockfile says which version it is' }]);
});

test('of a thousand packages of a file, the rest is unknown and not clean', () => {
  const names = Array.from({ length: 1003 }, (_, i) => `@acme/p${i}`);
  const missing = () => verdict([{ id: 'provenance-present', outcome: 'not-proven', message: 'There is none.' }], 'not-proven');
  const { findings, asked, notKnown } = run({ 'package-lock.json': lock(...names) }, 'package-lock.json', ACME, missing);
  assert.equal(findings.length, 1000);
  assert.equal(asked.length, 1000);
  assert.deepEqual(
    notKnown.map(({ subject, why, count }) => ({ subject, why, count })),
    [{ subject: 'npm-provenance', why: 'denied', count: 3 }],
  );
});

test('one kept verdict serves different policies', () => {
  const files = { 'package-lock.json': lock('@acme/core') };
  const repository = 'https://github.com/acme/platform';
  const proven = () =>
    known(
      {
        subject: 'pkg:npm/%40acme/core@1.0.0',
        verdict: 'proven',
        checks: [],
        trustRootDate: '2026-11-01',
        trustRootSource: 'bundled',
        attestations: [
          { kind: 'provenance', predicateType: 'https://slsa.dev/provenance/v1', verdict: 'proven', checks: [], identity: { repository } },
        ],
      },
      0,
    );
  const asking = (wanted: string) => `{ "version": 1, "npm": { "provenance": [{ "match": "*", "repository": "${wanted}" }] } }`;
  const same = run(files, 'package-lock.json', asking(repository), proven);
  const other = run(files, 'package-lock.json', asking('acme/other'), proven);
  assert.deepEqual(same.findings, []);
  assert.deepEqual(other.findings, [
    'The policy (`*`) asks that `@acme/core` is built from https://github.com/acme/other, and 1.0.0 was built from https://github.com/acme/platform.',
  ]);
  assert.deepEqual(same.asked, other.asked);
});
