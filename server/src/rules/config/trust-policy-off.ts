import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import { NO_SPAN } from '../../core/span.ts';
import { isCertainly, type ManagerInUse, managerInUse } from '../../formats/manager-in-use.ts';
import { appendYaml, type Setting, type SettingsFile, settingNamed, textOfSetting } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';

/** pnpm could refuse versions whose evidence of origin got weaker, as with a stolen token, and is not told to. */
export const rule: Rule = {
  meta: {
    id: 'config/trust-policy-off',
    title: 'pnpm is not told to refuse versions with weaker evidence of their origin',
    severity: 'hint',
    confidence: 'high',
    tier: 'recommended',
    formats: ['pnpm-workspace', 'package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '3.0',
    refs: [
      'https://pnpm.io/settings#trustpolicy',
      'https://pnpm.io/settings#trustpolicyignoreafter',
      'https://docs.npmjs.com/trusted-publishers',
    ],
    messages: {
      missing: { what: '`trustPolicy` is not set, and {manager} knows it.', why: '{why}', remedy: 'Set `trustPolicy: no-downgrade`.' },
      off: { what: '`trustPolicy` is `{value}`.', why: '{why}', remedy: 'Set it to `no-downgrade`.' },
    },
  },
  check({ manifest, surroundings, report }) {
    const { path, text } = manifest.file;
    const inUse = managerInUse(surroundings, path);
    if (inUse?.manager !== 'pnpm' || inUse.root !== folderOf(path) || !isCertainly(inUse, '>=10.21.0')) return;
    const file = settingsOf(manifest);
    const workspace = joinPath(inUse.root, 'pnpm-workspace.yaml') ?? '';
    // One place for each project: the file of the settings where there is one.
    if (file === undefined || (file.kind === 'package-json' && surroundings.exists(workspace))) return;
    const own = settingNamed(file, file.kind === 'package-json' ? 'pnpm.trustPolicy' : 'trustPolicy');
    if (own !== undefined) {
      const value = textOfSetting(own) ?? '';
      if (own.value?.kind === 'text' && value === 'off')
        report({ messageId: 'off', args: { value, why: WHY }, span: own.value.span, identity: 'trustPolicy', fixes: turnedOn(own) });
      return;
    }
    if (manifest.problems.length > 0 || isElsewhere(inUse, (name) => surroundings.manifest(name))) return;
    report({
      messageId: 'missing',
      args: { manager: inUse.label, why: WHY },
      span: file.kind === 'package-json' ? (inUse.place ?? NO_SPAN) : NO_SPAN,
      identity: 'trustPolicy',
      fixes: file.kind === 'package-json' ? [] : added(text, file, inUse),
    });
  },
};

const WHY =
  'A version that was published with a stolen token has no trusted publisher or provenance where its predecessors had; in March 2026 that told axios 1.14.1 from the real releases.';

/** Six months in minutes: older versions were published before evidence was common. */
const IGNORE_AFTER_MINUTES = 262_800;

/** Whether pnpm 10 finds the setting in one of its other files. */
function isElsewhere({ root }: ManagerInUse, manifestOf: (path: string) => Parameters<typeof settingsOf>[0] | undefined): boolean {
  const places = [
    ['.npmrc', 'trust-policy'],
    ['package.json', 'pnpm.trustPolicy'],
  ] as const;
  return places.some(([name, setting]) => {
    const manifest = manifestOf(joinPath(root, name) ?? '');
    const file = manifest && settingsOf(manifest);
    return file !== undefined && settingNamed(file, setting) !== undefined;
  });
}

const CHECK = 'check that the next install passes, and list in trustPolicyExclude what you looked at';

function turnedOn({ value }: Setting): Fix[] {
  if (value?.kind !== 'text' || !value.isVerbatim) return [];
  return [
    {
      title: `Set trustPolicy to no-downgrade (${CHECK})`,
      safety: 'review',
      online: false,
      edits: [{ span: value.span, text: 'no-downgrade' }],
    },
  ];
}

function added(text: string, file: SettingsFile, inUse: ManagerInUse): Fix[] {
  const lines = ['trustPolicy: no-downgrade'];
  if (isCertainly(inUse, '>=10.27.0')) lines.push(`trustPolicyIgnoreAfter: ${IGNORE_AFTER_MINUTES} # six months`);
  const edit = appendYaml(text, file, lines);
  return edit === undefined ? [] : [{ title: `Add trustPolicy: no-downgrade (${CHECK})`, safety: 'review', online: false, edits: [edit] }];
}
