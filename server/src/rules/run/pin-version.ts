import { valid } from 'semver';
import type { Edit, Fix, FixFailure, FixIo } from '../../core/finding.ts';
import type { PackageKey } from '../../core/npm-facts.ts';
import type { Surroundings } from '../../core/rule.ts';
import type { SourceFile } from '../../core/source-file.ts';
import type { Span } from '../../core/span.ts';
import { plain } from '../../core/untrusted.ts';
import type { AdhocInstall, AdhocPackage } from '../../formats/adhoc-package.ts';
import { parseSpec } from '../../formats/npm-spec.ts';
import { resolveVersion } from '../../formats/pick-version.ts';
import { choosesRegistry, namesRegistry } from '../../formats/registry-choice.ts';
import { packageKeys } from '../../formats/registry-settings.ts';
import type { Invocation } from '../../formats/shell-invocation.ts';

/**
 * Writes the version that the registry's tag names today behind each package that a command takes from npm. Safe where the tag
 * decides today as well: a tag that is written, or `latest` for a name alone. Review for a range, of which each manager takes
 * another version, and for a name alone where a program of that name in `node_modules` is run instead (`npx`, `bunx`).
 * Empty where something on the command line or around it says which registry or version is meant.
 */
export function pinFixes({ command, packages }: AdhocInstall, file: SourceFile, surroundings: Surroundings): Fix[] {
  const { invocation } = command;
  const places = packages.flatMap((one) => placeOf(one, invocation));
  if (places.length === 0 || choosesOtherwise(invocation) || namesRegistry(file.text)) return [];
  const keys = packageKeys(file, surroundings, command.folders[0]);
  const pins = places.map((place) => ({ ...place, key: keys.of({ name: place.name, locked: undefined }) }));
  const checks = new Set(pins.flatMap(({ check }) => check ?? []));
  const names = pins.length > 2 ? `${pins.length} packages` : pins.map(({ name }) => plain(name)).join(' and ');
  const today = pins.length === 1 ? "today's version" : "today's versions";
  const hint = checks.size === 0 ? '' : ` (check ${[...checks].join(', and ')})`;
  return [
    {
      title: `Pin ${names} to ${today}${hint}`,
      safety: checks.size === 0 ? 'safe' : 'review',
      online: true,
      inFixAll: checks.size === 0,
      resolve: (io, signal) => resolvePins(pins, io, signal),
    },
  ];
}

interface Place {
  readonly name: string;
  readonly requirement: string;
  readonly at: { readonly span: Span; readonly prefix: string };
  /** What a person has to look at. */
  readonly check?: string;
}

interface Pin extends Place {
  readonly key: PackageKey;
}

function placeOf({ ecosystem, name, requirement, exact, source, versionAt }: AdhocPackage, invocation: Invocation): Place[] {
  if (ecosystem !== 'npm' || source !== 'registry' || exact || versionAt === undefined) return [];
  // Corepack takes Yarn from Yarn's own server.
  if (invocation.name === 'corepack' && name === 'yarn') return [];
  const place = { name, requirement, at: versionAt };
  if (requirement === '') return [prefersLocal(invocation) ? { ...place, check: 'that no program of the project is meant' } : place];
  switch (parseSpec(requirement).kind) {
    case 'tag':
      return [place];
    case 'range':
      return [{ ...place, check: 'that it is the version that was tested' }];
    default:
      return [];
  }
}

/** Whether a command runs what lies in `node_modules` before it asks a registry (npm documentation, "npm exec"; Bun, "bunx"). */
function prefersLocal({ name, words }: Invocation): boolean {
  if (name === 'npx' || name === 'bunx') return true;
  return (name === 'npm' || name === 'bun') && words.slice(1).some(({ value }) => value === 'exec' || value === 'x');
}

/** What in a command chooses another registry, tag or date than the settings and `latest`. */
function choosesOtherwise(invocation: Invocation): boolean {
  return (
    choosesRegistry(invocation) || invocation.words.some(({ value }) => /^--(?:tag|before|min-release-age|minimum-release-age)/.test(value))
  );
}

async function resolvePins(pins: readonly Pin[], io: FixIo, signal: AbortSignal): Promise<readonly Edit[] | FixFailure> {
  const found = await Promise.all(pins.map((pin) => resolveVersion(io, pin, signal)));
  const edits: Edit[] = [];
  for (const [index, { at, name }] of pins.entries()) {
    const version = found[index];
    if (version === undefined || 'failed' in version) return version ?? { failed: `${plain(name)} was not looked up` };
    // What a registry says is written into a command.
    if (valid(version.version) !== version.version) return { failed: `the registry names no proper version of ${plain(name)}` };
    edits.push({ span: at.span, text: `${at.prefix}${version.version}` });
  }
  return edits;
}
