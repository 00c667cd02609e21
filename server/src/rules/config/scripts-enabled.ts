import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { isCertainly, MANAGER_TITLES, type Manager, managerInUse } from '../../formats/manager-in-use.ts';
import { SETTINGS_FORMATS, type Setting, type SettingsKind } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';

/** A setting that lets every package run code when it is installed: one hijacked release anywhere in the tree is enough. */
export const rule: Rule = {
  meta: {
    id: 'config/scripts-enabled',
    title: 'A setting that lets every package run its install scripts',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: SETTINGS_FORMATS,
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/using-npm/config#dangerously-allow-all-scripts',
      'https://pnpm.io/settings#dangerouslyallowallbuilds',
      'https://yarnpkg.com/configuration/yarnrc#enableScripts',
    ],
    messages: {
      all: {
        what: '`{setting}` lets every package run its install scripts.',
        why: 'Such a script runs with your rights on every machine that installs, and most hijacked packages of 2025 and 2026 did their work in one.',
        remedy: 'Turn it off, and allow the few packages that need it in {list}.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const file = settingsOf(manifest);
    if (file === undefined) return;
    for (const setting of file.settings) {
      const enabling = enablingOf(file.kind, setting);
      if (enabling === undefined) continue;
      const inUse = managerInUse(surroundings, manifest.file.path);
      // Where the manager asks its own list anyway, not to ignore scripts lets nothing more run.
      if (
        enabling.unless !== undefined &&
        inUse !== undefined &&
        inUse.manager === enabling.unless[0] &&
        isCertainly(inUse, enabling.unless[1])
      )
        continue;
      if (enabling.unless !== undefined && inUse?.manager === 'yarn') continue;
      const manager = file.kind === 'npmrc' && inUse !== undefined ? inUse.manager : enabling.manager;
      report({
        messageId: 'all',
        args: { setting: setting.name, list: LISTS[manager] },
        span: setting.value?.span ?? setting.keySpan,
        identity: setting.name,
        fixes: fixesOf(setting, enabling, manager),
      });
    }
  },
};

const LISTS: Readonly<Record<Manager, string>> = {
  npm: '`allowScripts` of the package.json',
  pnpm: '`allowBuilds` of the pnpm-workspace.yaml',
  yarn: '`dependenciesMeta` of the package.json',
  'yarn-classic': 'a script of your own',
  bun: '`trustedDependencies` of the package.json',
};

interface Enabling {
  readonly manager: Manager;
  /** The value that lets all scripts run, and the one that does not. */
  readonly on: 'true' | 'false';
  /** A manager and its versions for which the setting is harmless. */
  readonly unless?: readonly [Manager, string];
}

const SETTINGS: Readonly<Record<string, Enabling>> = {
  'npmrc dangerously-allow-all-scripts': { manager: 'npm', on: 'true' },
  'npmrc ignore-scripts': { manager: 'npm', on: 'false', unless: ['npm', '>=12'] },
  'npmrc dangerously-allow-all-builds': { manager: 'pnpm', on: 'true' },
  'pnpm-workspace dangerouslyAllowAllBuilds': { manager: 'pnpm', on: 'true' },
  'pnpm-workspace allowBuilds.*': { manager: 'pnpm', on: 'true' },
  'package-json pnpm.dangerouslyAllowAllBuilds': { manager: 'pnpm', on: 'true' },
  'package-json pnpm.allowBuilds.*': { manager: 'pnpm', on: 'true' },
  'yarnrc enableScripts': { manager: 'yarn', on: 'true' },
};

function enablingOf(kind: SettingsKind, { name, value }: Setting): Enabling | undefined {
  const key = `${kind} ${name}`;
  const enabling = Object.hasOwn(SETTINGS, key) ? SETTINGS[key] : undefined;
  if (enabling === undefined) return undefined;
  // A key alone in an .npmrc means `true`.
  const text = value === undefined && kind === 'npmrc' ? 'true' : value?.kind === 'text' ? value.text.trim() : '';
  const isOn = enabling.on === 'true' ? text === 'true' || (kind === 'yarnrc' && text === '1') : text === 'false';
  return isOn ? enabling : undefined;
}

function fixesOf({ name, value }: Setting, { on }: Enabling, manager: Manager): Fix[] {
  if (value?.kind !== 'text' || !value.isVerbatim) return [];
  const off = on === 'true' ? 'false' : 'true';
  return [
    {
      title: `Set ${name} to ${off} (check which packages need their scripts, and that ${MANAGER_TITLES[manager]} allows just those)`,
      safety: 'review',
      online: false,
      edits: [{ span: value.span, text: off }],
    },
  ];
}
