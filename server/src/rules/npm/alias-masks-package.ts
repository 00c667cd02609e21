import type { Rule } from '../../core/rule.ts';
import { isStandIn, isWellKnown } from '../../formats/known-packages.ts';
import { asPackageJson } from '../../formats/package-json.ts';

/** A well-known name behind which another package is installed: every import, and every reader, takes it for the known one. */
export const rule: Rule = {
  meta: {
    id: 'npm/alias-masks-package',
    title: 'A well-known name behind which another package is installed',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/using-npm/package-spec#aliases',
      'https://snyk.io/blog/why-npm-lockfiles-can-be-a-security-blindspot-for-injecting-malicious-modules/',
    ],
    messages: {
      masks: {
        what: 'Under the name `{name}` another package is installed: `{target}`.',
        why: 'Every import of `{name}`, also those of other packages that find it there, runs the code of `{target}`, and reviewers take it for the known one.',
        remedy: 'Install `{target}` under its own name, or make sure that it is meant to replace `{name}` and who publishes it.',
      },
    },
  },
  check({ manifest, report }) {
    for (const { group, name, parsed, nameSpan } of asPackageJson(manifest)?.dependencies ?? []) {
      if (parsed.kind !== 'alias' || parsed.name === undefined || !isWellKnown(name)) continue;
      const target = parsed.name.text;
      if (target === name || isStandIn(name, target)) continue;
      report({ messageId: 'masks', args: { name, target }, span: nameSpan, identity: `${group} ${name}` });
    }
  },
};
