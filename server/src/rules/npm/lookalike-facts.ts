import type { Severity } from '../../core/finding.ts';
import type { Lookalike } from '../../core/lookalike.ts';
import { lookalikeSeverity } from '../../core/lookalike-severity.ts';
import { npmPackument, type PackageKey } from '../../core/npm-facts.ts';
import type { RuleContext } from '../../core/rule.ts';
import {
  areOfSamePeople,
  asOfText,
  hasFewVersions,
  isEstablished,
  isPlaceholder,
  isYoung,
  type PackageRecord,
  recordOf,
  recordText,
} from '../../formats/package-record.ts';

/** What the registry knows makes of a likeness. */
export interface Weighed {
  /** `none`: nothing to report. */
  readonly severity: Severity | 'none';
  /** A sentence on what the registry said and when; undefined where it said nothing. */
  readonly evidence?: string;
  /** Whether the registry has no such package. */
  readonly isAbsent: boolean;
}

/** Why a record is unknown though there was an answer. */
export const NOT_TOLD = 'the registry leaves out when the package was created, or who may publish it';

/** What is asked about a likeness: the keys of the package, and of the one that it looks like. */
export interface Likeness {
  readonly found: Lookalike;
  readonly key: PackageKey;
  readonly targetKey: PackageKey;
}

/** How grave a likeness is by the names alone. One word among others says nothing of itself (docs/quality.md). */
export function severityOfNames({ kind, confidence }: Lookalike): Severity {
  return kind === 'combo' ? 'hint' : lookalikeSeverity(confidence);
}

/**
 * Weighs a likeness with what the registry says of the package (lookalikes.md, "online second stage"). What is unknown leaves the
 * verdict of the names; the same people as the target's, and for all but the surest likenesses a long life, take it back; a new
 * package from nowhere makes it a warning, and a name that the registry took from malware an error.
 */
export function weigh(context: RuleContext, { found, key, targetKey }: Likeness): Weighed {
  const byNames: Weighed = { severity: severityOfNames(found), isAbsent: false };
  // Nothing that a registry says acquits a name of the list of malware.
  if (found.confidence === 'certain') return byNames;
  const answer = context.fact(npmPackument, key);
  if (answer.state === 'unknown') return byNames;
  if (answer.state === 'absent') {
    return { severity: 'warning', evidence: `It does not exist in the registry (${asOfText(answer.asOf)}).`, isAbsent: true };
  }
  if (isPlaceholder(answer.value)) {
    const evidence = `The registry took the name from malware, and keeps it as a placeholder (${asOfText(answer.asOf)}).`;
    return { severity: 'error', evidence, isAbsent: false };
  }
  const record = recordOf(answer.value, answer.asOf);
  if (record === undefined) {
    context.lacking(npmPackument, key, NOT_TOLD);
    return byNames;
  }
  if (found.confidence !== 'high' && isEstablished(record)) return { severity: 'none', isAbsent: false };
  return weighAgainst(context, record, { found, targetKey });
}

/** Compares a package with its target, whose people may have made both. */
function weighAgainst(context: RuleContext, record: PackageRecord, { found, targetKey }: Pick<Likeness, 'found' | 'targetKey'>): Weighed {
  const severity = severityOfNames(found);
  const answer = context.fact(npmPackument, targetKey);
  const target = answer.state === 'known' ? recordOf(answer.value, answer.asOf) : undefined;
  if (answer.state === 'known' && target === undefined) context.lacking(npmPackument, targetKey, NOT_TOLD);
  if (target !== undefined && areOfSamePeople(record, target)) return { severity: 'none', isAbsent: false };
  const claims = target?.repository !== undefined && target.repository === record.repository;
  const claim = claims ? "; it names the other's repository, whose maintainers are others" : '';
  const evidence = `It ${recordText(record)}${claim} (${asOfText(record.asOf)}).`;
  // Its people are not known to be others.
  if (target === undefined) return { severity, evidence, isAbsent: false };
  const isConfirmed = isYoung(record) && isSuspicious(record, found, claims);
  return { severity: isConfirmed ? 'warning' : severity, evidence, isAbsent: false };
}

/** What an imitation has besides being new. A single word in common is met with so often that more has to come together. */
function isSuspicious(record: PackageRecord, { kind }: Lookalike, claims: boolean): boolean {
  const isFromNowhere = record.repository === undefined || claims;
  const isSmall = hasFewVersions(record) && record.maintainers.length <= 1;
  return kind === 'combo' ? isFromNowhere && isSmall : isFromNowhere || isSmall;
}
