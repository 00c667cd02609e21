import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FullVersion, Packument, Publisher } from '../../server/src/core/npm-facts.ts';
import {
  areOfSamePeople,
  hasFewVersions,
  isEstablished,
  isPlaceholder,
  isYoung,
  type PackageRecord,
  recordOf,
  recordText,
} from '../../server/src/formats/package-record.ts';

const DAY = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 10, 22, 5, 30);

interface Made {
  readonly created?: number;
  /** Versions by how many days before now they came. */
  readonly versions?: Readonly<Record<string, number>>;
  readonly people?: readonly Publisher[];
  readonly repository?: string;
  readonly version?: Partial<FullVersion>;
}

function packument({ created = 1000, versions = { '1.0.0': 1000 }, people = [{ name: 'ann' }], repository, version }: Made): Packument {
  return {
    name: 'x',
    versions: Object.entries(versions).map(([number, days]) => ({ version: number, publishedAt: NOW - days * DAY, ...version })),
    distTags: {},
    isStripped: false,
    createdAt: NOW - created * DAY,
    maintainers: people,
    ...(repository === undefined ? {} : { repository }),
  };
}

function record(made: Made): PackageRecord {
  const read = recordOf(packument(made), NOW);
  assert.ok(read);
  return read;
}

const FIVE = { '1.0.0': 1000, '1.0.1': 900, '1.0.2': 890, '1.0.3': 850, '1.0.4': 820 };

describe('what a registry tells of a package', () => {
  test('is nothing where it leaves out when, or who', () => {
    const whole = packument({});
    const { createdAt, ...undated } = whole;
    const { maintainers, ...unsigned } = whole;
    assert.ok(createdAt !== undefined && maintainers !== undefined);
    for (const one of [undated, unsigned, { ...whole, isStripped: true }]) assert.equal(recordOf(one, NOW), undefined);
    assert.ok(recordOf(whole, NOW));
  });

  test('young is less than 90 days, by the time of the answer', () => {
    assert.deepEqual(
      [0, 89, 90, -5].map((created) => isYoung(record({ created }))),
      [true, true, false, true],
    );
  });

  test('few are three', () => {
    assert.equal(hasFewVersions(record({ versions: { '1.0.0': 3, '1.0.1': 2, '1.0.2': 1 } })), true);
    assert.equal(hasFewVersions(record({ versions: { '1.0.0': 3, '1.0.1': 2, '1.0.2': 1, '1.0.3': 0 } })), false);
  });

  test('established takes age, versions, upkeep and a repository', () => {
    const good: Made = { created: 1000, versions: FIVE, repository: 'ann/x' };
    assert.equal(isEstablished(record(good)), true);
    const four = { '1.0.0': 1000, '1.0.1': 900, '1.0.2': 890, '1.0.3': 800 };
    const burst = { '1.0.0': 1000, '1.0.1': 999, '1.0.2': 998, '1.0.3': 997, '1.0.4': 996 };
    const { repository, ...homeless } = good;
    assert.ok(repository);
    for (const made of [{ ...good, created: 364 }, { ...good, versions: four }, { ...good, versions: burst }, homeless]) {
      assert.equal(isEstablished(record(made)), false);
    }
  });

  test('a placeholder has nothing else', () => {
    const of = (...versions: string[]) => isPlaceholder({ versions: versions.map((version) => ({ version })) });
    assert.deepEqual(
      [of('0.0.1-security'), of('0.0.1-security.0', '0.0.2-security'), of('0.0.1-security', '1.0.0'), of()],
      [true, true, false, false],
    );
    assert.equal(of('1.0.0-security'), false);
  });

  test('in words', () => {
    assert.equal(recordText(record({ created: 3 })), 'was created 3 days ago, and has one version, one maintainer and no repository');
    const [two, none] = [[{ name: 'ann' }, { email: 'b@example.test' }], []];
    assert.match(
      recordText(record({ created: 0, versions: FIVE, people: two, repository: 'a/b' })),
      /less than a day ago, and has 5 versions and 2 maintainers$/,
    );
    assert.match(recordText(record({ created: 1, people: none })), /a day ago, .* no maintainers/);
    assert.match(recordText(record({ created: 80 })), /2 months ago/);
    assert.match(recordText(record({ created: 800 })), /2 years ago/);
  });
});

describe('the same people', () => {
  const theirs = record({ people: [{ name: 'ann' }, { name: 'Bob' }], repository: 'git+https://github.com/acme/x.git' });
  const attested = { attestations: { predicateType: 'https://slsa.dev/provenance/v1' } };

  test('an account that may publish both', () => {
    assert.equal(areOfSamePeople(record({ people: [{ name: 'carl' }, { name: 'bob' }] }), theirs), true);
    assert.equal(areOfSamePeople(record({ people: [{ name: 'carl' }] }), theirs), false);
    assert.equal(
      areOfSamePeople(record({ people: [{ email: 'ann' }] }), record({ people: [{ email: 'ann' }] })),
      false,
      'an address is no account',
    );
  });

  test('a workflow of the same owner, but not the mere name of its repository', () => {
    const people = [{ name: 'carl' }];
    for (const repository of ['acme/other', 'https://github.com/Acme/other/tree/main/x', 'git@github.com:acme/other.git']) {
      assert.equal(areOfSamePeople(record({ people, repository, version: attested }), theirs), true, repository);
      assert.equal(areOfSamePeople(record({ people, repository }), theirs), false, repository);
    }
    for (const repository of ['acme2/x', 'https://gitlab.com/acme/x', 'https://evil.test/github.com/acme/x', ' ']) {
      assert.equal(areOfSamePeople(record({ people, repository, version: attested }), theirs), false, repository);
    }
    const other = { attestations: { predicateType: 'https://example.test/publish' } };
    assert.equal(areOfSamePeople(record({ people, repository: 'acme/x', version: other }), theirs), false);
  });
});
