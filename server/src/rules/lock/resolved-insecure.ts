import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import type { Span } from '../../core/span.ts';
import { isLoopback, servesHttps } from '../../formats/https-hosts.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry, type LockFile, perStretch } from '../../formats/lock-model.ts';

/** A package fetched over a protocol without encryption: anybody on the way can read and, without a hash, replace it. */
export const rule: Rule = {
  meta: {
    id: 'lock/resolved-insecure',
    title: 'A locked package that is fetched without encryption',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: LOCK_FORMATS,
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '7.0',
    refs: [
      'https://cwe.mitre.org/data/definitions/319.html',
      'https://github.blog/security/application-security/improving-git-protocol-security-github/',
    ],
    messages: {
      insecure: {
        what: '`{name}` is fetched from `{host}` over `{scheme}`.',
        why: 'The connection is neither encrypted nor authenticated, so anybody on the way can put in another archive or commit.',
        remedy: 'Use https, and look for the old address in the registry settings and in the requirements.',
      },
    },
  },
  check({ manifest, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined) return;
    const secureHosts = securedIn(lock);
    const required = requiredIn(lock);
    for (const { entry, resolved, address } of perStretch(lock, insecureIn).flat()) {
      const [, scheme = '', host = '', port] = address;
      if (isLoopback(host.toLowerCase())) continue;
      const span = lock.spanOf(entry, 'resolved');
      const written = manifest.file.text.slice(span.start, span.start + scheme.length) === scheme;
      const isRequired = entry.key.includes(resolved) || mayBeRequired(lock, resolved) || required().has(resolved);
      const sure = !isRequired && (servesHttps(host.toLowerCase()) || secureHosts().has(host.toLowerCase()));
      report({
        messageId: 'insecure',
        args: { name: entry.name, host, scheme: `${scheme}:` },
        span,
        identity: `${entry.key} ${scheme}`,
        // Another port is another server, about which nothing is known.
        fixes:
          written && port === undefined
            ? [toHttps(secureScheme(lock, scheme), { start: span.start, end: span.start + scheme.length }, sure)]
            : [],
      });
    }
  },
};

const INSECURE = /^(http|git\+http|git):\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:?#]*)(:\d+)?/i;

function insecureIn(entries: readonly LockEntry[]) {
  return entries.flatMap((entry) => {
    const { resolved } = entry;
    const address = resolved === undefined || resolved.startsWith('https:') ? null : INSECURE.exec(resolved);
    return resolved === undefined || address === null ? [] : [{ entry, resolved, address }];
  });
}

/** pnpm hands the address to git as it is, which knows no `git+https`. */
function secureScheme({ manager }: LockFile, scheme: string): string {
  return scheme.toLowerCase() === 'http' || manager === 'pnpm' ? 'https' : 'git+https';
}

function toHttps(secure: string, span: Span, sure: boolean): Fix {
  return {
    title: sure ? `Use ${secure}` : `Use ${secure} (check that the host serves it, and what asks for the old address)`,
    safety: sure ? 'safe' : 'review',
    online: false,
    edits: [{ span, text: secure }],
  };
}

/** Hosts that this very lockfile fetches from over https too. Made only when needed. */
function securedIn(lock: LockFile): () => ReadonlySet<string> {
  let hosts: ReadonlySet<string> | undefined;
  return () => {
    hosts ??= new Set(
      lock.entries.flatMap(({ resolved }) => /^https:\/\/(?:[^/@]*@)?([^/:?#]+)\//i.exec(resolved ?? '')?.[1]?.toLowerCase() ?? []),
    );
    return hosts;
  };
}

/** Where a lockfile does not say what the project asks for, an address that is no registry's may be what it asks for. */
function mayBeRequired(lock: LockFile, resolved: string): boolean {
  return lock.importers.length === 0 && !resolved.includes('/-/');
}

/** Addresses that somebody requires as they are: npm holds those against the lockfile, letter by letter. */
function requiredIn(lock: LockFile): () => ReadonlySet<string> {
  let addresses: ReadonlySet<string> | undefined;
  return () => {
    addresses ??= new Set(
      lock.entries.flatMap((entry) => lock.requestsOf(entry).flatMap(({ spec }) => (spec.includes('://') ? [spec] : []))),
    );
    return addresses;
  };
}
