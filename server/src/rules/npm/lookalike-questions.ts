import type { Lookalike } from '../../core/lookalike.ts';
import type { RuleContext } from '../../core/rule.ts';
import type { Script } from '../../core/script.ts';
import { joinPath } from '../../core/source-file.ts';
import { contains } from '../../core/span.ts';
import { providerOf } from '../../formats/available-packages.ts';
import type { LockEntry, LockFile } from '../../formats/lock-model.ts';
import { locksOf } from '../../formats/locked.ts';
import type { NamedPackage } from '../../formats/named-package.ts';
import type { Dependency } from '../../formats/package-json.ts';
import { choosesRegistry, namesRegistry } from '../../formats/registry-choice.ts';
import { type PackageKeys, packageKeys, type RegistryDependency, registryDependencies } from '../../formats/registry-settings.ts';
import { commandSpan, runCommandsOf } from '../../formats/run-commands.ts';
import { confusionOf } from './confusion-facts.ts';
import type { Likeness } from './lookalike-facts.ts';
import type { AskedPackage } from './lookalike-manifest.ts';
import { isMissing } from './missing-package.ts';

/** The question about a package of a package.json; undefined where no registry may be asked for it. */
export function manifestQuestion(context: RuleContext, asked: AskedPackage, found: Lookalike): Likeness | undefined {
  const { manifest, surroundings } = context;
  const known = registryDependencies(manifest, surroundings);
  const wanted = asked.dependencies.flatMap((dependency) => known.get(dependency) ?? []);
  // Of several lockfile entries the one from elsewhere counts: its name may be private.
  const keys = packageKeys(manifest.file, surroundings);
  const one = wanted.find((dependency) => keys.of(dependency).isElsewhere === true) ?? wanted[0];
  return one && question(keys, one, found);
}

/** Whether `npm/not-in-registry` tells of a package of a package.json. */
export function isToldMissing(context: RuleContext, asked: AskedPackage): boolean {
  return someDependency(context, asked, (keys, one) => isMissing(context, keys, one));
}

/** Whether `npm/dependency-confusion` tells of a package of a package.json by what the registry says. */
export function isToldConfused(context: RuleContext, asked: AskedPackage): boolean {
  return someDependency(context, asked, (keys, one) => confusionOf(context, keys, one) !== undefined);
}

function someDependency(
  { manifest, surroundings }: RuleContext,
  { dependencies }: AskedPackage,
  holds: (keys: PackageKeys, one: readonly [Dependency, RegistryDependency]) => boolean,
): boolean {
  const known = registryDependencies(manifest, surroundings);
  const keys = packageKeys(manifest.file, surroundings);
  return dependencies.some((dependency) => {
    const wanted = known.get(dependency);
    return wanted !== undefined && holds(keys, [dependency, wanted]);
  });
}

/** The question about a package of a lockfile. */
export function lockQuestion(
  { manifest, surroundings }: RuleContext,
  { lock, entry, found }: { readonly lock: LockFile; readonly entry: LockEntry; readonly found: Lookalike },
): Likeness | undefined {
  const locked = { lock, entry, path: manifest.file.path };
  return question(packageKeys(manifest.file, surroundings), { name: entry.name, locked }, found);
}

/**
 * The question about a package that a command names. Undefined where the command, or something around it, chooses a registry, where it
 * is not known in which folder it runs, and where the project has the package: then it is not the command that brings it in.
 */
export function commandQuestion(
  { manifest, surroundings }: RuleContext,
  { script, named, found }: { readonly script: Script; readonly named: NamedPackage; readonly found: Lookalike },
): Likeness | undefined {
  // A command may stand in another one: `sh -c "npx ..."`.
  const commands = runCommandsOf(manifest).filter((one) => one.script === script && contains(commandSpan(one.invocation), named.span));
  const { folders } = commands.at(-1) ?? { folders: [] };
  const [folder] = folders;
  if (folder === undefined) return undefined;
  if (commands.some(({ invocation }) => choosesRegistry(invocation)) || namesRegistry(manifest.file.text)) return undefined;
  const { name } = named;
  if (found.kind === 'combo' && providerOf(surroundings, folders, name) !== undefined) return undefined;
  const locks = folders.flatMap((one) => locksOf(surroundings, joinPath(one, 'package.json') ?? ''));
  const locked = locks.flatMap(({ lock, path }) => {
    const entry = lock.entries.find((one) => one.name === name);
    return entry === undefined ? [] : [{ lock, entry, path }];
  })[0];
  return question(packageKeys(manifest.file, surroundings, folder), { name, locked }, found);
}

function question(keys: PackageKeys, dependency: RegistryDependency, found: Lookalike): Likeness | undefined {
  // The settings say who owns the scope: what others know of the name is beside the point.
  if (keys.isMapped(dependency.name)) return undefined;
  return { found, key: keys.of(dependency), targetKey: keys.of({ name: found.target, locked: undefined }) };
}
