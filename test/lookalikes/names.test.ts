import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Ecosystem } from '../../server/src/core/lookalike.ts';
import { emptyData, readData, weightOf, writeData } from '../../server/src/lookalikes/data.ts';
import { buildFilter, hasName } from '../../server/src/lookalikes/name-filter.ts';
import { NpmNames } from '../../server/src/lookalikes/npm.ts';
import { isPackable, packNames, unpackNames } from '../../server/src/lookalikes/packed-names.ts';
import { FAR, slipCost } from '../../server/src/lookalikes/slip-cost.ts';
import { shippedLookalikes } from '../support/memory-project.ts';

/** Names, and what the shipped list says of them: `target kind confidence`, or nothing. */
const JUDGED: Readonly<Record<Ecosystem, Readonly<Record<string, string>>>> = {
  npm: {
    // Public records: known-typosquats.csv and the registry's placeholders.
    crossenv: 'cross-env known-malicious certain',
    'opennextjs-cloudflare': '@opennextjs/cloudflare known-malicious certain',
    // One of each kind.
    lodahs: 'lodash swap high',
    expresss: 'express repeat high',
    requst: 'request omit high',
    'reaact-dom': 'react-dom repeat high',
    chalkk: 'chalk repeat high',
    lоdash: 'lodash homoglyph high',
    babelcore: 'babel-core delimiter high',
    '@bable/core': '@babel/core scope high',
    'fresh-import': 'import-fresh reorder low',
    'lodash.js': 'lodash affix low',
    'react-v17': 'react version low',
    'playwright-1.45': 'playwright known-malicious certain',
    'svelte-3.2': 'svelte version low',
    'mssql.js': 'mssql known-malicious certain',
    'hardhat.js': 'hardhat affix low',
    'pupeteer-har': 'puppeteer-har known-malicious certain',
    'pupeteer-core': 'puppeteer-core repeat high',
    // Two slips, and the target that is nearest of several.
    pupetteir: 'puppeteer two-edits medium',
    'webpacks-dev-serverz': 'webpack-dev-server two-edits medium',
    'babel-plugin-styled-componentssss': 'babel-plugin-styled-components two-edits medium',
    styledcomponens: 'styled-components edit-delimiter medium',
    'exprss.js': 'express two-edits low',
    sqlites: 'sqlite insert medium',
    mysqljs: 'mysql known-malicious certain',
    'axios-latest': 'axios affix low',
    'safe-lodash': 'lodash affix low',
    // Honest names that are near others.
    preact: '',
    nuxt: '',
    recast: '',
    'lodash.pick': '',
    '@babel/parser': '',
    core: '',
    'string-width': '',
    'eslint-plugin-ejx': '',
    'array-slice-x': '',
    'unrelated-latest': '',
    '@my-company/lodash': '',
    // Not names at all.
    '': '',
    '@': '',
    '@/': '',
    '/': '',
    __proto__: '',
    constructor: '',
  },
  pypi: {
    reqeusts: 'requests known-malicious certain',
    Requestss: 'requests known-malicious certain',
    beautifulsuop5: '',
    tensorflowss: 'tensorflow two-edits medium',
    urlib3: 'urllib3 repeat high',
    'python-requests': 'requests affix low',
    Flask_SQLAlchemy: '',
    'ruamel.yaml': '',
  },
  actions: {
    'actons/checkout': 'actions/checkout omit high',
    'aws-action/configure-aws-credentials': 'aws-actions/configure-aws-credentials omit high',
    'dokcer/login-action': 'docker/login-action swap high',
    'actions-js/push': '',
    'Actions/Checkout': '',
    'changesets/action': '',
    'snyk/actions': '',
    'my-company/checkout': '',
  },
  oci: {
    'ghrc.io/owner/image': 'ghcr.io/owner/image swap high',
    'quay.oi/x': 'quay.io/x swap high',
    ngnix: 'nginx swap high',
    'docker.io/library/pyhton': 'python swap high',
    'amd64/node': '',
    'grafana/grafan': '',
    'grafanna/grafana-oss': 'grafana/grafana-oss repeat high',
    base: '',
    jruby: '',
    'registry.example.test/node': '',
    'localhost:5000/ngnix': '',
  },
};

describe('the shipped list', () => {
  for (const [ecosystem, names] of Object.entries(JUDGED)) {
    for (const [name, expected] of Object.entries(names)) {
      test(`${ecosystem} ${name} ${expected === '' ? 'looks like itself' : `looks like ${expected}`}`, () => {
        // The keys of JUDGED are ecosystems.
        const found = shippedLookalikes().judge(ecosystem as Ecosystem, name);
        assert.equal(found === undefined ? '' : `${found.target} ${found.kind} ${found.confidence}`, expected);
      });
    }
  }

  test('judges any text without an error', () => {
    const judge = shippedLookalikes();
    for (const text of [
      'a'.repeat(100_000),
      '-'.repeat(10_000),
      '@'.repeat(1000),
      `${'ab-'.repeat(1000)}js`,
      '\u0000',
      '😀',
      '@a/'.repeat(500),
    ]) {
      for (const ecosystem of ['npm', 'pypi', 'actions', 'oci'] as const) assert.equal(judge.judge(ecosystem, text), undefined);
    }
  });
});

describe('the cost of slips', () => {
  const dearer: readonly (readonly [string, string, string])[] = [
    ['lodash', 'lodassh', 'lodaxsh'],
    ['lodash', 'loadsh', 'loxash'],
    ['lodash', 'lodish', 'lodpsh'],
    ['requests', 'request', 'requestz'],
    ['iso-639-1', 'iso-639-l', 'iso-639-3'],
  ];
  for (const [target, near, far] of dearer) {
    test(`${near} is nearer ${target} than ${far} is`, () => assert.ok(slipCost(near, target) < slipCost(far, target)));
  }

  test('is nothing for a name itself, the same in both directions, and bounded', () => {
    assert.equal(slipCost('lodash', 'lodash'), 0);
    assert.equal(slipCost('lodash', 'lodhas'), slipCost('lodhas', 'lodash'));
    assert.equal(slipCost('lodash', 'express'), FAR);
    assert.equal(slipCost('a'.repeat(100_000), 'b'.repeat(100_000)), FAR);
    assert.equal(slipCost('а€', 'lodash'), FAR);
  });
});

describe('what is near any target', () => {
  const names = new NpmNames({
    ...emptyData,
    npm: { names: ['@babel/core', 'express', 'lodash'], weights: Uint8Array.of(200, 200, 200) },
  });

  test('is all that a verdict may be about, and what has a target as its first or last words', () => {
    for (const name of ['lodahs', 'lodassh', 'exprss.js', 'lodash-pro', 'my-express', 'lodash.new', 'babel-core', 'core', '@bable/core'])
      assert.equal(names.isNearAny(name), true, name);
  });

  test('is not what only has some letters in common', () => {
    for (const name of ['unrelated', 'left-pad', '@babel/parser', 'dashboard']) assert.equal(names.isNearAny(name), false, name);
  });
});

describe('a name filter', () => {
  const names = Array.from({ length: 5000 }, (_, nth) => `name-${nth}`);
  const filter = buildFilter(names);

  test('has all its names', () => {
    assert.ok(names.every((name) => hasName(filter, name)));
  });

  test('has hardly any other', () => {
    const others = Array.from({ length: 20_000 }, (_, nth) => `other-${nth}`).filter((name) => hasName(filter, name));
    assert.ok(others.length < 160, `${others.length} of 20,000 seem to be in it`);
  });

  test('without names has none', () => {
    assert.equal(hasName(buildFilter([]), 'a'), false);
  });
});

describe('packed names', () => {
  test('come back as they were', () => {
    const names = ['@babel/core', '@babel/parser', 'JSONStream', 'a', 'a-b', 'a.b_c', 'lodash', 'x'.repeat(214)].sort();
    assert.deepEqual(unpackNames(packNames(names), names.length), names);
  });

  test('cannot hold every character', () => {
    assert.deepEqual(['lodash', 'l\u043edash', 'a b', 'a\nb', ''].map(isPackable), [true, false, false, false, true]);
  });

  test('end with the bytes', () => {
    assert.deepEqual(unpackNames(new Uint8Array(), 10), []);
    assert.ok(unpackNames(new Uint8Array(30).fill(255), 1000).length <= 40);
  });
});

describe('the data file', () => {
  const data = {
    ...emptyData,
    date: '2026-11',
    npm: { names: ['lodash', 'react'], weights: Uint8Array.of(weightOf(1e9), weightOf(2e9)) },
    npmKnown: buildFilter(['a', 'b']),
    malicious: { npm: { crossenv: 'cross-env' }, pypi: {} },
  };

  test('is read as it was written', () => {
    const read = readData(writeData(data));
    assert.deepEqual(read && { ...read }, data);
  });

  test('of another version, cut off or empty is none', () => {
    const file = writeData(data);
    for (const bytes of [
      new Uint8Array(),
      file.subarray(0, 30),
      file.subarray(0, file.length - 1),
      new TextEncoder().encode('waybill lookalikes 2\n'),
    ]) {
      assert.equal(readData(bytes), undefined);
    }
  });
});
