import { type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Severity } from '../core/finding.ts';
import { pathMatcher } from '../core/glob.ts';
import { fail, ok, type Result } from '../core/result.ts';
import type { RuleMeta } from '../core/rule.ts';
import { LineIndex } from '../core/text.ts';

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

/** What a team or a user has decided. */
export interface Policy {
  /** By rule id or `area/*`. */
  readonly rules: Readonly<Record<string, RuleSetting>>;
  readonly ignore: readonly PolicyIgnore[];
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

/** What is wrong in a policy file, with one-based line and column, as people read them. */
export interface PolicyError {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/**
 * Reads a policy file (JSON, comments and trailing commas allowed): `{version: 1, rules, ignore: [{rule, path, reason}]}`.
 * `checkRule` says what is wrong with a rule name (undefined: nothing). Fails with every error found, each with its place;
 * a policy with an error is not used at all, because half a policy is another policy.
 */
export function parsePolicy(text: string, checkRule: (name: string) => string | undefined): Result<Policy, readonly PolicyError[]> {
  const syntax: ParseError[] = [];
  const root = parseTree(text, syntax, { allowTrailingComma: true });
  const lines = new LineIndex(text);
  const errors: PolicyError[] = [];
  const complain = (offset: number, message: string): void => {
    const { line, character } = lines.positionAt(offset);
    errors.push({ line: line + 1, column: character + 1, message });
  };
  for (const error of syntax.slice(0, 1)) complain(error.offset, `not valid JSON (${printParseErrorCode(error.error)})`);
  if (errors.length > 0 || root === undefined) {
    if (root === undefined && errors.length === 0) complain(0, 'the file is empty');
    return fail(errors);
  }
  if (root.type !== 'object') {
    complain(root.offset, 'the policy must be an object');
    return fail(errors);
  }
  const rules: Record<string, RuleSetting> = {};
  const ignore: PolicyIgnore[] = [];
  let hasVersion = false;
  for (const property of root.children ?? []) {
    const [key, value] = property.children ?? [];
    if (key === undefined || value === undefined) continue;
    if (key.value === '$schema') continue;
    if (key.value === 'version') {
      hasVersion = true;
      if (value.value !== 1) complain(value.offset, '"version" must be 1');
    } else if (key.value === 'rules') {
      if (value.type !== 'object') complain(value.offset, '"rules" must be an object');
      for (const entry of value.type === 'object' ? (value.children ?? []) : []) {
        const [name, setting] = entry.children ?? [];
        if (name === undefined || setting === undefined) continue;
        const wrong = checkRule(String(name.value));
        if (wrong !== undefined) complain(name.offset, wrong);
        const parsed = asRuleSetting(setting.value);
        if (parsed === undefined) complain(setting.offset, `the severity must be one of ${RULE_SETTINGS.join(', ')}`);
        else rules[String(name.value)] = parsed;
      }
    } else if (key.value === 'ignore') {
      if (value.type !== 'array') complain(value.offset, '"ignore" must be an array');
      for (const entry of value.type === 'array' ? (value.children ?? []) : []) {
        const fields = new Map<string, string>();
        for (const field of entry.type === 'object' ? (entry.children ?? []) : []) {
          const [name, content] = field.children ?? [];
          if (name === undefined || content === undefined) continue;
          if (!['rule', 'path', 'reason'].includes(String(name.value)))
            complain(name.offset, `unknown key "${String(name.value)}"; an ignore has rule, path and reason`);
          else if (typeof content.value !== 'string') complain(content.offset, `"${String(name.value)}" must be a string`);
          else {
            fields.set(String(name.value), content.value);
            const wrong = name.value === 'rule' ? checkRule(content.value) : undefined;
            if (wrong !== undefined) complain(content.offset, wrong);
          }
        }
        const rule = fields.get('rule');
        const reason = fields.get('reason')?.trim();
        const path = fields.get('path') ?? '**';
        if (rule === undefined) complain(entry.offset, 'an ignore needs a "rule"');
        else if (reason === undefined || reason === '') complain(entry.offset, 'an ignore needs a "reason"');
        else ignore.push({ rule, path, reason, matches: pathMatcher([path]) });
      }
    } else {
      complain(key.offset, `unknown key "${String(key.value)}"; a policy has version, rules and ignore`);
    }
  }
  if (!hasVersion) complain(root.offset, '"version": 1 is missing');
  return errors.length > 0 ? fail(errors) : ok({ rules, ignore });
}
