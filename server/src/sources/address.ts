import { BlockList, isIP } from 'node:net';
import { fail, ok, type Result } from '../core/result.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether a `URL.hostname` is this machine: 127.0.0.0/8, `[::1]` or `localhost`. No look-up is made. */
export function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost') return true;
  const address = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * An address that Waybill may contact: https anywhere, http on loopback only, no user name or password in it.
 * The error is a sentence that does not repeat the address, which may hold a credential.
 */
export function parseAddress(text: string, base?: URL): Result<URL> {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
  if (url === undefined) return fail('the address is not a URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return fail(`${url.protocol} addresses are not contacted`);
  if (url.username !== '' || url.password !== '') return fail('addresses with a user name or password are not contacted');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) return fail(`${url.host}: plain http is used for loopback hosts only`);
  return ok(url);
}

/**
 * An address that another host named (a redirect, a token realm). A host out there must not send us to a service on
 * this machine, so loopback is followed from loopback only.
 */
export function parseForeignAddress(text: string, from: URL): Result<URL> {
  const parsed = parseAddress(text, from);
  if (parsed.ok && isLoopback(parsed.value.hostname) && !isLoopback(from.hostname)) {
    return fail(`${from.host} pointed at a host of this machine`);
  }
  return parsed;
}
