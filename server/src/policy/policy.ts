import type { Severity } from '../core/finding.ts';
import type { Ecosystem } from '../core/lookalike.ts';
import type { ProvenanceDemands } from '../core/provenance-demand.ts';
import type { RuleMeta } from '../core/rule.ts';

/** What a rule is set to. */
export type RuleSetting = Severity | 'off';

/** All values of `RuleSetting`. */
export const RULE_SETTINGS = ['error', 'warning', 'info', 'hint', 'off'] as const satisfies readonly RuleSetting[];

/** A finding that a policy silences: the rule (or `area/*`), where (a path pattern), and why. */
export interface PolicyIgnore {
  readonly rule: string;
  readonly path: string;
  readonly reason: string;
  readonly matches: (path: string) => boolean;
}

/** A name that looks like another and is meant all the same. */
export interface AllowedName {
  readonly ecosystem: Ecosystem;
  /** As it is written where it is used. */
  readonly name: string;
  readonly reason: string;
}

/** What a team or a user has decided. */
export interface Policy {
  /** By rule id or `area/*`. */
  readonly rules: Readonly<Record<string, RuleSetting>>;
  readonly ignore: readonly PolicyIgnore[];
  /** `lookalikes.allow` of the file; none where it is absent. */
  readonly allow?: readonly AllowedName[];
  /** `npm.provenance` of the file: the packages that must have provenance, and whose. Absent where there is nothing in it. */
  readonly provenance?: ProvenanceDemands;
}

/** Nothing decided: every rule as it ships. */
export const DEFAULT_POLICY: Policy = { rules: {}, ignore: [] };

/** The severity of a rule under a policy: its own entry, else its area's, else its default (`strict` rules: off). */
export function severityOf(meta: RuleMeta, policy: Policy): RuleSetting {
  const own = policy.rules[meta.id] ?? policy.rules[`${areaOf(meta.id)}/*`];
  if (own !== undefined) return own;
  return meta.tier === 'strict' ? 'off' : meta.severity;
}

/** `image` of `image/unpinned`. */
export function areaOf(ruleId: string): string {
  return ruleId.slice(0, Math.max(0, ruleId.indexOf('/')));
}

/** Whether a name of a setting or a marker (`area/defect`, `area/*`, `*`) means a rule. */
export function names(name: string, ruleId: string): boolean {
  return name === ruleId || name === `${areaOf(ruleId)}/*`;
}

/** A setting's value as a rule setting, undefined where it is none. */
export function asRuleSetting(value: unknown): RuleSetting | undefined {
  return RULE_SETTINGS.find((setting) => setting === value);
}
