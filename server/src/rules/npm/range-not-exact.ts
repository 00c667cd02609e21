import type { Rule } from '../../core/rule.ts';
import { isOwnPackage } from '../../formats/locked.ts';
import { pinsToLocked } from '../../formats/locked-pin.ts';
import { floatOf, type Spec } from '../../formats/npm-spec.ts';
import { asPackageJson } from '../../formats/package-json.ts';

/** A requirement that leaves the choice of a version to whoever writes the lockfile next. For teams that want exact ones. */
export const rule: Rule = {
  meta: {
    id: 'npm/range-not-exact',
    title: 'A range where an exact version could stand',
    severity: 'hint',
    confidence: 'high',
    tier: 'strict',
    formats: ['package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '2.0',
    refs: ['https://docs.npmjs.com/cli/v11/using-npm/config#save-exact', 'https://github.com/npm/node-semver#ranges'],
    messages: {
      range: {
        what: '`{name}` accepts every version in `{spec}`.',
        why: 'Whenever the lockfile is written anew, the newest of them gets in, one that was published minutes ago from a stolen account included.',
        remedy: 'Require the exact version that is locked, and let a bot propose updates.',
      },
    },
  },
  check(context) {
    for (const dependency of asPackageJson(context.manifest)?.dependencies ?? []) {
      // A peer's range says what the host may bring along.
      if (dependency.group === 'peerDependencies' || !isBoundedRange(dependency.parsed)) continue;
      if (isOwnPackage(context.surroundings, context.manifest.file.path, dependency)) continue;
      context.report({
        messageId: 'range',
        args: { name: dependency.name, spec: dependency.spec },
        span: dependency.specSpan,
        identity: `${dependency.group} ${dependency.name}`,
        fixes: pinsToLocked(context, dependency, ['']),
      });
    }
  },
};

/** A range with an upper bound; those without are `npm/floating-range`'s. */
function isBoundedRange(spec: Spec): boolean {
  const own = spec.kind === 'alias' ? spec.spec : spec;
  return own.kind === 'range' && floatOf(own) === undefined;
}
