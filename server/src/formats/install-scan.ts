import type { Manifest } from '../core/manifest.ts';
import type { Surroundings } from '../core/rule.ts';
import type { Script } from '../core/script.ts';
import { baseName } from '../core/source-file.ts';
import { type LockfileUse, lockfileUse } from './frozen-install.ts';
import { type ImageBuild, imageBuildOf, matchesName } from './image-build.ts';
import { type InstallCommand, installCommandOf, type PackageManager } from './install-command.ts';
import { type FoundLockfile, findLockfile, LOCKFILES, yarnGeneration } from './lockfile-place.ts';
import { byScript, type RunCommand, runCommandsOf } from './run-commands.ts';
import { foldersAt, type Occasion } from './shell-folder.ts';
import { type Invocation, keptPerWords } from './shell-invocation.ts';

/** An install of everything a manifest asks for, that CI or an image build runs and that is not held to the lockfile. */
export interface BareInstall {
  readonly command: InstallCommand;
  readonly use: Exclude<LockfileUse, 'frozen'>;
  readonly lockfile: FoundLockfile | undefined;
  readonly yarn: 'classic' | 'berry' | undefined;
  /** Whether it only runs where a frozen install failed: `npm ci || npm install`. */
  readonly isFallback: boolean;
  /** In an image build, whether the lockfile is seen to be brought into the stage; elsewhere true. */
  readonly isBrought: boolean;
}

/**
 * Scripts of a package.json that, by their name, CI, an image build or a hosting platform calls. A script that people
 * call on their own machine may change the lockfile: that is what it is for.
 */
const CALLED_BY_CI =
  /^(?:(?:.*[:_.-])?(?:ci|docker|container)(?:[:_.-].*)?|heroku-(?:pre|post)build|gcp-build|vercel-(?:build|install)|now-build)$/i;

/** The bare installs of a manifest's scripts, in document order. */
export function bareInstallsOf(manifest: Manifest, surroundings: Surroundings): BareInstall[] {
  const build = once(() => imageBuildOf(manifest));
  const settings = once(() => settingsOf(manifest));
  const deleted = new Map<string, Set<string>>();
  const commands = byScript(runCommandsOf(manifest));
  return manifest.scripts.filter(isBuildScript).flatMap((script) => {
    const own = commands.get(script);
    if (own === undefined || !own.some(({ invocation }) => installsOrDeletes(invocation))) return [];
    const job = jobOf(script);
    const lockfilesGone = deleted.get(job) ?? new Set();
    deleted.set(job, lockfilesGone);
    return new Scan({ script, manifest, surroundings, build, settings, lockfilesGone }).installs(own);
  });
}

// Most scripts neither install nor delete, and that is known from the words of their commands.
const installsOrDeletes = keptPerWords((invocation) => {
  const kind = installCommandOf(invocation)?.kind ?? 'other';
  return (kind !== 'other' && kind !== 'add') || deletes(invocation);
});

/** Whether CI, an image build or a hosting platform runs a script, as far as its place and name tell. */
export function isBuildScript({ place, name }: Script): boolean {
  return place !== 'package-script' || CALLED_BY_CI.test(name ?? '');
}

/** What shares a folder and comes one after the other: the steps of a job, the instructions of a Dockerfile. */
function jobOf({ place, path }: Script): string {
  return place === 'docker-run' ? '' : JSON.stringify(place === 'workflow-run' ? path.slice(0, 2) : path);
}

const SETTING = /\b(UV_FROZEN|UV_LOCKED|YARN_ENABLE_IMMUTABLE_INSTALLS|p?npm_config_frozen_lockfile)[ \t]*[:= ][ \t]*["']?(\w+)/gi;

/** The variables that freeze an install, as a workflow's `env` or an `ENV` sets them; for which part is not looked at. */
function settingsOf({ file }: Manifest): ReadonlyMap<string, string> {
  return new Map(Array.from(file.text.matchAll(SETTING), ([, name = '', value = '']) => [name, value]));
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

interface ScanInput {
  readonly script: Script;
  readonly manifest: Manifest;
  readonly surroundings: Surroundings;
  readonly build: () => ImageBuild;
  readonly settings: () => ReadonlyMap<string, string>;
  /** Names of lockfiles that were deleted before; added to. */
  readonly lockfilesGone: Set<string>;
}

interface Candidate {
  readonly install: BareInstall;
  readonly compounds: readonly object[];
}

class Scan {
  readonly #input: ScanInput;
  readonly #candidates: Candidate[] = [];
  /** Managers whose frozen install stands in an `if` or `case`. */
  readonly #frozenIn = new Map<object, Set<PackageManager>>();
  readonly #variables = new Map<string, string>();
  /** The list of `&&` and `||` that is being walked: whether it tests something, and what it froze. */
  #chain = { tests: false, frozen: new Set<PackageManager>() };

  constructor(input: ScanInput) {
    this.#input = input;
  }

  installs(commands: readonly RunCommand[]): BareInstall[] {
    for (const command of commands) this.#visit(command.invocation, command);
    // `if [ -f package-lock.json ]; then npm ci; else npm install; fi` has nothing to hold to in its second half.
    return this.#candidates
      .filter(({ install, compounds }) => !compounds.some((group) => this.#frozenIn.get(group)?.has(install.command.manager)))
      .map(({ install }) => install);
  }

  #visit(invocation: Invocation, occasion: Occasion): void {
    const { joint } = occasion;
    if (joint === '' || joint === ';') this.#chain = { tests: false, frozen: new Set() };
    if (invocation.name === 'test' || invocation.name === '[' || invocation.name === '[[') this.#chain.tests = true;
    if (invocation.name === 'export') for (const word of invocation.words) this.#set(word.value);
    this.#noteDeletion(invocation);
    const command = installCommandOf(invocation);
    if (command === undefined || command.kind === 'add' || command.kind === 'other') return;
    const install = this.#installOf(command, occasion);
    if (install === undefined) {
      this.#chain.frozen.add(command.manager);
      for (const group of occasion.compounds) this.#frozenIn.set(group, (this.#frozenIn.get(group) ?? new Set()).add(command.manager));
    } else if (!this.#isHandled(install)) this.#candidates.push({ install, compounds: occasion.compounds });
  }

  /** Whether there is nothing to hold to: the lockfile was deleted, or a test in front found none. */
  #isHandled({ command, isFallback }: BareInstall): boolean {
    return (isFallback && this.#chain.tests) || LOCKFILES[command.manager].some((name) => this.#input.lockfilesGone.has(name));
  }

  /** The install, undefined where it is a frozen one. */
  #installOf(command: InstallCommand, { folders: current, joint }: Occasion): BareInstall | undefined {
    if (command.kind === 'clean') return undefined;
    const { script, manifest, surroundings, build } = this.#input;
    const folders = command.folder === undefined ? current : foldersAt(current, command.folder, { script, path: manifest.file.path });
    const yarn = command.manager === 'yarn' ? yarnGeneration(surroundings, folders) : undefined;
    const inImage = script.place === 'docker-run';
    const variable = (name: string) => this.#variable(command.invocation, name);
    const use = lockfileUse(command, { ci: !inImage || build().sets('CI'), yarn, variable });
    if (use === 'frozen') return undefined;
    const lockfile = findLockfile(surroundings, command.manager, folders);
    const isBrought = !inImage || (lockfile !== undefined && build().brings(lockfile.path, script.span.start));
    const isFallback = joint === '||' && this.#chain.frozen.has(command.manager);
    return { command, use, lockfile, yarn, isFallback, isBrought };
  }

  #variable(invocation: Invocation, name: string): string | undefined {
    const inFront = invocation.assignments.findLast(({ value }) => value.startsWith(`${name}=`));
    if (inFront !== undefined) return inFront.value.slice(name.length + 1);
    return this.#variables.get(name) ?? this.#input.settings().get(name);
  }

  #set(assignment: string): void {
    const equals = assignment.indexOf('=');
    if (equals > 0) this.#variables.set(assignment.slice(0, equals), assignment.slice(equals + 1));
  }

  #noteDeletion(invocation: Invocation): void {
    if (!deletes(invocation)) return;
    for (const { value } of invocation.words.slice(1)) {
      const pattern = baseName(value.replaceAll('\\', '/'));
      if (!/lock|shrinkwrap|\*/.test(pattern)) continue;
      for (const lockfile of Object.values(LOCKFILES).flat()) if (matchesName(pattern, lockfile)) this.#input.lockfilesGone.add(lockfile);
    }
  }
}

/** Whether a command takes files away, or gives them another name. */
function deletes({ name, words }: Invocation): boolean {
  const isGitRm = name === 'git' && /^(?:rm|mv|clean)$/.test(words[1]?.value ?? '');
  const isTool =
    (name === 'npx' || name === 'pnpx' || name === 'bunx' || name === 'shx') && /^(?:rimraf|rm|del-cli)$/.test(words[1]?.value ?? '');
  return isGitRm || isTool || DELETES.has(name);
}

const DELETES = new Set(['rm', 'unlink', 'mv', 'rimraf', 'del', 'erase', 'move', 'remove-item', 'ri', 'move-item']);
