import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FullVersion, Packument } from '../../server/src/core/npm-facts.ts';
import { ageInDays, compareVersion, DAY_MS, evidenceOf, isOfSameOwner, isYoungAt } from '../../server/src/formats/version-history.ts';

/** A version as a registry tells of it, published so many days after a fixed day. */
function version(text: string, day: number | undefined, rest: Partial<FullVersion> = {}): FullVersion {
  return {
    version: text,
    ...(day === undefined ? {} : { publishedAt: day * DAY_MS }),
    publisher: { name: 'ann', email: 'ann@example.test' },
    ...rest,
  };
}

function packument(versions: readonly FullVersion[], rest: Partial<Packument> = {}): Packument {
  return { name: 'tool', versions, distTags: {}, isStripped: false, ...rest };
}

const ATTESTED = { attestations: { predicateType: 'https://slsa.dev/provenance/v1' } };
const TRUSTED = { ...ATTESTED, publisher: { name: 'GitHub Actions', isTrustedPublisher: true } } as const;

test('the version before is the next lower release that was published before', () => {
  const all = packument([
    version('1.0.0', 1),
    version('1.1.0-rc.1', 2),
    version('2.0.0', 3),
    version('1.1.0', 5),
    version('2.0.1', 7),
    version('1.1.1', 9),
    version('3.0.0-beta.1', 11),
    version('not-a-version', 12),
  ]);
  const previous = (text: string) => compareVersion(all, text)?.previous?.version;
  assert.equal(previous('1.0.0'), undefined);
  assert.equal(previous('1.1.0-rc.1'), '1.0.0');
  assert.equal(previous('2.0.0'), '1.0.0');
  assert.equal(previous('1.1.0'), '1.0.0');
  assert.equal(previous('2.0.1'), '2.0.0');
  assert.equal(previous('1.1.1'), '1.1.0');
  assert.equal(previous('3.0.0-beta.1'), '2.0.1');
  assert.equal(compareVersion(all, '9.9.9'), undefined);
  assert.equal(compareVersion(all, 'not-a-version'), undefined);
});

test('of a burst each version is held against what was there before it', () => {
  const all = packument([
    version('1.0.0', 1, { dependencies: { a: '1' } }),
    version('1.0.1', 9, { hasInstallScript: true, dependencies: { a: '1', b: '1' } }),
    version('1.0.2', 9.1, { hasInstallScript: true, dependencies: { a: '1', b: '1' } }),
    version('1.0.3', 10.2, { hasInstallScript: true, dependencies: { a: '1', b: '1' } }),
  ]);
  const seen = (text: string) => {
    const found = compareVersion(all, text);
    return [found?.previous?.version, found?.script.state, found?.dependencies.state];
  };
  assert.deepEqual(seen('1.0.1'), ['1.0.0', 'changed', 'changed']);
  assert.deepEqual(seen('1.0.2'), ['1.0.0', 'changed', 'changed']);
  // More than a day later it is no news any more.
  assert.deepEqual(seen('1.0.3'), ['1.0.2', 'same', 'same']);
});

test('releases of one minute have an order', () => {
  const all = packument([version('1.0.0', 1, TRUSTED), version('1.0.1', 2, TRUSTED), version('1.0.2', 2, TRUSTED), version('1.0.3', 2)]);
  const { evidence, publisher } = compareVersion(all, '1.0.3') ?? {};
  assert.deepEqual(evidence?.state === 'changed' && [evidence.change.previous.version, evidence.change.before], [
    '1.0.2',
    'trusted-publisher',
  ]);
  assert.equal(publisher?.state === 'changed' && publisher.change.kind, 'person');
});

test('evidence: only its absence after two releases of the same major within half a year', () => {
  const state = (before: readonly FullVersion[], last: FullVersion) =>
    compareVersion(packument([...before, last]), last.version)?.evidence.state;
  const two = [version('1.0.0', 1, ATTESTED), version('1.0.1', 2, ATTESTED)];
  assert.equal(state(two, version('1.0.2', 9)), 'changed');
  assert.equal(state(two, version('1.0.2', 182)), 'changed');
  assert.equal(state(two, version('1.0.2', 183)), 'same');
  assert.equal(state(two.slice(1), version('1.0.2', 9)), 'same');
  assert.equal(state(two, version('0.9.9', 9)), 'nothing-earlier');
  assert.equal(state(two, version('2.0.0', 9)), 'nothing-earlier');
  assert.equal(state(two, version('1.0.2', 9, ATTESTED)), 'same');
  assert.equal(state([version('1.0.0', 1, TRUSTED), version('1.0.1', 2, TRUSTED)], version('1.0.2', 9, ATTESTED)), 'same');
  assert.equal(state(two, version('1.0.2-rc.1', 9)), 'same');
});

test('what the registry leaves out is unknown, and never the same', () => {
  const states = (all: Packument, text: string) => {
    const found = compareVersion(all, text);
    return found && [found.script.state, found.dependencies.state, found.evidence.state, found.publisher.state];
  };
  const none = ['unknown', 'unknown', 'unknown', 'unknown'];
  const pair = (rest: Partial<FullVersion>) => [version('1.0.0', 1), version('1.0.1', 9, { hasInstallScript: true, ...rest })];
  assert.deepEqual(states(packument(pair({}), { isStripped: true }), '1.0.1'), none);
  assert.deepEqual(states(packument([version('1.0.0', undefined), version('1.0.1', undefined)]), '1.0.1'), none);
  const thin: FullVersion = { version: '1.0.1', publishedAt: 9 * DAY_MS };
  assert.deepEqual(states(packument([version('1.0.0', 1), thin]), '1.0.1'), none);
  // The predecessor's record is thin: whether it had a script is not known, who published it neither.
  const first: FullVersion = { version: '1.0.0', publishedAt: DAY_MS };
  assert.deepEqual(states(packument([first, version('1.0.1', 9, { hasInstallScript: true })]), '1.0.1'), [
    'unknown',
    'same',
    'same',
    'unknown',
  ]);
  assert.equal(evidenceOf(thin), undefined);
  assert.equal(evidenceOf(version('1.0.0', 1)), 'none');
});

test('a publisher is known by name in any case, and by address', () => {
  const kind = (publisher: FullVersion['publisher']) => {
    const last = version('1.0.1', 9, publisher === undefined ? {} : { publisher });
    const found = compareVersion(packument([version('1.0.0', 1), last]), '1.0.1')?.publisher;
    return found?.state === 'changed' ? found.change.kind : found?.state;
  };
  assert.equal(kind({ name: 'Ann', email: 'ANN@example.test' }), 'same');
  assert.equal(kind({ name: 'ann' }), 'same');
  assert.equal(kind({ name: 'ann', email: 'ann@elsewhere.test' }), 'address');
  assert.equal(kind({ name: 'bob', email: 'ann@example.test' }), 'new');
  assert.equal(kind({ name: 'GitHub Actions', isTrustedPublisher: true }), 'same');
  assert.equal(kind({ email: 'x@example.test' }), 'unknown');
});

test('the age of a version, of a package, and whose a package is', () => {
  assert.equal(ageInDays(version('1.0.0', 1), 3.5 * DAY_MS), 2.5);
  assert.equal(ageInDays(version('1.0.0', 9), 3 * DAY_MS), 0);
  assert.equal(ageInDays(version('1.0.0', undefined), 3 * DAY_MS), undefined);
  const young = packument([version('1.0.0', 10)]);
  assert.equal(isYoungAt(young, 39 * DAY_MS), true);
  assert.equal(isYoungAt(young, 5 * DAY_MS), true);
  assert.equal(isYoungAt(young, 40 * DAY_MS), false);
  assert.equal(isYoungAt({ ...young, createdAt: 0 }, 31 * DAY_MS), false);
  assert.equal(isYoungAt({ ...young, isStripped: true }, 11 * DAY_MS), undefined);
  assert.equal(isYoungAt(packument([version('1.0.0', undefined)]), 11 * DAY_MS), undefined);
  assert.equal(isOfSameOwner('@a/b', '@a/c'), true);
  assert.equal(isOfSameOwner('a', '@a/c'), true);
  assert.equal(isOfSameOwner('@a/b', '@ab/c'), false);
  assert.equal(isOfSameOwner('@a/b', 'a'), false);
  assert.equal(isOfSameOwner('a', 'a-c'), false);
});

test('a package with twenty thousand versions is compared once', () => {
  const versions = Array.from({ length: 20_000 }, (_, i) => version(`1.${i}.0`, i, { dependencies: { a: '1' } }));
  const all = packument(versions);
  const first = compareVersion(all, '1.19999.0');
  assert.equal(first?.previous?.version, '1.19998.0');
  assert.equal(compareVersion(all, '1.19999.0'), first);
});

test('a dependency is what is brought in, whatever it is called', () => {
  const added = (before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>) => {
    const all = packument([version('1.0.0', 1, { dependencies: before }), version('1.0.1', 9, { dependencies: now })]);
    const found = compareVersion(all, '1.0.1')?.dependencies;
    return found?.state === 'changed'
      ? found.change.added.map(({ name, isExotic }) => `${name}${isExotic ? ' exotic' : ''}`)
      : found?.state;
  };
  // The name stays, and something else is installed for it.
  assert.deepEqual(added({ a: '^1.0.0' }, { a: 'npm:b@^1.0.0' }), ['b']);
  assert.deepEqual(added({ a: '^1.0.0' }, { a: 'github:mallory/a#0123456789012345678901234567890123456789' }), ['a exotic']);
  assert.deepEqual(added({ a: 'github:acme/a#v1' }, { a: 'github:mallory/a#v1' }), ['a exotic']);
  assert.deepEqual(added({ a: '^1.0.0' }, { a: 'https://cdn.example.test/a.tgz' }), ['a exotic']);
  // Another name for what was there, and newer releases of it.
  assert.equal(added({ a: '^1.0.0' }, { 'a-legacy': 'npm:a@^1.0.0' }), 'same');
  assert.equal(added({ 'a-legacy': 'npm:a@^1.0.0' }, { a: '^1.0.1' }), 'same');
  assert.equal(added({ a: 'npm:b@^1.0.0' }, { a: 'npm:b@^1.1.0' }), 'same');
  assert.equal(added({ a: 'github:acme/a#v1' }, { a: 'git+https://github.com/acme/a.git#v2' }), 'same');
  assert.equal(added({ a: 'https://cdn.example.test/a-1.tgz' }, { a: 'https://cdn.example.test/a-2.tgz' }), 'same');
  assert.equal(added({ a: '^1.0.0', b: '1' }, { a: '~1.0.1' }), 'same');
});

test('five thousand versions in any order, and what registries leave out of some, do not change the answer', () => {
  const all = Array.from({ length: 5000 }, (_, nth) =>
    version(`${Math.floor(nth / 1000)}.${Math.floor(nth / 10) % 100}.${nth % 10}`, nth, nth % 7 === 0 ? { deprecated: 'old' } : TRUSTED),
  );
  const hand = version('4.99.10', 5000.5, { hasInstallScript: true, dependencies: { b: '1' }, publisher: { name: 'mallory' } });
  // A permutation: 1009 and 5001 have no common factor.
  const listed = [...all, hand];
  const mixed = listed.map((_, nth) => listed[(nth * 1009) % 5001] ?? hand);
  const thin: FullVersion[] = [{ version: '4.99.8-beta.1' }, { version: '0.0.0-nightly' }, { version: 'junk' }];
  for (const versions of [listed, mixed, mixed.toReversed(), [...thin, ...mixed]]) {
    const found = compareVersion(packument(versions), '4.99.10');
    assert.deepEqual(
      [found?.previous?.version, found?.script.state, found?.dependencies.state, found?.evidence.state, found?.publisher.state],
      ['4.99.9', 'changed', 'changed', 'changed', 'changed'],
    );
    assert.equal(found?.publisher.state === 'changed' && found.publisher.change.kind, 'person');
  }
});

test('honest oddities are no change', () => {
  const states = (text: string, ...versions: readonly FullVersion[]) => {
    const found = compareVersion(packument(versions), text);
    return found && [found.script.state, found.dependencies.state, found.evidence.state, found.publisher.state];
  };
  const script = { hasInstallScript: true, dependencies: { a: '1' } };
  const quiet = ['same', 'same', 'same', 'same'];
  // A maintenance release of an older major, by its own line; the newer major has evidence, other dependencies and another publisher.
  const newer = [
    version('2.0.0', 5, { ...TRUSTED, dependencies: { z: '1' } }),
    version('2.0.1', 6, { ...TRUSTED, dependencies: { z: '1' } }),
  ];
  assert.deepEqual(states('1.0.2', version('1.0.0', 1, script), version('1.0.1', 2, script), ...newer, version('1.0.2', 9, script)), quiet);
  // The first release with provenance, and the first by trusted publishing.
  assert.deepEqual(states('1.0.1', version('1.0.0', 1), version('1.0.1', 9, ATTESTED)), quiet);
  assert.deepEqual(states('1.0.1', version('1.0.0', 1), version('1.0.1', 9, TRUSTED)), quiet);
  // Trusted publishing back to a token with provenance, as vite 6.4.1: the bot has published before.
  const bot = version('0.9.0', 0);
  assert.deepEqual(states('1.0.2', bot, version('1.0.0', 1, TRUSTED), version('1.0.1', 2, TRUSTED), version('1.0.2', 9, ATTESTED)), quiet);
  // A script that moved to another hook is one as before.
  assert.deepEqual(states('1.0.1', version('1.0.0', 1, script), version('1.0.1', 9, script)), quiet);
  // The only version there is.
  assert.deepEqual(states('1.0.0', version('1.0.0', 1)), ['same', 'nothing-earlier', 'nothing-earlier', 'nothing-earlier']);
  // A deprecated predecessor is a predecessor.
  assert.deepEqual(states('1.0.1', version('1.0.0', 1, { ...script, deprecated: 'x' }), version('1.0.1', 9, script)), quiet);
});
