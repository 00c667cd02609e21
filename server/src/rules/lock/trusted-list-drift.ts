import type { Rule, Surroundings } from '../../core/rule.ts';
import { folderOf, joinPath } from '../../core/source-file.ts';
import { NO_SPAN, type Span } from '../../core/span.ts';
import { type JsonNode, memberOf, membersOf, parseJson, stringContent } from '../../formats/json.ts';
import { asLockFile, type LockFile } from '../../formats/lock-model.ts';
import { asPackageJson } from '../../formats/package-json.ts';

/** A lockfile and a manifest that allow different packages to run code when they are installed. */
export const rule: Rule = {
  meta: {
    id: 'lock/trusted-list-drift',
    title: 'A lockfile that trusts other packages than the manifest',
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['bun-lock'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: ['https://bun.sh/docs/install/lifecycle', 'https://bun.sh/docs/install/lockfile'],
    messages: {
      extra: {
        what: '`{name}` may run its install script by this lockfile, and no package.json here lists it.',
        why: 'Such a script runs with your rights on every machine that installs, and who reviews the manifest does not see it.',
        remedy: 'Run `bun install --lockfile-only`, and add the package to `trustedDependencies` first if its script is needed.',
      },
      missing: {
        what: '`{name}` is in `trustedDependencies` of package.json, and not in this lockfile’s list.',
        why: 'Which of the two lists an install goes by depends on the command, so what runs is not what was reviewed.',
        remedy: 'Run `bun install --lockfile-only` and commit the lockfile.',
      },
    },
  },
  check({ manifest, surroundings, report }) {
    const lock = asLockFile(manifest);
    if (lock === undefined || manifest.problems.length > 0) return;
    const wanted = trustedByManifests(surroundings, folderOf(manifest.file.path), lock);
    if (wanted === undefined) return;
    const locked = new Set(lock.trusted);
    const extra = [...locked].filter((name) => !wanted.has(name));
    // bun records the names of what is installed; a list may hold more.
    const installed = new Set(lock.entries.map(({ name, alias }) => alias ?? name));
    const missing = [...wanted].filter((name) => installed.has(name) && !locked.has(name));
    if (extra.length === 0 && missing.length === 0) return;
    const list = membersOf(parseJson(manifest.file.text, 'jsonc').root).find(({ key }) => key.value === 'trustedDependencies');
    for (const name of extra) report({ messageId: 'extra', args: { name }, span: itemSpan(list?.value, name), identity: `extra ${name}` });
    const at = list === undefined ? NO_SPAN : stringContent(list.key);
    for (const name of missing) report({ messageId: 'missing', args: { name }, span: at, identity: `missing ${name}` });
  },
};

/** What the manifests of the project and of its workspaces list; undefined where one of them cannot be read. */
function trustedByManifests(surroundings: Surroundings, folder: string, { importers }: LockFile): ReadonlySet<string> | undefined {
  const trusted = new Set<string>();
  for (const importer of new Set(['', ...importers.map(({ path }) => path)])) {
    const manifest = surroundings.manifest(joinPath(folder, `${importer}/package.json`) ?? '');
    const model = manifest && asPackageJson(manifest);
    if (model?.root === undefined || (manifest?.problems.length ?? 0) > 0) return undefined;
    const list = memberOf(model.root, 'trustedDependencies');
    if (list === undefined) continue;
    if (list.type !== 'array') return undefined;
    for (const item of list.items) if (item.type === 'string') trusted.add(item.value);
  }
  return trusted;
}

function itemSpan(list: JsonNode | undefined, name: string): Span {
  const item = list?.type === 'array' ? list.items.find((one) => one.type === 'string' && one.value === name) : undefined;
  return item?.type === 'string' ? stringContent(item) : NO_SPAN;
}
