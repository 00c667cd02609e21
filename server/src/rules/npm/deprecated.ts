import { npmVersions } from '../../core/npm-facts.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import type { Dependency } from '../../formats/package-json.ts';
import { pickVersion } from '../../formats/pick-version.ts';
import { type PackageKeys, packageKeys, type RegistryDependency, registryDependencies } from '../../formats/registry-settings.ts';

const WHY = 'Its maintainers no longer stand behind it: defects that are found now, also those that let attackers in, stay.';

/** A version that its maintainers tell people not to use any more. */
export const rule: Rule = {
  meta: {
    id: 'npm/deprecated',
    title: 'A dependency whose version is deprecated',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [npmVersions.id],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '2.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/commands/npm-deprecate',
      'https://docs.npmjs.com/deprecating-and-undeprecating-packages-or-package-versions',
    ],
    messages: {
      notice: {
        what: '`{name}` {version} is deprecated: "{notice}".',
        why: WHY,
        remedy: 'Move to what the notice names, or to a version that is not deprecated.',
      },
      silent: {
        what: '`{name}` {version} is deprecated.',
        why: WHY,
        remedy: 'Move to a version that is not deprecated, or to another package.',
      },
    },
  },
  check(context) {
    const { manifest, surroundings } = context;
    const keys = packageKeys(manifest.file, surroundings);
    for (const [dependency, wanted] of registryDependencies(manifest, surroundings)) {
      // A peer is the host's choice, and the host's own package.json is where it can be changed.
      if (dependency.group === 'peerDependencies') continue;
      const found = deprecation(context, keys, { dependency, wanted });
      if (found === undefined) continue;
      context.report({
        messageId: found.notice === '' ? 'silent' : 'notice',
        args: { ...found },
        span: dependency.specSpan,
        identity: `${dependency.group} ${dependency.name}`,
      });
    }
  },
};

interface Deprecation {
  readonly name: string;
  readonly version: string;
  readonly notice: string;
}

interface Question {
  readonly dependency: Dependency;
  readonly wanted: RegistryDependency;
}

/** By the lockfile's own record where it has one; else by the registry, for the locked version or the one that would be installed. */
function deprecation(context: RuleContext, keys: PackageKeys, { dependency, wanted }: Question): Deprecation | undefined {
  const { name, locked } = wanted;
  const recorded = locked?.entry.deprecated;
  if (recorded !== undefined) return { name, version: locked?.entry.version ?? '', notice: sentence(recorded) };
  const requirement = locked?.entry.version ?? requirementOf(dependency);
  if (requirement === undefined) return undefined;
  const answer = context.fact(npmVersions, keys.of(wanted));
  if (answer.state !== 'known') return undefined;
  const version = pickVersion(answer.value, requirement);
  return version?.deprecated === undefined ? undefined : { name, version: version.version, notice: sentence(version.deprecated) };
}

/** What a catalog stands for is not in this file. */
function requirementOf({ parsed, spec }: Dependency): string | undefined {
  if (parsed.kind === 'catalog') return undefined;
  return parsed.kind === 'alias' ? parsed.specPart.text : spec;
}

/** The notice without its full stop and its line ends, to stand in a sentence of ours. */
function sentence(notice: string): string {
  return notice.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}
