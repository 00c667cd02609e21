import type { Answer, FetchFact } from '../core/answer.ts';
import { type GitRefs, gitDates, gitRefs, imageDigest } from '../core/facts.ts';
import { newestStable } from '../core/git-versions.ts';
import { imageContent } from '../core/image-facts.ts';
import type { Ecosystem, Lookalike } from '../core/lookalike.ts';
import { type FullVersion, npmPackument, type PackageKey, type Packument } from '../core/npm-facts.ts';
import { unknownReason } from '../core/unknown-text.ts';
import { parseImageReference } from '../formats/image-reference.ts';
import { dayOf } from '../rules/actions/pin-edit.ts';
import { lookalikeWords } from '../rules/lookalike-words.ts';

/** Two names that are compared. */
export interface NamesToCompare {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  /** The well-known name that it looks like, and how. */
  readonly found: Lookalike;
  /** The month of the list of names. */
  readonly listDate: string;
}

/** One line of a comparison: what is told of the name, and of the one that it looks like. Foreign text, not escaped yet. */
export interface ComparedRow {
  readonly label: string;
  readonly values: readonly [string, string];
}

/** What is known of two names. */
export interface Comparison {
  readonly ecosystem: Ecosystem;
  readonly names: readonly [string, string];
  /** How they differ, as the end of a sentence. */
  readonly difference: string;
  readonly rows: readonly ComparedRow[];
}

/** How look-ups are made. */
export interface CompareIo {
  readonly fetch: FetchFact;
  /** How the registry of a package is found. */
  readonly packageKey: (name: string) => PackageKey;
}

type Facts = readonly (readonly [label: string, value: string])[];

/**
 * Looks up what is known of a name and of the well-known one that it looks like. What cannot be known is said to be unknown, with
 * the reason. Never rejects, as little as `fetch` does.
 */
export async function compareNames(
  { ecosystem, name, found, listDate }: NamesToCompare,
  io: CompareIo,
  signal: AbortSignal,
): Promise<Comparison> {
  const { difference, use } = lookalikeWords(ecosystem, name, found).args;
  const [own, other] = await Promise.all([name, found.target].map((one) => factsOf(ecosystem, one, { io, signal })));
  const labels = [...new Set([...(own ?? []), ...(other ?? [])].map(([label]) => label))];
  const toldBy = (facts: Facts | undefined, label: string): string => facts?.find(([one]) => one === label)?.[1] ?? '';
  const isMalware = found.kind === 'known-malicious';
  const used: ComparedRow = {
    label: `Use, by the list of ${listDate}`,
    values: [isMalware ? 'is the name of removed malware' : 'unknown (not among the names that the list knows)', use],
  };
  return {
    ecosystem,
    names: [name, found.target],
    difference: isMalware ? 'it was published as malware' : difference,
    rows: [used, ...labels.map((label): ComparedRow => ({ label, values: [toldBy(own, label), toldBy(other, label)] }))],
  };
}

interface Asking {
  readonly io: CompareIo;
  readonly signal: AbortSignal;
}

async function factsOf(ecosystem: Ecosystem, name: string, { io, signal }: Asking): Promise<Facts> {
  switch (ecosystem) {
    case 'npm':
      return npmRows(await io.fetch(npmPackument, io.packageKey(name), signal));
    case 'actions':
      return await actionRows(name, { io, signal });
    case 'oci':
      return await imageRows(name, { io, signal });
    case 'pypi':
      return [['Exists', 'unknown (nothing is looked up at the Python Package Index)']];
  }
}

const MAX_MAINTAINERS = 5;

function npmRows(answer: Answer<Packument>): Facts {
  if (answer.state === 'unknown') return [['Exists', unknownText(answer)]];
  if (answer.state === 'absent') return [['Exists', 'no: anybody can register it']];
  const { value, asOf } = answer;
  const { versions, distTags, createdAt, maintainers, repository, isStripped } = value;
  const latest: FullVersion | undefined = versions.find(({ version }) => version === distTags.latest);
  const untold = 'unknown (this registry does not say)';
  const when = (at: number | undefined): string => (at === undefined ? untold : dayAndAge(at, asOf));
  const people = (maintainers ?? []).flatMap(({ name }) => name ?? []);
  const more = people.length > MAX_MAINTAINERS ? ` and ${people.length - MAX_MAINTAINERS} more` : '';
  return [
    ['Exists', 'yes'],
    ['Newest version', distTags.latest ?? untold],
    ['First published', when(createdAt)],
    ['Newest published', when(latest?.publishedAt)],
    ['Versions', String(versions.length)],
    ['Maintainers', maintainers === undefined ? untold : `${people.slice(0, MAX_MAINTAINERS).join(', ')}${more}`],
    ['Repository', repository ?? latest?.repository ?? 'none named'],
    ['Licence', latest?.license ?? 'none named'],
    ['Install scripts', latest?.hasInstallScript === true ? 'yes' : isStripped ? untold : 'none'],
    ['Deprecated', deprecation(latest, isStripped ? untold : 'no')],
    ['Provenance', latest?.attestations === undefined ? 'none named' : 'named, not verified here'],
    ['Asked', `${dayOf(asOf)}`],
  ];
}

function deprecation(version: FullVersion | undefined, otherwise: string): string {
  if (version?.deprecated === undefined) return otherwise;
  return version.deprecated === '' ? 'yes' : `yes: ${version.deprecated}`;
}

async function actionRows(name: string, { io, signal }: Asking): Promise<Facts> {
  const [owner = '', repo = ''] = name.split('/');
  const answer = await io.fetch(gitRefs, { owner, repo }, signal);
  if (answer.state === 'unknown') return [['Exists', unknownText(answer)]];
  if (answer.state === 'absent') return [['Exists', 'no, or it is private: anybody may register a free name']];
  const { refs, movedTo, head } = answer.value;
  const newest = newestStable(answer.value, { subPath: '' });
  return [
    ['Exists', movedTo === undefined ? 'yes' : `moved to ${movedTo.owner}/${movedTo.repo}`],
    ['Default branch', head?.replace(/^refs\/heads\//, '') ?? 'unknown (the host does not say)'],
    ['Tags', String(refs.filter((ref) => ref.name.startsWith('refs/tags/')).length)],
    ['Newest release', newest === undefined ? 'none' : newest.tag],
    ['Its date, by its author', await releaseDate(answer, { owner, repo, io, signal })],
    ['Asked', dayOf(answer.asOf)],
  ];
}

async function releaseDate(
  { value, asOf }: Extract<Answer<GitRefs>, { readonly state: 'known' }>,
  { owner, repo, io, signal }: Asking & { readonly owner: string; readonly repo: string },
): Promise<string> {
  const newest = newestStable(value, { subPath: '' });
  if (newest === undefined) return '';
  const dates = await io.fetch(gitDates, { owner, repo, ids: [newest.id] }, signal);
  const at = dates.state === 'known' ? dates.value[newest.id] : undefined;
  if (at !== undefined) return dayAndAge(at, asOf);
  return dates.state === 'unknown' ? unknownText(dates) : 'unknown (the host does not say)';
}

async function imageRows(name: string, { io, signal }: Asking): Promise<Facts> {
  const parsed = parseImageReference(name);
  if (!parsed.ok) return [['Tag latest', 'unknown (not the name of an image)']];
  const { registry, repository } = parsed.value.image;
  const answer = await io.fetch(imageDigest, { registry, repository, tag: 'latest' }, signal);
  if (answer.state === 'unknown') return [['Tag latest', unknownText(answer)]];
  if (answer.state === 'absent') return [['Tag latest', 'no such tag, or no such image: anybody may register a free name']];
  const { digest } = answer.value;
  const content = await io.fetch(imageContent, { registry, repository, digest }, signal);
  const about = content.state === 'known' ? content.value : undefined;
  const unsaid = content.state === 'unknown' ? unknownText(content) : 'not said';
  return [
    ['Tag latest', digest],
    ['Calls itself version', about?.version ?? unsaid],
    ['Platforms', about === undefined ? unsaid : about.manifests.map(({ platform }) => platform).join(', ') || 'one'],
    ['Asked', dayOf(answer.asOf)],
  ];
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** `2018-03-01 (8 years before)`: how long before the answer something happened. */
function dayAndAge(at: number, asOf: number): string {
  const days = Math.floor((asOf - at) / DAY_MS);
  if (days < 0) return dayOf(at);
  const [count, unit] = days < 60 ? [days, 'day'] : days < 730 ? [Math.floor(days / 30.44), 'month'] : [Math.floor(days / 365.25), 'year'];
  return `${dayOf(at)} (${count} ${unit}${count === 1 ? '' : 's'} ago)`;
}

/** What a comparison can and cannot say, as the last words of every one. */
export const COMPARISON_LIMITS =
  'These are the words of registries and of those who publish there. Age, use and a repository prove nothing about what a package does.';

function unknownText(answer: Answer<never> & { readonly state: 'unknown' }): string {
  return `unknown (${unknownReason(answer)})`;
}
