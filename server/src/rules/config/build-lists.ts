import type { Edit, Fix } from '../../core/finding.ts';
import { type Span, span } from '../../core/span.ts';
import { lineEndOf } from '../../core/text.ts';
import { type Setting, type SettingsFile, settingNamed } from '../../formats/settings-file.ts';

/** The lists that pnpm 11 took out, and what an entry of theirs says in `allowBuilds`. */
const LISTS: ReadonlyMap<string, boolean> = new Map([
  ['onlyBuiltDependencies', true],
  ['neverBuiltDependencies', false],
  ['ignoredBuiltDependencies', false],
]);

/**
 * The fix that turns a build list of a pnpm-workspace.yaml into `allowBuilds`, all lists of the file at once, in the first one's place.
 * None where `allowBuilds` is there already, or where the lists hold comments or anything else than names.
 */
export function buildListMigration(text: string, file: SettingsFile, setting: Setting): Fix[] {
  if (file.kind !== 'pnpm-workspace' || !LISTS.has(setting.name) || settingNamed(file, 'allowBuilds') !== undefined) return [];
  const lists = file.settings.filter(({ name }) => LISTS.has(name));
  const builds = new Map<string, boolean>();
  const edits: Edit[] = [];
  const eol = lineEndOf(text);
  for (const list of lists) {
    const place = wholeLines(text, list);
    if (place === undefined || list.value?.kind !== 'list' || list.value.hasOthers) return [];
    // A name in two lists is denied: that is the safer of two readings.
    for (const item of list.value.items) builds.set(item.text, (builds.get(item.text) ?? true) && LISTS.get(list.name) === true);
    edits.push({ span: place, text: '' });
  }
  const [first, ...others] = edits.map((edit, i) => (i === 0 ? edit : { ...edit, span: withEndBefore(text, edit.span) }));
  if (first === undefined || builds.size === 0) return [];
  const lines = [...builds].map(([name, allowed]) => `  ${asKey(name)}: ${allowed}`);
  const endsLine = /[\r\n]$/.test(text.slice(first.span.start, first.span.end));
  const replaced = { span: first.span, text: `allowBuilds:${eol}${lines.join(eol)}${endsLine ? eol : ''}` };
  return [
    {
      title: 'Move the build lists to allowBuilds (check the list: a name in both is denied)',
      safety: 'review',
      online: false,
      edits: [replaced, ...others],
    },
  ];
}

/** A last line without a line end takes the one before it along. */
function withEndBefore(text: string, { start, end }: Span): Span {
  if (end < text.length || /[\r\n]$/.test(text)) return { start, end };
  return { start: text.slice(0, start).replace(/\r?\n$/, '').length, end };
}

/** A package's name as a plain key where YAML allows it. */
function asKey(name: string): string {
  return /^[A-Za-z0-9][\w./-]*$/.test(name) ? name : JSON.stringify(name);
}

/** The lines of a list with nothing but names in them, in block or flow style. */
function wholeLines(text: string, { keySpan, value }: Setting): Span | undefined {
  if (value?.kind !== 'list') return undefined;
  const start = text.lastIndexOf('\n', keySpan.start - 1) + 1;
  if (text.slice(start, keySpan.start).trim() !== '' && text.slice(start, keySpan.start) !== '\ufeff') return undefined;
  const last = Math.max(value.span.start, ...value.items.map((item) => item.span.end));
  const feed = text.indexOf('\n', text[value.span.start] === '[' ? value.span.end - 1 : last);
  const end = feed < 0 ? text.length : feed + 1;
  if (text.slice(keySpan.start, end).includes('#')) return undefined;
  return span(text[start] === '\ufeff' ? start + 1 : start, end);
}
