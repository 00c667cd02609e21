/**
 * Hosts of source code that serve everything over https: an address of theirs with plain http means the same with https.
 * Package registries are not listed; a lockfile shows by itself how it reaches its own.
 */
const SERVE_HTTPS: ReadonlySet<string> = new Set([
  'bitbucket.org',
  'codeload.github.com',
  'gist.github.com',
  'git.sr.ht',
  'github.com',
  'gitlab.com',
  'raw.githubusercontent.com',
]);

/** Whether a host, in lower case and without a port, is known to serve https. */
export function servesHttps(host: string): boolean {
  return SERVE_HTTPS.has(host);
}

/** Whether a host is this very machine (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3): nobody listens in between. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
