import { isSuspect } from '../../core/lookalike.ts';
import type { Rule } from '../../core/rule.ts';
import { type AdhocPackage, adhocInstallsOf } from '../../formats/adhoc-package.ts';
import { commandSpan, commandText } from '../../formats/run-commands.ts';
import { pinFixes } from './pin-version.ts';

/** A package that a command names itself: no lockfile holds it, and a release of a minute ago is taken in unseen. */
export const rule: Rule = {
  meta: {
    id: 'run/adhoc-package',
    title: 'A package that a command installs past every lockfile',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile', 'workflow', 'action', 'package-json'],
    needs: [],
    fix: 'online',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://github.com/ossf/scorecard/blob/main/docs/checks.md#pinned-dependencies',
      'https://owasp.org/www-project-top-10-ci-cd-security-risks/CICD-SEC-03-Dependency-Chain-Abuse',
    ],
    messages: {
      floating: {
        what: '`{command}` installs {packages} without an exact version.',
        why: 'No lockfile records it, so a release that was hijacked a minute ago runs here before anybody looks at it.',
        remedy: 'Name an exact version, or make it a dependency that the lockfile records.',
      },
      exact: {
        what: '`{command}` installs {packages} past the lockfile.',
        why: 'The version is fixed, but neither its content nor the versions of what it depends on.',
        remedy: 'Make it a dependency that the lockfile records.',
      },
    },
  },
  check({ manifest, surroundings, lookalike, report }) {
    for (const install of adhocInstallsOf(manifest, surroundings)) {
      const { command, packages } = install;
      const isTrap = packages.some(({ ecosystem, name }) => ecosystem === 'npm' && isSuspect(lookalike('npm', name)));
      const floating = packages.filter(({ exact }) => !exact);
      const told = floating.length > 0 ? floating : packages.filter(({ ecosystem, name }) => ecosystem !== 'npm' || !MANAGERS.has(name));
      if (told.length === 0) continue;
      report({
        messageId: floating.length > 0 ? 'floating' : 'exact',
        args: { command: commandText(command.invocation), packages: namesOf(told) },
        span: commandSpan(command.invocation),
        severity: floating.length > 0 ? 'warning' : 'info',
        fixes: isTrap ? [] : pinFixes(install, manifest.file, surroundings),
      });
    }
  },
};

/** What reads the lockfile cannot be in it: an exact version is all that can be asked for. */
const MANAGERS: ReadonlySet<string> = new Set(['npm', 'pnpm', 'yarn', 'bun', 'corepack']);

/** How many packages a message names. */
const MAX_NAMES = 3;

function namesOf(packages: readonly AdhocPackage[]): string {
  const names = packages.map(({ name }) => `\`${name}\``);
  const rest = names.length - MAX_NAMES;
  if (rest > 0) return `${names.slice(0, MAX_NAMES).join(', ')} and ${rest} more`;
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
