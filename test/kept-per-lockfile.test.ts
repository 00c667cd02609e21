import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '../server/src/engine/analyse.ts';
import { formatForPath } from '../server/src/engine/formats.ts';
import type { Project } from '../server/src/engine/project.ts';
import { DEFAULT_POLICY } from '../server/src/policy/policy.ts';
import { rule } from '../server/src/rules/npm/dependency-confusion.ts';
import { factView, memoryProject, shippedLookalikes, sourceFile } from './support/memory-project.ts';

const SCOPES = ['@a', '@b', '@c'];
const HOSTS = ['npm.example.test', 'registry.example.test'];

/** A lockfile with three packages of each scope, whose hosts are the digits of `seed`, and some without a scope. */
function lockfile(seed: number): string {
  const hostOf = (nth: number): string => HOSTS[(seed >> nth) & 1] ?? '';
  const names = SCOPES.flatMap((scope, at) =>
    ['x', 'y', 'z'].map((name, nth) => ({ name: `${scope}/${name}`, host: hostOf(at * 3 + nth) })),
  );
  for (let nth = 0; nth < 4; nth++) names.push({ name: `plain${nth}`, host: HOSTS[0] ?? '' });
  const packages = names.map(({ name, host }) => {
    const resolved = `https://${host}/${name}/-/${name.slice(name.indexOf('/') + 1)}-1.0.0.tgz`;
    return [`node_modules/${name}`, { version: '1.0.0', resolved, integrity: `sha512-${'A'.repeat(86)}==` }] as const;
  });
  return JSON.stringify({ name: 'shop', lockfileVersion: 3, packages: { '': { name: 'shop' }, ...Object.fromEntries(packages) } });
}

const manifest = (names: readonly string[]): string =>
  JSON.stringify({ dependencies: Object.fromEntries(names.map((name) => [name, '^1.0.0'])) });

/** What the rule says of a text at a path. */
function findings(path: string, text: string, project: Project): unknown[] {
  const parsed = formatForPath(path)?.parse(sourceFile(path, text));
  assert.ok(parsed);
  const options = { rules: [rule], policy: DEFAULT_POLICY, surroundings: project, facts: factView({}), lookalikes: shippedLookalikes() };
  return analyse(parsed, options).findings.map(({ message, span }) => ({ message, span }));
}

test('what is kept of a lockfile says what a fresh reading says: over edits, beside other lockfiles, after it changed', () => {
  const texts = [['@a/x'], ['@b/y', 'plain1'], ['@a/x', '@b/y', '@c/z'], SCOPES.flatMap((scope) => [`${scope}/x`, `${scope}/z`])].map(
    manifest,
  );
  const files: Record<string, string> = { 'a/package.json': '{}', 'b/package.json': '{}' };
  const kept = memoryProject(files);
  let some = 0;
  for (let seed = 0; seed < 512; seed += 7) {
    // Changed on disk: the project reads them again, and what was kept must not be used for them.
    files['a/package-lock.json'] = lockfile(seed);
    files['b/package-lock.json'] = lockfile(511 - seed);
    for (const folder of ['a', 'b']) kept.forget(`${folder}/package-lock.json`);
    for (const text of texts) {
      for (const folder of ['a', 'b']) {
        const path = `${folder}/package.json`;
        const said = findings(path, text, kept);
        assert.deepEqual(said, findings(path, text, memoryProject({ ...files })), `${seed}: ${text}`);
        some += said.length;
      }
    }
  }
  assert.ok(some > 100, 'the lockfiles are not all without a finding');
});
