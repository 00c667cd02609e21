import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shippedLookalikes } from '../support/memory-project.ts';

/** Names, and the well-known one among their words as the shipped list has it, or nothing. */
const FOUND: Readonly<Record<string, string>> = {
  // Recorded malware of 2026 (lookalikes.md), and of the attack on axios.
  'chai-as-built': 'chai',
  'pino-pretty-logger': 'pino-pretty',
  'axios-native': 'axios',
  'plain-crypto-js': 'crypto-js',
  'node-fetch-lite': 'node-fetch',
  prettier_v1: 'prettier',
  // The longest one, wherever it stands; a short one only where it is among the most used.
  'eslint-config-airbnb-compatible': 'eslint-config-airbnb',
  'zod-extra': 'zod',
  'x-react-native': 'react-native',
  // A single word at the end is a word.
  'acme-config': '',
  'acme-logger': '',
  // Known itself, with a scope, or no name of several words.
  'react-helmet': '',
  chalk: '',
  '@acme/react-native': '',
  chalkpro: '',
  'chalk-': '',
  '-chalk': '',
  '--': '',
  '': '',
  __proto__: '',
  'constructor-name-tool': '',
};

for (const [name, expected] of Object.entries(FOUND)) {
  test(`${name}: ${expected || 'nothing'}`, () => {
    const found = shippedLookalikes().combosquat('npm', name);
    assert.equal(found?.target ?? '', expected);
    if (found !== undefined) assert.deepEqual([found.kind, found.confidence, found.weight > 0], ['combo', 'low', true]);
  });
}

test('other ecosystems have none', () => assert.equal(shippedLookalikes().combosquat('pypi', 'axios-native'), undefined));

test('a name of many words is no name that anybody types', () => {
  assert.equal(shippedLookalikes().combosquat('npm', `react${'-a'.repeat(12)}`)?.target, 'react');
  assert.equal(shippedLookalikes().combosquat('npm', `react${'-a'.repeat(13)}`), undefined);
  assert.equal(shippedLookalikes().combosquat('npm', 'react-'.repeat(100_000)), undefined);
});
