import type { NoRegistry, NpmRegistry, RegistryOf } from '../core/npm-facts.ts';
import { PUBLIC_NPM_REGISTRY_URL } from '../core/public-npm-registry.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { isLoopback, parseAddress } from './address.ts';
import type { Http, HttpFailure, HttpResponse } from './http.ts';
import { type KeepUnder, LOOKUP_TIMEOUT_MS, type SourceHost } from './source.ts';

/** How registries are asked. */
export interface NpmRegistryOptions {
  /** The public registry for every name unless given. */
  readonly registryOf?: RegistryOf | undefined;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
}

/** Asks the public registry for every name. */
export const publicRegistry: RegistryOf = async () => ok({ url: PUBLIC_NPM_REGISTRY_URL, isMapped: false });

/** The host of every npm source, for the privacy table. */
export function npmHosts(reason: string): readonly SourceHost[] {
  const host = "the public npm registry, or the one that the user's (in a trusted workspace also the project's) settings name";
  return [{ host, reason }];
}

/** Where a registry's answer is kept. What an account may see is remembered for the session only. */
export function keptAt(registry: Result<NpmRegistry, NoRegistry>, ...key: readonly string[]): KeepUnder | undefined {
  const address = registry.ok && registry.value.authorization === undefined ? parseAddress(registry.value.url) : undefined;
  return address?.ok ? { id: [address.value.href, ...key].join(' '), isLocal: isLoopback(address.value.hostname) } : undefined;
}

/** npm's own rules for new and old names (validate-npm-package-name), as far as they keep an address in one piece. */
const NAME = /^(?:@[a-z0-9~*!'()_.-]+\/)?[a-z0-9~*!'()_-][a-z0-9~*!'()_.-]*$/i;
const MAX_NAME_UNITS = 214;

/** A package's name as a part of a path. Fails for what is none. */
export function pathOf(name: string): Result<string> {
  return name.length > MAX_NAME_UNITS || !NAME.test(name) ? fail('not the name of a package') : ok(name.replace('/', '%2f'));
}

/** An address below a registry's own, which may have a path: repository managers have many registries at one host. */
export function urlAt({ url }: NpmRegistry, path: string): Result<URL> {
  const base = parseAddress(url.endsWith('/') ? url : `${url}/`);
  return base.ok ? parseAddress(`${base.value.origin}${base.value.pathname}${path}`) : base;
}

/** Gets a document from the registry itself: where it sends us on to another host, there is no answer. */
export function getAt(
  http: Http,
  url: URL,
  { registry, maxBytes, signal }: { readonly registry: NpmRegistry; readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Result<HttpResponse, HttpFailure>> {
  const { authorization } = registry;
  const headers = { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) };
  return http.request({ method: 'GET', url: url.href, headers, maxBytes, timeoutMs: LOOKUP_TIMEOUT_MS, staysAtHost: true }, signal);
}
