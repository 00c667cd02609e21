import type { Format, Manifest } from '../core/manifest.ts';
import type { SourceFile } from '../core/source-file.ts';
import { type Span, span } from '../core/span.ts';
import { LineIndex } from '../core/text.ts';
import { holdsToken, isPlaceholder, passwordsInUrls } from './credential.ts';
import { isLoopback } from './https-hosts.ts';
import { scanIgnoreMarkers } from './ignore-markers.ts';

/** A key or a value. */
export interface NpmrcText {
  /** As npm's reader gives it: quotes, escapes and the comment behind it are gone. Environment references stay as written. */
  readonly text: string;
  /** Where it stands, without the quotes that were removed. */
  readonly span: Span;
  /** Whether the document has at `span` just `text`. */
  readonly isVerbatim: boolean;
}

/** A password or token that is written out. */
export interface Credential {
  /** What is secret of the value. */
  readonly span: Span;
  readonly kind: 'token' | 'password' | 'auth' | 'key';
}

/** One `key=value` line, or a key alone, which means `true`. */
export interface NpmrcEntry {
  /** With its scope or registry, without `[]`. */
  readonly key: NpmrcText;
  /** The setting without its scope and registry: `registry` of `@acme:registry`, `_authToken` of `//host/:_authToken`. */
  readonly name: string;
  /** The host with its port, in lower case, of a key that belongs to a registry (`//host/path/:name`). */
  readonly host?: string;
  /** Undefined for a key alone. */
  readonly value?: NpmrcText;
  /** `key[]=value`: one of several values. */
  readonly isList: boolean;
  /** The section it stands in. npm reads no settings from sections. */
  readonly section?: string;
  readonly credential?: Credential;
}

/** An .npmrc file. */
export interface Npmrc {
  /** In document order; a key that is written twice is there twice. */
  readonly entries: readonly NpmrcEntry[];
}

/**
 * .npmrc as npm reads it (npm documentation, "npmrc"; the `ini` library, `decode` and `unsafe`). Every text is one: a line that
 * is no `key=value` is a key, or nothing.
 */
export const format: Format<Npmrc> = {
  id: 'npmrc',
  title: '.npmrc',
  globs: ['**/.npmrc'],
  languageIds: [],
  parse,
};

/** A manifest as an .npmrc, undefined where it is another format's. */
export function asNpmrc(manifest: Manifest): Npmrc | undefined {
  // The format id and the model's type are set together, here.
  return manifest.format === format.id ? (manifest.model as Npmrc) : undefined;
}

/** The names of the environment variables that a value asks for: `${NAME}`, `${NAME?}`, not escaped (npm's `env-replace`). */
export function environmentNames(value: string): string[] {
  return [...value.matchAll(ENVIRONMENT)].flatMap(([, escapes = '', name = '']) => (escapes.length % 2 === 0 ? [name] : []));
}

const ENVIRONMENT = /(?<!\\)(\\*)\$\{([^${}?]+)\??\}/g;

function parse(file: SourceFile): Manifest<Npmrc> {
  const { text } = file;
  const lines = new LineIndex(text);
  const entries: NpmrcEntry[] = [];
  const quoted: Span[] = [];
  let section: string | undefined;
  for (let line = 0; line < lines.lineCount; line++) {
    const { start, end } = lines.lineSpan(line);
    const content = text.slice(start, end);
    if (/^\s*(?:[;#]|$)/.test(content)) continue;
    // A section begins at the line's first character; where white space stands before it, npm reads a key.
    const header = /^\[([^\]]*)\]\s*$/.exec(content);
    if (header !== null) {
      section = readText(text, start + 1, start + 1 + (header[1] ?? '').length).text;
      continue;
    }
    const equals = content.indexOf('=');
    if (equals === 0) continue;
    const entry = readEntry(text, { start, equals: equals < 0 ? end : start + equals, end }, section);
    entries.push(entry);
    if (entry.value !== undefined && /["']/.test(text[entry.value.span.end] ?? '')) quoted.push(entry.value.span);
  }
  return {
    file,
    format: format.id,
    model: { entries },
    refs: [],
    scripts: [],
    ignores: readIgnores(text, lines, quoted),
    problems: [],
    secrets: entries.flatMap(({ credential }) => (credential === undefined ? [] : [credential.span])),
  };
}

interface Line {
  readonly start: number;
  /** The place of the equals sign, or the line's end where there is none. */
  readonly equals: number;
  readonly end: number;
}

function readEntry(text: string, { start, equals, end }: Line, section: string | undefined): NpmrcEntry {
  const written = readText(text, start, equals);
  const isList = written.text.length > 2 && written.text.endsWith('[]');
  const key = isList ? withoutBrackets(written) : written;
  const value = equals < end ? readText(text, equals + 1, end) : undefined;
  const [, registry, name = key.text] = /^(?:(\/\/.*|@[^/]*):)?([^:/]*)$/s.exec(key.text) ?? [];
  const host = registry?.startsWith('//') ? registry.slice(2).split('/')[0]?.toLowerCase() : undefined;
  const credential = value && credentialIn(name, host, value);
  return {
    key,
    name,
    ...(host === undefined ? {} : { host }),
    ...(value === undefined ? {} : { value }),
    isList,
    ...(section === undefined ? {} : { section }),
    ...(credential === undefined ? {} : { credential }),
  };
}

function withoutBrackets(key: NpmrcText): NpmrcText {
  const text = key.text.slice(0, -2);
  return key.isVerbatim ? { text, span: span(key.span.start, key.span.end - 2), isVerbatim: true } : { ...key, text };
}

const CREDENTIALS: ReadonlyMap<string, Credential['kind']> = new Map([
  ['_authtoken', 'token'],
  ['-authtoken', 'token'],
  ['_password', 'password'],
  ['_auth', 'auth'],
]);

/** What is secret of a value. A registry on this machine has no secrets: its tokens are made up for tests. */
function credentialIn(name: string, host: string | undefined, value: NpmrcText): Credential | undefined {
  const { text, span: whole, isVerbatim } = value;
  if (host !== undefined && isLoopback(host.replace(/:\d+$/, ''))) return undefined;
  if (text.includes('PRIVATE KEY-----')) return { span: whole, kind: 'key' };
  const [inUrl] = passwordsInUrls(text);
  if (inUrl !== undefined && !isLoopback(hostOf(text.slice(inUrl.end + 1))))
    return { span: isVerbatim ? span(whole.start + inUrl.start, whole.start + inUrl.end) : whole, kind: 'password' };
  if (holdsToken(text)) return { span: whole, kind: CREDENTIALS.get(name.toLowerCase()) ?? 'token' };
  const kind = CREDENTIALS.get(name.toLowerCase());
  return kind === undefined || isPlaceholder(text) || environmentNames(text).length > 0 ? undefined : { span: whole, kind };
}

function hostOf(authority: string): string {
  return (/^(?:\[[^\]]*\]|[^/:?#]*)/.exec(authority)?.[0] ?? '').toLowerCase();
}

/**
 * A key or value as the `ini` library's `unsafe` reads it: trimmed; in quotes as a whole, decoded like JSON where that works; else cut
 * at the first `;` or `#`, wherever it stands, that no backslash escapes.
 */
function readText(document: string, from: number, to: number): NpmrcText {
  const raw = document.slice(from, to);
  const start = from + raw.length - raw.trimStart().length;
  const trimmed = raw.trim();
  const quote = trimmed[0];
  if ((quote === '"' || quote === "'") && trimmed.endsWith(quote)) {
    if (trimmed.length < 2) return { text: quote === '"' ? quote : '', span: span(start, start + 1), isVerbatim: quote === '"' };
    const inner = trimmed.slice(1, -1);
    const text = decoded(quote === '"' ? trimmed : inner);
    const place = span(start + 1, start + trimmed.length - 1);
    if (text === undefined && quote === '"') return { text: trimmed, span: place, isVerbatim: false };
    return { text: text ?? inner, span: place, isVerbatim: (text ?? inner) === inner };
  }
  let text = '';
  let at = 0;
  for (; at < trimmed.length; at++) {
    const char = trimmed[at] ?? '';
    if (char === ';' || char === '#') break;
    const next = trimmed[at + 1];
    if (char === '\\' && next !== undefined) {
      text += '\\;#'.includes(next) ? next : char + next;
      at++;
    } else text += char;
  }
  const written = trimmed.slice(0, at).trimEnd();
  return { text: text.trim(), span: span(start, start + written.length), isVerbatim: written === text.trim() };
}

/** A JSON string's content; another JSON value's text, since all settings are texts first; undefined for no JSON. */
function decoded(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : json.trim();
  } catch {
    return undefined;
  }
}

/** A marker covers its own line, or the next line that is no comment. Inside quotes, `#` is a character like any other. */
function readIgnores(text: string, lines: LineIndex, quoted: readonly Span[]): Manifest['ignores'] {
  if (!text.includes('#')) return [];
  let next = 0;
  const scopeBelow = (line: number): Span => {
    next = Math.max(next, line + 1);
    while (next < lines.lineCount && /^\s*(?:[;#]|$)/.test(lines.lineText(next))) next++;
    return lines.lineSpan(next);
  };
  const starts = new Map(quoted.map((one) => [lines.positionAt(one.start).line, one]));
  return scanIgnoreMarkers(text, lines, { endOfLine: true, scopeBelow }).filter(({ span: { start } }) => {
    const value = starts.get(lines.positionAt(start).line);
    return value === undefined || start < value.start || start >= value.end;
  });
}
