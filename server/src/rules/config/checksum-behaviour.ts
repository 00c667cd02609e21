import type { Edit, Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { turnsLockfileOff } from '../../formats/lockfile-off.ts';
import { removeLine, type Setting, type SettingsKind } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';

/** A setting that lets an install go on although what came is not what was locked, or that keeps no lockfile at all. */
export const rule: Rule = {
  meta: {
    id: 'config/checksum-behaviour',
    title: 'A setting that makes the lockfile’s checksums count for nothing',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['npmrc', 'pnpm-workspace', 'yarnrc'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '5.5',
    refs: [
      'https://yarnpkg.com/configuration/yarnrc#checksumBehavior',
      'https://yarnpkg.com/configuration/yarnrc#enableImmutableInstalls',
      'https://docs.npmjs.com/cli/v11/using-npm/config#package-lock',
    ],
    messages: {
      checksum: {
        what: '`checksumBehavior: {value}` accepts an archive that is not the one that was locked.',
        why: 'The checksum is all that tells a replaced archive from the one that was reviewed.',
        remedy: 'Remove the line or write `throw`; after a wanted change, run `yarn install --check-cache` once.',
      },
      immutable: {
        what: '`enableImmutableInstalls: {value}` lets an install on a build server change the lockfile.',
        why: 'Where manifest and lockfile disagree, the build then picks new versions that nobody reviewed, and checks them against nothing.',
        remedy: 'Remove the line: installs on build servers are immutable by default, those on a desk are not.',
      },
      lockfile: {
        what: '`{setting}` turns the lockfile off.',
        why: 'Every install picks the newest versions that fit, at all depths, and checks no hash: a release that was just hijacked is in at once.',
        remedy: 'Remove the line, run an install once and commit the lockfile.',
      },
    },
  },
  check({ manifest, report }) {
    const file = settingsOf(manifest);
    for (const setting of file?.settings ?? []) {
      const messageId = weakOf(file?.kind ?? 'npmrc', setting);
      if (messageId === undefined || setting.value?.kind !== 'text') continue;
      report({
        messageId,
        args: { setting: setting.name, value: setting.value.text },
        span: setting.value.span,
        identity: setting.name,
        fixes: fixesOf(manifest.file.text, setting, messageId),
      });
    }
  },
};

function weakOf(kind: SettingsKind, { name, value }: Setting): 'checksum' | 'immutable' | 'lockfile' | undefined {
  const text = value?.kind === 'text' ? value.text : undefined;
  switch (`${kind} ${name}`) {
    case 'yarnrc checksumBehavior':
      return ['update', 'reset', 'ignore'].includes(text ?? '') ? 'checksum' : undefined;
    case 'yarnrc enableImmutableInstalls':
      return text === 'false' || text === '0' ? 'immutable' : undefined;
    default:
      return turnsLockfileOff(kind, { name, value }) ? 'lockfile' : undefined;
  }
}

const TITLES = {
  checksum: 'Stop at a wrong checksum (check that an install works with the lockfile as it is)',
  immutable: 'Remove the line (check that builds do not need to change the lockfile)',
  lockfile: 'Keep a lockfile (run an install once and commit it)',
} as const;

function fixesOf(text: string, setting: Setting, messageId: keyof typeof TITLES): Fix[] {
  const { value } = setting;
  const set = (to: string): Edit | undefined => (value?.kind === 'text' && value.isVerbatim ? { span: value.span, text: to } : undefined);
  const edit = messageId === 'checksum' ? set('throw') : messageId === 'lockfile' ? set('true') : removeLine(text, setting);
  return edit === undefined ? [] : [{ title: TITLES[messageId], safety: 'review', online: false, edits: [edit] }];
}
