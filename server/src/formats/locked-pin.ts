import { valid } from 'semver';
import type { Edit, Fix } from '../core/finding.ts';
import type { RuleContext } from '../core/rule.ts';
import { span } from '../core/span.ts';
import { plain } from '../core/untrusted.ts';
import { lockedDependency } from './locked.ts';
import { type Dependency, editSpec } from './package-json.ts';
import { isInRange } from './version-order.ts';

/** The version that the lockfile has for a requirement, where it can be a guide, and the lockfile's path. */
interface Guide {
  readonly version: string;
  readonly path: string;
}

/** Undefined where nothing is locked, or something that the requirement does not ask for: the lockfile is out of step then. */
function guideFor({ manifest, surroundings }: RuleContext, dependency: Dependency): Guide | undefined {
  const found = lockedDependency(surroundings, manifest.file.path, dependency);
  const version = valid(found?.entry.version ?? null);
  if (found === undefined || version === null || found.entry.source !== 'tarball') return undefined;
  const { parsed, name } = dependency;
  const wanted = parsed.kind === 'alias' ? (parsed.name?.text ?? name) : name;
  const range = parsed.kind === 'alias' ? parsed.spec : parsed;
  if (found.entry.name !== wanted) return undefined;
  if (range.kind === 'range' && !isInRange(version, range.range)) return undefined;
  return { version, path: found.path };
}

/** Fixes that pin a requirement to what the lockfile has: one for each of `prefixes` (`^`, or `''` for the version alone). */
export function pinsToLocked(context: RuleContext, dependency: Dependency, prefixes: readonly string[]): Fix[] {
  const guide = guideFor(context, dependency);
  if (guide === undefined) return [];
  return prefixes.map((prefix) => ({
    title: `Require ${prefix}${guide.version}, going by ${plain(guide.path)} (check that no newer version is needed)`,
    safety: 'review',
    online: false,
    edits: [editRequirement(context.manifest.file.text, dependency, prefix + guide.version)],
  }));
}

/** The edit that makes a dependency require something else; of an alias, the part behind the package's name. */
export function editRequirement(text: string, dependency: Dependency, pinned: string): Edit {
  const { parsed, spec } = dependency;
  if (parsed.kind !== 'alias') return editSpec(text, dependency, span(0, spec.length), pinned);
  const { span: part } = parsed.specPart;
  const separator = parsed.name !== undefined && part.start === parsed.name.span.end ? '@' : '';
  return editSpec(text, dependency, part, `${separator}${pinned}`);
}
