import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSuspect, type Lookalike } from '../../server/src/core/lookalike.ts';
import { allowing } from '../../server/src/engine/allowed-names.ts';
import type { AllowedName, Policy } from '../../server/src/policy/policy.ts';
import { analyseFiles } from '../support/memory-project.ts';

const NEAR: Lookalike = { target: 'other', kind: 'swap', confidence: 'high', weight: 200 };

function policy(...allow: readonly AllowedName[]): Policy {
  return { rules: {}, ignore: [], allow };
}

describe('names that a policy allows', () => {
  test('keep what they look like, and are suspect no more', () => {
    const judge = allowing(() => NEAR, policy({ ecosystem: 'npm', name: 'raect', reason: 'ours' }));
    const found = judge('npm', 'raect');
    assert.equal(found?.allowed, 'ours');
    assert.equal(isSuspect(found), false);
    assert.equal(isSuspect(judge('npm', 'reatc')), true);
    assert.equal(isSuspect(judge('pypi', 'raect')), true, 'another ecosystem is another name');
  });

  test('are compared as their registries do', () => {
    const judge = allowing(
      () => NEAR,
      policy(
        { ecosystem: 'npm', name: 'Raect', reason: '1' },
        { ecosystem: 'pypi', name: 'Reqests_Lib', reason: '2' },
        { ecosystem: 'actions', name: 'Actons/Checkout', reason: '3' },
      ),
    );
    assert.equal(judge('npm', 'raect')?.allowed, undefined);
    assert.equal(judge('pypi', 'reqests.lib')?.allowed, '2');
    assert.equal(judge('actions', 'actons/checkout')?.allowed, '3');
  });

  test('are never those of removed malware', () => {
    const judge = allowing(() => ({ ...NEAR, confidence: 'certain' }), policy({ ecosystem: 'npm', name: 'crossenv', reason: 'x' }));
    assert.equal(judge('npm', 'crossenv')?.allowed, undefined);
  });

  test('give the same function for the same list and policy, so that what it said can be kept', () => {
    const list = () => NEAR;
    const one = policy({ ecosystem: 'npm', name: 'raect', reason: 'ours' });
    assert.equal(allowing(list, one), allowing(list, one));
    assert.notEqual(allowing(list, one), allowing(list, { ...one }));
    assert.equal(allowing(list, policy()), list);
  });

  test('are counted among the silenced findings, with their reason', () => {
    const text = '{ "dependencies": { "lodahs": "^4.0.0", "chalkk": "1" } }\n';
    const options = { policy: policy({ ecosystem: 'npm', name: 'lodahs', reason: 'our own fork' }) };
    const [analysis] = analyseFiles({ 'package.json': text }, options);
    assert.ok(analysis);
    const { findings, suppressed } = analysis;
    assert.deepEqual(
      findings.flatMap(({ lookalike }) => lookalike?.name ?? []),
      ['chalkk'],
    );
    assert.deepEqual(
      suppressed.map(({ finding, by, reason }) => [finding.rule, by, reason]),
      [['npm/lookalike', 'policy', 'our own fork']],
    );
  });
});
