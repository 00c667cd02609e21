import type { Format, Manifest } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';
import { credentialsIn } from './settings-credentials.ts';
import { MAX_SETTING_DEPTH, type Setting, type SettingList, type SettingsFile, type SettingText } from './settings-file.ts';
import { StepReader } from './workflow-steps.ts';
import { asScalar, entriesOf, parseYaml, type YamlDocument, type YamlNode } from './yaml-document.ts';

/** How many settings of one document are read: aliases may repeat others' without end. */
const MAX_SETTINGS = 5_000;

/** The parser of a settings file in YAML. Total; what stands behind a syntax error is left out. */
export function settingsParser(kind: 'pnpm-workspace' | 'yarnrc'): Format<SettingsFile>['parse'] {
  return (file: SourceFile): Manifest<SettingsFile> => {
    const document = parseYaml(file.text);
    const reader = new StepReader(document);
    const settings: Setting[] = [];
    addMap(settings, [], document, document.root);
    const model: SettingsFile = { kind, settings };
    return {
      file,
      format: kind,
      model,
      refs: [],
      scripts: [],
      ignores: reader.ignores(),
      problems: reader.problems(),
      secrets: credentialsIn(model).map(({ span }) => span),
    };
  };
}

function addMap(into: Setting[], path: readonly string[], document: YamlDocument, node: YamlNode | undefined): void {
  if (path.length >= MAX_SETTING_DEPTH) return;
  for (const { key, keySpan, value, isMerged } of entriesOf(node)) {
    if (isMerged || into.length >= MAX_SETTINGS) continue;
    if (document.brokenFrom !== undefined && keySpan.end > document.brokenFrom) continue;
    const inner = [...path, key];
    into.push({ path: inner, name: inner.join('.'), keySpan, value: toValue(document, value) });
    addMap(into, inner, document, value);
  }
}

function toValue(document: YamlDocument, node: YamlNode | undefined): Setting['value'] {
  if (node?.kind === 'map') return { kind: 'map', span: node.span };
  if (node?.kind === 'seq') {
    const items = node.items.flatMap((item) => toText(document, item) ?? []);
    return { kind: 'list', span: node.span, items, hasOthers: items.length < node.items.length } satisfies SettingList;
  }
  return toText(document, node);
}

function toText({ text }: YamlDocument, node: YamlNode | undefined): SettingText | undefined {
  const scalar = asScalar(node);
  if (scalar === undefined) return undefined;
  const isVerbatim = text.slice(scalar.span.start, scalar.span.end) === scalar.text;
  return { kind: 'text', text: scalar.text, span: scalar.span, isVerbatim, isString: scalar.style !== 'plain' };
}
