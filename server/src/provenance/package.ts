import { versionPurl } from '../core/npm-facts.ts';
import { overall } from '../core/overall-verdict.ts';
import type { Check, PackageEvidence, ProvenanceVerdict, RegistryKey } from '../core/provenance.ts';
import { type SetVerdict, verifySet } from './attestations.ts';
import { checkLocked } from './locked.ts';
import { checkRegistrySignature, type KnownKey } from './registry-signature.ts';
import { BUNDLED_TRUST, type Trust } from './trust.ts';

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

/** The keys that are known: those of the snapshot, and the registry's own. A key of the snapshot is what the snapshot says, but may end earlier. Of several under one id the first counts. */
function keysOf(trust: Trust, served: readonly RegistryKey[]): readonly KnownKey[] {
  const known = trust.keys.map((key): KnownKey => {
    const same = served.filter(({ keyId, key: bytes }) => keyId === key.keyId && bytes === key.key);
    return same.length === 0 ? { ...key, from: 'snapshot' } : { ...endingFirst([key, ...same], key), from: 'registry' };
  });
  const own = new Map<string, KnownKey>();
  for (const key of served) {
    const { keyId } = key;
    if (own.has(keyId) || known.some((one) => one.keyId === keyId)) continue;
    const same = served.filter((one) => one.keyId === keyId && one.key === key.key);
    own.set(keyId, { ...endingFirst(same, key), from: 'registry' });
  }
  return [...known, ...own.values()];
}

/** A key with the first of several ends; one that cannot be read comes before all others. */
function endingFirst(same: readonly RegistryKey[], key: RegistryKey): RegistryKey {
  const ends = same.flatMap(({ validUntil }) => validUntil ?? []);
  const first = ends.reduce<string | undefined>((a, b) => (a === undefined || !(Date.parse(a) <= Date.parse(b)) ? b : a), undefined);
  return first === undefined ? key : { ...key, validUntil: ends.find((end) => Number.isNaN(Date.parse(end))) ?? first };
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
