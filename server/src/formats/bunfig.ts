import type { Format, Manifest } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';
import type { Span } from '../core/span.ts';
import type { LineIndex } from '../core/text.ts';
import { scanIgnoreMarkers } from './ignore-markers.ts';
import { credentialsIn } from './settings-credentials.ts';
import { MAX_SETTING_DEPTH, type Setting, type SettingsFile, type SettingText } from './settings-file.ts';
import { parseToml, type TomlEntry, type TomlValue } from './toml-document.ts';

/** Bun's settings (Bun documentation, "bunfig.toml"). */
export const format: Format<SettingsFile> = {
  id: 'bunfig',
  title: 'bunfig.toml',
  globs: ['**/bunfig.toml'],
  languageIds: [],
  parse,
};

function parse(file: SourceFile): Manifest<SettingsFile> {
  const { lines, entries, problems } = parseToml(file.text);
  const settings: Setting[] = [];
  for (const entry of entries) add(settings, [], file.text, entry);
  const model: SettingsFile = { kind: 'bunfig', settings };
  return {
    file,
    format: format.id,
    model,
    refs: [],
    scripts: [],
    ignores: readIgnores(file.text, lines, settings),
    problems,
    secrets: credentialsIn(model).map(({ span }) => span),
  };
}

function add(into: Setting[], outer: readonly string[], text: string, { path, keySpan, value }: TomlEntry): void {
  const inner = [...outer, ...path];
  into.push({ path: inner, name: inner.join('.'), keySpan, value: toValue(text, value) });
  if (value.kind !== 'table' || inner.length >= MAX_SETTING_DEPTH) return;
  for (const entry of value.entries) add(into, inner, text, entry);
}

function toValue(text: string, value: TomlValue): Setting['value'] {
  switch (value.kind) {
    case 'table':
      return { kind: 'map', span: value.span };
    case 'array': {
      const items = value.items.flatMap((item) => toText(text, item) ?? []);
      return { kind: 'list', span: value.span, items, hasOthers: items.length < value.items.length };
    }
    case 'scalar':
      return toText(text, value);
  }
}

function toText(text: string, value: TomlValue): SettingText | undefined {
  if (value.kind !== 'scalar') return undefined;
  const { span, isString } = value;
  return { kind: 'text', text: value.text, span, isVerbatim: text.slice(span.start, span.end) === value.text, isString };
}

/** A marker covers its own line, or the next line that is no comment. Inside a value, `#` is a character like any other. */
function readIgnores(text: string, lines: LineIndex, settings: readonly Setting[]): Manifest['ignores'] {
  if (!text.includes('#')) return [];
  let next = 0;
  const scopeBelow = (line: number): Span => {
    next = Math.max(next, line + 1);
    while (next < lines.lineCount && /^\s*(?:#|$)/.test(lines.lineText(next))) next++;
    return lines.lineSpan(next);
  };
  const values = settings.flatMap(({ value }) => (value?.kind === 'list' ? value.items : value?.kind === 'text' ? [value] : []));
  return scanIgnoreMarkers(text, lines, { endOfLine: true, scopeBelow }).filter(
    ({ span: { start } }) => !values.some(({ span }) => span.start <= start && start < span.end),
  );
}
