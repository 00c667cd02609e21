import { npmPackument } from '../../core/npm-facts.ts';
import type { Rule } from '../../core/rule.ts';
import { LEFT_OUT, recentVersions, requireVersion } from '../../formats/installed-version.ts';

/** A version that does not say where it was built, of a package whose releases did: how a stolen token publishes. */
export const rule: Rule = {
  meta: {
    id: 'npm/provenance-regression',
    title: 'A version without provenance, and those before it had some',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [npmPackument.id],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '7.0',
    refs: [
      'https://github.com/axios/axios/issues/10636',
      'https://docs.npmjs.com/generating-provenance-statements',
      'https://docs.npmjs.com/trusted-publishers',
      'https://pnpm.io/settings#trustpolicy',
    ],
    messages: {
      found: {
        what: '`{name}` {version} came without provenance, and {previous} {evidence}.',
        why: 'The release did not come out of the workflow that made the ones before it, and that is what a release looks like that was published with a stolen token.',
        remedy: 'Ask the maintainers whether it is theirs; until then stay with {previous}.',
      },
    },
  },
  check(context) {
    for (const installed of recentVersions(context)) {
      const { dependency, key, version, comparison } = installed;
      if (comparison.evidence.state === 'unknown') context.lacking(npmPackument, key, LEFT_OUT);
      if (comparison.evidence.state !== 'changed') continue;
      const { previous, before } = comparison.evidence.change;
      const evidence = before === 'trusted-publisher' ? 'was published by a workflow (trusted publishing)' : 'came with it';
      context.report({
        messageId: 'found',
        args: { name: key.name, version: version.version, previous: previous.version, evidence },
        span: dependency.specSpan,
        identity: `${dependency.group} ${dependency.name}`,
        fixes: requireVersion(context, installed, { target: previous, what: 'the newest one that has provenance' }),
      });
    }
  },
};
