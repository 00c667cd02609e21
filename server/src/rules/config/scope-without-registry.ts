import type { Rule, Surroundings } from '../../core/rule.ts';
import { folderOf, foldersUp, joinPath } from '../../core/source-file.ts';
import { isLoopback } from '../../formats/https-hosts.ts';
import { locksOf } from '../../formats/locked.ts';
import { asPackageJson } from '../../formats/package-json.ts';
import { type SettingsFile, settingNamed, textOfSetting } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';
import { isWorkspaceSibling } from '../../formats/workspace-siblings.ts';

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
    for (const { name, nameSpan, parsed } of model.dependencies) {
      const scope = /^(@[^/]+)\//.exec(name)?.[1];
      if (scope === undefined || seen.has(scope) || !['range', 'version', 'tag'].includes(parsed.kind)) continue;
      seen.add(scope);
      const host = lockedHost(surroundings, path, scope);
      if (host === undefined || isWorkspaceSibling(surroundings, path, name)) continue;
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
    const own = new Set<string>();
    const others = new Set<string>();
    let url = '';
    for (const { name, resolved, source } of lock.entries) {
      if (source !== 'tarball' || resolved === undefined) continue;
      const [, origin, host = ''] = /^(https?:\/\/([^/]+))\//.exec(resolved) ?? [];
      if (origin === undefined) continue;
      if (!name.startsWith(`${scope}/`)) others.add(host.toLowerCase());
      else {
        own.add(host.toLowerCase());
        url = resolved.slice(0, resolved.indexOf(`/${scope}`) + 1) || `${origin}/`;
      }
    }
    const [host] = own;
    if (own.size !== 1 || host === undefined || others.size === 0 || others.has(host) || isLoopback(host.replace(/:\d+$/, ''))) continue;
    return { host, url, manager: lock.manager };
  }
  return undefined;
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
