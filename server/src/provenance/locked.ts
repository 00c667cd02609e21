import type { Check, PackageEvidence } from '../core/provenance.ts';

/** Hashes that integrities are compared by, the strongest first. */
const ALGORITHMS = ['sha512', 'sha384', 'sha256', 'sha1'] as const;

/** Whether what the lockfile has is what the registry has, by the strongest hash that both know: also where nothing is attested. */
export function checkLocked({ locked, published, shasum }: PackageEvidence): Check {
  const id = 'integrity-locked';
  if (locked === undefined) return { id, outcome: 'not-asked', message: 'No integrity is locked, so the bytes were not compared.' };
  if (locked === '')
    return { id, outcome: 'unknown', message: 'The lockfile names an address and no integrity: whatever lies there would be installed.' };
  const [wanted, there] = [hashesOf(locked), hashesOf(published ?? '')];
  if (shasum !== undefined && /^[0-9a-f]{40}$/i.test(shasum)) there.set('sha1', [...(there.get('sha1') ?? []), shasum.toLowerCase()]);
  const algorithm = ALGORITHMS.find((name) => wanted.has(name) && there.has(name));
  if (algorithm === undefined)
    return { id, outcome: 'unknown', message: 'The locked integrity and the one of the registry have no kind of hash in common.' };
  const registry = there.get(algorithm) ?? [];
  // Managers take bytes that have any one of the hashes.
  if (wanted.get(algorithm)?.some((hash) => !registry.includes(hash)) === true)
    return {
      id,
      outcome: 'contradicted',
      message: `The locked integrity is not the one of the registry (${algorithm}): other bytes are locked.`,
    };
  const strongest = ALGORITHMS.find((name) => wanted.has(name));
  return strongest === algorithm
    ? { id, outcome: 'passed', message: `The locked integrity is the one of the registry (${algorithm}).` }
    : { id, outcome: 'unknown', message: `What is locked is compared by ${strongest}, and the registry has only its ${algorithm}.` };
}

/** The bytes of each hash. */
const BYTES = { sha512: 64, sha384: 48, sha256: 32, sha1: 20 } as const satisfies Record<(typeof ALGORITHMS)[number], number>;

/** The hashes of a Subresource Integrity string, in hexadecimal, by algorithm; those of another length are none. */
function hashesOf(integrity: string): Map<string, string[]> {
  const hashes = new Map<string, string[]>();
  for (const hash of integrity.trim().split(/\s+/)) {
    const [, name, base64 = ''] = /^([a-z0-9]+)-([A-Za-z0-9+/]{20,88}={0,2})(?:\?.*)?$/.exec(hash) ?? [];
    const algorithm = ALGORITHMS.find((one) => one === name);
    const bytes = Buffer.from(base64, 'base64');
    if (algorithm !== undefined && bytes.length === BYTES[algorithm])
      hashes.set(algorithm, [...(hashes.get(algorithm) ?? []), bytes.toString('hex')]);
  }
  return hashes;
}
