import { PUBLIC_NPM_REGISTRY_URL } from '../core/public-npm-registry.ts';
import { hostOfUrl } from './configured-registries.ts';
import type { LockEntry, LockFile } from './lock-model.ts';
import { parseLockedGit } from './npm-spec.ts';

/** How much of a lockfile comes from one host. */
export interface HostUse {
  /** In lower case, with its port; `''` for entries without an address, which come from the registry that is configured. */
  readonly host: string;
  readonly count: number;
  /** In document order, the first one. */
  readonly first: LockEntry;
}

/** From which hosts the archives of a lockfile come, in order of first use. One pass, without a pattern for most entries. */
export function hostsOf({ entries }: LockFile): HostUse[] {
  const uses = new Map<string, { host: string; count: number; first: LockEntry }>();
  let prefix = '\0';
  let last: { count: number } | undefined;
  for (const entry of entries) {
    const { resolved, source } = entry;
    if (source !== 'tarball') continue;
    // Nearly all addresses start as the one before. `indexOf` takes a fifth of the time of `startsWith` on parts of a larger text.
    if (resolved !== undefined && last !== undefined && resolved.indexOf(prefix) === 0) {
      last.count++;
      continue;
    }
    const host = resolved === undefined ? '' : hostOfUrl(resolved);
    if (host === undefined) continue;
    const use = uses.get(host) ?? { host, count: 0, first: entry };
    use.count++;
    uses.set(host, use);
    const slash = resolved?.indexOf('/', 'https://'.length) ?? -1;
    if (resolved === undefined || slash < 0) continue;
    prefix = resolved.slice(0, slash + 1);
    last = use;
  }
  return [...uses.values()];
}

/** The host that most archives of a lockfile come from: the registry it was made with. Undefined for an empty one. */
export function mainHost(uses: readonly HostUse[]): HostUse | undefined {
  return uses.reduce<HostUse | undefined>((main, use) => (main === undefined || use.count > main.count ? use : main), undefined);
}

/** Whether a host is that of the public registry, which no settings have to name. */
export function isPublicRegistry(host: string): boolean {
  return host === PUBLIC_HOST;
}

/**
 * Whether a host and the main one of a lockfile are the two public registries that Yarn 1 has had over its life: its lockfiles keep
 * the addresses of both. The older one is known in part only: `registry.yarn`, and what people call it by.
 */
export function isOtherYarnRegistry({ manager, lockfileVersion }: LockFile, host: string, main: string): boolean {
  const isYarns = (one: string): boolean => isPublicRegistry(one) || /^registry\.yarn[a-z]*\.[a-z]+$/.test(one);
  return manager === 'yarn' && lockfileVersion === '1' && isYarns(host) && isYarns(main);
}

const PUBLIC_HOST = new URL(PUBLIC_NPM_REGISTRY_URL).host;

/** The host of a locked address, git's included, in lower case and with its port; undefined where there is none. */
export function hostOfLocked(resolved: string | undefined): string | undefined {
  if (resolved === undefined) return undefined;
  if (resolved.startsWith('https://')) {
    const slash = resolved.indexOf('/', 'https://'.length);
    const authority = resolved.slice('https://'.length, slash < 0 ? undefined : slash);
    if (/^[a-z0-9.-]+$/.test(authority)) return authority;
  }
  const git = parseLockedGit(resolved);
  if (git.kind === 'git') return git.repository.slice(0, git.repository.indexOf('/'));
  return hostOfUrl(resolved);
}
