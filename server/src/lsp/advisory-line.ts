import type { Answer } from '../core/answer.ts';
import { advisoryUrl, isAbout, type PackageAdvisory } from '../core/npm-advisories.ts';
import type { Packument } from '../core/npm-facts.ts';
import { unknownReason } from '../core/unknown-text.ts';
import { freeVersions } from '../formats/advised-versions.ts';
import { type CardLine, textLine, unansweredLine, unknownLine } from './card.ts';
import { unansweredAgain } from './provenance-lines.ts';

/** How many advisories are shown one by one. */
const MAX_SHOWN = 8;

const LABEL = 'Advisories';

/**
 * What the registry knows against a version, and from which version on it does not any more. Nothing where no registry is asked;
 * never that a version has no vulnerabilities: a registry that knows of none may know of nothing.
 */
export function advisoryLine(
  answer: Answer<readonly PackageAdvisory[]> | undefined,
  { version, registry }: { readonly version: string | undefined; readonly registry: Answer<Packument> | undefined },
): CardLine[] {
  if (answer === undefined || version === undefined) return [];
  const packument = registry?.state === 'known' ? registry.value : undefined;
  if (answer.state === 'unknown') {
    const isSame = registry?.state === 'unknown' && unknownReason(registry) === unknownReason(answer);
    return [isSame ? unansweredAgain(LABEL, answer) : unansweredLine(LABEL, answer)];
  }
  // No source answers so; what is not known is never "none".
  if (answer.state === 'absent') return [unknownLine(LABEL, 'the registry does not know the version')];
  const [worst] = answer.value;
  if (worst === undefined) return [textLine(LABEL, 'none known to this registry')];
  const { length } = answer.value;
  const malware = answer.value.filter(({ isMalware }) => isMalware);
  const words = malware.length > 0 ? 'this version is malware' : `${length === 1 ? '' : 'the worst '}${worst.severity}`;
  const fixed = malware.length > 0 ? '' : fixedWords(answer.value, version, packument);
  const more = length > MAX_SHOWN ? [textLine('More', `${length - MAX_SHOWN}`)] : [];
  return [{ ...textLine(LABEL, `${length}, ${words}${fixed}`), details: [...answer.value.slice(0, MAX_SHOWN).map(detail), ...more] }];
}

function detail(advisory: PackageAdvisory): CardLine {
  const { id, title, severity, range } = advisory;
  const link = advisoryUrl(advisory);
  return {
    ...textLine(id, title === '' ? 'without a title' : title),
    note: `(${severity}, ${range === '*' ? 'all versions' : `versions ${range}`})`,
    ...(link === undefined ? {} : { link }),
  };
}

/** From which version on none of them holds. The registry says so of ranges alone: which version that is, its list of versions tells. */
function fixedWords(advisories: readonly PackageAdvisory[], version: string, packument: Packument | undefined): string {
  if (packument === undefined) return '; which version is free of them is unknown';
  const { sameMajor, higher } = freeVersions(packument.versions, version, advisories);
  const [same, next] = [sameMajor[0]?.version, higher[0]?.version];
  if (same !== undefined) return `; fixed in ${same}`;
  if (next !== undefined) return `; fixed in ${next}, of another major`;
  // What was fixed lower down may be what is asked for on purpose.
  const lower = packument.versions.some((one) => !advisories.some((advisory) => isAbout(advisory, one.version)));
  return lower ? '; no newer version is free of them' : '; no version is free of them';
}
