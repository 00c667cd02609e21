import type { Message } from '../../core/finding.ts';
import { npmAdvisories, npmLockAdvisories } from '../../core/npm-advisories.ts';
import { npmPackument, npmVersions } from '../../core/npm-facts.ts';
import type { Rule } from '../../core/rule.ts';
import { asLockFile, LOCK_FORMATS } from '../../formats/lock-model.ts';
import { checkLock } from './vulnerable-lock.ts';
import { checkManifest } from './vulnerable-manifest.ts';

const WHY = 'What is wrong with it is public, and attackers look for those who still use it.';

/** What is said of a direct dependency, with a way out. */
function direct(remedy: string): Message {
  return { what: '`{name}` {version} has {known}: {worst}.', why: WHY, remedy };
}

/** What is said of a package that another one brings in. */
function transitive(remedy: string): Message {
  return { what: '`{name}` {version}, which comes with {path}, has {known}: {worst}.', why: WHY, remedy };
}

/** A version that there are advisories about. What is malware is `npm/malicious`'s. */
export const rule: Rule = {
  meta: {
    id: 'npm/vulnerable',
    title: 'A version with known vulnerabilities',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json', ...LOCK_FORMATS],
    needs: [npmAdvisories.id, npmLockAdvisories.id, npmVersions.id, npmPackument.id],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '7.0',
    refs: ['https://docs.npmjs.com/cli/v11/commands/npm-audit', 'https://docs.github.com/en/code-security/security-advisories'],
    messages: {
      locked: direct('{fixed} is free of this, and the requirement admits it: run {command}, and commit the lockfile.'),
      required: direct('Require {fixed}, the lowest version that is free of this.'),
      hidden: direct('A fix exists, {fixed}, but `{setting}` hides it until {date}: wait, or exclude it by name if this cannot wait.'),
      major: direct('Only another major is free of this, from {fixed} on: look at what changes, and move there.'),
      none: direct('No newer version is free of this: find out whether the way you use it is concerned, or replace the package.'),
      unknown: direct('Move to a version that is free of this.'),
      deep: transitive('{fixed} is free of this: run {command}, or override it where what asks for it admits no such version.'),
      deepBy: transitive('{fixed} is free of this: update what asks for it, or override it.'),
      deepMajor: transitive(
        'Only another major is free of this, from {fixed} on: update what asks for it, or override it and look at what changes.',
      ),
      deepNone: transitive(
        'No newer version is free of this: find out whether the way it is used is concerned, or leave out what brings it in.',
      ),
      deepUnknown: transitive('Update what asks for it, or override it with a version that is free of this.'),
    },
  },
  check(context) {
    const lock = asLockFile(context.manifest);
    if (lock === undefined) checkManifest(context);
    else checkLock(context, lock);
  },
};
