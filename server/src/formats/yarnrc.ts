import type { Format } from '../core/manifest.ts';
import type { SettingsFile } from './settings-file.ts';
import { settingsParser } from './settings-yaml.ts';

/** The settings of Yarn 2 and later (Yarn documentation, "Settings (.yarnrc.yml)"). */
export const format: Format<SettingsFile> = {
  id: 'yarnrc',
  title: '.yarnrc.yml',
  globs: ['**/.yarnrc.yml'],
  languageIds: [],
  parse: settingsParser('yarnrc'),
};
