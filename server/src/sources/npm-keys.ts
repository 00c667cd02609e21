import { type Answer, known, unknown } from '../core/answer.ts';
import { npmKeys, type RegistryKeysKey } from '../core/npm-facts.ts';
import type { RegistryKey } from '../core/provenance.ts';
import { plain } from '../core/untrusted.ts';
import type { HttpResponse } from './http.ts';
import { getAt, keptAt, type NpmRegistryOptions, npmHosts, publicRegistry, urlAt } from './npm-address.ts';
import { answerFailure, answerStatus, type Source } from './source.ts';

/** How long a registry's keys are used without asking again, in milliseconds. They change once in years. */
export const KEYS_TTL_MS = 24 * 60 * 60 * 1000;

/** The longest list of keys that is read, in bytes; the public registry's has 1 kB. */
const MAX_KEYS_BYTES = 256 * 1024;

/** The most keys that are kept, and how long each of their members may be, in UTF-16 units. */
const MAX_KEYS = 64;
const MAX_MEMBER_UNITS = 1024;

/** The keys with which a registry signs packages and what it attests (npm documentation, "About registry signatures"). */
export function createNpmKeysSource({
  registryOf = publicRegistry,
  now = Date.now,
}: NpmRegistryOptions): Source<RegistryKeysKey, readonly RegistryKey[]> {
  return {
    id: npmKeys.id,
    hosts: npmHosts('The keys with which a registry signs. The host learns that somebody verifies packages, and not which.'),
    ttlMs: KEYS_TTL_MS,
    keepUnder: async ({ of }, signal) => keptAt(await registryOf(of, signal)),
    fetch: async ({ of }, http, signal) => {
      const registry = await registryOf(of, signal);
      if (!registry.ok) return unknown(registry.error.why, registry.error.detail);
      const url = urlAt(registry.value, '-/npm/v1/keys');
      if (!url.ok) return unknown('unparsable', url.error);
      const sent = await getAt(http, url.value, { registry: registry.value, maxBytes: MAX_KEYS_BYTES, signal });
      return sent.ok ? conclude(sent.value, now()) : answerFailure(sent.error);
    },
    read: keptKeys,
  };
}

function conclude(response: HttpResponse, now: number): Answer<readonly RegistryKey[]> {
  const { status, body, url } = response;
  const host = plain(url.host, 100);
  // Repository managers that know no such path say so in many ways (npm/cli #5479: 400).
  if (status === 400 || status === 405) return unknown('denied', `${host} does not serve keys (HTTP ${status})`);
  if (status !== 200) return answerStatus(response, now);
  const keys = readKeys(new TextDecoder().decode(body));
  return keys === undefined ? unknown('denied', `${host} answered with something else than keys (HTTP 200)`) : known(keys, now);
}

/** Keys of the one kind that npm uses; those of others are left out, as a client of npm does. */
function readKeys(text: string): readonly RegistryKey[] | undefined {
  const list = listOf(parse(text));
  return list?.slice(0, MAX_KEYS).flatMap((one) => {
    const { keyid, key, expires, keytype } = membersOf(one);
    if (!isShort(keyid) || !isShort(key) || keytype !== 'ecdsa-sha2-nistp256') return [];
    return [{ keyId: keyid, key, ...(isShort(expires) ? { validUntil: expires } : {}) }];
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function listOf(document: unknown): readonly unknown[] | undefined {
  const { keys } = membersOf(document);
  return Array.isArray(keys) ? keys : undefined;
}

function isShort(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_MEMBER_UNITS;
}

/** Keys that were kept; undefined where somebody else wrote them. */
function keptKeys(value: unknown): readonly RegistryKey[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const isSound = value.every((one: unknown) => {
    const { keyId, key, validFrom, validUntil } = membersOf(one);
    return isShort(keyId) && isShort(key) && [validFrom, validUntil].every((at) => at === undefined || isShort(at));
  });
  // Every member was looked at.
  return isSound ? (value as readonly RegistryKey[]) : undefined;
}
