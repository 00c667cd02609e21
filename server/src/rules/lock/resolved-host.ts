import type { Rule } from '../../core/rule.ts';
import { registriesFor } from '../../formats/configured-registries.ts';
import { type HostUse, hostsOf, isOtherYarnRegistry, isPublicRegistry, mainHost } from '../../formats/lock-hosts.ts';
import { asLockFile, LOCK_FORMATS, type LockFile } from '../../formats/lock-model.ts';

const WHY = 'The lockfile decides where archives come from, whatever registry is set, so whoever runs that host decides what is installed.';

/** A few packages from a host that no settings name and nearly nothing else comes from: how an injected archive looks. */
export const rule: Rule = {
  meta: {
    id: 'lock/resolved-host',
    title: 'A locked package from a host that nobody configured',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: LOCK_FORMATS,
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '7.0',
    refs: [
      'https://snyk.io/blog/why-npm-lockfiles-can-be-a-security-blindspot-for-injecting-malicious-modules/',
      'https://docs.npmjs.com/cli/v11/using-npm/config#replace-registry-host',
      'https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json#packages',
    ],
    messages: {
      one: {
        what: '`{name}` is fetched from `{host}`, which no settings file here names and no other package comes from.',
        why: WHY,
        remedy: 'Find out how the address got there: delete the entry and run `{manager} install`, or name the registry in the settings.',
      },
      many: {
        what: '{count} packages, `{name}` first, are fetched from `{host}`, which no settings file here names.',
        why: WHY,
        remedy:
          'Find out how the addresses got there: delete the entries and run `{manager} install`, or name the registry in the settings.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined) return;
    const uses = hostsOf(lock);
    const main = mainHost(uses);
    if (main === undefined || uses.length < 2) return;
    const outliers = uses.filter(({ host, count }) => host !== '' && !isPublicRegistry(host) && count * OUTLIER_FACTOR <= main.count);
    if (outliers.length === 0) return;
    const configured = new Set(registriesFor(surroundings, manifest.file.path).map(({ host }) => host));
    let required: ReadonlySet<string> | undefined;
    for (const use of outliers) {
      if (configured.has(use.host) || isOtherYarnRegistry(lock, use.host, main.host)) continue;
      required ??= requiredHosts(lock);
      if (required.has(use.host) || mayBeRequired(lock, use)) continue;
      const { first, count, host } = use;
      report({
        messageId: count === 1 ? 'one' : 'many',
        args: { name: first.name, host, count: String(count), manager: lock.manager },
        span: lock.spanOf(first, 'resolved'),
        identity: host,
      });
    }
  },
};

/**
 * A host is a stranger where the main one has at least so many times as many packages. The public registry is never one: npm writes
 * its address for whatever registry is configured (npm documentation, "package-lock.json").
 */
const OUTLIER_FACTOR = 4;

/** The hosts of addresses that somebody requires as they are: those are what `npm/remote-tarball` and `lock/exotic-subdependency` are about. */
function requiredHosts(lock: LockFile): ReadonlySet<string> {
  const hosts = new Set<string>();
  const add = (spec: string): void => {
    const host = /^(?:git\+)?https?:\/\/(?:[^/@?#]*@)?([^/?#]+)/i.exec(spec)?.[1];
    if (host !== undefined) hosts.add(host.toLowerCase());
  };
  for (const { requests } of lock.importers) for (const { spec } of requests) add(spec);
  for (const entry of lock.entries) for (const { spec } of lock.requestsOf(entry)) if (spec.includes('://')) add(spec);
  return hosts;
}

/** Where a lockfile does not say what the project asks for, an address that has not a registry's layout may be what it asks for. */
function mayBeRequired(lock: LockFile, { first }: HostUse): boolean {
  if (lock.importers.length > 0) return false;
  const { resolved = '', key } = first;
  return !resolved.includes('/-/') || key.includes(resolved.replace(/#.*$/s, ''));
}
