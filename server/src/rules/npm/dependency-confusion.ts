import type { Fix } from '../../core/finding.ts';
import type { Rule, RuleContext, Surroundings } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import { span } from '../../core/span.ts';
import { type ConfiguredRegistry, hostOfUrl, registriesFor } from '../../formats/configured-registries.ts';
import { memberOf } from '../../formats/json.ts';
import { hostsOf, isOtherYarnRegistry, mainHost } from '../../formats/lock-hosts.ts';
import type { LockEntry, LockFile } from '../../formats/lock-model.ts';
import { type FoundLock, soleLock } from '../../formats/locked.ts';
import { asPackageJson, type Dependency, editSpec, type PackageJson } from '../../formats/package-json.ts';

/** An internal name that the lockfile takes from the registry that everybody can publish to. */
export const rule: Rule = {
  meta: {
    id: 'npm/dependency-confusion',
    title: 'An internal name that is taken from another registry',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: [
      'https://medium.com/@alex.birsan/dependency-confusion-4a5d60fec610',
      'https://github.blog/security/supply-chain-security/avoiding-npm-substitution-attacks/',
      'https://docs.npmjs.com/cli/v11/using-npm/scope#associating-a-scope-with-a-registry',
    ],
    messages: {
      private: {
        what: '`{name}` is a private package of this workspace, and {lockfile} takes it from a registry.',
        why: 'A private package is never published, so what the registry has under this name may be anybody’s, and would be installed.',
        remedy: 'Require it with `{spec}`, run the install, and find out what was locked at {version}.',
      },
      scope: {
        what: 'The settings say that `{scope}` comes from `{registry}`, and {lockfile} takes `{name}` from where most packages come from.',
        why: 'Whoever owns the scope there, or gets it, decides what is installed under an internal name.',
        remedy: 'Find out where `{name}` belongs; delete its entry and run `{manager} install` with `{settings}` in place.',
      },
      mixed: {
        what: '{lockfile} takes `{name}` from where most packages come from, and others of `{scope}` from `{registry}`.',
        why: 'Nothing here says where the scope belongs, so whoever owns it in the other registry decides what is installed under an internal name.',
        remedy: 'Add `{scope}:registry=https://{registry}/` to `.npmrc`, delete the entry and run `{manager} install`.',
      },
    },
  },
  check(context) {
    const { manifest, surroundings, report } = context;
    const model = asPackageJson(manifest);
    const found = model && soleLock(surroundings, manifest.file.path);
    if (model === undefined || found === undefined) return;
    const siblings = siblingsIn(surroundings, found);
    let scopes: ScopeHosts | undefined;
    for (const dependency of model.dependencies) {
      const { name, spec, nameSpan, group } = dependency;
      if (dependency.parsed.kind === 'alias') continue;
      const entry = found.lock.locked(found.importer, name, spec);
      if (entry?.source !== 'tarball' || entry.name !== name) continue;
      const lockfile = found.path.slice(found.path.lastIndexOf('/') + 1);
      const identity = `${group} ${name}`;
      const sibling = siblings.get(name);
      if (sibling !== undefined && isPrivate(sibling)) {
        const args = { name, lockfile, spec: siblingSpec(found.lock), version: entry.version ?? 'its entry' };
        report({ messageId: 'private', args, span: nameSpan, identity, fixes: toWorkspace(context, dependency, found) });
        continue;
      }
      const scope = /^(@[^/]+)\//.exec(name)?.[1];
      if (scope === undefined || sibling !== undefined) continue;
      scopes ??= new ScopeHosts(context, found.lock);
      const other = scopes.otherRegistry(scope, entry);
      if (other === undefined) continue;
      const args = { name, scope, lockfile, registry: other.registry, manager: found.lock.manager, settings: other.settings ?? '' };
      report({ messageId: other.settings === undefined ? 'mixed' : 'scope', args, span: nameSpan, identity });
    }
  },
};

/** More workspaces are not looked at one by one. */
const MAX_WORKSPACES = 500;

/** The packages of the workspaces that the lockfile knows, by name. */
function siblingsIn(surroundings: Surroundings, { lock, path }: FoundLock): ReadonlyMap<string, PackageJson> {
  const siblings = new Map<string, PackageJson>();
  if (lock.importers.length < 2 || lock.importers.length > MAX_WORKSPACES) return siblings;
  for (const { path: folder } of lock.importers) {
    const manifest = surroundings.manifest(joinPath(folderOf(path), `${folder}/package.json`) ?? '');
    const model = manifest && asPackageJson(manifest);
    if (model?.name !== undefined) siblings.set(model.name, model);
  }
  return siblings;
}

/** A manifest that says so is never published (npm documentation, "private"). */
function isPrivate({ root }: PackageJson): boolean {
  const said = memberOf(root, 'private');
  return said?.type === 'boolean' && said.value === true;
}

/** npm links a workspace's package by its version; the others have a protocol for it. */
function siblingSpec({ manager, lockfileVersion }: LockFile): string {
  return manager === 'npm' || (manager === 'yarn' && lockfileVersion === '1') ? '*' : 'workspace:*';
}

function toWorkspace({ manifest }: RuleContext, dependency: Dependency, { lock }: FoundLock): Fix[] {
  if (siblingSpec(lock) !== 'workspace:*' || dependency.spec === 'workspace:*') return [];
  return [
    {
      title: 'Require `workspace:*` (check what was installed until now, and run the install)',
      safety: 'review',
      online: false,
      edits: [editSpec(manifest.file.text, dependency, span(0, dependency.spec.length), 'workspace:*')],
    },
  ];
}

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
class ScopeHosts {
  readonly #configured: ReadonlyMap<string, ConfiguredRegistry>;
  readonly #lock: LockFile;
  readonly #locked: LockedHosts;

  constructor({ surroundings, manifest }: RuleContext, lock: LockFile) {
    const registries = registriesFor(surroundings, manifest.file.path);
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
      (one) => one !== host && one !== '' && !isOtherYarnRegistry(this.#lock, one, host),
    );
    return other === undefined ? undefined : { registry: other };
  }
}
