import type { Answer } from '../core/answer.ts';
import type { FullVersion } from '../core/npm-facts.ts';
import type { CheckOutcome, ProvenanceVerdict } from '../core/provenance.ts';
import { isSameArchive, publishedConflict } from '../formats/lock-hash.ts';
import type { LockEntry } from '../formats/lock-model.ts';
import { type CardLine, checkingLine, codeLine, textLine, unknownLine } from './card.ts';
import { checkOf, unansweredAgain } from './provenance-lines.ts';

/** Who can say which bytes a version has. */
export interface IntegrityFacts {
  readonly entry: LockEntry | undefined;
  /** The version in the registry; undefined where the registry does not list it, or was not heard. */
  readonly listed: FullVersion | undefined;
  /** Whether the registry is being asked. */
  readonly isPending: boolean;
  readonly provenance: Answer<ProvenanceVerdict>;
}

/** One witness: whether it names the same bytes as those before it, and the words for that. */
interface Witness {
  readonly line: CardLine;
  readonly agrees: boolean | undefined;
  readonly name: string;
}

/** Whether lockfile, registry and attestation speak of the same bytes: a sum, and what each says. The marks stand beside words. */
export function integrityLine(facts: IntegrityFacts): CardLine {
  const [locked, ...others] = [lockWitness(facts), registryWitness(facts), attestedWitness(facts)];
  const witnesses = [locked, ...others];
  const details = witnesses.map(({ line }) => line);
  const contradicting = others.find(({ agrees }) => agrees === false);
  if (contradicting !== undefined)
    return { ...textLine('Integrity', `contradicted, the ${contradicting.name} is of other bytes`), details };
  const agreeing = witnesses.filter(({ agrees }) => agrees === true).map(({ name }) => name);
  if (agreeing.length === 3) return { ...textLine('Integrity', 'lockfile, registry and attestation agree'), details };
  if (agreeing.length === 2) return { ...textLine('Integrity', `${agreeing.join(' and ')} agree`), details };
  if (facts.isPending) return { ...checkingLine('Integrity'), details: details.slice(0, 1) };
  return { ...unknownLine('Integrity', 'there is nothing to compare with'), details };
}

/** As much of a hash as people compare; the whole stands in the lockfile, and would fill the card. */
function inShort(hash: string): string {
  return hash.length > MAX_HASH_UNITS ? `${hash.slice(0, MAX_HASH_UNITS - 1)}…` : hash;
}

const MAX_HASH_UNITS = 24;

function lockWitness({ entry }: IntegrityFacts): Witness {
  const label = 'In the lockfile';
  const name = 'lockfile';
  if (entry === undefined) return { line: textLine(label, 'nothing is locked'), agrees: undefined, name };
  const { integrity, checksum } = entry;
  if (integrity !== undefined) return { line: codeLine(label, inShort(integrity)), agrees: true, name };
  if (checksum === undefined) return { line: textLine(label, 'none'), agrees: undefined, name };
  const note = ', of an archive that only Yarn makes';
  return { line: codeLine(label, inShort(checksum), note), agrees: undefined, name };
}

function registryWitness({ entry, listed, isPending }: IntegrityFacts): Witness {
  const label = 'In the registry';
  const name = 'registry';
  const published = listed?.integrity;
  if (isPending) return { line: checkingLine(label), agrees: undefined, name };
  if (listed === undefined || published === undefined) {
    const why = listed === undefined ? 'the registry did not say' : 'the registry has none';
    return { line: unknownLine(label, why), agrees: undefined, name };
  }
  const locked = entry?.integrity;
  if (entry === undefined || locked === undefined) return { line: codeLine(label, inShort(published)), agrees: true, name };
  if (publishedConflict(entry, listed) !== undefined)
    return { line: codeLine(label, inShort(published), ', ✗ other bytes than in the lockfile'), agrees: false, name };
  switch (isSameArchive(locked, published)) {
    case true:
      return { line: textLine(label, '✓ the same as in the lockfile'), agrees: true, name };
    case false:
      return {
        line: codeLine(label, inShort(published), ', other bytes, but the lockfile has them from another host'),
        agrees: undefined,
        name,
      };
    default:
      return {
        line: { ...codeLine(label, inShort(published)), note: ', a hash of another kind, which cannot be compared' },
        agrees: undefined,
        name,
      };
  }
}

function attestedWitness({ entry, provenance }: IntegrityFacts): Witness {
  const label = 'Attested';
  const name = 'attestation';
  if (provenance.state !== 'known') return { line: unansweredAgain(label, provenance), agrees: undefined, name };
  // Signatures are what makes an attestation say anything: where they are bad, so is what it says of bytes.
  const isSigned = provenance.value.attestations.some(({ kind, signedAt }) => kind === 'provenance' && signedAt !== undefined);
  if (!isSigned) return { line: unknownLine(label, 'no provenance was verified'), agrees: undefined, name };
  const whose = entry?.integrity === undefined ? 'registry' : 'lockfile';
  const check = checkOf(provenance.value, whose === 'lockfile' ? 'digest-locked' : 'digest-published');
  const outcome: CheckOutcome = check?.outcome ?? 'not-asked';
  if (outcome === 'passed') return { line: textLine(label, `✓ the same bytes as in the ${whose}`), agrees: true, name };
  if (outcome === 'contradicted') return { line: textLine(label, `✗ other bytes than in the ${whose}`), agrees: false, name };
  return { line: unknownLine(label, check?.message ?? 'there is nothing to compare with'), agrees: undefined, name };
}
