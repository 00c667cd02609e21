import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Check, ProvenanceVerdict } from '../../server/src/core/provenance.ts';
import { contradictions, type Origin, originChanges, originOf } from '../../server/src/formats/origin-drift.ts';

const USUAL: Origin = {
  subject: 'https://github.com/acme/tool/.github/workflows/release.yml@refs/heads/main',
  repository: 'https://github.com/acme/tool',
  workflow: 'https://github.com/acme/tool/.github/workflows/release.yml@refs/heads/main',
  ref: 'refs/heads/main',
  trigger: 'push',
};

/** What is different, against one or more earlier origins. */
function changed(now: Partial<Origin>, before: readonly Partial<Origin>[] = [{}], version = '6.4.1'): string[] {
  const all = before.map((one) => ({ ...USUAL, ...one }));
  return originChanges({ ...USUAL, ...now }, all, version).map(({ what }) => what);
}

test('an origin is compared in four ways', () => {
  assert.deepEqual(changed({}), []);
  assert.deepEqual(changed({ commit: 'd'.repeat(40) }), []);
  assert.deepEqual(changed({ repository: 'https://github.com/ACME/tool' }), []);
  assert.deepEqual(changed({ repository: 'https://github.com/mallory/tool' }), ['repository']);
  assert.deepEqual(changed({ workflow: 'https://github.com/acme/tool/.github/workflows/x.yml@refs/heads/main' }), ['workflow']);
  assert.deepEqual(changed({ workflow: 'https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1' }), []);
  assert.deepEqual(changed({ trigger: 'workflow_dispatch' }), ['trigger']);
});

test('refs: a tag is as good as another, a branch where it is the same or bears the major', () => {
  assert.deepEqual(changed({ ref: 'refs/tags/v6.4.1' }), ['ref']);
  assert.deepEqual(changed({ ref: 'refs/tags/v6.4.1' }, [{ ref: 'refs/tags/v6.4.0' }]), []);
  assert.deepEqual(changed({ ref: 'refs/heads/next' }), ['ref']);
  assert.deepEqual(changed({ ref: 'refs/heads/v6' }), []);
  assert.deepEqual(changed({ ref: 'refs/heads/release/6.x' }), []);
  assert.deepEqual(changed({ ref: 'refs/heads/v16' }), ['ref']);
  assert.deepEqual(changed({ ref: 'refs/heads/main' }, [{ ref: 'refs/pull/7/merge' }]), ['ref']);
});

test('what one of the earlier releases has as well, or leaves out, is no change', () => {
  assert.deepEqual(changed({ trigger: 'release' }, [{}, { trigger: 'release' }]), []);
  assert.deepEqual(changed({ trigger: 'release' }, [{}, {}, {}]), ['trigger']);
  assert.deepEqual(originChanges(USUAL, [], '1.0.0'), []);
  assert.deepEqual(originChanges(USUAL, [{}], '1.0.0'), []);
  assert.deepEqual(originChanges({}, [USUAL], '1.0.0'), []);
  const { trigger: _, ...silent } = USUAL;
  assert.deepEqual(originChanges({ ...USUAL, trigger: 'release' }, [USUAL, silent], '1.0.0'), []);
});

test('certificates that name only the signing workflow are compared by that one', () => {
  const shared = 'https://github.com/shared/ci/.github/workflows/publish.yml@refs/heads/main';
  const { workflow: _, ...old } = { ...USUAL, subject: shared };
  assert.deepEqual(originChanges({ ...USUAL, subject: shared }, [old], '1.0.0'), []);
  assert.deepEqual(
    originChanges(USUAL, [old], '1.0.0').map(({ what, before }) => [what, before]),
    [['workflow', '.github/workflows/publish.yml']],
  );
});

test('an origin is one of provenance whose signature is good', () => {
  const check: Check = { id: 'subject', outcome: 'contradicted', message: 'Another package.' };
  const verdict = (kind: 'provenance' | 'publish', identity?: Origin): ProvenanceVerdict => ({
    subject: 'pkg:npm/tool@1.0.0',
    verdict: 'proven',
    trustRootDate: '2026-11-01',
    trustRootSource: 'bundled',
    checks: [{ id: 'integrity-locked', outcome: 'contradicted', message: 'Other bytes.' }],
    attestations: [{ kind, predicateType: '', verdict: 'proven', checks: [check], ...(identity === undefined ? {} : { identity }) }],
  });
  assert.equal(originOf(verdict('provenance', USUAL)), USUAL);
  assert.equal(originOf(verdict('provenance')), undefined);
  assert.equal(originOf(verdict('publish', USUAL)), undefined);
  assert.deepEqual(contradictions(verdict('provenance'), new Set(['integrity-locked'])), [check]);
  assert.equal(contradictions(verdict('provenance'), new Set()).length, 2);
});
