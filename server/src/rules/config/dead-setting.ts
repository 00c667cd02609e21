import type { Fix } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { isCertainly, MANAGER_TITLES, type ManagerInUse, managerInUse } from '../../formats/manager-in-use.ts';
import { daysAsText, releaseAge } from '../../formats/release-age.ts';
import { SETTINGS_FORMATS, type Setting, type SettingsFile, textOfSetting } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';
import { buildListMigration } from './build-lists.ts';
import { knownSetting, knownSettings } from './settings-table.ts';

/** A setting that the manager in use no longer reads, or never did: what it was to protect is open. */
export const rule: Rule = {
  meta: {
    id: 'config/dead-setting',
    title: 'A setting that the package manager in use does not read',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: SETTINGS_FORMATS,
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '4.5',
    refs: ['https://pnpm.io/blog/releases/11.0', 'https://pnpm.io/settings', 'https://docs.npmjs.com/cli/v11/using-npm/config'],
    messages: {
      removed: {
        what: '{manager} no longer knows `{setting}`, which went with version {version}.',
        why: 'It is passed over without a word, so that what it was to allow or to prevent is decided by defaults.',
        remedy: 'Use {instead} instead.',
      },
      left: {
        what: '{manager} reads `{setting}` no longer from this file.',
        why: 'Since version {version} everything here but registries and credentials is passed over without a word.',
        remedy: 'Move it to {instead}.',
      },
      field: {
        what: '{manager} no longer reads the `pnpm` field of package.json.',
        why: 'Since version 11 what stands here, overrides and build settings included, is passed over without a word.',
        remedy: 'Move it to `pnpm-workspace.yaml`.',
      },
      foreign: {
        what: '`{setting}` is a setting of {owner}, and this project uses {manager}, which does not read it.',
        why: 'It is passed over without a word and protects nothing here.',
        remedy: 'Remove it, or use the setting of {manager} for it.',
      },
    },
  },
  check(context) {
    const { manifest, surroundings } = context;
    const file = settingsOf(manifest);
    if (file === undefined || file.settings.length === 0) return;
    const inUse = managerInUse(surroundings, manifest.file.path);
    if (inUse === undefined) return;
    const seen = new Set<string>();
    for (const setting of file.settings) {
      // `key[]=` stands there once for each value.
      if (!seen.has(setting.name)) checkSetting(context, file, { setting, inUse });
      seen.add(setting.name);
    }
  },
};

interface Case {
  readonly setting: Setting;
  readonly inUse: ManagerInUse;
}

function checkSetting({ manifest, report }: RuleContext, file: SettingsFile, { setting, inUse }: Case): void {
  const { name, keySpan: span } = setting;
  const args = { setting: name, manager: inUse.label };
  if (file.kind === 'package-json') {
    if (name === 'pnpm' && inUse.manager === 'pnpm' && isCertainly(inUse, '>=11.0.0-0'))
      report({ messageId: 'field', args, span, identity: name });
    // Of what is in a field that is dead as a whole, nothing more is said.
    if (inUse.manager !== 'pnpm' || isCertainly(inUse, '>=11.0.0-0')) return;
  }
  const known = knownSetting(inUse.manager, file.kind, name);
  const { removed, leftFile } = known ?? {};
  if (removed !== undefined && isCertainly(inUse, `>=${removed.in}-0`)) {
    const fixes = buildListMigration(manifest.file.text, file, setting);
    report({ messageId: 'removed', args: { ...args, version: removed.in, instead: removed.instead }, span, identity: name, fixes });
  } else if (leftFile?.kind === file.kind && isCertainly(inUse, `>=${leftFile.in}-0`)) {
    report({ messageId: 'left', args: { ...args, version: leftFile.in, instead: leftFile.now }, span, identity: name });
  } else if (file.kind === 'npmrc' && known === undefined) {
    if (inUse.manager === 'pnpm' && PNPM_SETTINGS.has(name) && isCertainly(inUse, '>=11.0.0-0')) {
      const instead = '`pnpm-workspace.yaml`, where its name is in camel case';
      report({ messageId: 'left', args: { ...args, version: '11.0.0', instead }, span, identity: name });
    } else if (PROTECTING.has(name) && inUse.manager !== 'bun') {
      const owners = knownSettings('npmrc', name).map(({ manager }) => MANAGER_TITLES[manager]);
      if (owners.length === 0) return;
      const owner = [...new Set(owners)].join(' and ');
      report({ messageId: 'foreign', args: { ...args, owner }, span, identity: name, fixes: renamed(setting, inUse) });
    }
  }
}

/** Names whose presence in an .npmrc makes one believe in a protection. Bun reads a part of npm's settings, which part depends. */
const PROTECTING: ReadonlySet<string> = new Set([
  'min-release-age',
  'minimum-release-age',
  'allow-git',
  'allow-remote',
  'strict-allow-scripts',
  'trust-policy',
  'block-exotic-subdeps',
  'strict-dep-builds',
  'ignore-scripts',
]);

/** Settings of pnpm that protect nothing but stand in many an .npmrc (pnpm documentation, "Settings" of version 10). */
const PNPM_SETTINGS: ReadonlySet<string> = new Set([
  'auto-install-peers',
  'dedupe-peer-dependents',
  'hoist',
  'hoist-pattern',
  'inject-workspace-packages',
  'link-workspace-packages',
  'modules-dir',
  'node-linker',
  'prefer-workspace-packages',
  'public-hoist-pattern',
  'resolution-mode',
  'save-workspace-protocol',
  'shamefully-hoist',
  'shared-workspace-lockfile',
  'strict-peer-dependencies',
]);

/** The release age by the manager's own name and in its own unit, in the same file. */
function renamed(setting: Setting, inUse: ManagerInUse): Fix[] {
  const text = textOfSetting(setting) ?? '';
  const minutes = releaseAge(setting.name === 'min-release-age' ? 'npm' : 'pnpm', text)?.minutes ?? 0;
  if (minutes <= 0 || setting.name !== 'minimum-release-age' || inUse.manager !== 'npm' || setting.value?.kind !== 'text') return [];
  const days = Math.ceil(minutes / 1_440);
  return [
    {
      title: `Write it as min-release-age=${days}, in days (check that your npm is 11.10 or newer)`,
      safety: 'review',
      online: false,
      edits: [
        { span: setting.keySpan, text: 'min-release-age' },
        { span: setting.value.span, text: daysAsText('npm', days) },
      ],
    },
  ];
}
