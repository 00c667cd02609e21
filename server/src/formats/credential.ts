import { type Span, span } from '../core/span.ts';

/**
 * The forms of tokens that say themselves what they are: npm, GitHub, GitLab, Slack, AWS access key ids, private keys. The lengths
 * are lower bounds, so that `npm_config_cache` is none. Sources: the providers' documentation of their token formats.
 */
const TOKEN =
  /(?:^|[^A-Za-z0-9_])(?:npm_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[\w-]{20,}|xox[abeoprs]-[\w-]{10,}|A(?:KIA|SIA)[A-Z0-9]{16}(?![A-Za-z0-9]))|-----BEGIN [A-Z ]*PRIVATE KEY/;

/** Whether a text holds a token that can be told by its form, whatever it is called. */
export function holdsToken(text: string): boolean {
  return TOKEN.test(text);
}

const PLACEHOLDER_WORD =
  /^(?:your|my|the|some|insert|replace|enter|put|add)[-_ ]|(?:^|[-_ ])(?:change[-_ ]?(?:me|it|this)|placeholder|example|dummy|redacted|todo|here)(?:$|[-_ ])|^(?:fake|none|null|undefined|token|auth[-_]?token|npm[-_]?token|user|username|pass|password|passwd|pwd|secret|true|false|yes|no|on|off|\d)$/i;

/** Whether a value only holds the place of a secret: empty, `<token>`, `xxx`, `YOUR_TOKEN`, `$NPM_TOKEN`, `{{ token }}`. */
export function isPlaceholder(value: string): boolean {
  const text = value.trim();
  if (text === '' || /^(.)\1*$/su.test(text)) return true;
  if (/^(?:<.*>|\[.*\]|\$?\{.*\}|%.*%|\$\w+|\$\(.*\)|@.*@)$/s.test(text) || text.includes('{{') || text.includes('<%')) return true;
  return /^[A-Z]+(?:_[A-Z]+)+$/.test(text) || PLACEHOLDER_WORD.test(text);
}

/**
 * The literal passwords of the URLs in a text (RFC 3986, section 3.2.1), as offsets into it; a token in the user's place counts. A
 * password for a service on this very machine opens nothing elsewhere and does not.
 */
export function passwordsInUrls(text: string): Span[] {
  const found: Span[] = [];
  if (!text.includes('://')) return found;
  for (const match of text.matchAll(/:\/\/([^\s/@:"'?#]*)(?::([^\s/@"']*))?@/g)) {
    const [whole, user = '', password] = match;
    if (/^(?:localhost|127(?:\.\d+){3}|\[::1\])(?![\w.-])/i.test(text.slice(match.index + whole.length))) continue;
    const secret = password ?? user;
    const end = match.index + whole.length - 1;
    const isLiteral = password === undefined ? holdsToken(user) : !/\$[\w{(]/.test(secret) && !isPlaceholder(secret);
    if (isLiteral) found.push(span(end - secret.length, end));
  }
  return found;
}
