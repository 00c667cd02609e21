import { BlockList, isIP } from 'node:net';
import { fail, ok, type Result } from '../core/result.ts';
import { isLoopback } from './address.ts';

/** The environment variables that proxies are read from; `process.env` has this shape. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for an address, from HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY (lower case first), read the way git,
 * curl and Docker read them: `proxy:3128` means http, and `example.com` in NO_PROXY covers its subdomains too.
 * (`proxy-from-env` does neither, which is why it is not used.) Undefined means a direct connection.
 *
 * Loopback addresses use a proxy only when the proxy is on loopback itself: plain http never leaves the machine.
 */
export function proxyFor(url: URL, env: Environment): Result<URL | undefined> {
  const text = variable(env, url.protocol === 'https:' ? 'https_proxy' : 'http_proxy') ?? variable(env, 'all_proxy');
  if (text === undefined || isExempt(url, variable(env, 'no_proxy') ?? '')) return ok(undefined);
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy === undefined) return fail('the proxy variable is not a URL');
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
    return fail(`${proxy.protocol} proxies are not supported, only http and https`);
  }
  return ok(isLoopback(url.hostname) && !isLoopback(proxy.hostname) ? undefined : proxy);
}

function variable(env: Environment, name: string): string | undefined {
  const text = (env[name] || env[name.toUpperCase()])?.trim();
  return text === '' ? undefined : text;
}

function isExempt(url: URL, noProxy: string): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && matches(entry, url.hostname, port));
}

function matches(entry: string, hostname: string, port: string): boolean {
  if (entry === '*') return true;
  const address = hostname.replace(/^\[|\]$/g, '');
  if (entry.includes('/')) return inSubnet(entry, address);
  if (isIP(entry) === 6) return entry === address;
  const [, host = '', wanted] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [];
  if (host === '' || (wanted !== undefined && wanted !== port)) return false;
  const name = host.replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
  return address === name || (isIP(address) === 0 && address.endsWith(`.${name}`));
}

function inSubnet(entry: string, address: string): boolean {
  const [, net = '', bits = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  const family = isIP(net);
  if (family === 0 || family !== isIP(address) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const subnet = new BlockList();
  subnet.addSubnet(net, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return subnet.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
