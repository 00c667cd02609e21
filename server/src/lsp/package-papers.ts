import { type Answer, type FetchFact, unknown } from '../core/answer.ts';
import { minuteOf } from '../core/as-of.ts';
import { npmAdvisories, type PackageAdvisory } from '../core/npm-advisories.ts';
import { type FullVersion, npmPackument, npmProvenance, type PackageKey, type Packument } from '../core/npm-facts.ts';
import type { ProvenanceVerdict } from '../core/provenance.ts';
import { demandFor, type ProvenanceDemands } from '../core/provenance-demand.ts';
import { VERDICT_MEANING } from '../core/provenance-words.ts';
import { unknownReason } from '../core/unknown-text.ts';
import type { Project } from '../engine/project.ts';
import { elsewhereOf } from '../formats/lock-elsewhere.ts';
import { hostOfLocked } from '../formats/lock-hosts.ts';
import type { Locked } from '../formats/locked.ts';
import { lockedBytes } from '../formats/locked-bytes.ts';
import { parseSpec } from '../formats/npm-spec.ts';
import { pickVersion } from '../formats/pick-version.ts';
import { attestedBefore } from '../formats/version-history.ts';
import { isNewerVersion } from '../formats/version-order.ts';
import { advisoryLine } from './advisory-line.ts';
import { broughtInLine } from './brought-in-line.ts';
import { AS_OF, type Card, type CardLine, codeLine, textLine, unansweredLine, unknownLine } from './card.ts';
import { integrityLine } from './integrity-line.ts';
import { recordedLicence } from './licence-line.ts';
import { lineIn } from './line-link.ts';
import type { PackageSubject } from './package-subject.ts';
import {
  type EarlierVerdict,
  provenanceLine,
  provenanceWords,
  registrySignatureLine,
  requiredLine,
  unansweredAgain,
} from './provenance-lines.ts';
import { deprecatedLine, permissionWords, releaseLines } from './release-lines.ts';

/** The longest name in front of a version, in UTF-16 units: the version must not be what is cut. */
const MAX_TITLE_UNITS = 120;

/** Where papers are made. */
export interface PapersContext {
  readonly project: Project;
  /** The document's path, relative to the checked root. */
  readonly path: string;
  readonly fetch: FetchFact;
  /** What the policy requires of packages. */
  readonly demands?: ProvenanceDemands | undefined;
}

/** What was found out about a package for its card. */
export interface PackageFacts {
  /** Absent where no registry is asked. */
  readonly packument?: Answer<Packument>;
  readonly provenance?: Answer<ProvenanceVerdict>;
  readonly advisories?: Answer<readonly PackageAdvisory[]>;
  readonly earlier: readonly EarlierVerdict[];
}

/** Asks for all that a card says. What does not come in time is `pending`. */
export async function packageFacts(
  { key, locked, requirement }: PackageSubject,
  fetch: FetchFact,
  signal: AbortSignal,
): Promise<PackageFacts> {
  if (key === undefined) return { earlier: [] };
  const asked = fetch(npmPackument, key, signal);
  const version = locked?.entry.version;
  // What is locked need not wait for the list of versions.
  const early = version === undefined ? undefined : askProvenance(key, { version, locked }, { fetch, signal });
  const known = version === undefined ? undefined : fetch(npmAdvisories, { ...key, version }, signal);
  const packument = await asked;
  const picked = packument.state === 'known' ? pickVersion(packument.value, requirement)?.version : undefined;
  const late = early === undefined && picked !== undefined ? askProvenance(key, { version: picked, locked }, { fetch, signal }) : undefined;
  const advisories = known ?? (picked === undefined ? undefined : fetch(npmAdvisories, { ...key, version: picked }, signal));
  const provenance =
    (await (early ?? late)) ?? (packument.state === 'known' ? unknown('error', 'no version fits the requirement') : packument);
  // What is not proven has no origin to compare.
  const isProven = provenance.state === 'known' && provenance.value.verdict === 'proven';
  const before = isProven && packument.state === 'known' ? attestedBefore(packument.value, version ?? picked ?? '') : [];
  const earlier = await Promise.all(
    before.map(async (one) => ({
      version: one.version,
      answer: await askProvenance(key, { version: one.version, locked: undefined }, { fetch, signal }),
    })),
  );
  const told = await advisories;
  return { packument, provenance, earlier, ...(told === undefined ? {} : { advisories: told }) };
}

function askProvenance(
  key: PackageKey,
  { version, locked }: { readonly version: string; readonly locked: Locked | undefined },
  { fetch, signal }: { readonly fetch: FetchFact; readonly signal: AbortSignal },
): Promise<Answer<ProvenanceVerdict>> {
  const integrity = locked && lockedBytes(locked.entry);
  return fetch(npmProvenance, { ...key, version, ...(integrity === undefined ? {} : { integrity }) }, signal);
}

/** The card of a package: the verdict first, then what it rests on, and for all that is missing why. */
export function packageCard(
  subject: PackageSubject,
  facts: PackageFacts,
  { project, path, demands }: PapersContext,
): Omit<Card, 'findings'> {
  const { locked, requirement, title, name, named, unasked } = subject;
  const { packument, provenance } = facts;
  const known = packument?.state === 'known' ? packument.value : undefined;
  const wanted = locked?.entry.version ?? (known && pickVersion(known, requirement)?.version);
  const version = known?.versions.find((one) => one.version === wanted);
  const verdict = provenance?.state === 'known' ? provenance.value.verdict : undefined;
  const lines = [
    ...(title === name ? [] : [codeLine('Package', name, ', which this name stands for')]),
    ...(named === undefined ? [] : [codeLine('Named here', named.text, named.note)]),
    ...requestedLine(subject),
    lockedLine(subject, project),
    ...newestLine(known, wanted),
    ...(provenance === undefined
      ? [unknownLine('Provenance', unasked ?? 'it was not looked up')]
      : [
          provenanceLine({
            answer: provenance,
            version: wanted ?? '',
            isListed: version && version.attestations !== undefined,
            earlier: facts.earlier,
          }),
        ]),
    ...policyLine(subject, provenance, demands),
    ...(provenance === undefined
      ? lockIntegrity(locked)
      : [
          registrySignatureLine(provenance),
          integrityLine({
            entry: locked?.entry,
            listed: version,
            isPending: packument?.state === 'unknown' && packument.why === 'pending',
            provenance,
          }),
        ]),
    ...registryLines(packument, {
      provenance,
      version,
      wanted,
      locked,
      project,
      path,
      advisories: advisoryLine(facts.advisories, { version: wanted, registry: packument }),
    }),
    sourceLine(locked, version, unasked),
    ...broughtInLine(subject, project),
    ...asOfLine(packument, provenance),
  ];
  return {
    title: wanted === undefined ? title : `${title.length > MAX_TITLE_UNITS ? `${title.slice(0, MAX_TITLE_UNITS - 1)}…` : title}@${wanted}`,
    verdict: provenanceWords(provenance),
    ...(verdict === undefined ? {} : { meaning: VERDICT_MEANING[verdict] }),
    lines,
  };
}

/** Whether what the policy requires is met, as `npm/provenance-required` sees it: of git and addresses it is not. */
function policyLine(
  { name, title, locked, requested, unasked }: PackageSubject,
  provenance: Answer<ProvenanceVerdict> | undefined,
  demands: ProvenanceDemands | undefined,
): CardLine[] {
  const demand = demands && demandFor(demands, { name, alias: title });
  if (demand === undefined) return [];
  const elsewhere = locked && elsewhereOf(locked.entry);
  const isForeign = elsewhere === 'git' || elsewhere === 'address' || ['git', 'remote'].includes(parseSpec(requested?.spec ?? '').kind);
  return requiredLine(demand, provenance, isForeign ? (unasked ?? 'it comes from an address that no registry serves') : undefined);
}

function requestedLine({ requested }: PackageSubject): CardLine[] {
  if (requested === undefined) return [];
  const where = `in ${requested.where}`;
  return [
    requested.spec === '' ? textLine('Requested', `no version, ${where}`) : codeLine('Requested', withoutCredential(requested.spec), where),
  ];
}

/** A requirement without what stands between `://` and `@`. */
function withoutCredential(spec: string): string {
  return spec.replace(/(:\/\/)[^\s/@]*@/g, '$1');
}

/** The version that is installed, which leads to its line in the lockfile. */
function lockedLine({ locked, notLocked, lockedNote = '' }: PackageSubject, project: Project): CardLine {
  if (locked === undefined) return textLine('Locked', notLocked ?? 'nothing is locked');
  const { entry, lock, path } = locked;
  const { words, link } = lineIn(project, path, lock.spanOf(entry, 'version').start);
  return { ...codeLine('Locked', entry.version ?? entry.source, `by ${words}${lockedNote}`), ...(link === undefined ? {} : { link }) };
}

function newestLine(packument: Packument | undefined, wanted: string | undefined): CardLine[] {
  if (packument === undefined) return [];
  const { distTags, versions } = packument;
  const { latest } = distTags;
  const count = `of ${versions.length} ${versions.length === 1 ? 'version' : 'versions'}`;
  if (latest === undefined) return [unknownLine('Newest release', `the registry names none ${count}`)];
  const tags = Object.keys(distTags).filter((tag) => tag !== 'latest' && distTags[tag] === wanted);
  const own = latest === wanted ? ', which is this one' : tags.length > 0 ? `; this one is tagged ${tags.slice(0, 3).join(', ')}` : '';
  const isNewer = wanted !== undefined && isNewerVersion(wanted, latest);
  return [codeLine('Newest release', latest, `${count}${own === '' && isNewer ? '; this one is newer than what everybody gets' : own}`)];
}

interface Wanted {
  readonly provenance: Answer<ProvenanceVerdict> | undefined;
  readonly version: FullVersion | undefined;
  readonly wanted: string | undefined;
  readonly locked: Locked | undefined;
  readonly project: Project;
  readonly path: string;
  readonly advisories: readonly CardLine[];
}

/** What follows from the registry's document; where there is none, what is missing for it. */
function registryLines(
  answer: Answer<Packument> | undefined,
  { provenance, version, wanted, locked, project, path, advisories }: Wanted,
): CardLine[] {
  const deprecation = locked?.entry.deprecated === undefined ? [] : [deprecatedLine(undefined, undefined, locked)];
  const licence = recordedLicence(locked);
  const recorded = [...deprecation, ...licence];
  const scripts = locked?.entry.hasInstallScript === true ? [textLine('Install scripts', `yes; ${permissionWords(locked, project)}`)] : [];
  switch (answer?.state) {
    case undefined:
      return [...scripts, ...advisories, ...recorded];
    case 'absent':
      return [textLine('Registry', 'has no such package'), ...scripts, ...advisories, ...recorded];
    case 'unknown': {
      const missing = [
        'newest release',
        'publication',
        'publisher',
        ...(scripts.length > 0 ? [] : ['install scripts']),
        'new dependencies',
        ...(advisories.length > 0 ? [] : ['advisories']),
        ...(deprecation.length > 0 ? [] : ['deprecation']),
        ...(licence.length > 0 ? [] : ['licence']),
      ];
      const details = answer.why === 'pending' ? [] : [textLine('Unknown without it', missing.join(', '))];
      const isSame = provenance?.state === 'unknown' && unknownReason(provenance) === unknownReason(answer);
      const line = isSame ? unansweredAgain('Registry', answer) : unansweredLine('Registry', answer);
      return [{ ...line, details }, ...scripts, ...advisories, ...recorded];
    }
    case 'known':
      if (version !== undefined)
        return releaseLines({ packument: answer.value, version, asOf: answer.asOf, locked, path, project, advisories });
      return [
        textLine('Registry', wanted === undefined ? 'has no version for the requirement' : `does not list ${wanted}`),
        ...scripts,
        ...advisories,
        ...recorded,
      ];
  }
}

/** The hashes that a lockfile has for what no registry knows. */
function lockIntegrity(locked: Locked | undefined): CardLine[] {
  if (locked === undefined) return [];
  const { integrity, checksum } = locked.entry;
  if (integrity === undefined && checksum !== undefined) return [codeLine('Checksum of Yarn', checksum)];
  return [integrity === undefined ? textLine('Integrity', 'none in the lockfile') : codeLine('Integrity', integrity)];
}

/** Where the files come from. */
function sourceLine(locked: Locked | undefined, version: FullVersion | undefined, unasked: string | undefined): CardLine {
  const label = 'Source';
  if (locked !== undefined && locked.entry.source !== 'tarball') {
    const { source, resolved } = locked.entry;
    // The host alone: what stands around it may be a credential.
    const host = hostOfLocked(resolved);
    return host === undefined ? textLine(label, unasked ?? source) : codeLine(label, host, `(${source})`);
  }
  const host = hostOfLocked(locked?.entry.resolved);
  if (host !== undefined) return codeLine(label, host, 'by the lockfile');
  const served = hostOfLocked(version?.tarball);
  if (served !== undefined) return codeLine(label, served, 'by the registry');
  return unknownLine(label, unasked ?? 'neither lockfile nor registry names a host');
}

/** When what is shown was said; the older of two answers counts. */
function asOfLine(...answers: readonly (Answer<unknown> | undefined)[]): CardLine[] {
  const times = answers.flatMap((answer) => (answer === undefined || answer.state === 'unknown' ? [] : [answer.asOf]));
  return times.length === 0 ? [] : [textLine(AS_OF, minuteOf(Math.min(...times)))];
}
