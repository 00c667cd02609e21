import { type Answer, type FetchFact, known, type Unknown, unknown } from '../core/answer.ts';
import {
  ADVISORIES_TTL_MS,
  type AdvisedVersion,
  type AdvisoriesKey,
  isVersion,
  keptAdvisories,
  type LockAdvisories,
  type LockAdvisoriesKey,
  npmAdvisories,
  npmLockAdvisories,
  type PackageAdvisory,
} from '../core/npm-advisories.ts';
import type { NoRegistry, NpmRegistry, PackageKey, RegistryOf } from '../core/npm-facts.ts';
import type { Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';
import { createAdvisoryBatches } from './advisory-batches.ts';
import { keptAt, type NpmRegistryOptions, npmHosts, pathOf, publicRegistry } from './npm-address.ts';
import type { Source } from './source.ts';

/** How many answers are remembered: a large project has ten thousand packages, and most answers are empty lists. */
const MAX_REMEMBERED = 20_000;

/** The advisories of versions, through the endpoint that `npm audit` uses: many versions with one request. */
export function createNpmAdvisoriesSource({
  registryOf = publicRegistry,
  now = Date.now,
}: NpmRegistryOptions): Source<AdvisoriesKey, readonly PackageAdvisory[]> {
  const batches = createAdvisoryBatches(now);
  const chosen = onceForAll(registryOf);
  return {
    id: npmAdvisories.id,
    hosts: npmHosts(
      'Advisories about versions of packages, those of a whole lockfile among them. The host learns the names and the versions.',
    ),
    ttlMs: ADVISORIES_TTL_MS,
    remembers: MAX_REMEMBERED,
    keepUnder: async (key, signal) => {
      const registry = await chosen(key, signal);
      return registry.ok && registry.value.isAuditOff ? undefined : keptAt(registry, `${key.name}@${key.version}`);
    },
    fetch: async (key, http, signal) => {
      const registry = await chosen(key, signal);
      if (!registry.ok) return unknown(registry.error.why, registry.error.detail);
      if (registry.value.isAuditOff) return unknown('denied', "npm's setting audit=false: no registry is asked for advisories");
      const { name, version } = key;
      const path = pathOf(name);
      if (!path.ok) return unknown('unparsable', path.error);
      if (!isVersion(version)) return unknown('unparsable', `${plain(version, 50)} is no version that advisories are held against`);
      return await batches.ask({ registry: registry.value, name, version }, http, signal);
    },
    read: keptAdvisories,
    forget: () => batches.forget(),
  };
}

/**
 * Says at once for all names of a scope which registry serves them: which one that is depends on nothing else (`PackageKey`), a lockfile
 * asks for thousands of names in one moment, and each would read the settings again. In the next moment they are read anew.
 */
function onceForAll(registryOf: RegistryOf): RegistryOf {
  const kept = new Map<string, Promise<Result<NpmRegistry, NoRegistry>>>();
  return (key, signal) => {
    const id = [scopeOf(key), key.isElsewhere === true, ...(key.settings ?? [])].join(' ');
    const known = kept.get(id);
    if (known !== undefined) return known;
    const asked = registryOf(key, signal);
    if (kept.size === 0) setTimeout(() => kept.clear());
    kept.set(id, asked);
    return asked;
  };
}

function scopeOf({ name }: PackageKey): string {
  return name.startsWith('@') ? name.slice(0, name.indexOf('/')) : '';
}

/** What is known of some packages of a lockfile; each is asked for on its own, and so shares its answer with whoever else asks. */
export function createNpmLockAdvisoriesSource({
  fetchFact,
  now = Date.now,
}: {
  readonly fetchFact: FetchFact;
  readonly now?: () => number;
}): Source<LockAdvisoriesKey, LockAdvisories> {
  return {
    id: npmLockAdvisories.id,
    hosts: [],
    // Each package's answer is remembered.
    ttlMs: 0,
    fetch: async ({ packages, settings }, _http, signal) => {
      const asked = { ...(settings === undefined ? {} : { settings }) };
      const answers = await Promise.all(packages.map((one) => fetchFact(npmAdvisories, { ...one, ...asked }, signal)));
      if (signal.aborted) return unknown('pending', 'cancelled');
      const advised: AdvisedVersion[] = [];
      const unanswered = new Map<string, { why: Unknown; detail: string; count: number }>();
      for (const [nth, answer] of answers.entries()) {
        const one = packages[nth];
        if (one === undefined) continue;
        if (answer.state === 'unknown') count(unanswered, answer);
        else if (answer.state === 'known' && answer.value.length > 0)
          advised.push({ name: one.name, version: one.version, advisories: answer.value });
      }
      const [first] = answers;
      // Where nothing at all could be learned, that is told like any look-up that failed.
      if (first?.state === 'unknown' && answers.every(({ state }) => state === 'unknown')) return first;
      return known({ advised, unanswered: [...unanswered.values()] }, now());
    },
  };
}

function count(
  unanswered: Map<string, { why: Unknown; detail: string; count: number }>,
  { why, detail = why }: Answer<never> & { readonly state: 'unknown' },
): void {
  const id = `${why} ${detail}`;
  const known = unanswered.get(id);
  if (known === undefined) unanswered.set(id, { why, detail, count: 1 });
  else known.count++;
}
