import { parse as parseVersion, Range } from 'semver';
import { remember } from '../core/remember.ts';
import type { Span } from '../core/span.ts';

/** A part of a requirement. The span is relative to the requirement's text, in UTF-16 offsets. */
export interface SpecPart {
  readonly text: string;
  readonly span: Span;
}

/** A requirement that points at a git repository. */
export interface GitSpec {
  readonly kind: 'git';
  /** `host/path` in lower case without `.git`, for comparing; `github.com/owner/repo`. */
  readonly repository: string;
  readonly protocol: string;
  /** The branch, tag or commit that is asked for, undefined where the default branch is meant. */
  readonly ref: SpecPart | undefined;
  /** The range that tags have to satisfy (`#semver:^1`). */
  readonly range: SpecPart | undefined;
  /** `ref` where it is a whole commit: forty hex digits, or sixty-four for SHA-256 repositories. */
  readonly commit: string | undefined;
}

/** What a requirement means. `remote` is a URL to a tarball; `invalid` is what no manager installs, half-typed versions included. */
export type Spec =
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'range'; readonly range: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'alias'; readonly name: SpecPart | undefined; readonly spec: Spec; readonly specPart: SpecPart }
  | GitSpec
  | { readonly kind: 'remote'; readonly url: string; readonly scheme: SpecPart; readonly host: string }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'workspace'; readonly range: string }
  | { readonly kind: 'catalog'; readonly catalog: string }
  | { readonly kind: 'protocol'; readonly protocol: string }
  | { readonly kind: 'invalid' };

/** Longer requirements are not read: nobody writes them, and a range costs time with its length. */
export const MAX_SPEC_UNITS = 1024;

/** How many requirements are remembered: a large monorepo has some thousand. */
const REMEMBERED = 4096;

/**
 * Reads a requirement as npm does (npm-package-arg, with hosted-git-info's shorthands), and what yarn, pnpm and bun
 * have besides: `workspace:`, `catalog:`, `portal:`, `link:`, `patch:`, `jsr:`, `exec:`, scp-like ssh to any host, `https` to `.git`.
 * Never throws.
 */
export const parseSpec: (text: string) => Spec = remember(readSpec, REMEMBERED);

function readSpec(text: string): Spec {
  if (text.length > MAX_SPEC_UNITS) return { kind: 'invalid' };
  const protocol = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase() ?? '';
  if (isPath(text, protocol)) return { kind: 'path', path: text.replace(/^(?:file|link|portal):/i, '') };
  switch (protocol) {
    case 'npm':
    case 'jsr':
      return alias(text);
    case 'workspace':
      return { kind: 'workspace', range: text.slice('workspace:'.length) };
    case 'catalog':
      return { kind: 'catalog', catalog: text.slice('catalog:'.length) };
  }
  const git = hostedShorthand(text) ?? gitUrl(text);
  if (git !== undefined) return git;
  const remote = /^(https?):\/\/(?:[^/@?#]*@)?([^/:?#]*)/i.exec(text);
  if (remote !== null) {
    if (remote[2] === '') return { kind: 'invalid' };
    const scheme = remote[1] ?? '';
    return {
      kind: 'remote',
      url: text,
      scheme: { text: scheme.toLowerCase(), span: { start: 0, end: scheme.length } },
      host: (remote[2] ?? '').toLowerCase(),
    };
  }
  if (protocol !== '') return { kind: 'protocol', protocol };
  if (text.includes('/') || /\.(?:tgz|tar\.gz|tar)$/i.test(text)) return { kind: 'path', path: text };
  return registrySpec(text);
}

function isPath(text: string, protocol: string): boolean {
  // A single letter before the colon is a Windows drive.
  return ['file', 'link', 'portal'].includes(protocol) || /^(?:\.|~\/|\/|[a-z]:)/i.test(text);
}

/** `version`, `range` or `tag`, as the registry is asked. */
function registrySpec(text: string): Spec {
  const trimmed = text.trim();
  if (parseVersion(trimmed, { loose: true }) !== null) return { kind: 'version', version: trimmed };
  if (asRange(trimmed) !== undefined) return { kind: 'range', range: trimmed === '' ? '*' : trimmed };
  return isTagName(trimmed) ? { kind: 'tag', tag: trimmed } : { kind: 'invalid' };
}

/** A tag is what URLs carry unencoded (npm-package-arg, "invalidTagName"). */
function isTagName(text: string): boolean {
  return /^[A-Za-z0-9\-_.!~*'()]+$/.test(text);
}

/** A range as npm reads it (loosely); undefined where the text is none. */
export const asRange: (text: string) => Range | undefined = remember(readRange, REMEMBERED);

function readRange(text: string): Range | undefined {
  try {
    return new Range(text, { loose: true });
  } catch {
    // The constructor is semver's only parser that keeps the comparators, and throwing is how it says no.
    return undefined;
  }
}

/** In which way every later version satisfies a requirement: `any` version at all, no upper bound (`open`), a dist-tag; undefined where none does. */
export function floatOf(spec: Spec): 'any' | 'open' | 'tag' | undefined {
  switch (spec.kind) {
    case 'alias':
      return floatOf(spec.spec);
    case 'tag':
      // `1.` on its way to `1.2.3` is a legal tag, and nobody's.
      return /^[v=]?\d/.test(spec.tag) ? undefined : 'tag';
    case 'range': {
      const sets = asRange(spec.range)?.set ?? [];
      const open = sets.filter((set) => !set.some(({ operator, value }) => value !== '' && !operator.startsWith('>')));
      if (open.length === 0) return undefined;
      return open.some((set) => set.every(({ value }) => value === '')) ? 'any' : 'open';
    }
    default:
      return undefined;
  }
}

/** `npm:name@spec`, `npm:name`, yarn's `npm:spec`, and the same with `jsr:`. */
function alias(text: string): Spec {
  const start = text.indexOf(':') + 1;
  const rest = text.slice(start);
  const at = rest.indexOf('@', 1);
  if (at < 0 && asRange(rest) !== undefined) {
    return { kind: 'alias', name: undefined, spec: registrySpec(rest), specPart: part(text, start, text.length) };
  }
  const nameEnd = at < 0 ? text.length : start + at;
  const name = part(text, start, nameEnd);
  if (!/^(?:@[^/@\s]+\/)?[^/@\s:]+$/.test(name.text)) return { kind: 'invalid' };
  const specPart = part(text, at < 0 ? nameEnd : nameEnd + 1, text.length);
  return { kind: 'alias', name, spec: registrySpec(specPart.text), specPart };
}

const SHORTCUTS: Readonly<Record<string, string>> = {
  github: 'github.com',
  gitlab: 'gitlab.com',
  bitbucket: 'bitbucket.org',
  gist: 'gist.github.com',
  sourcehut: 'git.sr.ht',
};

/** `owner/repo` and `github:owner/repo` (hosted-git-info, "isGitHubShorthand" and the shortcuts). */
function hostedShorthand(text: string): GitSpec | undefined {
  const hash = text.indexOf('#');
  const before = hash < 0 ? text : text.slice(0, hash);
  if (/^[^\s./@:][^\s/@:]*\/[^\s/@:]+$/.test(before)) return git(text, { protocol: 'github', host: 'github.com', path: before });
  const shortcut = /^([a-z]+):(?:[^@]*@)?(.+)$/i.exec(before);
  const protocol = (shortcut?.[1] ?? '').toLowerCase();
  if (!Object.hasOwn(SHORTCUTS, protocol)) return undefined;
  return git(text, { protocol, host: SHORTCUTS[protocol] ?? '', path: shortcut?.[2] ?? '' });
}

const URL_PARTS = /^(?:([a-z][a-z0-9+.-]*):(?:\/\/)?)?(?:([^@/#]*)@)?([^/:#]+)(?::\d+(?=\/))?[/:]([^#]*)/i;

/** A URL, or `user@host:path`, to a git repository. */
function gitUrl(text: string): GitSpec | undefined {
  const match = URL_PARTS.exec(text);
  if (match === null) return undefined;
  const [, scheme, user, hostPart = '', path = ''] = match;
  const protocol = (scheme ?? 'ssh').toLowerCase();
  const host = hostPart.toLowerCase().replace(/^www\./, '');
  if (scheme === undefined && (user === undefined || !host.includes('.'))) return undefined;
  if (protocol === 'git' || protocol === 'ssh' || protocol.startsWith('git+')) return git(text, { protocol, host, path });
  if (protocol !== 'https' && protocol !== 'http') return undefined;
  // What is behind `?` makes it something else than a repository's page.
  const repository = path.replace(/\/$/, '');
  if (/\.git$/i.test(repository)) return git(text, { protocol, host, path: repository });
  if (!isHostedRepository(host, repository)) return undefined;
  const tree = /^([^/]+\/[^/]+)\/tree\/([^/]+)/.exec(repository);
  if (tree === null) return git(text, { protocol, host, path: repository });
  const start = match[0].length - path.length + (tree[1] ?? '').length + '/tree/'.length;
  return git(text, { protocol, host, path: tree[1] ?? '', ref: part(text, start, start + (tree[2] ?? '').length) });
}

/** Whether `https://host/path` is a repository's page and no file of it (hosted-git-info, the hosts' "extract"). */
function isHostedRepository(host: string, path: string): boolean {
  if (path.includes('?')) return false;
  switch (host) {
    case 'github.com':
      return /^[^/]+\/[^/]+(?:\/tree(?:\/.*)?)?$/.test(path);
    case 'gitlab.com':
      return /^[^/]+(?:\/[^/]+)+$/.test(path) && !path.includes('/-/') && !path.includes('/archive.tar.gz');
    case 'bitbucket.org':
      return /^[^/]+\/[^/]+(?:\/(?!get(?:\/|$)).*)?$/.test(path);
    case 'gist.github.com':
      return /^[^/]+(?:\/[^/]+)?$/.test(path);
    case 'git.sr.ht':
      return /^[^/]+\/[^/]+(?:\/(?!archive(?:\/|$)).*)?$/.test(path);
    default:
      return false;
  }
}

interface GitParts {
  readonly protocol: string;
  readonly host: string;
  readonly path: string;
  readonly ref?: SpecPart;
}

function git(text: string, { protocol, host, path, ref }: GitParts): GitSpec {
  const fragment = readFragment(text);
  const found = ref ?? fragment.ref;
  return {
    kind: 'git',
    repository: `${host}/${path
      .replace(/^\/+|\/+$/g, '')
      .replace(/\.git$/i, '')
      .toLowerCase()}`,
    protocol,
    ref: found,
    range: fragment.range,
    commit: found !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(found.text) ? found.text : undefined,
  };
}

/**
 * What stands behind `#`: a committish, `semver:range`, and parts that choose no commit (`path:`, `workspace=`). npm
 * separates with `::`, pnpm and yarn with `&`; yarn also writes `commit=`, `branch=`, `tag=`, `head=`.
 */
function readFragment(text: string): { ref?: SpecPart; range?: SpecPart } {
  const found: { ref?: SpecPart; range?: SpecPart } = {};
  const hash = text.indexOf('#');
  if (hash < 0) return found;
  for (const match of text.slice(hash + 1).matchAll(/(?:^|::|&)(?:(commit|branch|tag|head|semver|path|workspace)[:=])?((?:(?!::|&).)*)/g)) {
    const [whole, key, value = ''] = match;
    if (value === '') continue;
    const end = hash + 1 + match.index + whole.length;
    const valuePart = part(text, end - value.length, end);
    if (key === 'semver') found.range ??= valuePart;
    else if (key !== 'path' && key !== 'workspace') found.ref ??= valuePart;
  }
  return found;
}

/** An address of a lockfile that may be a git repository's: as a requirement, or GitHub's archive of one commit, which Yarn 1 fetches. */
export function parseLockedGit(address: string): Spec {
  const archive = /^https:\/\/codeload\.github\.com\/([^/]+\/[^/]+)\/tar\.gz\/([0-9a-f]{40})(?:#|$)/.exec(address);
  return archive === null ? parseSpec(address) : parseSpec(`github:${archive[1]}#${archive[2]}`);
}

/** The edit of a git requirement's text that pins it to a commit: what to replace, relative to the text, and with what. */
export function pinnedToCommit(text: string, spec: GitSpec, commit: string): { readonly span: Span; readonly text: string } {
  if (spec.ref !== undefined) return { span: spec.ref.span, text: commit };
  if (spec.range !== undefined) {
    // `semver:` or `semver=` goes with its range.
    return { span: { start: spec.range.span.start - 'semver:'.length, end: spec.range.span.end }, text: commit };
  }
  const hash = text.indexOf('#');
  if (hash < 0) return { span: { start: text.length, end: text.length }, text: `#${commit}` };
  const rest = text.slice(hash + 1);
  return { span: { start: hash + 1, end: hash + 1 }, text: rest === '' ? commit : `${commit}${rest.includes('&') ? '&' : '::'}` };
}

function part(text: string, start: number, end: number): SpecPart {
  return { text: text.slice(start, end), span: { start, end } };
}
