import type { Check, ProvenanceVerdict, Verdict } from '../../core/provenance.ts';
import { trustRootWords } from '../../core/provenance-words.ts';
import { plain } from '../../core/untrusted.ts';
import { EXIT } from '../check.ts';
import type { Paint } from '../terminal.ts';
import type { Requirement, VerifyArgs } from '../verify-args.ts';
import { askedMembers } from '../verify-asked.ts';
import type { VerifiedLocks, VerifiedPackage } from '../verify-paths.ts';
import { notRefreshedWords, policyLine, verdictLines, verdictMembers, word } from './verdict.ts';

/** How many names a line has before it says how many more there are. */
const MAX_NAMES = 8;

/** What the words for entries that no registry serves are. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  git: 'from git',
  file: 'from a file',
  bundled: 'inside of other packages',
  address: 'from an address that no registry serves',
};

/** Counts per verdict, and of packages that the registry signed. */
function countsOf(packages: readonly VerifiedPackage[]) {
  const of = (verdict: Verdict): number => packages.filter((one) => one.verdict.verdict === verdict).length;
  return {
    packages: packages.length,
    proven: of('proven'),
    notProven: of('not-proven'),
    contradicted: of('contradicted'),
    unknown: of('unknown'),
    signed: packages.filter(({ verdict }) => isSigned(verdict)).length,
    failed: packages.filter(({ status }) => status === EXIT.findings).length,
  };
}

function isSigned({ checks }: ProvenanceVerdict): boolean {
  return checks.some(({ id, outcome }) => id === 'registry-signature' && outcome === 'passed');
}

/** What all lockfiles have, for machines, `version` 1; its schema is schemas/verify.schema.json. Text in it is as it was found. */
export function summaryJson({ packages, lockfiles, skipped, unread }: VerifiedLocks): string {
  const report = {
    version: 1,
    lockfiles,
    unread,
    packages: packages.map(({ verdict, asked, integrity, lockfiles: at, status }) => ({
      ...verdictMembers(verdict),
      asked: askedMembers(asked),
      ...(integrity === undefined ? {} : { integrity }),
      lockfiles: at,
      result: status === EXIT.ok ? 'passed' : status === EXIT.findings ? 'failed' : 'unknown',
    })),
    skipped,
    summary: countsOf(packages),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

/** What all lockfiles have, for people: what is wrong in full, what is missing or unknown by reason, the rest in numbers. */
export function summaryText(report: VerifiedLocks, { require, policy }: VerifyArgs, paint: Paint): string {
  const { packages, lockfiles, skipped, unread, notRefreshed } = report;
  const failed = packages.filter(({ status }) => status === EXIT.findings);
  const wrong = failed.filter(({ verdict }) => verdict.verdict === 'contradicted');
  const missing = failed.filter(({ verdict }) => verdict.verdict !== 'contradicted');
  const open = packages.filter(({ status }) => status === EXIT.failed);
  const counts = countsOf(packages);
  const parts = [
    ...wrong.map(({ verdict, asked, lockfiles: at }) => [
      ...verdictLines(verdict, paint, false),
      `  locked in ${names(at)}`,
      ...policyLine(asked).map((line) => `  ${line}`),
    ]),
    reasons(missing, paint.yellow('missing')),
    reasons(open, word('unknown', paint)),
    unread.map(({ path, reason }) => `${paint.yellow('not read to its end')}  ${plain(path)}: ${plain(reason)}`),
    [
      `${paint.bold(many(counts.packages, 'package'))} in ${many(lockfiles.length, 'lockfile')}: ${counts.proven} proven, ${counts.notProven} not proven, ${counts.contradicted} contradicted, ${counts.unknown} unknown; ${counts.signed} signed by the registry.`,
      ...skippedLine(skipped),
      ...(policy === undefined ? [] : policyLines(report)),
      paint.dim(closing(packages, require) + notRefreshedWords(notRefreshed)),
    ],
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** Packages by the reasons why they are not what was asked for, the most frequent reason first. */
function reasons(packages: readonly VerifiedPackage[], title: string): string[] {
  const byReason = new Map<string, string[]>();
  for (const { name, version, verdict, asked } of packages) {
    const by = asked.demand === undefined ? '' : ` (The policy requires it of ${asked.demand.match}.)`;
    const reason = reasonOf(verdict, asked.require) + by;
    byReason.set(reason, [...(byReason.get(reason) ?? []), version === '' ? name : `${name}@${version}`]);
  }
  const sorted = [...byReason].sort((a, b) => b[1].length - a[1].length);
  return sorted.flatMap(([reason, all]) => [`${title}  ${plain(reason, 400)}`, `  ${names(all)}`]);
}

/** The sentence of the check that decided: what is unknown before what is missing; the signature's, where one would have been enough. */
function reasonOf({ checks, attestations }: ProvenanceVerdict, requirement: Requirement): string {
  const signature =
    requirement === 'signature' ? checks.filter(({ id }) => id.startsWith('registry-signature') || id === 'integrity-locked') : [];
  const all: readonly Check[] =
    signature.length > 0 ? signature : [...checks, ...attestations.flatMap((attestation) => attestation.checks)];
  const first = (outcome: Check['outcome']): Check | undefined => all.find((check) => check.outcome === outcome);
  return (first('unknown') ?? first('not-proven'))?.message ?? 'No reason is known.';
}

function names(all: readonly string[]): string {
  const shown = all.slice(0, MAX_NAMES).map((name) => plain(name));
  return all.length > MAX_NAMES ? `${shown.join(', ')} and ${all.length - MAX_NAMES} more` : shown.join(', ');
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function skippedLine(skipped: VerifiedLocks['skipped']): string[] {
  const parts = Object.entries(skipped).map(([where, count]) => `${count} ${ELSEWHERE[where] ?? where}`);
  return parts.length === 0 ? [] : [`Not from a registry, and not verified: ${parts.join(', ')}.`];
}

/** Of how many packages the policy requires something; an entry that is about nothing may be mistyped. */
function policyLines({ packages, unmatched }: VerifiedLocks): string[] {
  const count = packages.filter(({ asked }) => asked.demand !== undefined).length;
  return [
    `The policy requires provenance of ${count === 0 ? 'nothing that is locked' : many(count, 'package')}.`,
    ...(unmatched.length === 0 ? [] : [`It also names ${names(unmatched)}, of which nothing is locked.`]),
  ];
}

/** What the exit status says. */
function closing(packages: readonly VerifiedPackage[], requirement: Requirement): string {
  const others = packages.filter(({ asked }) => asked.demand === undefined).length;
  const each = others === packages.length ? 'each' : 'the others';
  const asked = {
    provenance: `Provenance was required of ${each}.`,
    signature: `Provenance or a signature of the registry was required of ${each}.`,
    nothing:
      others === packages.length
        ? 'Nothing was required; --require signature or --require provenance would.'
        : 'Nothing was required of the others.',
  }[requirement];
  // A refresh that takes its time is not waited for: what was verified meanwhile rests on the root before.
  const roots = new Set(packages.map(({ verdict }) => trustRootWords(verdict)));
  const verified = roots.size === 0 ? [] : [`Verified on this machine, by ${[...roots].join(', and by ')}.`];
  return [...(others === 0 && packages.length > 0 ? [] : [asked]), ...verified].join(' ');
}
