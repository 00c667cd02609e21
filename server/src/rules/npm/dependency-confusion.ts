import type { Draft, Fix } from '../../core/finding.ts';
import type { Rule, RuleContext, Surroundings } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import { span } from '../../core/span.ts';
import { memberOf } from '../../formats/json.ts';
import type { LockFile } from '../../formats/lock-model.ts';
import { type FoundLock, soleLock } from '../../formats/locked.ts';
import { asPackageJson, type Dependency, editSpec, type PackageJson } from '../../formats/package-json.ts';
import { packageKeys, registryDependencies } from '../../formats/registry-settings.ts';
import { confusionOf } from './confusion-facts.ts';
import { ScopeHosts } from './scope-hosts.ts';

const REMEDY = 'Give a package of your own a scope, and the scope its registry in `.npmrc`.';

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
      unscoped: {
        what: '{lockfile} takes `{name}` from `{registry}`, which {settings} gives to `{scope}` only.',
        why: 'A name without a scope cannot have a registry of its own: who installs it anew asks the one for all names, where anybody may publish it.',
        remedy: 'Rename it to `{scope}/{name}`, or make `{registry}` the registry for all names.',
      },
      young: {
        what: '`{name}` {version} is {from}, and the registry has no such version: what it has under this name begins at {lowest}, {evidence}.',
        why: 'Yours comes from somewhere else, and somebody has just taken its name where everybody looks for it: who installs it without your registry gets theirs.',
        remedy: REMEDY,
      },
      higher: {
        what: '`{name}` {version} is {from}, and the registry has no such version: what it has under this name begins at {lowest} ({asOf}).',
        why: 'Yours comes from somewhere else, and the other one is higher: whatever asks both takes theirs.',
        remedy: REMEDY,
      },
      placeholder: {
        what: '`{name}` {version} is {from}, and the registry has no such version: it keeps the name as a placeholder for removed malware ({asOf}).',
        why: 'Either that malware is what is locked here, or others have tried the name of a package of yours.',
        remedy: `Find out where it was installed from. ${REMEDY}`,
      },
      bait: {
        what: '`{name}`, which resolves to {version}, {evidence}.',
        why: 'A new package that begins at such a version is made to win over an internal one of the same name.',
        remedy: `Find out who made it, and whether it was installed. ${REMEDY}`,
      },
    },
  },
  check(context) {
    const { manifest, surroundings } = context;
    const model = asPackageJson(manifest);
    if (model === undefined) return;
    const lock = soleLock(surroundings, manifest.file.path);
    const told = lock === undefined ? new Set<Dependency>() : checkLocked(context, model, lock);
    const keys = packageKeys(manifest.file, surroundings);
    for (const one of registryDependencies(manifest, surroundings)) {
      const [dependency] = one;
      const found = told.has(dependency) ? undefined : confusionOf(context, keys, one);
      if (found !== undefined) context.report({ ...found, span: dependency.nameSpan, identity: `${dependency.group} ${dependency.name}` });
    }
  },
};

/** What the lockfile and the settings say without a look-up. Gives the dependencies that were reported. */
function checkLocked(context: RuleContext, model: PackageJson, found: FoundLock): ReadonlySet<Dependency> {
  const told = new Set<Dependency>();
  const siblings = siblingsIn(context.surroundings, found);
  const lockfile = found.path.slice(found.path.lastIndexOf('/') + 1);
  let scopes: ScopeHosts | undefined;
  for (const dependency of model.dependencies) {
    const { name, spec, nameSpan, group } = dependency;
    if (dependency.parsed.kind === 'alias') continue;
    const entry = found.lock.locked(found.importer, name, spec);
    if (entry?.source !== 'tarball' || entry.name !== name) continue;
    const report = (draft: Pick<Draft, 'messageId' | 'args' | 'fixes'>): void => {
      told.add(dependency);
      context.report({ ...draft, args: { name, lockfile, ...draft.args }, span: nameSpan, identity: `${group} ${name}` });
    };
    const sibling = siblings.get(name);
    if (sibling !== undefined && isPrivate(sibling)) {
      const args = { spec: siblingSpec(found.lock), version: entry.version ?? 'its entry' };
      report({ messageId: 'private', args, fixes: toWorkspace(context, dependency, found) });
      continue;
    }
    if (sibling !== undefined) continue;
    scopes ??= new ScopeHosts(context, found.lock);
    const scope = /^(@[^/]+)\//.exec(name)?.[1];
    if (scope === undefined) {
      const args = scopes.scopedRegistry(entry);
      if (args !== undefined) report({ messageId: 'unscoped', args });
      continue;
    }
    const other = scopes.otherRegistry(scope, entry);
    if (other === undefined) continue;
    const args = { scope, registry: other.registry, manager: found.lock.manager, settings: other.settings ?? '' };
    report({ messageId: other.settings === undefined ? 'mixed' : 'scope', args });
  }
  return told;
}

/** More workspaces are not looked at one by one. */
const MAX_WORKSPACES = 500;

/** The packages of the workspaces that the lockfile knows, by name. */
function siblingsIn(surroundings: Surroundings, { lock, path }: FoundLock): ReadonlyMap<string, PackageJson> {
  const siblings = new Map<string, PackageJson>();
  if (lock.importers.length < 2 || lock.importers.length > MAX_WORKSPACES) return siblings;
  for (const { path: folder } of lock.importers) {
    const manifest = surroundings.manifest(joinPath(folderOf(path), `${folder}/package.json`) ?? '');
    const model = manifest && asPackageJson(manifest);
    // A package that requires its own name knows of the other one: an app called `storybook` that uses storybook.
    const isHomonym = model?.dependencies.some(({ name, group }) => name === model.name && group !== 'peerDependencies');
    if (model?.name !== undefined && isHomonym === false) siblings.set(model.name, model);
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
