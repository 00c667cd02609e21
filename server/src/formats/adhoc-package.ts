import type { Manifest } from '../core/manifest.ts';
import type { Surroundings } from '../core/rule.ts';
import type { Span } from '../core/span.ts';
import { isLockedAt, providerOf } from './available-packages.ts';
import { type OptionTable, readOptions } from './install-command.ts';
import { parseSpec } from './npm-spec.ts';
import { creatorOf, npmWordsOf, optionValue } from './npm-words.ts';
import { PIP_OPTIONS, pipCommandOf, writtenName } from './pip-command.ts';
import { type RunCommand, runCommandsOf } from './run-commands.ts';
import { type Invocation, keptPerWords } from './shell-invocation.ts';
import type { Word } from './shell-tree.ts';
import { valueSpan } from './word-edits.ts';

/** Whose packages a command installs. */
export type AdhocEcosystem = 'npm' | 'pypi' | 'go' | 'cargo' | 'gem' | 'nuget' | 'chocolatey';

/** A package that a command names itself, so that no manifest and no lockfile of the project speaks about it. */
export interface AdhocPackage {
  readonly ecosystem: AdhocEcosystem;
  /** The name its registry knows it by; for a repository or an address, what is written. */
  readonly name: string;
  /** What is asked for, without the separator: `latest`, `^1`, `1.2.3`; `''` where nothing is. */
  readonly requirement: string;
  readonly exact: boolean;
  /** A repository or an address has no version that a registry could tell. */
  readonly source: 'registry' | 'git' | 'url';
  /**
   * Where an exact version goes: it takes the place of `span` (empty where nothing stands there), with `prefix` in front.
   * Undefined where the name does not stand in the document as it is read.
   */
  readonly versionAt?: { readonly span: Span; readonly prefix: string };
}

/** A command that installs packages which it names. */
export interface AdhocInstall {
  readonly command: RunCommand;
  /** Those that are not held to a content already; never empty. */
  readonly packages: readonly AdhocPackage[];
}

/** The commands of a manifest's scripts that install what they name, in document order. */
export function adhocInstallsOf(manifest: Manifest, surroundings: Surroundings): AdhocInstall[] {
  const folders = projectFolders(manifest);
  const projectOf = (command: RunCommand): Project => ({
    isKnown: command.folders.length > 0,
    has: (name) => providerOf(surroundings, folders(command), name) !== undefined,
    locks: (name, version) => isLockedAt(surroundings, folders(command), { name, version }),
  });
  return runCommandsOf(manifest).flatMap((command) => {
    if (!namesPackages(command.invocation)) return [];
    const packages = packagesOf(command.invocation, projectOf(command));
    return packages.length === 0 ? [] : [{ command, packages }];
  });
}

/** Where the project may lie whose packages a command of a manifest finds; nowhere where an image has not got it yet. */
export function projectFolders({ file }: Manifest): (command: RunCommand) => readonly string[] {
  // What comes from another stage or a mount may be the project, whose packages are known.
  const brought = file.text.search(/--from=|\btype=bind/);
  return ({ script, folders }) => (script.copied?.length !== 0 || (brought >= 0 && brought < script.span.start) ? folders : []);
}

/** The project where a command runs. */
interface Project {
  /** Whether it is known where that is. */
  readonly isKnown: boolean;
  /** Whether it has a package, or its program. An image has it only once it was copied there. */
  has(name: string): boolean;
  /** Whether its lockfile has a package at a version. */
  locks(name: string, version: string): boolean;
}

// Nearly all commands name none, whatever the project has, and that is known from their words.
const namesPackages = keptPerWords(
  (invocation) => packagesOf(invocation, { isKnown: true, has: () => false, locks: () => false }).length > 0,
);

function packagesOf(invocation: Invocation, project: Project): AdhocPackage[] {
  switch (invocation.name) {
    case 'go':
      return goPackages(invocation);
    case 'cargo':
      return cargoPackages(invocation);
    case 'gem':
      return gemPackages(invocation);
    case 'dotnet':
    case 'nuget':
      return nugetPackages(invocation);
    case 'choco':
      return chocoPackages(invocation);
    case 'uvx':
    case 'pipx':
      return pythonTools(invocation);
    case 'uv':
      return invocation.words[1]?.value === 'tool' ? pythonTools(invocation) : (pipPackages(invocation) ?? []);
    case 'corepack':
      return corepackPackages(invocation);
    default:
      return pipPackages(invocation) ?? npmPackages(invocation, project);
  }
}

/** A word that is split into a name and a requirement at an index of its value; -1 where there is no requirement. */
interface Parts {
  readonly ecosystem: AdhocEcosystem;
  readonly separator: string;
  readonly at: number;
  readonly exact: (requirement: string) => boolean;
}

function packageOf({ command }: Invocation, word: Word, { ecosystem, separator, at, exact }: Parts): AdhocPackage | undefined {
  const { value } = word;
  const name = at < 0 ? value : value.slice(0, at);
  const requirement = at < 0 ? '' : value.slice(at).replace(/^[@:=]+/, '');
  // What the shell or GitHub puts there is not known here.
  if (name === '' || /[$`%{}\\]/.test(value)) return undefined;
  const whole = valueSpan(command.source, word);
  const versionAt = whole && { span: { start: whole.start + name.length, end: whole.end }, prefix: separator };
  const known = { ecosystem, name, requirement, exact: exact(requirement), source: 'registry' } as const;
  return versionAt === undefined ? known : { ...known, versionAt };
}

function foreign(ecosystem: AdhocEcosystem, text: string): AdhocPackage {
  const source = /^git|\.git(?:[#@]|$)|^(?:github|gitlab|bitbucket):|^[\w.-]+\/[\w.-]+/.test(text) ? 'git' : 'url';
  return { ecosystem, name: text.replace(/:\/\/[^/@]*@/, '://'), requirement: '', exact: false, source };
}

const NEVER_LATER = /^v?\d+\.\d+\.\d+/;
const COMMIT = /[0-9a-f]{40}/;
function npmPackages(invocation: Invocation, project: Project): AdhocPackage[] {
  const named = npmWordsOf(invocation);
  if (named === undefined || named.isIdle) return [];
  const { purpose, isGlobal, words } = named;
  return words.flatMap((word) => {
    const found = npmPackage(invocation, word);
    if (found === undefined) return [];
    // What the lockfile knows is run, or only installed again, unless another version is asked for.
    const isKnown = found.requirement === '' && !isGlobal && ((purpose === 'run' && !project.isKnown) || project.has(found.name));
    if (isKnown || (named.prefersLocal && found.exact && project.locks(found.name, found.requirement))) return [];
    return [purpose === 'create' ? { ...found, name: creatorOf(found.name) } : found];
  });
}

function npmPackage(invocation: Invocation, word: Word): AdhocPackage | undefined {
  const { value } = word;
  const at = value.indexOf('@', 1);
  const text = at < 0 ? '' : value.slice(at + 1);
  if (/^@?[\w.~-]+(?:\/[\w.~-]+)?$/.test(at < 0 ? value : value.slice(0, at)) && (value.startsWith('@') || !/^[^@]*\//.test(value))) {
    if (at < 0 && /^(?:\.|~|.*\.t(?:ar\.)?gz$)/.test(value)) return undefined;
    const spec = parseSpec(text);
    const inner = spec.kind === 'alias' ? spec.spec : spec;
    if (inner.kind === 'path' || inner.kind === 'workspace' || (inner.kind === 'git' && inner.commit !== undefined)) return undefined;
    if (inner.kind === 'git' || inner.kind === 'remote') return foreign('npm', text);
    return packageOf(invocation, word, { ecosystem: 'npm', separator: '@', at, exact: () => inner.kind === 'version' });
  }
  const spec = parseSpec(value);
  if (spec.kind !== 'git' && spec.kind !== 'remote') return undefined;
  return COMMIT.test(value) || /[$`]/.test(value) ? undefined : foreign('npm', value);
}

function corepackPackages(invocation: Invocation): AdhocPackage[] {
  const [, verb, ...words] = invocation.words;
  if (verb === undefined || !/^(?:prepare|use|install)$/.test(verb.value)) return [];
  return words.flatMap((word) => {
    // `pnpm@9.1.0+sha512...` holds the content.
    if (word.value.startsWith('-') || word.value.includes('+sha') || !/^(?:npm|pnpm|yarn)(?:@|$)/.test(word.value)) return [];
    return npmPackage(invocation, word) ?? [];
  });
}

const isExactPython = (requirement: string): boolean => /^\d[\w.!+-]*$/.test(requirement);

function pipPackages(invocation: Invocation): AdhocPackage[] | undefined {
  const pip = pipCommandOf(invocation);
  if (pip === undefined) return undefined;
  if (!/^(?:install|download|wheel)$/.test(pip.subcommand.value)) return [];
  // With constraints or hashes the versions are fixed elsewhere; without an index nothing is fetched.
  if (pip.options.some((option) => /^(?:-c|constraints?|require-hashes|no-index|dry-run|overrides?)$/.test(writtenName(option)))) return [];
  const editable = pip.options.filter(({ name, value }) => /^(?:-e|editable)$/.test(name) && /^git\+|:\/\//.test(value ?? ''));
  return [...pip.operands, ...editable.flatMap(optionValue)].flatMap((word) => pythonPackage(invocation, word) ?? []);
}

/** A requirement of PEP 508, as far as a command line holds one. */
function pythonPackage(invocation: Invocation, word: Word): AdhocPackage | undefined {
  const { value } = word;
  const direct = /^(?:[\w.-]+(?:\[[^\]]*\])?\s*@\s*)?((?:git|hg|svn|bzr)\+.*|[a-z]+:\/\/.*)$/i.exec(value)?.[1];
  if (direct !== undefined) {
    return COMMIT.test(direct) || /#.*sha(?:256|512)=/.test(direct) || /^file:|[$`]/.test(direct) ? undefined : foreign('pypi', direct);
  }
  const name = /^[A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?/.exec(value)?.[0];
  if (name === undefined || /[\\/]|\.(?:whl|zip|tar\.gz)$/.test(value)) return undefined;
  const rest = value.slice(name.length).replace(/;.*$/s, '');
  const at = rest === '' ? -1 : name.length;
  const found = packageOf(invocation, word, {
    ecosystem: 'pypi',
    separator: '==',
    at,
    exact: () => /^\s*===?\s*\d[\w.!+-]*\s*$/.test(rest),
  });
  return found && { ...found, name: found.name.replace(/\[.*$/, ''), requirement: rest.trim().replace(/^===?\s*/, '') };
}

/** `pipx install NAME`, `uv tool install NAME`, `uvx NAME@1.2.3`. */
function pythonTools(invocation: Invocation): AdhocPackage[] {
  const { name, words } = invocation;
  const skipped = name === 'uvx' ? 1 : name === 'uv' ? 3 : 2;
  const verb = words[skipped - 1]?.value ?? '';
  if (skipped > 1 && !/^(?:install|run)$/.test(verb)) return [];
  const rest = words.slice(skipped);
  const { options, operands } = readOptions(rest, PIP_OPTIONS);
  if (options.some(({ name: option }) => /^(?:-c|constraints?|offline)$/.test(option))) return [];
  const from = options.filter(({ name: option }) => option === 'from' || option === 'spec').flatMap(optionValue);
  return (from.length > 0 ? from : operands.slice(0, 1)).flatMap((word) => {
    const at = word.value.indexOf('@');
    if (at <= 0 || word.value.includes('+')) return pythonPackage(invocation, word) ?? [];
    return packageOf(invocation, word, { ecosystem: 'pypi', separator: '==', at, exact: isExactPython }) ?? [];
  });
}

/** The checksum database holds an exact version of a Go module to its content, so that such a one is no finding. */
function goPackages(invocation: Invocation): AdhocPackage[] {
  const [, verb, ...rest] = invocation.words;
  if (verb === undefined || !/^(?:get|install|run)$/.test(verb.value)) return [];
  const wanted = rest.filter(({ value }) => /^[\w-]+(?:\.[\w-]+)+\/[^=\s]*$/.test(value));
  return (verb.value === 'run' ? wanted.slice(0, 1) : wanted).flatMap((word) => {
    const at = word.value.indexOf('@');
    // Without a version go.mod decides, but for `go get`, which writes it.
    if ((at < 0 && verb.value !== 'get') || word.value.endsWith('.go') || /\/?\.\.\.$/.test(at < 0 ? word.value : '')) return [];
    const isHeld = (version: string) => NEVER_LATER.test(version) || /^[0-9a-f]{7,40}$/.test(version) || version === 'none';
    const found = packageOf(invocation, word, { ecosystem: 'go', separator: '@', at, exact: isHeld });
    return found === undefined || found.exact ? [] : [found];
  });
}

const CARGO_OPTIONS: OptionTable = {
  letters: 'jFZ',
  long: 'version vers git branch tag rev path root features target profile bin example registry index jobs target-dir config color log-level'.split(
    ' ',
  ),
};

function cargoPackages(invocation: Invocation): AdhocPackage[] {
  const { options, operands } = readOptions(invocation.words.slice(1), CARGO_OPTIONS);
  if (operands[0]?.value.startsWith('+')) operands.shift();
  if (!/^(?:install|binstall)$/.test(operands.shift()?.value ?? '')) return [];
  const option = (...names: readonly string[]) => options.findLast(({ name }) => names.includes(name));
  if (option('path', 'list', 'registry', 'index')) return [];
  const git = option('git')?.value;
  if (git !== undefined) return /[$`]/.test(git) || COMMIT.test(option('rev')?.value ?? '') ? [] : [foreign('cargo', git)];
  const version = option('version', 'vers')?.value;
  return operands.flatMap((word) => {
    const found = packageOf(invocation, word, { ecosystem: 'cargo', separator: '@', at: word.value.indexOf('@'), exact: isCargoExact });
    if (found === undefined || version?.includes('$')) return [];
    const exact = found.exact || isCargoExact(version ?? '');
    // Such a version and the lockfile it was published with are never changed afterwards.
    if (exact && option('locked') !== undefined) return [];
    return [version === undefined ? found : withoutPlace({ ...found, requirement: version, exact })];
  });
}

const isCargoExact = (version: string): boolean => /^=?\d+\.\d+\.\d+/.test(version);

/** A version that stands in an option is not written behind the name. */
function withoutPlace({ versionAt: _, ...rest }: AdhocPackage): AdhocPackage {
  return rest;
}

const GEM_OPTIONS: OptionTable = {
  letters: 'vinPs',
  long: ['version', 'install-dir', 'bindir', 'source', 'platform', 'document', 'trust-policy'],
};

function gemPackages(invocation: Invocation): AdhocPackage[] {
  // Behind `--` stand options for the compiler of the gem's extension.
  const end = invocation.words.findIndex(({ value }) => value === '--');
  const { options, operands } = readOptions(invocation.words.slice(1, end < 0 ? undefined : end), GEM_OPTIONS);
  if (!/^(?:install|i)$/.test(operands.shift()?.value ?? '') || options.some(({ name }) => name === 'local' || name === '-l')) return [];
  const isExact = (version: string) => /^\d+(?:\.\w+)*$/.test(version);
  return versioned(invocation, operands, {
    parts: (word) => ({ ecosystem: 'gem', separator: ':', at: word.value.indexOf(':'), exact: isExact }),
    version: options.findLast(({ name }) => name === 'version' || name === '-v')?.value,
  }).filter(({ name }) => !/\.gem$|\//.test(name));
}

interface Versioned {
  readonly parts: (word: Word) => Parts;
  /** What an option says for all of them. */
  readonly version: string | undefined;
}

function versioned(invocation: Invocation, words: readonly Word[], { parts, version }: Versioned): AdhocPackage[] {
  if (version !== undefined && /[$`%]/.test(version)) return [];
  return words.flatMap((word) => {
    const split = parts(word);
    const found = packageOf(invocation, word, split);
    if (found === undefined) return [];
    return version === undefined ? [found] : [withoutPlace({ ...found, requirement: version, exact: split.exact(version) })];
  });
}

const NUGET_OPTIONS: OptionTable = {
  letters: 'vs',
  long: 'version tool-path add-source source configfile framework arch output-directory verbosity project'.split(' '),
};

/** `dotnet tool install NAME`, `dotnet add package NAME`, `nuget install NAME`. */
function nugetPackages(invocation: Invocation): AdhocPackage[] {
  // The single dash of `-Version` belongs to a long name.
  const words = invocation.words
    .slice(1)
    .map((word) => ({ ...word, value: word.value.replace(/^-(?=[A-Za-z]{2})/, '--').replace(/^--\w+/, (o) => o.toLowerCase()) }));
  const { options, operands } = readOptions(words, NUGET_OPTIONS);
  const verbs = operands.map(({ value }) => value);
  const isTool = verbs[0] === 'tool' && /^(?:install|update)$/.test(verbs[1] ?? '');
  const adds = verbs[0] === 'add' ? verbs.indexOf('package') : -1;
  const from = invocation.name === 'nuget' ? (verbs[0] === 'install' ? 1 : -1) : isTool ? 2 : adds < 0 ? -1 : adds + 1;
  if (from < 0) return [];
  return versioned(invocation, operands.slice(from, from + 1), {
    parts: () => ({ ecosystem: 'nuget', separator: ' --version ', at: -1, exact: (version) => NEVER_LATER.test(version) }),
    version: options.findLast(({ name }) => name === 'version' || name === '-v')?.value,
  }).filter(({ name }) => !/\.config$|[\\/]/.test(name));
}

function chocoPackages(invocation: Invocation): AdhocPackage[] {
  const { options, operands } = readOptions(invocation.words.slice(1), {
    letters: 's',
    long: ['version', 'source', 'params', 'install-arguments'],
  });
  if (!/^(?:install|upgrade)$/.test(operands.shift()?.value ?? '')) return [];
  return versioned(invocation, operands, {
    parts: () => ({ ecosystem: 'chocolatey', separator: ' --version ', at: -1, exact: (version) => /^\d/.test(version) }),
    version: options.findLast(({ name }) => name === 'version')?.value,
  }).filter(({ name }) => !/\.config$|^all$|[\\/]/.test(name));
}
