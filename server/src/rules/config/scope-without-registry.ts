import type { Rule, Surroundings } from '../../core/rule.ts';
import { folderOf, foldersUp, joinPath } from '../../core/source-file.ts';
import { isLoopback } from '../../formats/https-hosts.ts';
import type { LockFile } from '../../formats/lock-model.ts';
import { isOwnPackage, locksOf } from '../../formats/locked.ts';
import { asPackageJson } from '../../formats/package-json.ts';
import { type SettingsFile, settingNamed, textOfSetting } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';

/** A scope that comes from a registry of one's own, and no setting says so: whoever takes its name on the public registry is asked. */
export const rule: Rule = {
  meta: {
    id: 'config/scope-without-registry',
    title: 'A scope of an internal registry that no setting maps to it',
    severity: 'info',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/using-npm/scope#associating-a-scope-with-a-registry',
      'https://cwe.mitre.org/data/definitions/427.html',
    ],
    messages: {
      locked: {
        what: 'The lockfile has `{scope}` from `{host}`, and no settings file here maps the scope to that registry.',
        why: 'Where the mapping is not on the machine either, a new install asks the public registry, on which anybody may publish under an unclaimed scope.',
        remedy: 'Add `{line}` to {file}.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const model = asPackageJson(manifest);
    if (model === undefined || manifest.problems.length > 0) return;
    const { path } = manifest.file;
    const seen = new Set<string>();
    let settings: readonly SettingsFile[] | undefined;
    for (const { name, nameSpan, parsed, spec } of model.dependencies) {
      const scope = /^(@[^/]+)\//.exec(name)?.[1];
      if (scope === undefined || seen.has(scope) || !['range', 'version', 'tag'].includes(parsed.kind)) continue;
      seen.add(scope);
      const host = lockedHost(surroundings, path, scope);
      if (host === undefined || isOwnPackage(surroundings, path, { name, spec })) continue;
      settings ??= settingsUp(surroundings, path);
      if (settings.some((file) => maps(file, scope, host.host))) continue;
      const { line, file } = lineFor(host.manager, scope, host.url);
      report({ messageId: 'locked', args: { scope, host: host.host, line, file }, span: nameSpan, identity: scope });
    }
  },
};

interface Host {
  readonly host: string;
  readonly url: string;
  readonly manager: string;
}

/**
 * The registry that all of a scope's packages are locked from, where other packages of the same lockfile come from elsewhere: if all come
 * from one place, that is the mirror for everything.
 */
function lockedHost(surroundings: Surroundings, path: string, scope: string): Host | undefined {
  for (const { lock } of locksOf(surroundings, path)) {
    const { all, scopes } = hostsOf(lock);
    const own = scopes.get(scope);
    const [host] = own?.hosts.keys() ?? [];
    if (own === undefined || host === undefined || own.hosts.size !== 1 || isLoopback(host.replace(/:\d+$/, ''))) continue;
    const isOnlyOwn = all.get(host) === own.hosts.get(host);
    if (isOnlyOwn && all.size > 1) return { host, url: own.url, manager: lock.manager };
  }
  return undefined;
}

/** How many packages of a lockfile come from each host, all in all and by scope. */
interface Hosts {
  readonly all: ReadonlyMap<string, number>;
  readonly scopes: ReadonlyMap<string, { readonly hosts: Map<string, number>; readonly url: string }>;
}

/** By lockfile, because a manifest is read again at every key and its lockfile is not. */
const known = new WeakMap<LockFile, Hosts>();

function hostsOf(lock: LockFile): Hosts {
  const before = known.get(lock);
  if (before !== undefined) return before;
  const all = new Map<string, number>();
  const scopes = new Map<string, { readonly hosts: Map<string, number>; readonly url: string }>();
  for (const { name, resolved, source } of lock.entries) {
    const host = source === 'tarball' ? /^https?:\/\/([^/]+)\//.exec(resolved ?? '')?.[1]?.toLowerCase() : undefined;
    if (resolved === undefined || host === undefined) continue;
    all.set(host, (all.get(host) ?? 0) + 1);
    const scope = name.startsWith('@') ? name.slice(0, name.indexOf('/')) : '';
    if (scope === '') continue;
    const own = scopes.get(scope) ?? { hosts: new Map<string, number>(), url: registryOf(resolved, scope) };
    own.hosts.set(host, (own.hosts.get(host) ?? 0) + 1);
    scopes.set(scope, own);
  }
  known.set(lock, { all, scopes });
  return { all, scopes };
}

/** What stands before the scope in a tarball's address. */
function registryOf(resolved: string, scope: string): string {
  const at = resolved.indexOf(`/${scope}`);
  return at < 0 ? resolved.slice(0, resolved.indexOf('/', 'https://'.length) + 1) : resolved.slice(0, at + 1);
}

const FILES = ['.npmrc', '.yarnrc.yml', 'pnpm-workspace.yaml', 'bunfig.toml'];

function settingsUp(surroundings: Surroundings, path: string): SettingsFile[] {
  return foldersUp(folderOf(path)).flatMap((folder) =>
    FILES.flatMap((name) => {
      const manifest = surroundings.manifest(joinPath(folder, name) ?? '');
      return (manifest && settingsOf(manifest)) ?? [];
    }),
  );
}

/** Whether a file names a registry for a scope, or has that very host as the registry of everything. */
function maps(file: SettingsFile, scope: string, host: string): boolean {
  const bare = scope.slice(1);
  const names = [
    `${scope}:registry`,
    `registries.${scope}`,
    `npmScopes.${bare}.npmRegistryServer`,
    `install.scopes.${bare}`,
    `install.scopes.${scope}`,
  ];
  if (names.some((name) => settingNamed(file, name) !== undefined)) return true;
  const defaults = ['registry', 'registries.default', 'npmRegistryServer', 'install.registry', 'install.registry.url'];
  return defaults.some((name) => {
    const setting = settingNamed(file, name);
    return setting !== undefined && (textOfSetting(setting) ?? '').toLowerCase().includes(`//${host}`);
  });
}

function lineFor(manager: string, scope: string, url: string): { readonly line: string; readonly file: string } {
  if (manager === 'bun') return { line: `"${scope.slice(1)}" = "${url}"`, file: '`[install.scopes]` of bunfig.toml' };
  return { line: `${scope}:registry=${url}`, file: '.npmrc (Yarn 2 and later: `npmScopes` of .yarnrc.yml)' };
}
