import type { Manifest } from '../core/manifest.ts';
import { asNpmrc, type NpmrcEntry } from './npmrc.ts';
import { asPackageJson } from './package-json.ts';
import type { Setting, SettingsFile, SettingText } from './settings-file.ts';

/** The settings in a manifest; undefined where its format holds none. */
export function settingsOf(manifest: Manifest): SettingsFile | undefined {
  switch (manifest.format) {
    case 'npmrc':
      // npm reads no settings from a section.
      return { kind: 'npmrc', settings: (asNpmrc(manifest)?.entries ?? []).filter(({ section }) => section === undefined).map(ofNpmrc) };
    case 'package-json':
      return asPackageJson(manifest)?.settings;
    case 'pnpm-workspace':
    case 'yarnrc':
    case 'bunfig':
      // These formats make their model by this type.
      return manifest.model as SettingsFile;
    default:
      return undefined;
  }
}

function ofNpmrc({ key, value }: NpmrcEntry): Setting {
  const text: SettingText | undefined = value && {
    kind: 'text',
    text: value.text,
    span: value.span,
    isVerbatim: value.isVerbatim,
    isString: true,
  };
  return { path: [key.text], name: key.text, keySpan: key.span, value: text };
}
