import { type Span, span } from '../core/span.ts';
import { type JsonNode, membersOf, stringContent } from './json.ts';
import { MAX_SETTING_DEPTH, type Setting, type SettingsFile } from './settings-file.ts';

/** The fields of a package.json that hold settings of a package manager. */
const PACKAGE_FIELDS: ReadonlySet<string> = new Set(['pnpm', 'publishConfig', 'allowScripts', 'trustedDependencies', 'dependenciesMeta']);

/** The settings of package managers in a package.json, given its text and its root. */
export function packageSettings(text: string, root: JsonNode | undefined): SettingsFile {
  const settings: Setting[] = [];
  for (const { key, value } of membersOf(root))
    if (PACKAGE_FIELDS.has(key.value)) addJson(settings, [key.value], stringContent(key), { text, node: value });
  return { kind: 'package-json', settings };
}

interface JsonValue {
  readonly text: string;
  readonly node: JsonNode;
}

function addJson(into: Setting[], path: readonly string[], keySpan: Span, { text, node }: JsonValue): void {
  into.push({ path, name: path.join('.'), keySpan, value: jsonValue(text, node) });
  if (path.length >= MAX_SETTING_DEPTH) return;
  for (const { key, value } of membersOf(node))
    if (key.whole) addJson(into, [...path, key.value], stringContent(key), { text, node: value });
}

function jsonValue(text: string, node: JsonNode): Setting['value'] {
  if (node.type === 'object') return { kind: 'map', span: span(node.start, node.end) };
  if (node.type === 'array') {
    const items = node.items.flatMap((item) => {
      const value = jsonValue(text, item);
      return value?.kind === 'text' ? [value] : [];
    });
    return { kind: 'list', span: span(node.start, node.end), items, hasOthers: items.length < node.items.length };
  }
  if (node.type !== 'string')
    return { kind: 'text', text: String(node.value), span: span(node.start, node.end), isVerbatim: true, isString: false };
  if (!node.whole) return undefined;
  const content = stringContent(node);
  return {
    kind: 'text',
    text: node.value,
    span: content,
    isVerbatim: text.slice(content.start, content.end) === node.value,
    isString: true,
  };
}
