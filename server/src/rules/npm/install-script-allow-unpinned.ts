import { valid } from 'semver';
import type { Edit, Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import type { Span } from '../../core/span.ts';
import { plain } from '../../core/untrusted.ts';
import type { LockFile } from '../../formats/lock-model.ts';
import { soleLock } from '../../formats/locked.ts';
import { isCertainly, type ManagerInUse, managerInUse } from '../../formats/manager-in-use.ts';
import type { SettingsFile } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';

/** An install script that was reviewed once and is allowed for ever, or allowed for a package that is not here any more. */
export const rule: Rule = {
  meta: {
    id: 'npm/install-script-allow-unpinned',
    title: 'An install script that is allowed for every version, or for a package that is not locked',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json', 'pnpm-workspace'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '3.5',
    refs: [
      'https://docs.npmjs.com/cli/v11/commands/npm-install-scripts',
      'https://pnpm.io/settings#allowbuilds',
      'https://bun.com/docs/pm/lifecycle#trusteddependencies',
    ],
    messages: {
      unpinned: {
        what: '`{list}` allows the install scripts of all versions of {names}.',
        why: 'A script that a hijacked release brings along then runs without a question, although another one was reviewed.',
        remedy: 'Name the version that was reviewed, so that the next one asks again.',
      },
      stale: {
        what: '`{name}` is allowed to run install scripts, and the lockfile has no such package.',
        why: 'Whoever gets a package of this name into the tree, at any depth, runs code at once.',
        remedy: 'Remove the entry.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const file = settingsOf(manifest);
    if (file === undefined || manifest.problems.length > 0) return;
    const lists = allowLists(file);
    const found = lists.length === 0 ? undefined : soleLock(surroundings, manifest.file.path);
    if (found === undefined || found.importer !== '') return;
    const versions = versionsByName(found.lock);
    const inUse = managerInUse(surroundings, manifest.file.path);
    for (const list of lists) {
      if (list.manager !== found.lock.manager) continue;
      const open: Pinnable[] = [];
      for (const entry of list.entries) {
        // A repository, an address or a pattern is no name.
        const [, name, version] = /^((?:@[^/@*]+\/)?[^/@*:]+)(?:@(.*))?$/.exec(entry.text) ?? [];
        if (name === undefined || !/^[\d\s.|+\w*-]*$/.test(version ?? '')) continue;
        const locked = versions.get(name);
        if (locked === undefined) report({ messageId: 'stale', args: { name }, span: entry.span, identity: `${list.name} ${name}` });
        else if (version === undefined || version === '' || version === '*') open.push({ name, span: entry.span, versions: [...locked] });
      }
      if (open.length === 0 || !canPin(list.name, inUse)) continue;
      const names = open.slice(0, MAX_NAMES).map(({ name }) => `\`${name}\``);
      const rest = open.length - names.length;
      report({
        messageId: 'unpinned',
        args: { list: list.name, names: rest > 0 ? `${names.join(', ')} and ${rest} more` : names.join(', ') },
        span: list.keySpan,
        identity: list.name,
        fixes: pins(manifest.file.text, open),
      });
    }
  },
};

const MAX_NAMES = 5;

interface AllowList {
  readonly manager: 'npm' | 'pnpm' | 'bun';
  readonly name: string;
  readonly keySpan: Span;
  readonly entries: readonly { readonly text: string; readonly span: Span }[];
}

/** The lists that allow scripts: maps with the entries that say `true`, and lists of names. */
function allowLists({ kind, settings }: SettingsFile): AllowList[] {
  const prefix = kind === 'package-json' ? 'pnpm.' : '';
  const managers = new Map<string, AllowList['manager']>([
    [`${prefix}allowBuilds`, 'pnpm'],
    [`${prefix}onlyBuiltDependencies`, 'pnpm'],
    ...(kind === 'package-json'
      ? ([
          ['allowScripts', 'npm'],
          ['trustedDependencies', 'bun'],
        ] as const)
      : []),
  ]);
  return settings.flatMap((setting): AllowList[] => {
    const { name, keySpan, value, path } = setting;
    const manager = managers.get(name);
    if (manager === undefined || value === undefined || value.kind === 'text') return [];
    if (value.kind === 'list') return [{ manager, name, keySpan, entries: value.items.filter(({ isVerbatim }) => isVerbatim) }];
    const inner = settings.filter((other) => other.path.length === path.length + 1 && path.every((part, i) => part === other.path[i]));
    const allowed = inner.filter((other) => other.value?.kind === 'text' && other.value.text === 'true' && !other.value.isString);
    return [{ manager, name, keySpan, entries: allowed.map((other) => ({ text: other.path.at(-1) ?? '', span: other.keySpan })) }];
  });
}

/** Bun takes names alone; pnpm's old list takes versions from 10.19 on. */
function canPin(list: string, inUse: ManagerInUse | undefined): boolean {
  if (list === 'trustedDependencies') return false;
  return !list.endsWith('onlyBuiltDependencies') || (inUse !== undefined && isCertainly(inUse, '>=10.19.0'));
}

interface Pinnable {
  readonly name: string;
  readonly span: Span;
  readonly versions: readonly string[];
}

/** By lockfile, because a manifest is read again at every key and its lockfile is not. */
const known = new WeakMap<LockFile, ReadonlyMap<string, ReadonlySet<string>>>();

function versionsByName(lock: LockFile): ReadonlyMap<string, ReadonlySet<string>> {
  const before = known.get(lock);
  if (before !== undefined) return before;
  const versions = new Map<string, Set<string>>();
  known.set(lock, versions);
  for (const { name, version, source } of lock.entries) {
    const locked = versions.get(name) ?? new Set();
    versions.set(name, locked);
    if (version !== undefined && source === 'tarball') locked.add(version);
  }
  return versions;
}

/** All entries at once; those whose versions the lockfile does not have from a registry stay. */
function pins(text: string, open: readonly Pinnable[]): Fix[] {
  const edits = open.flatMap(({ name, span, versions }): Edit[] => {
    const known = versions.filter((version) => valid(version) !== null);
    const isWritten = text.slice(span.start, span.end).startsWith(name);
    return known.length === 0 || known.length < versions.length || !isWritten ? [] : [{ span, text: `${name}@${known.join(' || ')}` }];
  });
  if (edits.length === 0) return [];
  const which = edits.length === 1 ? plain(edits.map(({ text }) => text).join('')) : `${edits.length} packages at the locked versions`;
  return [{ title: `Allow ${which} alone (check that these are the versions that were reviewed)`, safety: 'review', online: false, edits }];
}
