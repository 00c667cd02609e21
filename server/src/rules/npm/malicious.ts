import { npmAdvisories, npmLockAdvisories, type PackageAdvisory } from '../../core/npm-advisories.ts';
import { npmPackument, type PackageKey } from '../../core/npm-facts.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import type { Span } from '../../core/span.ts';
import { advisedDependencies } from '../../formats/advised-dependencies.ts';
import { lastGoodVersion } from '../../formats/advised-versions.ts';
import { requireVersion } from '../../formats/installed-version.ts';
import { type AdvisedEntry, advisedEntries } from '../../formats/lock-advisories.ts';
import { asLockFile, LOCK_FORMATS, type LockEntry, type LockFile, perStretch } from '../../formats/lock-model.ts';
import type { Dependency } from '../../formats/package-json.ts';
import { isPlaceholder, isPlaceholderVersion } from '../../formats/package-record.ts';
import { packageKeys } from '../../formats/registry-settings.ts';
import { advisoryDraft } from './advisory-finding.ts';
import { isNodeModule } from './builtin-module.ts';
import { confusionOf } from './confusion-facts.ts';
import { bringerOf, transitiveOnly } from './transitive.ts';

const WHY = 'It was published to harm whoever installs or runs it: take what it could reach, every secret and token there, for stolen.';
const EMPTY_WHY =
  'The registry took the package away, mostly because it was malware, and keeps the name: whoever installed it before ran that.';

/** A version that is malware by its registry's word, or what a registry leaves of a package that was. */
export const rule: Rule = {
  meta: {
    id: 'npm/malicious',
    title: 'A version that is malware, or what is left of one',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['package-json', ...LOCK_FORMATS],
    needs: [npmAdvisories.id, npmLockAdvisories.id, npmPackument.id],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '10.0',
    refs: [
      'https://docs.npmjs.com/threats-and-mitigations',
      'https://cwe.mitre.org/data/definitions/506.html',
      'https://github.com/npm/security-holder',
    ],
    messages: {
      malware: {
        what: '`{name}` {version} is malware: {worst}.',
        why: WHY,
        remedy: 'Remove it now, and change every secret that was on a machine where it was installed.',
      },
      hijacked: {
        what: '`{name}` {version} is malware: {worst}.',
        why: WHY,
        remedy: 'Take {good}, the last version before it, and change every secret that was on a machine where it was installed.',
      },
      deep: {
        what: '`{name}` {version}, which comes with {path}, is malware: {worst}.',
        why: WHY,
        remedy:
          'Leave out what brings it in, or override it with a good version, and change every secret that was on a machine where it was installed.',
      },
      placeholder: {
        what: '`{name}` {version} is a placeholder of the registry.',
        why: EMPTY_WHY,
        remedy: 'Remove it, and find out whether an earlier version was ever installed.',
      },
      takenAway: {
        what: '`{name}` {version} is no longer in the registry, which keeps the name as a placeholder.',
        why: EMPTY_WHY,
        remedy: 'Remove it, find out whether it was ever installed, and change the secrets of those machines if it was.',
      },
      deepPlaceholder: {
        what: '`{name}` {version}, which comes with {path}, is a placeholder of the registry.',
        why: EMPTY_WHY,
        remedy: 'Leave out what brings it in, and find out whether an earlier version was ever installed.',
      },
      nodeModule: {
        what: '`{name}` {version} is a placeholder of the registry, with nothing in it.',
        why: 'Node.js has a module of this name, and that is what code gets; the package does nothing, as long as the registry keeps the name.',
        remedy: 'Remove it.',
      },
    },
  },
  check(context) {
    const lock = asLockFile(context.manifest);
    if (lock === undefined) checkManifest(context);
    else checkLock(context, lock);
  },
};

function checkManifest(context: RuleContext): void {
  const keys = packageKeys(context.manifest.file, context.surroundings);
  for (const { dependency, wanted, key, version, answer } of advisedDependencies(context)) {
    const malware = answer?.state === 'known' ? answer.value.filter(({ isMalware }) => isMalware) : [];
    if (malware.length > 0) {
      if (!isKnownByName(context, key.name)) tell(context, { dependency, key, version, malware });
      continue;
    }
    const messageId = leftOver(context, key, version);
    if (messageId === undefined || isToldAsLookalike(context, key) || confusionOf(context, keys, [dependency, wanted]) !== undefined)
      continue;
    context.report({
      messageId,
      args: { name: key.name, version },
      span: dependency.specSpan,
      identity: `${dependency.group} ${dependency.name}`,
      ...(messageId === 'nodeModule' ? { severity: 'info' } : {}),
    });
  }
}

/** What is left of a package that the registry took away, as a message. */
function leftOver(context: RuleContext, key: PackageKey, version: string): 'nodeModule' | 'placeholder' | 'takenAway' | undefined {
  if (isPlaceholderVersion(version)) return isNodeModule(key.name) ? 'nodeModule' : 'placeholder';
  const answer = context.fact(npmPackument, key);
  return answer.state === 'known' && isPlaceholder(answer.value) ? 'takenAway' : undefined;
}

interface Malware {
  readonly dependency: Dependency;
  readonly key: PackageKey;
  readonly version: string;
  readonly malware: readonly PackageAdvisory[];
}

function tell(context: RuleContext, { dependency, key, version, malware }: Malware): void {
  const packument = context.fact(npmPackument, key);
  const good = packument.state === 'known' ? lastGoodVersion(packument.value.versions, version, malware) : undefined;
  const { args, related } = advisoryDraft(malware, { file: context.manifest.file, span: dependency.specSpan });
  context.report({
    messageId: good === undefined ? 'malware' : 'hijacked',
    args: { name: key.name, version, ...args, good: good?.version ?? '' },
    span: dependency.specSpan,
    identity: `${dependency.group} ${dependency.name}`,
    related,
    fixes:
      good === undefined || dependency.group === 'peerDependencies'
        ? []
        : requireVersion(context, { dependency, version: { version } }, { target: good, what: 'the last version before the malware' }),
  });
}

/** `npm/lookalike` calls the names of its list of removed malware by that name, whatever their version. */
function isKnownByName({ lookalike }: RuleContext, name: string): boolean {
  return lookalike('npm', name)?.kind === 'known-malicious';
}

/** It says so, too, of a name that looks like another and that the registry keeps as a placeholder. */
function isToldAsLookalike(context: RuleContext, key: PackageKey): boolean {
  const found = context.lookalike('npm', key.name) ?? context.combosquat('npm', key.name);
  if (found === undefined || found.kind === 'known-malicious') return found !== undefined;
  const answer = context.fact(npmPackument, key);
  return answer.state === 'known' && isPlaceholder(answer.value);
}

/** Once for each version of a package that no package.json at hand asks for. */
function checkLock(context: RuleContext, lock: LockFile): void {
  const { manifest } = context;
  const placeholders = perStretch(lock, placeholdersIn)
    .flat()
    .map((entry): AdvisedEntry => ({ entry, advisories: [] }));
  const malware = advisedEntries(context).flatMap(({ entry, advisories }) => {
    const own = advisories.filter(({ isMalware }) => isMalware);
    return own.length === 0 ? [] : [{ entry, advisories: own }];
  });
  const seen = new Set<string>();
  const found = transitiveOnly(context, lock, [...placeholders, ...malware]).filter(({ entry: { name, version } }) => {
    const id = `${name}@${version}`;
    return !seen.has(id) && seen.add(id) && !isKnownByName(context, name);
  });
  if (found.length === 0) return;
  for (const { entry, advisories } of found) {
    const span: Span = lock.spanOf(entry, 'version');
    const { args, related } = advisoryDraft(advisories, { file: manifest.file, span });
    const isNode = advisories.length === 0 && isNodeModule(entry.name);
    context.report({
      messageId: isNode ? 'nodeModule' : advisories.length === 0 ? 'deepPlaceholder' : 'deep',
      args: { name: entry.name, version: entry.version ?? '', path: bringerOf(lock, entry), worst: args.worst },
      span,
      identity: `${entry.name}@${entry.version}`,
      related,
      ...(isNode ? { severity: 'info' } : {}),
    });
  }
}

function placeholdersIn(entries: readonly LockEntry[]): readonly LockEntry[] {
  return entries.filter(({ source, version }) => source === 'tarball' && version !== undefined && isPlaceholderVersion(version));
}
