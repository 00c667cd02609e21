import type { Edit } from '../core/finding.ts';
import { type Span, span } from '../core/span.ts';
import { lineEndOf } from '../core/text.ts';

/** Which file of which package manager a setting stands in. */
export type SettingsKind = 'npmrc' | 'pnpm-workspace' | 'yarnrc' | 'bunfig' | 'package-json';

/** The ids of the formats that hold settings: each is its kind. */
export const SETTINGS_FORMATS: readonly SettingsKind[] = ['npmrc', 'pnpm-workspace', 'yarnrc', 'bunfig', 'package-json'];

/** A value that is no list and no map. */
export interface SettingText {
  readonly kind: 'text';
  /** Decoded: without quotes and escapes. */
  readonly text: string;
  /** The content without quotes; of an empty string both quotes. */
  readonly span: Span;
  /** Whether the document has at `span` just `text`: a part of it can be edited. */
  readonly isVerbatim: boolean;
  /** Whether it is written as a string: in quotes, or in a format that knows nothing else. */
  readonly isString: boolean;
}

/** A list. */
export interface SettingList {
  readonly kind: 'list';
  readonly span: Span;
  readonly items: readonly SettingText[];
  /** Whether it has items that are lists, maps or nothing, which are left out of `items`. */
  readonly hasOthers: boolean;
}

/** A map; its entries are settings of their own, with longer paths. */
export interface SettingMap {
  readonly kind: 'map';
  readonly span: Span;
}

/** One setting. */
export interface Setting {
  /** From the outermost key to its own: `['install', 'minimumReleaseAge']`. */
  readonly path: readonly string[];
  /** `path`, joined with dots; the whole key of an .npmrc. */
  readonly name: string;
  readonly keySpan: Span;
  /** Undefined where nothing is written, or nothing that could be read. */
  readonly value: SettingText | SettingList | SettingMap | undefined;
}

/** The settings of a file, in document order, maps before what is in them. A key that is written twice is there twice. */
export interface SettingsFile {
  readonly kind: SettingsKind;
  readonly settings: readonly Setting[];
}

/** How deeply settings nest at the most; what lies deeper is no setting that anybody knows. */
export const MAX_SETTING_DEPTH = 6;

/** A setting by its dotted name, the last one where it is written twice, as all managers but pnpm and Yarn (who fail) have it. */
export function settingNamed({ settings }: SettingsFile, name: string): Setting | undefined {
  return settings.findLast((setting) => setting.name === name);
}

/** A value's text; undefined for lists, maps and nothing. An .npmrc key alone means `true`. */
export function textOfSetting({ value }: Setting): string | undefined {
  return value?.kind === 'text' ? value.text : undefined;
}

/** The texts of a value: one of a text, each item of a list. */
export function textsOf({ value }: Setting): readonly SettingText[] {
  return value?.kind === 'text' ? [value] : value?.kind === 'list' ? value.items : [];
}

/** The edit that takes a setting's whole line out; only for settings that have their lines to themselves. */
export function removeLine(text: string, setting: Setting): Edit | undefined {
  const start = text.lastIndexOf('\n', setting.keySpan.start - 1) + 1;
  const valueEnd = setting.value?.span.end ?? setting.keySpan.end;
  const feed = text.indexOf('\n', valueEnd);
  const before = text.slice(start, setting.keySpan.start).replace(/^\ufeff/, '');
  const behind = text.slice(valueEnd, feed < 0 ? text.length : feed);
  if (!/^[ \t]*["']?$/.test(before) || !/^["'\]}]?[ \t]*(?:[#;].*)?\r?$/.test(behind)) return undefined;
  const from = text[start] === '\ufeff' ? start + 1 : start;
  // A last line without a line end takes the one before it along.
  if (feed < 0) return { span: span(text.slice(0, from).replace(/\r?\n$/, '').length, text.length), text: '' };
  return { span: span(from, feed + 1), text: '' };
}

/** The edit that adds lines at a document's end, with its own line ends and without a gap; a final line end stays one or stays away. */
export function appendLines(text: string, lines: readonly string[]): Edit {
  const eol = lineEndOf(text);
  const isEmpty = text === '' || text === '\ufeff';
  const endsLine = /[\r\n]$/.test(text);
  const body = lines.join(eol);
  return { span: span(text.length, text.length), text: isEmpty || endsLine ? `${body}${eol}` : `${eol}${body}` };
}

/**
 * The edit that adds settings at the end of a YAML document, which is a block mapping, nothing, or nothing but comments; undefined for any
 * other, whose end may be inside of something.
 */
export function appendYaml(text: string, { settings }: SettingsFile, lines: readonly string[]): Edit | undefined {
  const content = text.replace(/^\ufeff/, '').replace(/^---[ \t]*\r?\n/, '');
  // YAML ends no line at a lone carriage return.
  if (/\r(?!\n)/.test(content) || /^(?:---|\.\.\.|%)/m.test(content)) return undefined;
  const top = settings.filter(({ path }) => path.length === 1);
  const isPlain = top.every(({ keySpan: { start } }) => /^\ufeff?["']?$/.test(text.slice(text.lastIndexOf('\n', start - 1) + 1, start)));
  if (!isPlain || (top.length === 0 && !/^(?:[ \t]*(?:#.*)?(?:\r?\n|$))*$/.test(content))) return undefined;
  return appendLines(text, lines);
}
