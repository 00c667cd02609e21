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
        fixes: fixesOf(manifest.file.text, setting, messageId, file?.settings ?? []),
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

function fixesOf(text: string, setting: Setting, messageId: keyof typeof TITLES, all: readonly Setting[]): Fix[] {
  const edits = messageId === 'immutable' ? removeAll(text, setting.name, all) : set(setting, messageId === 'checksum' ? 'throw' : 'true');
  return edits.length === 0 ? [] : [{ title: TITLES[messageId], safety: 'review', online: false, edits }];
}

function set({ value }: Setting, to: string): Edit[] {
  return value?.kind === 'text' && value.isVerbatim ? [{ span: value.span, text: to }] : [];
}

/** A key that is there twice would still count after one of its lines is gone. */
function removeAll(text: string, name: string, all: readonly Setting[]): Edit[] {
  const edits: Edit[] = [];
  for (const setting of all.filter((one) => one.name === name)) {
    const edit = removeLine(text, setting);
    if (edit === undefined) return [];
    const last = edits.at(-1);
    // Lines that follow one another go in one edit. The last line of a file without a line end takes the end of the line before along.
    if (last !== undefined && edit.span.start <= last.span.end) {
      const start = edit.span.start < last.span.end ? text.slice(0, last.span.start).replace(/\r?\n$/, '').length : last.span.start;
      edits[edits.length - 1] = { span: { start, end: edit.span.end }, text: '' };
    } else edits.push(edit);
  }
  return edits;
}
