import type { RuleContext } from '../../core/rule.ts';
import { type ConfiguredRegistry, hostOfUrl, registriesFor } from '../../formats/configured-registries.ts';
import { hostsOf, isOtherYarnRegistry, isPublicRegistry, mainHost } from '../../formats/lock-hosts.ts';
import type { LockEntry, LockFile } from '../../formats/lock-model.ts';

/** Where a lockfile takes its packages from. */
interface LockedHosts {
  /** The host that most packages come from. */
  readonly main: string | undefined;
  /** The hosts of the archives of a scope, without those whose address is no registry's. */
  ofScope(scope: string): ReadonlySet<string> | undefined;
}

// A manifest is read again at every key, its lockfile is not: what takes a pass over all packages is kept with that.
const lockedHosts = new WeakMap<LockFile, LockedHosts>();

function lockedHostsOf(lock: LockFile): LockedHosts {
  const kept = lockedHosts.get(lock);
  if (kept !== undefined) return kept;
  let scopes: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  const hosts: LockedHosts = {
    main: mainHost(hostsOf(lock))?.host,
    ofScope: (scope) => {
      scopes ??= hostsByScope(lock);
      return scopes.get(scope);
    },
  };
  lockedHosts.set(lock, hosts);
  return hosts;
}

function hostsByScope({ entries }: LockFile): ReadonlyMap<string, ReadonlySet<string>> {
  const scopes = new Map<string, Set<string>>();
  for (const { name, resolved, source } of entries) {
    const slash = source === 'tarball' && name.startsWith('@') ? name.indexOf('/') : -1;
    const host = resolved === undefined ? '' : slash < 0 ? undefined : hostOfUrl(resolved);
    if (slash < 0 || host === undefined || resolved?.includes('/-/') === false) continue;
    const key = name.slice(0, slash);
    scopes.set(key, (scopes.get(key) ?? new Set()).add(host));
  }
  return scopes;
}

/** Which registry the packages of a scope come from: by the settings, and by the lockfile. */
export class ScopeHosts {
  readonly #configured: ReadonlyMap<string, ConfiguredRegistry>;
  readonly #registries: readonly ConfiguredRegistry[];
  readonly #lock: LockFile;
  readonly #locked: LockedHosts;

  constructor({ surroundings, manifest }: RuleContext, lock: LockFile) {
    const registries = registriesFor(surroundings, manifest.file.path);
    this.#registries = registries;
    // The nearest settings file wins.
    this.#configured = new Map(registries.toReversed().flatMap((one) => (one.scope === undefined ? [] : [[one.scope, one]])));
    this.#lock = lock;
    this.#locked = lockedHostsOf(lock);
  }

  /** The registry that the scope belongs to, where the entry comes from the main one instead; undefined where nothing is wrong. */
  otherRegistry(scope: string, { resolved }: LockEntry): { readonly registry: string; readonly settings?: string } | undefined {
    const host = resolved === undefined ? '' : hostOfUrl(resolved);
    if (host === undefined || host !== this.#locked.main) return undefined;
    const configured = this.#configured.get(scope);
    if (configured !== undefined) {
      // Without an address the settings decide, when it is fetched.
      return host === '' || configured.host === host ? undefined : { registry: configured.host, settings: configured.path };
    }
    const [other] = [...(this.#locked.ofScope(scope) ?? [])].filter(
      (one) =>
        one !== host &&
        one !== '' &&
        !isOtherYarnRegistry(this.#lock, one, host) &&
        // An address that is left out means the configured registry, and so does the public one's: npm writes both into one lockfile.
        !(host === '' && isPublicRegistry(one)),
    );
    return other === undefined ? undefined : { registry: other };
  }
  /** The registry that the settings give to a scope, and that a package without a scope comes from all the same. */
  scopedRegistry({ resolved }: LockEntry): { readonly registry: string; readonly scope: string; readonly settings: string } | undefined {
    const host = resolved === undefined ? undefined : hostOfUrl(resolved);
    if (host === undefined || host === this.#locked.main || isPublicRegistry(host)) return undefined;
    if (this.#registries.some((one) => one.scope === undefined && one.hasTokenOnly !== true && one.host === host)) return undefined;
    const given = this.#registries.find((one) => one.scope !== undefined && one.host === host);
    return given?.scope === undefined ? undefined : { registry: host, scope: given.scope, settings: given.path };
  }
}
