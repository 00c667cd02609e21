import { type Answer, absent, type FetchFact, known, type Unknown, unknown } from '../core/answer.ts';
import { type FullVersion, type NpmRegistry, npmKeys, npmPackument, npmProvenance, type PackageVersionKey } from '../core/npm-facts.ts';
import type { AttestationSet, Check, PackageEvidence, ProvenanceVerdict } from '../core/provenance.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { plain } from '../core/untrusted.ts';
import type { Http, HttpResponse } from './http.ts';
import { keptVerdict } from './kept-verdict.ts';
import type { NewestVerifier } from './newest-verifier.ts';
import { getAt, keptAt, type NpmRegistryOptions, npmHosts, pathOf, publicRegistry, urlAt } from './npm-address.ts';
import { answerFailure, answerStatus, type Source } from './source.ts';

/** The largest set of attestations that is read, in bytes; real ones have 20 kB. */
export const MAX_ATTESTATION_BYTES = 4 * 1024 * 1024;

/** How long a verdict is used again, in milliseconds: what is attested of a version does not change, but refusals and keys do. */
export const PROVENANCE_TTL_MS = 60 * 60 * 1000;

/** What the source needs besides the registry. */
export interface NpmProvenanceOptions extends NpmRegistryOptions {
  /** Asks for other facts: what the registry says of the package, and its keys. */
  readonly fetchFact: FetchFact;
  /** Verifies; without it nothing can be said. */
  readonly verifier: NewestVerifier | undefined;
}

/** Attestations and signatures of a version, verified on this machine. */
export function createNpmProvenanceSource(options: NpmProvenanceOptions): Source<PackageVersionKey, ProvenanceVerdict> {
  const { registryOf = publicRegistry, fetchFact, verifier, now = Date.now } = options;
  const bases = new WeakMap<ProvenanceVerdict, string>();
  const currentBasis = (): string => verifier?.now().basis ?? '';
  return {
    id: npmProvenance.id,
    hosts: npmHosts('Attestations of a version of a package. The host learns the name of the package and the version.'),
    ttlMs: PROVENANCE_TTL_MS,
    keepUnder: async (key, signal) => {
      await verifier?.kept();
      return verifier && keptAt(await registryOf(key, signal), `${key.name}@${key.version}`, key.integrity ?? '-');
    },
    basis: { now: currentBasis, of: (verdict) => bases.get(verdict) ?? currentBasis() },
    fetch: async (key, http, signal) => {
      const registry = await registryOf(key, signal);
      if (!registry.ok) return unknown(registry.error.why, registry.error.detail);
      if (verifier === undefined) return unknown('error', 'nothing is here that verifies packages');
      const newest = verifier.newest();
      const { version, integrity, ...of } = key;
      const packument = await fetchFact(npmPackument, of, signal);
      if (packument.state !== 'known') return packument;
      const listed = packument.value.versions.find((one) => one.version === version);
      if (listed === undefined) return absent(packument.asOf);
      const [served, keys] = await Promise.all([
        attestationsOf(key, listed, { registry: registry.value, http, signal }),
        fetchFact(npmKeys, { url: registry.value.url, of }, signal),
      ]);
      if (!served.ok) return served.error;
      const { load, basis } = await newest;
      const verify = await load();
      const hasKeys = keys.state === 'known' && keys.value.length > 0;
      const evidence = evidenceOf(listed, integrity);
      const verdict = verify({
        ...evidence,
        name: key.name,
        version,
        attestations: setOf(served.value, hasKeys),
        keys:
          keys.state === 'known' ? keys.value : keys.state === 'absent' ? 'the registry serves none (HTTP 404)' : (keys.detail ?? keys.why),
        now: now(),
      });
      bases.set(verdict, basis);
      // A key that could not be asked for just now may be known in a moment: until then this is no verdict to keep.
      return keys.state === 'unknown' && isPassing(keys.why) && lacksKey(verdict) ? keys : known(verdict, now());
    },
    read: keptVerdict,
  };
}

function evidenceOf({ integrity, shasum, repository, signatures, publishedAt }: FullVersion, locked: string | undefined) {
  return {
    ...(locked === undefined ? {} : { locked }),
    ...(integrity === undefined ? {} : { published: integrity }),
    ...(shasum === undefined ? {} : { shasum }),
    ...(repository === undefined ? {} : { manifestRepository: repository }),
    ...(signatures === undefined ? {} : { signatures }),
    ...(publishedAt === undefined ? {} : { publishedAt }),
  } satisfies Partial<PackageEvidence>;
}

/** Whether a failure may be over in a moment. */
function isPassing(why: Unknown): boolean {
  return why === 'timeout' || why === 'error' || why === 'pending' || why === 'offline';
}

function lacksKey({ checks, attestations }: ProvenanceVerdict): boolean {
  const isOpen = ({ id, outcome }: Check): boolean => outcome === 'unknown' && (id === 'key-id' || id === 'registry-signature');
  return checks.some(isOpen) || attestations.some((attestation) => attestation.checks.some(isOpen));
}

/** A set as it was served; `missing` where the registry knows of no such document, which says something only if it knows the kind. */
type Served = AttestationSet | { readonly state: 'missing'; readonly reason: string };

/** A registry that serves keys knows what attestations are: what it does not find is not there. Of another its silence says nothing. */
function setOf(served: Served, hasKeys: boolean): AttestationSet {
  if (served.state !== 'missing') return served;
  return hasKeys
    ? { state: 'none', reason: served.reason }
    : { state: 'unknown', reason: `${served.reason} It serves no keys either, so that it may know of no attestations at all.` };
}

interface Asking {
  readonly registry: NpmRegistry;
  readonly http: Http;
  readonly signal: AbortSignal;
}

/** Asks for the attestations, unless the registry has said that there are none. Fails where it is to be asked again in a moment. */
async function attestationsOf(
  key: PackageVersionKey,
  { attestations, signatures = [] }: FullVersion,
  { registry, http, signal }: Asking,
): Promise<Result<Served, Answer<never>>> {
  // Registries that pass signatures on pass on the rest of `dist` as well.
  if (attestations === undefined && signatures.length > 0) return ok({ state: 'none', reason: 'The registry lists none.' });
  const url = attestationsUrl(key, attestations?.url, registry);
  if (!url.ok) return fail(unknown('unparsable', url.error));
  const sent = await getAt(http, url.value, { registry, maxBytes: MAX_ATTESTATION_BYTES, signal });
  if (sent.ok) return readResponse(sent.value, attestations !== undefined);
  const failure = answerFailure(sent.error);
  const passes = failure.state !== 'unknown' || isPassing(failure.why);
  return passes ? fail(failure) : ok({ state: 'unknown', reason: `${sent.error.detail}.` });
}

/** The path is the document's own where the registry names one of the known kind; the host is always the configured registry's. */
function attestationsUrl({ name, version }: PackageVersionKey, written: string | undefined, registry: NpmRegistry): Result<URL> {
  const path = pathOf(name);
  if (!path.ok) return path;
  const named = written !== undefined && URL.canParse(written) ? new URL(written).pathname : '';
  // What stands before `/-/` is where another registry has it, or this one already.
  const own = /\/(-\/npm\/v1\/attestations\/[^/]+(?:\/[^/]+)?)$/.exec(named)?.[1];
  return urlAt(registry, own ?? `-/npm/v1/attestations/${path.value}@${encodeURIComponent(version)}`);
}

/** What a response says of the attestations. */
function readResponse(response: HttpResponse, isAnnounced: boolean): Result<Served, Answer<never>> {
  const { status } = response;
  const host = plain(response.url.host, 100);
  const said = (state: 'unknown' | 'missing', what: string): Result<Served, never> =>
    ok({ state, reason: `${host} ${what} (HTTP ${status}).` });
  switch (status) {
    case 200: {
      const text = new TextDecoder().decode(response.body);
      if (text.trim() === '') return said('unknown', 'answered with nothing instead of attestations');
      return /^\s*</.test(text) ? said('unknown', 'answered with a web page instead of attestations') : ok({ state: 'served', text });
    }
    case 404:
      return isAnnounced
        ? said('unknown', 'announces attestations of this version, but does not have them')
        : said('missing', 'has no attestations of this version');
    case 401:
      return said('unknown', 'shows attestations only with credentials');
    case 403:
      return response.headers.has('retry-after') ? fail(answerStatus(response, 0)) : said('unknown', 'refuses to show attestations');
    default:
      return status === 429 || status >= 500 ? fail(answerStatus(response, 0)) : said('unknown', 'does not serve attestations');
  }
}
