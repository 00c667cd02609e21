import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demandOutcome } from '../../server/src/core/demand-outcome.ts';
import type { AttestationVerdict, Check, ProvenanceVerdict } from '../../server/src/core/provenance.ts';
import { patternOf } from '../support/provenance.ts';

const IDENTITY = {
  subject: 'https://github.com/acme/x/.github/workflows/release.yml@refs/tags/v1',
  issuer: 'https://issuer.example.test',
  repository: 'https://github.com/acme/x',
};

function verdict(checks: readonly Check[], ...attestations: readonly Partial<AttestationVerdict>[]): ProvenanceVerdict {
  const whole = attestations.map((one) => ({
    kind: 'provenance' as const,
    predicateType: 'https://slsa.dev/provenance/v1',
    verdict: 'proven' as const,
    checks: [],
    ...one,
  }));
  return {
    subject: 'pkg:npm/x@1.0.0',
    verdict: 'unknown',
    checks,
    attestations: whole,
    trustRootDate: '2026-11-01',
    trustRootSource: 'bundled',
  };
}

const check = (id: Check['id'], outcome: Check['outcome']): Check => ({ id, outcome, message: `${id} is ${outcome}.` });
const good = verdict([], { identity: IDENTITY });

test('good provenance of the origin that is asked for is enough', () => {
  const identity = patternOf(String.raw`^https://github\.com/acme/x/\.github/workflows/release\.yml@.*$`);
  assert.deepEqual(demandOutcome(good, {}), { state: 'met' });
  assert.deepEqual(demandOutcome(good, { repository: 'acme/X', issuer: IDENTITY.issuer, identity }), { state: 'met' });
});

test('of another origin, the repository is named before all else', () => {
  const identity = patternOf('^x$');
  const wanted = { repository: 'acme/y', issuer: 'https://other.example.test', identity };
  assert.deepEqual(demandOutcome(good, wanted), {
    state: 'other',
    asked: 'from https://github.com/acme/y',
    found: 'from https://github.com/acme/x',
  });
  assert.deepEqual(demandOutcome(good, { issuer: wanted.issuer, identity }), {
    state: 'other',
    asked: 'by a signer of https://other.example.test',
    found: 'by one of https://issuer.example.test',
  });
  assert.deepEqual(demandOutcome(good, { identity }), {
    state: 'other',
    asked: 'by an identity that matches ^x$',
    found: `by ${IDENTITY.subject}`,
  });
});

test('every attestation that somebody signed must be of the origin', () => {
  const two = verdict([], { identity: IDENTITY }, { identity: { ...IDENTITY, repository: 'https://github.com/mallory/x' } });
  assert.deepEqual(demandOutcome(two, { repository: 'acme/x' }), {
    state: 'other',
    asked: 'from https://github.com/acme/x',
    found: 'from https://github.com/mallory/x',
  });
});

test('evidence that is false counts before that of another origin', () => {
  const wrong = check('subject', 'contradicted');
  const both = verdict([], {
    identity: { ...IDENTITY, repository: 'https://github.com/mallory/x' },
    verdict: 'contradicted',
    checks: [wrong],
  });
  assert.deepEqual(demandOutcome(both, { repository: 'acme/x' }), { state: 'false', check: wrong });
});

test('what is missing is missing, and what is not shown is unknown', () => {
  assert.deepEqual(demandOutcome(verdict([check('provenance-present', 'not-proven')]), {}), {
    state: 'none',
    reason: 'provenance-present is not-proven.',
  });
  for (const id of ['readable', 'registry-asked', 'attestations-served'] as const)
    assert.deepEqual(demandOutcome(verdict([check(id, 'unknown')]), { repository: 'acme/x' }), {
      state: 'unknown',
      reason: `${id} is unknown.`,
    });
});

test('a certificate without what is asked for is unknown, or another one', () => {
  const nameless = verdict([], { identity: { subject: 'release@acme.example.test' } });
  assert.deepEqual(demandOutcome(nameless, { repository: 'acme/x' }), { state: 'unknown', reason: 'The certificate names no repository.' });
  assert.equal(demandOutcome(nameless, { issuer: IDENTITY.issuer }).state, 'other');
});
