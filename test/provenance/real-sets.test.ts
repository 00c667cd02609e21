import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type VerifyOptions, verifyAttestations } from '../../server/src/provenance/index.ts';

/** Attestations of sigstore@0.4.0 as the registry serves them, and three spoilt copies: not in the repository, because they are others' data. */
const FOLDER = process.env.WAYBILL_ATTESTATIONS ?? path.resolve('..', 'shared', 'data', 'attestations');

const SHA512 =
  '282c0c5fa936d264321643581b65d3de5c0af6ed4fdfac12f5851115df39cc25cfaf0ad22d908487bfef30114d61c25746206d1834be4f8fd1659178f77cc004';
const OPTIONS: VerifyOptions = {
  name: 'sigstore',
  version: '0.4.0',
  now: Date.parse('2026-11-01T00:00:00Z'),
  integrity: { locked: `sha512-${Buffer.from(SHA512, 'hex').toString('base64')}` },
  manifestRepository: 'git+https://github.com/sigstore/sigstore-js.git',
};

const EXPECTED = {
  'valid.json': ['proven', 'proven', 'proven'],
  'invalid.json': ['contradicted', 'proven', 'contradicted'],
  'mismatched-subject-digest.json': ['contradicted', 'proven', 'contradicted'],
  'mismatched-keyid.json': ['contradicted', 'contradicted', 'proven'],
} as const;

const skip = existsSync(FOLDER) ? false : `set WAYBILL_ATTESTATIONS to a folder with ${Object.keys(EXPECTED).join(', ')}`;

for (const [file, [verdict, ...each]] of Object.entries(EXPECTED)) {
  test(`real attestations by the real trust root: ${file} is ${verdict}`, { skip }, () => {
    const said = verifyAttestations(readFileSync(path.join(FOLDER, file), 'utf8'), OPTIONS);
    assert.deepEqual([said.verdict, ...said.attestations.map((attestation) => attestation.verdict)], [verdict, ...each]);
  });
}

test('real attestations say what built the package, and where the public log has it', { skip }, () => {
  const said = verifyAttestations(readFileSync(path.join(FOLDER, 'valid.json'), 'utf8'), OPTIONS);
  const own = said.attestations.find(({ kind }) => kind === 'provenance');
  assert.equal(own?.builder, 'https://github.com/npm/cli@9.2.0');
  assert.equal(own.logUrl, 'https://rekor.sigstore.dev');
  assert.match(own.logIndex ?? '', /^\d+$/);
  // Its certificate is of January 2023: GitHub's runners are named since July.
  assert.equal(own.identity?.runner, undefined);
});

test('real attestations are not those of another version', { skip }, () => {
  const text = readFileSync(path.join(FOLDER, 'valid.json'), 'utf8');
  assert.equal(verifyAttestations(text, { ...OPTIONS, version: '0.4.1' }).verdict, 'contradicted');
  assert.equal(verifyAttestations(text, { ...OPTIONS, manifestRepository: 'sigstore/sigstore' }).verdict, 'contradicted');
});
