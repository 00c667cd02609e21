import type { Message } from '../../core/finding.ts';
import { isSuspect, type Lookalike } from '../../core/lookalike.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import type { Script } from '../../core/script.ts';
import { asLockFile, LOCK_FORMATS } from '../../formats/lock-model.ts';
import { isOwnPackage } from '../../formats/locked.ts';
import { namedPackagesOf } from '../../formats/named-package.ts';
import { asPackageJson, type PackageJson } from '../../formats/package-json.ts';
import { isWorkspaceSibling } from '../../formats/workspace-siblings.ts';
import { ALLOW, PACKAGE_MESSAGES } from '../lookalike-finding.ts';
import { commandFixes } from './lookalike-command.ts';
import { type Likeness, weigh } from './lookalike-facts.ts';
import { checkLock } from './lookalike-lock.ts';
import { manifestFixes, packagesAsked } from './lookalike-manifest.ts';
import { commandQuestion, isToldConfused, isToldMissing, manifestQuestion } from './lookalike-questions.ts';
import { tell } from './lookalike-tell.ts';

const COMBO: Message = {
  what: '`{name}` is `{target}` with other words.',
  why: '`{target}` {use}, and `{name}` is not in the list of established packages; attackers add a word to a well-known name, and so do honest authors.',
  remedy: `Look up who makes it, and since when; ${ALLOW}`,
};
const TRANSITIVE: Message = {
  what: '`{name}` looks like `{target}`: {difference}. It comes with {path}.',
  why: '`{target}` {use}, and `{name}` is not in the list of established packages; whoever controls a package on that path may have been tricked, or may be tricking you.',
  remedy: 'Find out why it is required; until then leave out the package that brings it in.',
};

/** A message with what the registry said of the package. */
function withEvidence(message: Message): Message {
  return { ...message, what: `${message.what} {evidence}` };
}

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
      alikeSeen: withEvidence(PACKAGE_MESSAGES.alike),
      combo: COMBO,
      comboSeen: {
        ...withEvidence(COMBO),
        remedy: `Find out who makes \`{name}\`, and whether \`{target}\` was meant; ${ALLOW}`,
      },
      transitive: TRANSITIVE,
      transitiveSeen: withEvidence(TRANSITIVE),
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
    for (const script of manifest.scripts) checkCommands(context, script);
  },
};

function checkManifest(context: RuleContext, model: PackageJson): void {
  const { manifest, surroundings } = context;
  for (const asked of packagesAsked(model)) {
    const found = likenessOf(context, asked.name);
    if (found === undefined || isWorkspaceSibling(surroundings, manifest.file.path, asked.name)) continue;
    if (asked.dependencies.every((dependency) => isOwnPackage(surroundings, manifest.file.path, dependency))) continue;
    if (!isSuspect(found) && isToldConfused(context, asked)) continue;
    const question = manifestQuestion(context, asked, found);
    if (!isWorthTelling(found, question)) continue;
    const weighed = question === undefined ? undefined : weigh(context, question);
    if (weighed?.isAbsent === true && isToldMissing(context, asked)) continue;
    const fixes = manifestFixes(context, model, asked, found.target);
    tell(context, { ecosystem: 'npm', name: asked.name, found, span: asked.span }, { weighed, fixes });
  }
}

function checkCommands(context: RuleContext, script: Script): void {
  const { manifest, surroundings } = context;
  for (const named of namedPackagesOf(script)) {
    const { ecosystem, name, span } = named;
    const found = ecosystem === 'npm' ? likenessOf(context, name) : undefined;
    if (found === undefined || isWorkspaceSibling(surroundings, manifest.file.path, name)) continue;
    const question = commandQuestion(context, { script, named, found });
    if (!isWorthTelling(found, question)) continue;
    const weighed = question === undefined ? undefined : weigh(context, question);
    const fixes = commandFixes(context, named, found.target);
    tell(context, { ecosystem, name, found, span }, { weighed, fixes });
  }
}

function likenessOf({ lookalike, combosquat }: RuleContext, name: string): Lookalike | undefined {
  return lookalike('npm', name) ?? combosquat('npm', name);
}

/** A single word in common says something only of what the public registry can be asked for. */
function isWorthTelling({ kind }: Lookalike, question: Likeness | undefined): boolean {
  return kind !== 'combo' || (question !== undefined && question.key.isElsewhere !== true);
}
