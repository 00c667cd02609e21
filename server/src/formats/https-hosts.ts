/**
 * Hosts of source code that answer every plain-http request with a redirect to https, so that https surely gives the same.
 * Source: their own documentation; github.com answers 301 on port 80, as the others do.
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
