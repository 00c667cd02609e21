import type { Rule } from '../../core/rule.ts';
import { isCertainly, managerInUse } from '../../formats/manager-in-use.ts';
import { SETTINGS_FORMATS, type Setting, textOfSetting } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';
import { knownSetting, OWNER } from './settings-table.ts';

/** A protection that the pinned version of the manager does not know yet: the line is there, and nothing happens. */
export const rule: Rule = {
  meta: {
    id: 'config/manager-lacks-setting',
    title: 'A protective setting that the pinned package manager does not know',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: SETTINGS_FORMATS,
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '4.5',
    refs: ['https://docs.npmjs.com/cli/v11/using-npm/config', 'https://pnpm.io/settings', 'https://yarnpkg.com/configuration/yarnrc'],
    messages: {
      lacks: {
        what: '{manager} does not know `{setting}`, which came with version {version}.',
        why: 'An older version passes it over or refuses to run; where it passes it over, the protection is not there.',
        remedy: 'Pin version {version} or newer in `packageManager` or `devEngines`.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const file = settingsOf(manifest);
    if (file === undefined || file.settings.length === 0) return;
    const inUse = managerInUse(surroundings, manifest.file.path);
    const owner = OWNER[file.kind];
    if (inUse === undefined || (owner !== undefined && owner !== inUse.manager)) return;
    for (const setting of file.settings) {
      const since = knownSetting(inUse.manager, file.kind, setting.name)?.since;
      if (since === undefined || !isProtecting(setting) || !isCertainly(inUse, `<${since}`)) continue;
      report({
        messageId: 'lacks',
        args: { manager: inUse.label, setting: setting.name, version: since },
        span: setting.keySpan,
        identity: setting.name,
      });
    }
  },
};

/** What loosens, or is turned off, is not missed. */
function isProtecting(setting: Setting): boolean {
  if (/dangerously|exclude|preapproved|ignore(?:after|missing)/i.test(setting.name)) return false;
  return !['false', '0', 'off', 'all'].includes(textOfSetting(setting) ?? '');
}
