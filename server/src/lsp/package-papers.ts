import type { Answer, FetchFact } from '../core/answer.ts';
import { minuteOf } from '../core/as-of.ts';
import type { Manifest } from '../core/manifest.ts';
import { npmVersions, type PackageVersions } from '../core/npm-facts.ts';
import type { PackageReference } from '../core/reference.ts';
import type { Project } from '../engine/project.ts';
import { asPackageJson } from '../formats/package-json.ts';
import { pickVersion } from '../formats/pick-version.ts';
import { packageKeys, registryDependency } from '../formats/registry-settings.ts';
import type { Line } from './hover.ts';
import { unknownText } from './unknown-text.ts';

/** What papers are made from. */
export interface PapersContext {
  readonly manifest: Manifest;
  readonly project: Project;
  readonly fetch: FetchFact;
}

/** What the registry says of a package today. Nothing for what no registry serves. An "unknown" comes with its reason. */
export async function packagePapers(
  { nameSpan }: PackageReference,
  { manifest, project, fetch }: PapersContext,
  signal: AbortSignal,
): Promise<Line[]> {
  const dependency = asPackageJson(manifest)?.dependencies.find((one) => one.nameSpan.start === nameSpan.start);
  const found = dependency && registryDependency(dependency, manifest.file, project);
  if (dependency === undefined || found === undefined) return [];
  const answer = await fetch(npmVersions, packageKeys(manifest.file, project).of(found), signal);
  const { parsed, spec } = dependency;
  const requirement = found.locked?.entry.version ?? (parsed.kind === 'alias' ? parsed.specPart.text : spec);
  return registryLines(answer, requirement);
}

function registryLines(answer: Answer<PackageVersions>, requirement: string): Line[] {
  switch (answer.state) {
    case 'unknown':
      return [line('Registry', unknownText(answer))];
    case 'absent':
      return [line('Registry', 'has no such package'), asOf(answer.asOf)];
    case 'known': {
      const { versions, distTags, isStripped } = answer.value;
      const version = pickVersion(answer.value, requirement);
      const notice = version?.deprecated;
      return [
        { label: 'Newest release', value: distTags.latest ?? 'unknown (the registry names none)', isCode: distTags.latest !== undefined },
        line('Versions', String(versions.length)),
        ...(notice === undefined ? [] : [line('Deprecated', notice === '' ? 'yes' : notice)]),
        ...(notice === undefined && isStripped ? [line('Deprecated', 'unknown (this registry does not say)')] : []),
        asOf(answer.asOf),
      ];
    }
  }
}

function line(label: string, value: string): Line {
  return { label, value, isCode: false };
}

function asOf(at: number): Line {
  return line('As of', minuteOf(at));
}
