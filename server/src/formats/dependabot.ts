import type { Format, Manifest } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';
import { StepReader } from './workflow-steps.ts';
import {
  entryOf,
  nodeOf,
  parseYaml,
  scalarOf,
  scalarsOf,
  type YamlDocument,
  type YamlEntry,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
} from './yaml-document.ts';

/** Where a key can be added to a block mapping. */
export interface KeyPlace {
  /** The end of the mapping's last line, before its line end. */
  readonly at: number;
  /** The white space before each of its keys. */
  readonly indent: string;
}

/** A `cooldown`. */
export interface Cooldown {
  readonly node: YamlNode | undefined;
  /** Whether a merge key brought it in: it stands elsewhere, and others may have it too. */
  readonly isMerged: boolean;
  readonly defaultDays?: YamlScalar;
  readonly keyPlace?: KeyPlace;
}

/** One entry of `updates`. */
export interface UpdateEntry {
  readonly node: YamlMap;
  readonly ecosystem?: YamlScalar;
  /** `directory`, or each of `directories`. */
  readonly directories: readonly YamlScalar[];
  /** `schedule.interval`. */
  readonly interval?: YamlScalar;
  readonly cooldown?: Cooldown;
  /** `insecure-external-code-execution`. */
  readonly externalCode?: YamlScalar;
  /** `open-pull-requests-limit: 0`: only security updates are made. */
  readonly isSecurityOnly: boolean;
  /** Undefined in flow style, and where the entry's end cannot be told. */
  readonly keyPlace?: KeyPlace;
  /** The white space that one more level is indented with: that of the entry's first mapping, else two spaces. */
  readonly indentUnit: string;
}

/** A dependabot.yml. */
export interface Dependabot {
  readonly root?: YamlMap;
  /** Those that were read to their end: behind a syntax error, a key may be there and yet not in the tree. */
  readonly updates: readonly UpdateEntry[];
}

/** Dependabot's settings (GitHub documentation, "Dependabot options reference"). */
export const format: Format<Dependabot> = {
  id: 'dependabot',
  title: 'dependabot.yml',
  globs: ['**/.github/dependabot.{yml,yaml}'],
  languageIds: [],
  parse,
};

/** A manifest as a dependabot.yml, undefined where it is another format's. */
export function asDependabot(manifest: Manifest): Dependabot | undefined {
  // The format id and the model's type are set together, here.
  return manifest.format === format.id ? (manifest.model as Dependabot) : undefined;
}

function parse(file: SourceFile): Manifest<Dependabot> {
  const document = parseYaml(file.text);
  const reader = new StepReader(document);
  const root = document.root?.kind === 'map' ? document.root : undefined;
  const updates = nodeOf(root, 'updates');
  const nodes = new Set(updates?.kind === 'seq' ? updates.items : []);
  return reader.manifest(file, format.id, {
    ...(root === undefined ? {} : { root }),
    updates: [...nodes].flatMap((node) => (node?.kind === 'map' && isWhole(document, node) ? [readUpdate(document, node)] : [])),
  });
}

function isWhole({ brokenFrom }: YamlDocument, { span }: YamlMap): boolean {
  return brokenFrom === undefined || span.end < brokenFrom;
}

function readUpdate(document: YamlDocument, node: YamlMap): UpdateEntry {
  const ecosystem = scalarOf(node, 'package-ecosystem');
  const interval = scalarOf(nodeOf(node, 'schedule'), 'interval');
  const cooldown = entryOf(node, 'cooldown');
  const externalCode = scalarOf(node, 'insecure-external-code-execution');
  const keyPlace = keyPlaceIn(document, node);
  return {
    node,
    ...(ecosystem === undefined ? {} : { ecosystem }),
    directories: [...scalarsOf(nodeOf(node, 'directory')), ...scalarsOf(nodeOf(node, 'directories'))],
    ...(interval === undefined ? {} : { interval }),
    ...(cooldown === undefined ? {} : { cooldown: readCooldown(document, cooldown) }),
    ...(externalCode === undefined ? {} : { externalCode }),
    isSecurityOnly: Number(scalarOf(node, 'open-pull-requests-limit')?.text.trim() || Number.NaN) === 0,
    ...(keyPlace === undefined ? {} : { keyPlace }),
    indentUnit: indentUnit(document, node, keyPlace),
  };
}

function readCooldown(document: YamlDocument, { value: node, keySpan, isMerged }: YamlEntry): Cooldown {
  const defaultDays = scalarOf(node, 'default-days');
  // An alias stands elsewhere.
  const keyPlace = node?.kind === 'map' && !isMerged && node.span.start >= keySpan.end ? keyPlaceIn(document, node) : undefined;
  return { node, isMerged, ...(defaultDays === undefined ? {} : { defaultDays }), ...(keyPlace === undefined ? {} : { keyPlace }) };
}

function indentUnit(document: YamlDocument, { entries }: YamlMap, keyPlace: KeyPlace | undefined): string {
  for (const { value, isMerged } of entries) {
    const inner = value?.kind === 'map' && !isMerged ? keyPlaceIn(document, value) : undefined;
    const unit = inner?.indent.slice(keyPlace?.indent.length);
    if (unit) return unit;
  }
  return '  ';
}

/** Where a key can be added to a mapping: at the end of its last value. Undefined for flow style and an empty mapping. */
function keyPlaceIn({ text, lines }: YamlDocument, map: YamlMap): KeyPlace | undefined {
  if (map.isFlow) return undefined;
  const last = lastWritten(map);
  const key = last?.keySpan.start;
  // A key without a word stands nowhere.
  if (last === undefined || key === undefined || last.keySpan.end === key) return undefined;
  const end = endOf(last.value, last.keySpan.end);
  if (end === undefined) return undefined;
  // A quote belongs to the key; a dash before the first key does not, and is as wide as white space below it.
  const line = lines.lineSpan(lines.positionAt(key).line).start;
  const before = text.slice(line, key).replace(/["']$/, '');
  const indent = /^\ufeff?([ ]*(?:-[ ]+)*)$/.exec(before)?.[1]?.replaceAll('-', ' ');
  return indent === undefined ? undefined : { at: lines.lineSpan(lines.positionAt(end).line).end, indent };
}

function lastWritten({ entries }: YamlMap): YamlEntry | undefined {
  return entries.filter(({ isMerged }) => !isMerged).at(-1);
}

/** Where the last thing of a value ends, on its own line; undefined for an alias, which stands elsewhere, and for a block scalar. */
function endOf(value: YamlNode | undefined, from: number): number | undefined {
  if (value === undefined) return undefined;
  if (value.kind === 'scalar') {
    if (value.isNull) return from;
    return value.header === '' && value.raw.start >= from ? value.restAt : undefined;
  }
  if (value.span.start < from) return undefined;
  if (value.isFlow) return value.span.end;
  if (value.kind === 'seq') {
    // An item that stands for an earlier one, or for the sequence itself, starts before the others end.
    const others = value.items.slice(0, -1).map((item) => item?.span.end ?? 0);
    return endOf(
      value.items.at(-1),
      others.reduce((a, b) => Math.max(a, b), value.span.start + 1),
    );
  }
  const last = lastWritten(value);
  return last && endOf(last.value, last.keySpan.end);
}
