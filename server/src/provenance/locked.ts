import type { Check, PackageEvidence } from '../core/provenance.ts';

/** Hashes that integrities are compared by, the strongest first. */
const ALGORITHMS = ['sha512', 'sha384', 'sha256', 'sha1'] as const;

/** Whether what the lockfile has is what the registry has, by the strongest hash that both know: also where nothing is attested. */
export function checkLocked({ locked, published, shasum }: PackageEvidence): Check {
  const id = 'integrity-locked';
  if (locked === undefined) return { id, outcome: 'not-asked', message: 'No integrity is locked, so the bytes were not compared.' };
  const [wanted, there] = [hashesOf(locked), hashesOf(published ?? '')];
  if (shasum !== undefined && /^[0-9a-f]{40}$/i.test(shasum)) there.set('sha1', [...(there.get('sha1') ?? []), shasum.toLowerCase()]);
  const algorithm = ALGORITHMS.find((name) => wanted.has(name) && there.has(name));
  if (algorithm === undefined)
    return { id, outcome: 'unknown', message: 'The locked integrity and the one of the registry have no kind of hash in common.' };
  const registry = there.get(algorithm) ?? [];
  return wanted.get(algorithm)?.some((hash) => registry.includes(hash))
    ? { id, outcome: 'passed', message: `The locked integrity is the one of the registry (${algorithm}).` }
    : {
        id,
        outcome: 'contradicted',
        message: `The locked integrity is not the one of the registry (${algorithm}): other bytes are locked.`,
      };
}

/** The hashes of a Subresource Integrity string, in hexadecimal, by algorithm. */
function hashesOf(integrity: string): Map<string, string[]> {
  const hashes = new Map<string, string[]>();
  for (const [, algorithm = '', base64 = ''] of integrity.matchAll(
    /(?:^|\s)(sha512|sha384|sha256|sha1)-([A-Za-z0-9+/]{20,88}={0,2})(?=[\s?]|$)/g,
  ))
    hashes.set(algorithm, [...(hashes.get(algorithm) ?? []), Buffer.from(base64, 'base64').toString('hex')]);
  return hashes;
}
