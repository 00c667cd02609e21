import type { RegistryKey, VerifyPackage } from '../core/provenance.ts';
import type { RefreshedRoot } from '../core/trust-root.ts';
import { at, listAt, textAt } from './json.ts';
import { verifyPackage } from './package.ts';
import { BUNDLED_TRUST, type Trust, trustOf } from './trust.ts';

/** The most keys of a registry that are read; the public one has two. */
const MAX_KEYS = 64;

/** Verifies packages by a trust root that was refreshed; by the one that travels along where this version cannot read the other. */
export function refreshedVerifier(root: RefreshedRoot): VerifyPackage {
  const trust = trustBy(root);
  return (evidence) => verifyPackage(evidence, trust);
}

function trustBy({ trustedRoot, registryKeys, date }: RefreshedRoot): Trust {
  const trust = trustOf(trustedRoot);
  if (!trust.ok) return BUNDLED_TRUST;
  const keys = registryKeys === undefined ? [] : keysOf(registryKeys);
  return { ...trust.value, keys: keys.length === 0 ? BUNDLED_TRUST.keys : keys, date, source: 'refreshed' };
}

/** Keys as Sigstore's repository has them, for what the registry attests; those for `dist.signatures` are the same. */
function keysOf(text: string): readonly RegistryKey[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return [];
  }
  return listAt(document, 'keys')
    .slice(0, MAX_KEYS)
    .flatMap((one) => {
      const [keyId, key] = [textAt(one, 'keyId'), textAt(one, 'publicKey', 'rawBytes')];
      if (keyId === undefined || key === undefined || at(one, 'keyUsage') !== 'npm:attestations') return [];
      const validFrom = textAt(one, 'publicKey', 'validFor', 'start');
      const validUntil = textAt(one, 'publicKey', 'validFor', 'end');
      return [{ keyId, key, ...(validFrom === undefined ? {} : { validFrom }), ...(validUntil === undefined ? {} : { validUntil }) }];
    });
}
