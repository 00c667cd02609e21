import type { Fix } from '../../core/finding.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { plain } from '../../core/untrusted.ts';
import { packageId, unreviewed } from '../../formats/allow-scripts.ts';
import { type JsonObject, membersOf, stringContent } from '../../formats/json.ts';
import { addMembers } from '../../formats/json-edits.ts';
import type { LockEntry } from '../../formats/lock-model.ts';
import { soleLock } from '../../formats/locked.ts';
import { asPackageJson } from '../../formats/package-json.ts';
import { countOf, groupSpan, namesOf } from './script-names.ts';
import { checkBun, checkPnpm } from './unreviewed-builds.ts';

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
        what: 'The install scripts of {names} run although nobody here allowed them: the list that comes with Bun does.',
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
