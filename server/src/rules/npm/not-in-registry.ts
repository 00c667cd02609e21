import type { Fix } from '../../core/finding.ts';
import { npmVersions } from '../../core/npm-facts.ts';
import type { Rule } from '../../core/rule.ts';
import { plain } from '../../core/untrusted.ts';
import { memberOf } from '../../formats/json.ts';
import { removeMember } from '../../formats/json-edits.ts';
import { asPackageJson, type Dependency, type PackageJson } from '../../formats/package-json.ts';
import { packageKeys, registryDependencies } from '../../formats/registry-settings.ts';

/** A name that nobody has published: the first one who does decides what is installed. */
export const rule: Rule = {
  meta: {
    id: 'npm/not-in-registry',
    title: 'A dependency that does not exist in the registry',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [npmVersions.id],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: [
      'https://arxiv.org/abs/2406.10279',
      'https://medium.com/@alex.birsan/dependency-confusion-4a5d60fec610',
      'https://docs.npmjs.com/cli/v11/using-npm/scope#associating-a-scope-with-a-registry',
    ],
    messages: {
      absent: {
        what: '`{name}` does not exist in the registry.',
        why: 'Anybody may publish a package of that name, and whatever is in it is then installed and run here.',
        remedy: 'Correct the name or remove it; a private package needs a scope with a registry of its own in .npmrc.',
      },
      scoped: {
        what: '`{name}` does not exist in the registry, or is private there.',
        why: 'If nobody owns the scope, anybody may claim it, and whatever they publish is then installed and run here.',
        remedy: 'Correct the name or remove it, or give the scope its registry in .npmrc: `{scope}:registry=...`.',
      },
    },
  },
  check(context) {
    const { manifest, surroundings } = context;
    const model = asPackageJson(manifest);
    const keys = packageKeys(manifest.file, surroundings);
    for (const [dependency, found] of registryDependencies(manifest, surroundings)) {
      if (dependency.group === 'peerDependencies' && model?.optionalPeers.includes(dependency.name)) continue;
      if (found.name === model?.name || keys.isMapped(found.name)) continue;
      const isScoped = found.name.startsWith('@');
      // Somebody installed it: a scoped one that is hidden is private, and its scope is taken.
      if (isScoped && found.locked !== undefined) continue;
      if (context.fact(npmVersions, keys.of(found)).state !== 'absent') continue;
      context.report({
        messageId: isScoped ? 'scoped' : 'absent',
        args: { name: found.name, scope: found.name.slice(0, found.name.indexOf('/')) },
        span: dependency.nameSpan,
        identity: `${dependency.group} ${dependency.name}`,
        fixes: removal(manifest.file.text, model, dependency),
      });
    }
  },
};

function removal(text: string, model: PackageJson | undefined, { group, name, nameSpan }: Dependency): Fix[] {
  const members = memberOf(model?.root, group);
  const member =
    members?.type === 'object' ? members.members.find(({ key }) => key.start <= nameSpan.start && nameSpan.end <= key.end) : undefined;
  if (members?.type !== 'object' || member === undefined) return [];
  const title = `Remove ${plain(name)} from ${group} (check that nothing needs it)`;
  return [{ title, safety: 'review', online: false, edits: [removeMember(text, members, member)] }];
}
