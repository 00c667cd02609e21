import { npmPackument } from '../../core/npm-facts.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { type InstalledVersion, installedVersions, LEFT_OUT, newestBefore, requireVersion } from '../../formats/installed-version.ts';
import { ageInWords, DAY_MINUTES } from '../../formats/release-age.ts';
import { type ReleaseGate, releaseGate } from '../../formats/release-gate.ts';
import { ageInDays, compareVersion, DAY_MS } from '../../formats/version-history.ts';

const WHY = 'Hijacked releases are mostly found and removed within hours or days, and this one had no time yet to be found.';

/** A version that is younger than the project lets a release be. */
export const rule: Rule = {
  meta: {
    id: 'npm/too-new',
    title: 'A version that was published too recently',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [npmPackument.id],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/using-npm/config#min-release-age',
      'https://pnpm.io/settings#minimumreleaseage',
      'https://yarnpkg.com/configuration/yarnrc#npmMinimalAgeGate',
      'https://bun.com/docs/runtime/bunfig#install-minimumreleaseage',
    ],
    messages: {
      set: {
        what: '`{name}` {version} is {age} old, and `{setting}` asks for {gate}.',
        why: WHY,
        remedy: 'Take an older version, or exclude this one by name where it repairs something that cannot wait.',
      },
      default: {
        what: '`{name}` {version} is {age} old, and {manager} waits {gate} by itself.',
        why: WHY,
        remedy: 'Take an older version, or exclude this one by name where it repairs something that cannot wait.',
      },
      suggested: {
        what: '`{name}` {version} is {age} old.',
        why: WHY,
        remedy: 'Take an older version until it has been there for {gate}, and let the package manager wait by itself.',
      },
    },
  },
  check(context) {
    const gate = releaseGate(context.surroundings, context.manifest.file.path);
    if (gate === undefined) return;
    for (const installed of installedVersions(context)) judge(context, gate, installed);
  },
};

function judge(context: RuleContext, gate: ReleaseGate, installed: InstalledVersion): void {
  const { dependency, packument, version, asOf, isLocked, isExact, key } = installed;
  const minutes = gate.minutesFor(key.name, version.version);
  // Of a range the manager itself takes what is old enough.
  if (minutes === undefined || minutes === 0 || (!isLocked && !isExact && gate.source !== 'suggested')) return;
  const days = ageInDays(version, asOf);
  // A mirror that strips records tells when it fetched a version.
  if (days === undefined || packument.isStripped) {
    context.lacking(npmPackument, key, LEFT_OUT);
    return;
  }
  if (days * DAY_MINUTES >= minutes) return;
  const target = newestBefore(installed, asOf - (minutes / DAY_MINUTES) * DAY_MS) ?? compareVersion(packument, version.version)?.previous;
  const isOldEnough = target?.publishedAt !== undefined && asOf - target.publishedAt >= (minutes / DAY_MINUTES) * DAY_MS;
  context.report({
    messageId: gate.source,
    args: {
      name: key.name,
      version: version.version,
      age: ageInWords(days * DAY_MINUTES),
      gate: ageInWords(minutes),
      manager: gate.manager ?? '',
      setting: gate.setting ?? '',
    },
    span: dependency.specSpan,
    identity: `${dependency.group} ${dependency.name}`,
    fixes:
      target === undefined || !isOldEnough ? [] : requireVersion(context, installed, { target, what: 'the newest that is old enough' }),
  });
}
