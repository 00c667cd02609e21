import { versionPurl } from '../core/npm-facts.ts';
import type { Check, PackageEvidence, ProvenanceVerdict, RegistryKey } from '../core/provenance.ts';
import { type SetVerdict, verifySet } from './attestations.ts';
import { checkLocked } from './locked.ts';
import { checkRegistrySignature, type KnownKey } from './registry-signature.ts';
import { BUNDLED_TRUST, type Trust } from './trust.ts';
import { overall } from './verdict.ts';

/**
 * Verifies all that a registry says of a version: attestations, its signature, and whether the lockfile's bytes are the ones. Total:
 * any evidence gives a verdict with its reasons.
 */
export function verifyPackage(evidence: PackageEvidence, trust: Trust = BUNDLED_TRUST): ProvenanceVerdict {
  const keys = keysOf(trust, typeof evidence.keys === 'string' ? [] : evidence.keys);
  const { checks, attestations } = attestationsOf(evidence, trustWith(trust, keys));
  const attestedAt = attestations.flatMap(({ verdict, signedAt }) => (verdict === 'proven' && signedAt !== undefined ? [signedAt] : []));
  const all = [
    ...checks,
    ...checkRegistrySignature(evidence, { keys, attestedAt: attestedAt.length === 0 ? undefined : Math.min(...attestedAt) }),
    checkLocked(evidence),
  ];
  return {
    subject: versionPurl(evidence.name, evidence.version),
    verdict: overall(all, attestations),
    checks: all,
    attestations,
    trustRootDate: trust.date,
    trustRootSource: trust.source,
  };
}

function attestationsOf({ attestations: set, ...evidence }: PackageEvidence, trust: Trust): SetVerdict {
  const id = 'attestations-served';
  switch (set.state) {
    case 'unknown':
      return { checks: [{ id, outcome: 'unknown', message: set.reason }], attestations: [] };
    case 'none': {
      const message = `There is no attestation of provenance: ${set.reason}`;
      return { checks: [{ id: 'provenance-present', outcome: 'not-proven', message }], attestations: [] };
    }
    case 'served': {
      const { name, version, locked, published, manifestRepository, now } = evidence;
      const verdict = verifySet(set.text, trust, {
        name,
        version,
        now,
        integrity: { ...(locked === undefined ? {} : { locked }), ...(published === undefined ? {} : { published }) },
        ...(manifestRepository === undefined ? {} : { manifestRepository }),
      });
      const served: Check = { id, outcome: 'passed', message: 'The registry serves attestations.' };
      return { ...verdict, checks: [served, ...verdict.checks] };
    }
  }
}

/** The keys that are known: those of the snapshot, and the registry's own. A key of the snapshot is what the snapshot says, but may end earlier. */
function keysOf(trust: Trust, served: readonly RegistryKey[]): readonly KnownKey[] {
  const known = trust.keys.map((key): KnownKey => {
    const same = served.find(({ keyId, key: bytes }) => keyId === key.keyId && bytes === key.key);
    if (same === undefined) return { ...key, from: 'snapshot' };
    const until = same.validUntil ?? key.validUntil;
    return { ...key, from: 'registry', ...(until === undefined ? {} : { validUntil: until }) };
  });
  const own = served.filter(({ keyId }) => !known.some((key) => key.keyId === keyId));
  return [...known, ...own.map((key): KnownKey => ({ ...key, from: 'registry' }))];
}

/** The trust with other keys; one object for one list of keys, because reading a trust takes longer than using it. */
const TRUSTS = new WeakMap<Trust, Map<string, Trust>>();
const MAX_TRUSTS = 32;

function trustWith(trust: Trust, keys: readonly KnownKey[]): Trust {
  const id = JSON.stringify(keys);
  const made = TRUSTS.get(trust) ?? new Map<string, Trust>();
  TRUSTS.set(trust, made);
  const known = made.get(id);
  if (known !== undefined) return known;
  if (made.size >= MAX_TRUSTS) made.clear();
  const one = { ...trust, keys };
  made.set(id, one);
  return one;
}
