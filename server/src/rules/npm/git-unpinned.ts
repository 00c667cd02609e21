import type { Fix } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { plain } from '../../core/untrusted.ts';
import { lockedDependency } from '../../formats/locked.ts';
import { type GitSpec, parseLockedGit, pinnedToCommit } from '../../formats/npm-spec.ts';
import { asPackageJson, type Dependency, editSpec } from '../../formats/package-json.ts';

/** A dependency on a git repository that names no commit: what the branch or tag holds at install time is run. */
export const rule: Rule = {
  meta: {
    id: 'npm/git-unpinned',
    title: 'A git dependency without a commit',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/configuring-npm/package-json#git-urls-as-dependencies',
      'https://slsa.dev/spec/v1.1/threats-overview',
    ],
    messages: {
      branch: {
        what: '`{name}` is taken from the default branch of `{repository}`.',
        why: 'Whatever that branch holds at install time is built and run; a registry version cannot change like that.',
        remedy: 'Name a commit with all its forty hex digits behind `#`, or use a release from the registry.',
      },
      ref: {
        what: '`{name}` is taken from `{ref}` of `{repository}`.',
        why: 'A branch, a tag or an abbreviated commit can come to mean other code; what it holds at install time is built and run.',
        remedy: 'Name a commit with all its forty hex digits behind `#`, or use a release from the registry.',
      },
      range: {
        what: '`{name}` is taken from the newest tag of `{repository}` within `{ref}`.',
        why: 'Anybody who may push a tag decides what is built and run at install time.',
        remedy: 'Name a commit with all its forty hex digits behind `#`, or use a release from the registry.',
      },
    },
  },
  check(context) {
    for (const dependency of asPackageJson(context.manifest)?.dependencies ?? []) {
      const { parsed, name, specSpan } = dependency;
      if (parsed.kind !== 'git' || parsed.commit !== undefined) continue;
      const { repository, ref, range } = parsed;
      context.report({
        messageId: ref !== undefined ? 'ref' : range !== undefined ? 'range' : 'branch',
        args: { name, repository, ref: ref?.text ?? range?.text ?? '' },
        span: specSpan,
        identity: `${dependency.group} ${name}`,
        fixes: pins(context, dependency, parsed),
      });
    }
  },
};

/** The commit that the lockfile has for the same repository: the one that is installed today. */
function pins({ manifest, surroundings }: RuleContext, dependency: Dependency, spec: GitSpec): Fix[] {
  const found = lockedDependency(surroundings, manifest.file.path, dependency);
  const resolved = parseLockedGit(found?.entry.resolved ?? '');
  if (found === undefined || resolved.kind !== 'git' || resolved.commit === undefined) return [];
  if (resolved.repository !== spec.repository) return [];
  const pin = pinnedToCommit(dependency.spec, spec, resolved.commit);
  return [
    {
      title: `Pin to commit ${resolved.commit.slice(0, 7)} of ${plain(found.path)}`,
      safety: 'safe',
      online: false,
      edits: [editSpec(manifest.file.text, dependency, pin.span, pin.text)],
    },
  ];
}
