import { markdown } from '../core/untrusted.ts';
import type { ChangedPackage, LockChange } from '../formats/lock-change.ts';

/** What two states of a lockfile are called: the commit before, and whether the file was there. */
export interface ChangeTitle {
  /** The file's path, for people. */
  readonly path: string;
  /** The whole name of the commit. */
  readonly commit: string;
  readonly isNew: boolean;
}

/** So many digits of a commit are enough for people. */
const SHORT_COMMIT = 7;

/** How many rows of a list are shown. */
const MAX_ROWS = 500;

/** A change in one line, the gravest first: `Since 1a2b3c4: 1 hash changed, 2 new hosts, 3 added`. */
export function changeSummary(change: LockChange, { commit, isNew }: ChangeTitle): string {
  const parts = [
    counted(change.hashes.length, 'changed hash', 'changed hashes'),
    counted(change.sources.length, 'package from outside of a registry', 'packages from outside of a registry'),
    counted(change.hosts.length, 'new host', 'new hosts'),
    counted(change.scripts?.length ?? 0, 'new install script', 'new install scripts'),
    counted(change.updated.filter(({ isDowngrade }) => isDowngrade).length, 'downgrade', 'downgrades'),
    counted(change.added.length, 'package added', 'packages added'),
    counted(change.updated.length, 'changed', 'changed'),
    counted(change.removed.length, 'removed', 'removed'),
  ].filter((part) => part !== '');
  const since = isNew ? `New since ${commit.slice(0, SHORT_COMMIT)}` : `Since ${commit.slice(0, SHORT_COMMIT)}`;
  return `${since}: ${parts.length === 0 ? 'nothing changed' : parts.join(', ')}`;
}

/** A change as a Markdown document. Names, versions and hosts are foreign text: nothing of them is markup. */
export function changeDocument(change: LockChange, title: ChangeTitle): string {
  const { path, isNew } = title;
  const { hashes, sources, hosts, scripts, updated, added, removed } = change;
  const lines = [
    `# What ${markdown(path)} brings in`,
    '',
    `${changeSummary(change, title)}.${isNew ? ' That commit has no such file, so everything is new.' : ''}`,
  ];
  const section = (heading: string, why: string, rows: readonly string[]): void => {
    if (rows.length === 0) return;
    lines.push('', `## ${heading} (${rows.length})`, '');
    if (why !== '') lines.push(why, '');
    lines.push(...rows.slice(0, MAX_ROWS).map((row) => `- ${row}`));
    if (rows.length > MAX_ROWS) lines.push(`- and ${rows.length - MAX_ROWS} more`);
  };
  section(
    'Error: another hash for the same version',
    'A registry never changes the archive of a version: find out who changed these lines before anything is installed.',
    hashes.map(({ name, version, algorithm }) => `${markdown(`${name}@${version}`)}: another ${markdown(algorithm)} hash`),
  );
  section(
    'From outside of a registry',
    'Nothing scans these, dates them or takes them back.',
    sources.map(
      ({ name, kind, host }) => `${markdown(name)} from ${kind === 'git' ? 'git' : 'a URL'}${host === '' ? '' : ` at ${markdown(host)}`}`,
    ),
  );
  section(
    'New hosts',
    'Whoever runs them decides what is installed.',
    hosts.map(({ host, count, example }) => `${markdown(host)}: ${counted(count, 'package', 'packages')}, ${markdown(example)} first`),
  );
  section('New install scripts', 'These run with your rights when they are installed.', (scripts ?? []).map(packageRow));
  section('Added', '', added.map(packageRow));
  section(
    'Changed',
    '',
    updated.map(
      ({ name, before, after, isDowngrade }) =>
        `${markdown(name)}: ${versionList(before)} → ${versionList(after)}${isDowngrade ? ' (lower than before)' : ''}`,
    ),
  );
  section('Removed', '', removed.map(packageRow));
  if (scripts === undefined) lines.push('', 'This lockfile does not record which packages have install scripts.');
  return `${lines.join('\n')}\n`;
}

function packageRow({ name, versions }: ChangedPackage): string {
  return `${markdown(name)} ${versionList(versions)}`;
}

function versionList(versions: readonly string[]): string {
  return versions.length === 0 ? 'none' : versions.map((version) => markdown(version)).join(', ');
}

function counted(count: number, one: string, many: string): string {
  return count === 0 ? '' : `${count} ${count === 1 ? one : many}`;
}
