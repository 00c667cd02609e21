import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { known, unknown } from '../../server/src/core/answer.ts';
import type { Ecosystem, Lookalike } from '../../server/src/core/lookalike.ts';
import { compareNames } from '../../server/src/engine/compare-names.ts';
import { markedNames } from '../../server/src/engine/name-marks.ts';
import { comparisonPage } from '../../server/src/lsp/compare-names.ts';
import { type Facts, factFetch } from '../support/memory-project.ts';

const NOW = Date.UTC(2026, 10, 22);
const NEAR: Lookalike = { target: 'react', kind: 'swap', confidence: 'high', weight: 225 };

function compare(ecosystem: Ecosystem, name: string, found: Lookalike, facts: Facts) {
  const io = { fetch: factFetch(facts), packageKey: (of: string) => ({ name: of }) };
  return compareNames({ ecosystem, name, found, listDate: '2026-11' }, io, new AbortController().signal);
}

function table({ rows }: Awaited<ReturnType<typeof compare>>): Record<string, readonly [string, string]> {
  return Object.fromEntries(rows.map(({ label, values }) => [label, values]));
}

describe('what differs is marked', () => {
  test('under what the one has and the other has not', () => {
    assert.deepEqual(markedNames(['raect', 'react']), ['raect', ' ^^', 'react', ' ^^']);
    assert.deepEqual(markedNames(['lodash', 'lodash']), ['lodash', 'lodash']);
    assert.deepEqual(markedNames(['@bable/core', '@babel/core']), ['@bable/core', '    ^^', '@babel/core', '    ^^']);
    assert.deepEqual(markedNames(['lodashs', 'lodash']), ['lodashs', '      ^', 'lodash']);
    assert.deepEqual(markedNames(['node-crossenv', 'cross-env']), ['node-crossenv', '^^^^^', 'cross-env', '     ^']);
  });

  test('with the codes of what only looks the same, and nothing that could reach a terminal', () => {
    assert.deepEqual(markedNames(['r\u0435act', 'react']), ['r\u0435act', ' ^', 'react', ' ^', '\u0435 is U+0435']);
    const shown = markedNames(['a\u001b[2Jb\u202e', 'ab']).join('\n');
    assert.ok(!shown.includes('\u001b') && !shown.includes('\u202e'));
  });

  test('of long names in part', () => {
    const [first = ''] = markedNames(['x'.repeat(5000), 'y'.repeat(5000)]);
    assert.equal(first.length, 120);
  });
});

describe('two names side by side', () => {
  const day = (year: number, month: number) => Date.UTC(year, month - 1, 1);
  const facts: Facts = {
    'npm-packument raect': known(
      {
        name: 'raect',
        isStripped: false,
        distTags: { latest: '0.0.2' },
        versions: [
          {
            version: '0.0.2',
            publishedAt: Date.UTC(2026, 10, 20),
            hasInstallScript: true,
            deprecated: 'see <b>x</b> | [y](https://npm.example.test)',
          },
        ],
        createdAt: Date.UTC(2026, 10, 19),
        maintainers: [{ name: 'mallory|\u202e' }],
        repository: 'git+https://git.example.test/`x`.git',
      },
      NOW,
    ),
    'npm-packument react': known(
      {
        name: 'react',
        isStripped: false,
        distTags: { latest: '19.2.0' },
        versions: [{ version: '19.2.0', publishedAt: day(2026, 8), license: 'MIT', attestations: {}, repository: 'git.example.test' }],
        createdAt: day(2011, 10),
        maintainers: Array.from({ length: 7 }, (_, i) => ({ name: `m${i}` })),
      },
      NOW,
    ),
  };

  test('of npm: age, people, scripts, deprecation, and the use of the one that is known', async () => {
    const comparison = await compare('npm', 'raect', NEAR, facts);
    const rows = table(comparison);
    assert.deepEqual(rows['Use, by the list of 2026-11'], [
      'unknown (not among the names that the list knows)',
      'is installed about 300 million times a month',
    ]);
    assert.deepEqual(rows['First published'], ['2026-11-19 (3 days ago)', '2011-10-01 (15 years ago)']);
    assert.deepEqual(rows['Newest published'], ['2026-11-20 (2 days ago)', '2026-08-01 (3 months ago)']);
    assert.deepEqual(rows.Maintainers, ['mallory|\u202e', 'm0, m1, m2, m3, m4 and 2 more']);
    assert.deepEqual(rows['Install scripts'], ['yes', 'none']);
    assert.deepEqual(rows.Licence, ['none named', 'MIT']);
    assert.deepEqual(rows.Provenance, ['none named', 'named, not verified here']);
    assert.deepEqual(rows.Repository?.[1], 'git.example.test');
  });

  test('as a page in which nothing foreign is markup, and nothing is called safe', async () => {
    const page = comparisonPage(await compare('npm', 'raect', NEAR, facts));
    assert.match(
      page,
      /^# raect beside react\n\nraect looks like react: two letters are swapped\.\n\n```text\nraect\n \^\^\nreact\n \^\^\n```\n/,
    );
    assert.ok(page.includes('see &lt;b&gt;x'), page);
    assert.doesNotMatch(page, /<b>|\[y\]\(|\u202e|`x`/);
    assert.doesNotMatch(page, /\bsafe|trustworthy|harmless/i);
    for (const row of page.split('\n').filter((line) => line.startsWith('|'))) {
      assert.equal(row.replace(/\\\|/g, '').split('|').length, 5, row);
    }
  });

  test('with backticks in the names, which do not end the block', async () => {
    const name = 'a```\n# x';
    const page = comparisonPage(await compare('npm', name, NEAR, {}));
    assert.ok(page.includes('\n````text\na```'), page);
    assert.doesNotMatch(page, /^# x/m);
  });

  test('says why something is unknown, and that a free name may be taken by anybody', async () => {
    const rows = table(
      await compare('npm', 'raect', NEAR, {
        'npm-packument raect': { state: 'absent', asOf: NOW },
        'npm-packument react': unknown('timeout'),
      }),
    );
    assert.deepEqual(rows.Exists, ['no: anybody can register it', 'unknown (timeout)']);
    const mirror = { name: 'react', isStripped: true, distTags: {}, versions: [{ version: '1.0.0' }] };
    const untold = table(await compare('npm', 'raect', NEAR, { 'npm-packument react': known(mirror, NOW) }));
    for (const label of ['Newest version', 'First published', 'Maintainers', 'Install scripts', 'Deprecated'])
      assert.equal(untold[label]?.[1], 'unknown (this registry does not say)', label);
  });

  test('of actions, images and Python packages, as far as anybody says something', async () => {
    const oid = '1'.repeat(40);
    const digest = `sha256:${'a'.repeat(64)}`;
    const all: Facts = {
      'git-refs actions/checkout': known({ head: 'refs/heads/main', refs: [{ name: 'refs/tags/v4.2.0', oid }] }, NOW),
      [`git-dates actions/checkout ${oid}`]: known({ [oid]: day(2026, 1) }, NOW),
      'git-refs actons/checkout': { state: 'absent', asOf: NOW },
      'oci-registry docker.io/library/nginx:latest': known({ digest, mediaType: 'x' }, NOW),
      [`oci-content docker.io/library/nginx@${digest}`]: known(
        { mediaType: 'x', manifests: [{ digest, platform: 'linux/amd64' }], version: '1.29' },
        NOW,
      ),
    };
    const actions = table(await compare('actions', 'actons/checkout', { ...NEAR, target: 'actions/checkout' }, all));
    assert.deepEqual(actions.Exists, ['no, or it is private: anybody may register a free name', 'yes']);
    assert.deepEqual(actions['Newest release'], ['', 'v4.2.0']);
    assert.deepEqual(actions['Its date, by its author'], ['', '2026-01-01 (10 months ago)']);
    const images = table(await compare('oci', 'ngnix', { ...NEAR, target: 'nginx' }, all));
    assert.deepEqual(images['Tag latest'], ['unknown (offline)', digest]);
    assert.deepEqual(images['Calls itself version'], ['', '1.29']);
    const python = table(await compare('pypi', 'reqests', { ...NEAR, target: 'requests', weight: 100 }, all));
    assert.match(python.Exists?.[1] ?? '', /^unknown \(nothing is looked up/);
    const malware = await compare(
      'npm',
      'crossenv',
      { target: 'cross-env', kind: 'known-malicious', confidence: 'certain', weight: 200 },
      {},
    );
    assert.equal(malware.difference, 'it was published as malware');
    assert.equal(malware.rows[0]?.values[0], 'is the name of removed malware');
  });
});
