import type { Draft } from '../../core/finding.ts';
import { npmPackument } from '../../core/npm-facts.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { LEFT_OUT, type RecentVersion, recentVersions, requireVersion } from '../../formats/installed-version.ts';
import { packageKeys } from '../../formats/registry-settings.ts';
import { isOfSameOwner, isYoungAt, type NewDependency } from '../../formats/version-history.ts';

const WHAT = '`{name}` {version} brings in `{added}`, which {previous} does without';
const REMEDY = 'See what the release says of it; until then stay with {previous}.';

/** A patch release with a dependency that its predecessor did without: the harm is in that one, and the package itself looks unchanged. */
export const rule: Rule = {
  meta: {
    id: 'npm/new-dependency-in-patch',
    title: 'A patch release that brings in another package',
    severity: 'info',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [npmPackument.id],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://github.com/axios/axios/issues/10636',
      'https://github.com/dominictarr/event-stream/issues/116',
      'https://github.com/advisories/GHSA-g7cv-rxg3-hmpx',
    ],
    messages: {
      found: {
        what: `${WHAT}.`,
        why: 'A patch repairs what is there; one that needs another package is worth a look, because hijacked releases hide their harm in one.',
        remedy: REMEDY,
      },
      young: {
        what: `${WHAT}; that package was first published just before.`,
        why: 'A package that was made for the release is how the harm got into `axios` 1.14.1: the release itself looks unchanged.',
        remedy: REMEDY,
      },
      lookalike: {
        what: `${WHAT}; its name looks like \`{target}\`.`,
        why: 'Such a name is registered so that nobody wonders at it, and its code runs wherever the release is installed.',
        remedy: REMEDY,
      },
      malware: {
        what: `${WHAT}; that is the name of removed malware.`,
        why: 'The release itself looks unchanged, and the code of the other package runs wherever it is installed.',
        remedy: REMEDY,
      },
      exotic: {
        what: `${WHAT}: it comes from a git repository or a plain address ({requirement}).`,
        why: 'What no registry serves can be exchanged at any time, and runs its scripts when it is installed; so the harm got into the TanStack releases of May 2026.',
        remedy: REMEDY,
      },
      gone: {
        what: `${WHAT}; the registry has no package of that name.`,
        why: 'It was taken down, or anybody may publish it now: either way the release cannot be what its authors meant.',
        remedy: REMEDY,
      },
    },
  },
  check(context) {
    for (const installed of recentVersions(context)) {
      const { dependency, key, version, comparison } = installed;
      if (comparison.dependencies.state === 'unknown') context.lacking(npmPackument, key, LEFT_OUT);
      if (comparison.dependencies.state !== 'changed') continue;
      const { previous, added } = comparison.dependencies.change;
      for (const one of added.slice(0, MAX_ADDED)) {
        if (!one.isExotic && isOfSameOwner(key.name, one.name)) continue;
        const { messageId, args } = judge(context, installed, one);
        context.report({
          messageId,
          args: { name: key.name, version: version.version, added: one.name, previous: previous.version, ...args },
          span: dependency.specSpan,
          ...(messageId === 'found' ? {} : { severity: 'warning' }),
          identity: `${dependency.group} ${dependency.name} ${one.name}`,
          fixes: requireVersion(context, installed, { target: previous, what: 'the version before' }),
        });
      }
    }
  },
};

/** Of more the first ones are told, and looked up. */
const MAX_ADDED = 5;

/** What is worst about an added package. Its own packument is asked for only where its name and its address say nothing. */
function judge(
  context: RuleContext,
  { version }: RecentVersion,
  { name, requirement, isExotic }: NewDependency,
): Pick<Draft, 'messageId' | 'args'> {
  if (isExotic) return { messageId: 'exotic', args: { requirement } };
  const target = context.lookalike('npm', name);
  if (target !== undefined && target.confidence !== 'low') {
    return target.kind === 'known-malicious'
      ? { messageId: 'malware', args: {} }
      : { messageId: 'lookalike', args: { target: target.target } };
  }
  const { manifest, surroundings } = context;
  const answer = context.fact(npmPackument, packageKeys(manifest.file, surroundings).of({ name, locked: undefined }));
  if (answer.state === 'absent') return { messageId: 'gone', args: {} };
  const isYoung = answer.state === 'known' && version.publishedAt !== undefined && isYoungAt(answer.value, version.publishedAt) === true;
  return { messageId: isYoung ? 'young' : 'found', args: {} };
}
