import type { Rule } from '../../core/rule.ts';
import { isOwnPackage } from '../../formats/locked.ts';
import { pinsToLocked } from '../../formats/locked-pin.ts';
import { floatOf } from '../../formats/npm-spec.ts';
import { asPackageJson } from '../../formats/package-json.ts';

/** A requirement that any later version satisfies: whoever publishes next, the author or a thief of the account, is installed. */
export const rule: Rule = {
  meta: {
    id: 'npm/floating-range',
    title: 'A requirement that every later version satisfies',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/configuring-npm/package-json#dependencies',
      'https://docs.npmjs.com/cli/v11/commands/npm-dist-tag',
      'https://github.com/npm/node-semver#ranges',
    ],
    messages: {
      any: {
        what: '`{name}` accepts every version, present and future.',
        why: 'Without a lockfile entry the newest release is installed, also one that was published minutes ago from a stolen account.',
        remedy: 'Name a version with an upper bound, such as `^1.2.3`.',
      },
      open: {
        what: '`{name}` has no upper bound in `{spec}`.',
        why: 'Every later release satisfies it, next majors and one published minutes ago from a stolen account included.',
        remedy: 'Name a version with an upper bound, such as `^1.2.3`.',
      },
      tag: {
        what: '`{name}` follows the dist-tag `{spec}`.',
        why: 'A dist-tag is moved at will by whoever may publish, so the same manifest installs something else tomorrow.',
        remedy: 'Name a version with an upper bound, such as `^1.2.3`.',
      },
    },
  },
  check(context) {
    for (const dependency of asPackageJson(context.manifest)?.dependencies ?? []) {
      // A peer's `*` or `>=` says what the host may bring along; the host's own requirement decides what is installed.
      if (dependency.group === 'peerDependencies') continue;
      const messageId = floatOf(dependency.parsed);
      if (messageId === undefined) continue;
      // What lies in the same repository is linked, not fetched.
      if (isOwnPackage(context.surroundings, context.manifest.file.path, dependency)) continue;
      context.report({
        messageId,
        args: { name: dependency.name, spec: dependency.spec },
        span: dependency.specSpan,
        identity: `${dependency.group} ${dependency.name}`,
        // With room for fixes first, then exactly.
        fixes: pinsToLocked(context, dependency, ['^', '']),
      });
    }
  },
};
