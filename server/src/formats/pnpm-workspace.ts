import type { Format } from '../core/manifest.ts';
import type { SettingsFile } from './settings-file.ts';
import { settingsParser } from './settings-yaml.ts';

/** pnpm's settings and workspace (pnpm documentation, "Settings (pnpm-workspace.yaml)"). */
export const format: Format<SettingsFile> = {
  id: 'pnpm-workspace',
  title: 'pnpm-workspace.yaml',
  globs: ['**/pnpm-workspace.yaml'],
  languageIds: [],
  parse: settingsParser('pnpm-workspace'),
};
