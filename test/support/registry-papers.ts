import { sign } from 'node:crypto';
import type { PackageVerifier, ProvenanceVerdict } from '../../server/src/core/provenance.ts';
import { type Trust, verifyPackage } from '../../server/src/provenance/index.ts';
import type { Paper, Published } from '../sources/support/npm-server.ts';
import { INTEGRITY, NAME, publish, SIGNER, slsa1, VERSION } from './provenance.ts';
import type { BundleJson, Key, Sigstore } from './sigstore.ts';

/** A verifier by authorities of a test's own. */
export function testVerifier(trust: Trust, basis = 'test'): PackageVerifier {
  return {
    load:
      async () =>
      (evidence): ProvenanceVerdict =>
        verifyPackage(evidence, trust),
    basis,
  };
}

/** A set as a registry serves it. */
export function setOf(...bundles: readonly BundleJson[]) {
  return {
    attestations: bundles.map((bundle) => ({
      predicateType: JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString()).predicateType,
      bundle,
    })),
  };
}

/** What a registry has of the test package: provenance and publication, both good. */
export function goodSet({ bundle }: Sigstore) {
  return setOf(bundle({ statement: slsa1(), by: SIGNER }), bundle({ statement: publish(), by: 'registry' }));
}

/** `dist.signatures` as a registry makes them. */
export function signatureOf({ privateKey }: Key, keyid: string, text = `${NAME}@${VERSION}:${INTEGRITY}`) {
  return { keyid, sig: sign('sha256', Buffer.from(text), privateKey).toString('base64') };
}

/** Keys as a registry serves them. */
export function keysPaper({ registryKey, keyId }: Sigstore, expires: string | null = null): Paper {
  const key = {
    keyid: keyId,
    keytype: 'ecdsa-sha2-nistp256',
    scheme: 'ecdsa-sha2-nistp256',
    key: registryKey.spki.toString('base64'),
    expires,
  };
  return { body: { keys: [key] } };
}

/** The test package as a registry lists it; `dist` and `version` change or add members. */
export function listed(
  sigstore: Sigstore,
  { dist, ...manifest }: Readonly<Record<string, unknown>> & { readonly dist?: Readonly<Record<string, unknown>> } = {},
  rest: Partial<Published> = {},
): Published {
  return {
    time: { [VERSION]: '2026-03-01T12:00:30.000Z' },
    ...rest,
    versions: {
      [VERSION]: {
        repository: { type: 'git', url: 'git+https://github.com/acme/widget.git' },
        ...manifest,
        dist: {
          integrity: INTEGRITY,
          signatures: [signatureOf(sigstore.registryKey, sigstore.keyId)],
          attestations: {
            url: `https://npm.example.test/-/npm/v1/attestations/${NAME.replace('/', '%2f')}@${VERSION}`,
            provenance: { predicateType: 'https://slsa.dev/provenance/v1' },
          },
          ...dist,
        },
      },
    },
  };
}
