import { npmPackument } from '../../core/npm-facts.ts';
import type { Rule } from '../../core/rule.ts';
import { LEFT_OUT, recentVersions, requireVersion } from '../../formats/installed-version.ts';

/** A version that runs a script when it is installed, of a package that did not: most worms and hijacks came this way. */
export const rule: Rule = {
  meta: {
    id: 'npm/new-install-script',
    title: 'A version that has an install script, and its predecessor had none',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [npmPackument.id],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '7.0',
    refs: [
      'https://github.com/prettier/eslint-config-prettier/issues/339',
      'https://docs.npmjs.com/cli/v11/using-npm/scripts#npm-install',
      'https://www.cisa.gov/news-events/alerts/2025/09/23/widespread-supply-chain-compromise-impacting-npm-ecosystem',
    ],
    messages: {
      found: {
        what: '`{name}` {version} runs a script when it is installed, and {previous} did not.',
        why: 'Such a script runs with the rights of whoever installs it, before anybody uses the package; hijacked releases mostly bring one.',
        remedy: 'Read the script and why it came; until then stay with {previous}.',
      },
    },
  },
  check(context) {
    for (const installed of recentVersions(context)) {
      const { dependency, key, version, comparison } = installed;
      if (comparison.script.state === 'unknown') context.lacking(npmPackument, key, LEFT_OUT);
      if (comparison.script.state !== 'changed') continue;
      const { previous } = comparison.script.change;
      context.report({
        messageId: 'found',
        args: { name: key.name, version: version.version, previous: previous.version },
        span: dependency.specSpan,
        identity: `${dependency.group} ${dependency.name}`,
        fixes: requireVersion(context, installed, { target: previous, what: 'the version before' }),
      });
    }
  },
};
