import type { Fix } from '../../core/finding.ts';
import { isSuspect } from '../../core/lookalike.ts';
import { npmVersions } from '../../core/npm-facts.ts';
import type { Rule } from '../../core/rule.ts';
import { plain } from '../../core/untrusted.ts';
import { memberOf } from '../../formats/json.ts';
import { removeMember } from '../../formats/json-edits.ts';
import { asPackageJson, type Dependency, type PackageJson } from '../../formats/package-json.ts';
import { packageKeys, registryDependencies } from '../../formats/registry-settings.ts';
import { lookalikeWords } from '../lookalike-words.ts';
import { manifestFixes } from './lookalike-manifest.ts';
import { isMissing } from './missing-package.ts';

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
      alike: {
        what: '`{name}` does not exist in the registry, and looks like `{target}`: {difference}.',
        why: 'Anybody may publish a package of that name, and whatever is in it is then installed and run here.',
        remedy: 'Use `{target}`, or remove it.',
      },
    },
  },
  check(context) {
    const { manifest, surroundings } = context;
    const model = asPackageJson(manifest);
    const keys = packageKeys(manifest.file, surroundings);
    for (const one of registryDependencies(manifest, surroundings)) {
      if (!isMissing(context, keys, one)) continue;
      const [dependency, { name }] = one;
      const place = { span: dependency.nameSpan, identity: `${dependency.group} ${dependency.name}` };
      const alike = context.lookalike('npm', name);
      // `npm/lookalike` tells of it.
      if (alike?.kind === 'known-malicious') continue;
      if (alike !== undefined && isSuspect(alike) && model !== undefined) {
        const asked = { name, span: dependency.nameSpan, dependencies: [dependency] };
        const { args } = lookalikeWords('npm', name, alike);
        context.report({ ...place, messageId: 'alike', args: { ...args }, fixes: manifestFixes(context, model, asked, alike.target) });
      } else {
        const messageId = name.startsWith('@') ? 'scoped' : 'absent';
        const args = { name, scope: name.slice(0, name.indexOf('/')) };
        context.report({ ...place, messageId, args, fixes: removal(manifest.file.text, model, dependency) });
      }
    }
  },
};

function removal(text: string, model: PackageJson | undefined, { group, name, nameSpan }: Dependency): Fix[] {
  const members = memberOf(model?.root, group);
  const member =
    members?.type === 'object' ? members.members.find(({ key }) => key.start <= nameSpan.start && nameSpan.end <= key.end) : undefined;
  if (members?.type !== 'object' || member === undefined) return [];
  const title = `Remove ${plain(name)} from ${group} (check that nothing needs it)`;
  return [{ title, safety: 'review', online: false, edits: [removeMember(members, member, text)] }];
}
