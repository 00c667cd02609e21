import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { ASN1Obj } from '@sigstore/core';
import { encodeDer } from '../../server/src/provenance/remembered.ts';
import { TRUSTED_ROOT } from '../../server/src/provenance/trust-root.generated.ts';
import { seeded } from '../support/fuzz/random.ts';
import { SIGNER, slsa1 } from '../support/provenance.ts';
import { makeSigstore } from '../support/sigstore.ts';

/** The library as it comes, before anybody gave it another method. */
function untouched(): typeof ASN1Obj {
  const require = createRequire(path.resolve('package.json'));
  for (const file of Object.keys(require.cache)) if (file.includes(`@sigstore${path.sep}core`)) delete require.cache[file];
  const { ASN1Obj: own }: { readonly ASN1Obj: typeof ASN1Obj } = require('@sigstore/core');
  assert.notEqual(own, ASN1Obj);
  assert.notEqual(own.prototype.toDER, ASN1Obj.prototype.toDER);
  return own;
}

/** Whether bytes are a sequence from their first to their last: a hash may begin like one. */
function isSequence(bytes: Buffer): boolean {
  const [tag, first = 0] = bytes;
  const head = first < 0x80 ? 2 : 2 + (first & 0x7f);
  const length = first < 0x80 ? first : bytes.subarray(2, head).reduce((sum, octet) => sum * 256 + octet, 0);
  return tag === 0x30 && bytes.length === head + length;
}

/** All base64 texts in a JSON value that are ASN.1, as certificates, timestamps and keys are. */
function encodedIn(value: unknown): Buffer<ArrayBuffer>[] {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'base64');
    return isSequence(bytes) ? [bytes] : [];
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(encodedIn) : [];
}

const own = untouched();
const bundle = makeSigstore().bundle({ statement: slsa1(), by: SIGNER, time: 'authority' });

test('certificates, keys and timestamps are encoded as the library encodes them', () => {
  const all = [...encodedIn(TRUSTED_ROOT), ...encodedIn(bundle.verificationMaterial)];
  assert.ok(all.length > 8, `${all.length}`);
  for (const bytes of all) {
    const expected = own.parseBuffer(bytes).toDER();
    assert.deepEqual(encodeDer(ASN1Obj.parseBuffer(bytes)), expected);
    assert.deepEqual(ASN1Obj.parseBuffer(bytes).toDER(), expected);
  }
});

test('so is whatever else it reads: bytes changed at random, lengths of all sizes, other spellings of a length', () => {
  const random = seeded(5);
  const [first = Buffer.alloc(0), ...others] = encodedIn(bundle.verificationMaterial);
  let read = 0;
  for (let round = 0; round < 600; round++) {
    const bytes = Buffer.from(random.pick([first, ...others]));
    for (let change = random.below(4); change > 0; change--) bytes[random.below(bytes.length)] = random.below(256);
    let expected: Buffer | undefined;
    try {
      expected = own.parseBuffer(bytes).toDER();
    } catch {
      assert.throws(() => ASN1Obj.parseBuffer(bytes));
      continue;
    }
    read++;
    assert.deepEqual(encodeDer(ASN1Obj.parseBuffer(bytes)), expected);
  }
  assert.ok(read > 100, `${read} could be read`);
  for (const length of [1, 127, 128, 255, 256, 65_535, 65_536, 70_000]) {
    const value = Buffer.alloc(length, 7);
    const octets = Buffer.from([0x04, 0x84, 0, 0, 0, 0]);
    octets.writeUInt32BE(length, 2);
    const bytes = Buffer.concat([octets, value]);
    assert.deepEqual(encodeDer(ASN1Obj.parseBuffer(bytes)), own.parseBuffer(bytes).toDER());
  }
});
