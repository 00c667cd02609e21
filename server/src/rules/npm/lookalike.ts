import { isAtLeast } from '../../core/finding.ts';
import type { Lookalike } from '../../core/lookalike.ts';
import { lookalikeSeverity } from '../../core/lookalike-severity.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry, type LockFile } from '../../formats/lock-model.ts';
import { lockPaths } from '../../formats/lock-paths.ts';
import { namedPackagesOf } from '../../formats/named-package.ts';
import { asPackageJson, type PackageJson } from '../../formats/package-json.ts';
import { isWorkspaceSibling } from '../../formats/workspace-siblings.ts';
import { lookalikeDraft, PACKAGE_MESSAGES } from '../lookalike-finding.ts';
import { commandFixes } from './lookalike-command.ts';
import { manifestFixes, packagesAsked } from './lookalike-manifest.ts';

/** A package whose name looks like a well-known one: registered for those who mistype, it runs its code when it is installed. */
export const rule: Rule = {
  meta: {
    id: 'npm/lookalike',
    title: 'A package whose name looks like that of a well-known one',
    severity: 'warning',
    confidence: 'medium',
    tier: 'recommended',
    formats: ['package-json', 'dockerfile', 'workflow', 'action', ...LOCK_FORMATS],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '8.0',
    refs: [
      'https://blog.scottlogic.com/2018/02/27/hunting-typosquatters-on-npm.html',
      'https://arxiv.org/abs/2003.03471',
      'https://github.com/ecosyste-ms/typosquatting-dataset',
    ],
    messages: {
      ...PACKAGE_MESSAGES,
      transitive: {
        what: '`{name}` looks like `{target}`: {difference}. It comes with {path}.',
        why: '`{target}` {use}, and `{name}` is not in the list of established packages; whoever controls a package on that path may have been tricked, or may be tricking you.',
        remedy: 'Find out why it is required; until then leave out the package that brings it in.',
      },
      deep: {
        what: '`{name}` is the name of removed malware. It comes with {path}.',
        why: 'It runs its code when it is installed; whoever controls a package on that path may have been tricked, or may be tricking you.',
        remedy: 'Leave out the package that brings it in, and look for what was installed already.',
      },
    },
  },
  check(context) {
    const { manifest } = context;
    const model = asPackageJson(manifest);
    if (model !== undefined) checkManifest(context, model);
    const lock = asLockFile(manifest);
    if (lock !== undefined) checkLock(context, lock);
    for (const named of manifest.scripts.flatMap(namedPackagesOf)) {
      const { ecosystem, name, span } = named;
      const found = ecosystem === 'npm' ? context.lookalike('npm', name) : undefined;
      if (found === undefined || isWorkspaceSibling(context.surroundings, manifest.file.path, name)) continue;
      context.report(lookalikeDraft({ ecosystem, name, found, span }, commandFixes(context, named, found.target)));
    }
  },
};

function checkManifest(context: RuleContext, model: PackageJson): void {
  const { manifest, surroundings, lookalike, report } = context;
  for (const asked of packagesAsked(model)) {
    const found = lookalike('npm', asked.name);
    if (found === undefined || isWorkspaceSibling(surroundings, manifest.file.path, asked.name)) continue;
    const draft = lookalikeDraft({ ecosystem: 'npm', name: asked.name, found, span: asked.span }, []);
    report({ ...draft, fixes: manifestFixes(context, model, asked, found.target) });
  }
}

/** Once for each name that no project asks for itself: those are told in their package.json. Weak likenesses are noise here. */
function checkLock({ lookalike, report }: RuleContext, lock: LockFile): void {
  const seen = new Set<string>();
  const suspicious = (lock.stretches ?? [lock.entries])
    .flatMap((entries) => suspiciousIn(entries, lookalike))
    .filter(({ entry }) => !seen.has(entry.name) && seen.add(entry.name));
  if (suspicious.length === 0) return;
  const paths = lockPaths(lock);
  for (const { entry, found } of suspicious) {
    if (paths.isDirect(entry)) continue;
    const draft = lookalikeDraft({ ecosystem: 'npm', name: entry.name, found, span: lock.spanOf(entry, 'key') }, []);
    const path = shownPath(paths.pathTo(entry).slice(0, -1));
    report({ ...draft, messageId: draft.messageId === 'alike' ? 'transitive' : 'deep', args: { ...draft.args, path } });
  }
}

interface Suspicious {
  readonly entry: LockEntry;
  readonly found: Lookalike;
}

/** What a list of names said of a stretch of entries, kept as long as both. */
const judged = new WeakMap<RuleContext['lookalike'], WeakMap<readonly LockEntry[], readonly Suspicious[]>>();

function suspiciousIn(entries: readonly LockEntry[], lookalike: RuleContext['lookalike']): readonly Suspicious[] {
  const ofList = judged.get(lookalike) ?? new WeakMap<readonly LockEntry[], readonly Suspicious[]>();
  judged.set(lookalike, ofList);
  const known = ofList.get(entries);
  if (known !== undefined) return known;
  const suspicious = entries.flatMap((entry): Suspicious[] => {
    // Of what lies in the project, or came inside of another package, no registry was asked.
    const found = entry.source === 'tarball' ? lookalike('npm', entry.name) : undefined;
    return found !== undefined && isAtLeast(lookalikeSeverity(found.confidence), 'warning') ? [{ entry, found }] : [];
  });
  ofList.set(entries, suspicious);
  return suspicious;
}

const MAX_STEPS = 6;

function shownPath(path: readonly string[]): string {
  const steps = path.length > MAX_STEPS ? [...path.slice(0, 2), '...', ...path.slice(3 - MAX_STEPS)] : path;
  return steps.length === 0
    ? 'a package that the lockfile does not name'
    : steps.map((step) => (step === '...' ? step : `\`${step}\``)).join(' > ');
}
