import type { Fix } from '../../core/finding.ts';
import type { Rule, RuleContext, Surroundings } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import { NO_SPAN, type Span } from '../../core/span.ts';
import { plain } from '../../core/untrusted.ts';
import { BUN_TRUSTED } from '../../data/bun-trusted.ts';
import { packageId, uncovered, unreviewed } from '../../formats/allow-scripts.ts';
import { type JsonObject, memberOf, membersOf, stringContent } from '../../formats/json.ts';
import { addMembers } from '../../formats/json-edits.ts';
import type { LockEntry, LockFile } from '../../formats/lock-model.ts';
import { soleLock } from '../../formats/locked.ts';
import { asPackageJson, DEPENDENCY_GROUPS, type PackageJson } from '../../formats/package-json.ts';
import { reviewedBuilds } from '../../formats/pnpm-builds.ts';
import { settingNamed, textOfSetting } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';

const WHY =
  'Such a script runs with your rights on every machine that installs, and most hijacked packages of 2025 and 2026 did their work in one.';

/** A dependency that runs code when it is installed, and about which nobody said yes or no. */
export const rule: Rule = {
  meta: {
    id: 'npm/install-script-unreviewed',
    title: 'An install script that nobody reviewed',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/commands/npm-install-scripts',
      'https://github.com/npm/rfcs/pull/868',
      'https://pnpm.io/settings#allowbuilds',
      'https://bun.com/docs/pm/lifecycle#trusteddependencies',
      'https://www.cisa.gov/news-events/alerts/2025/09/23/widespread-supply-chain-compromise-impacting-npm-ecosystem',
    ],
    messages: {
      direct: {
        what: '`{names}` has an install script, and `allowScripts` says neither yes nor no to it.',
        why: WHY,
        remedy: 'Read the script, then allow or deny the package; npm 12 skips what is not listed.',
      },
      deep: {
        what: '{count} further down the tree, and `allowScripts` says neither yes nor no: {names}.',
        why: WHY,
        remedy: 'Run `npm install-scripts ls`, read the scripts, then allow or deny each package; npm 12 skips what is not listed.',
      },
      pnpm: {
        what: '{count}, and no build list of pnpm says yes or no: {names}.',
        why: WHY,
        remedy: 'Read the scripts, then allow or deny each package in `allowBuilds` (before pnpm 10.26 in `onlyBuiltDependencies`).',
      },
      bun: {
        what: '{names} stand on the list that comes with Bun: their install scripts run, although nobody here allowed them.',
        why: `${WHY} The list knows names alone, and two of them, nx and mbt, have been hijacked.`,
        remedy: 'Add `trustedDependencies` with the packages that need their scripts, or with none: it replaces that list.',
      },
    },
  },
  check(context) {
    const { manifest, surroundings, report } = context;
    const model = asPackageJson(manifest);
    const found = soleLock(surroundings, manifest.file.path);
    // The list counts in the root alone, beside the lockfile.
    if (model?.root === undefined || manifest.problems.length > 0 || found === undefined || found.importer !== '') return;
    if (found.lock.manager === 'pnpm') return checkPnpm(context, model, found.lock);
    if (found.lock.manager === 'bun') return checkBun(context, model, found.lock);
    if (found.lock.manager !== 'npm') return;
    const allowed = membersOf(model.root).find(({ key }) => key.value === 'allowScripts');
    const open = unreviewed(found.lock, allowed?.value);
    if (open.length === 0) return;
    const list = allowed === undefined ? undefined : stringContent(allowed.key);
    const deep = new Set(open);
    for (const dependency of model.dependencies) {
      const entry = found.lock.locked('', dependency.name, dependency.spec);
      const own = entry && open.find((one) => packageId(one) === packageId(entry));
      if (own === undefined || !deep.delete(own)) continue;
      const fixes = fixesOf(context, model.root, { packages: [own], all: open });
      report({ messageId: 'direct', args: { names: packageId(own) }, span: list ?? dependency.nameSpan, identity: own.name, fixes });
    }
    if (deep.size === 0) return;
    report({
      messageId: 'deep',
      args: {
        count: countOf([...deep]),
        names: namesOf([...deep]),
      },
      span: list ?? groupSpan(model),
      identity: 'deep',
      fixes: fixesOf(context, model.root, { packages: [...deep], all: open }),
    });
  },
};

function checkPnpm({ manifest, surroundings, report }: RuleContext, model: PackageJson, lock: LockFile): void {
  const reviewed = reviewedBuilds(surroundings, folderOf(manifest.file.path));
  const open = reviewed === 'unknown' ? [] : uncovered(lock, reviewed);
  if (open.length === 0) return;
  report({ messageId: 'pnpm', args: { count: countOf(open), names: namesOf(open) }, span: groupSpan(model), identity: 'pnpm' });
}

/** Bun's lockfile does not say who has a script, but the names on Bun's own list are there because they have one. */
function checkBun({ manifest, surroundings, report }: RuleContext, model: PackageJson, lock: LockFile): void {
  const { root } = model;
  if (
    root === undefined ||
    memberOf(root, 'trustedDependencies') !== undefined ||
    ignoresScripts(surroundings, folderOf(manifest.file.path))
  )
    return;
  const trusted = lock.entries.filter(({ name, source }) => source === 'tarball' && BUN_TRUSTED.has(name));
  const names = [...new Set(trusted.map(({ name }) => name))].sort();
  if (names.length === 0) return;
  const fix = (title: string, value: readonly string[]): Fix => ({
    title,
    safety: 'review',
    online: false,
    edits: [addMembers(manifest.file.text, root, [{ key: 'trustedDependencies', value }])],
  });
  report({
    messageId: 'bun',
    args: { names: namesOf(names.map((name) => ({ name, version: undefined }))) },
    span: groupSpan(model),
    identity: 'bun',
    fixes: [
      fix('Add trustedDependencies with none of them (check that everything works without their scripts)', []),
      fix('Add trustedDependencies with just these (read their scripts first: they run with your rights)', names),
    ],
  });
}

/** Whether the bunfig.toml beside a package.json turns all scripts off. */
function ignoresScripts(surroundings: Surroundings, folder: string): boolean {
  const bunfig = surroundings.manifest(joinPath(folder, 'bunfig.toml') ?? '');
  const file = bunfig && settingsOf(bunfig);
  const setting = file && settingNamed(file, 'install.ignoreScripts');
  return setting !== undefined && textOfSetting(setting) === 'true';
}

function countOf(entries: readonly LockEntry[]): string {
  return entries.length === 1 ? 'One package has an install script' : `${entries.length} packages have install scripts`;
}

const MAX_NAMES = 5;

function namesOf(entries: readonly Pick<LockEntry, 'name' | 'version'>[]): string {
  const named = entries.slice(0, MAX_NAMES).map((entry) => `\`${packageId(entry)}\``);
  const rest = entries.length - named.length;
  return rest > 0 ? `${named.join(', ')} and ${rest} more` : named.join(', ');
}

function groupSpan({ groupKeys, openingBrace }: PackageJson): Span {
  return DEPENDENCY_GROUPS.map((group) => groupKeys[group]).find((key) => key !== undefined) ?? openingBrace ?? NO_SPAN;
}

interface Open {
  readonly packages: readonly LockEntry[];
  readonly all: readonly LockEntry[];
}

/** Denying first: it is what npm 12 does with what is not listed. A list that is made new gets all packages at once. */
function fixesOf({ manifest }: RuleContext, root: JsonObject, { packages, all }: Open): Fix[] {
  const list = membersOf(root).find(({ key }) => key.value === 'allowScripts')?.value;
  if (list !== undefined && list.type !== 'object') return [];
  const isNew = list === undefined || list.members.length === 0;
  // What comes from git has no version that a key could name.
  const pinned = (isNew ? all : packages).filter(({ source, version }) => source === 'tarball' && version !== undefined);
  if (pinned.length === 0) return [];
  const which = pinned.length === 1 ? plain(pinned.map(packageId).join('')) : `${pinned.length} packages`;
  return [false, true].map((allow) => {
    const members = pinned.map((entry) => ({ key: packageId(entry), value: allow }));
    const entries = Object.fromEntries(members.map(({ key, value }) => [key, value]));
    const edit =
      list === undefined
        ? addMembers(manifest.file.text, root, [{ key: 'allowScripts', value: entries }])
        : addMembers(manifest.file.text, list, members);
    return {
      title: allow
        ? `Allow the install scripts of ${which} in allowScripts (read them first: they run with your rights)`
        : `Deny the install scripts of ${which} in allowScripts (check that everything works without them)`,
      safety: 'review',
      online: false,
      edits: [edit],
    };
  });
}
