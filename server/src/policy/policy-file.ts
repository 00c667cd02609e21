import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { pathMatcher } from '../core/glob.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { LineIndex } from '../core/text.ts';
import { asRuleSetting, type Policy, type PolicyIgnore, RULE_SETTINGS, type RuleSetting } from './policy.ts';

/** What is wrong in a policy file, with one-based line and column, as people read them. */
export interface PolicyError {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Says what is wrong with a rule's name; undefined: nothing. */
export type CheckRuleName = (name: string) => string | undefined;

/**
 * Reads a policy file (JSON, comments and trailing commas allowed): `{version: 1, rules, ignore: [{rule, path, reason}]}`.
 * Fails with every error found, each with its place; a policy with an error is not used at all, because half a policy is
 * another policy.
 */
export function parsePolicy(text: string, checkRule: CheckRuleName): Result<Policy, readonly PolicyError[]> {
  return new PolicyReader(text, checkRule).read();
}

class PolicyReader {
  readonly #text: string;
  readonly #checkRule: CheckRuleName;
  readonly #lines: LineIndex;
  readonly #errors: PolicyError[] = [];

  constructor(text: string, checkRule: CheckRuleName) {
    // The parser knows no byte order mark; a space keeps every offset.
    this.#text = text.replace(/^\ufeff/, ' ');
    this.#checkRule = checkRule;
    this.#lines = new LineIndex(text);
  }

  read(): Result<Policy, readonly PolicyError[]> {
    const syntax: ParseError[] = [];
    const root = parseTree(this.#text, syntax, { allowTrailingComma: true });
    const [first] = syntax;
    if (first !== undefined) this.#complain(first.offset, `not valid JSON (${printParseErrorCode(first.error)})`);
    else if (root === undefined) this.#complain(0, 'the file is empty');
    else if (root.type !== 'object') this.#complain(root.offset, 'the policy must be an object');
    const policy = root !== undefined && this.#errors.length === 0 ? this.#readRoot(root) : undefined;
    return policy === undefined || this.#errors.length > 0 ? fail(this.#errors) : ok(policy);
  }

  #readRoot(root: Node): Policy {
    let rules: Readonly<Record<string, RuleSetting>> = {};
    let ignore: readonly PolicyIgnore[] = [];
    let hasVersion = false;
    for (const [key, value] of members(root)) {
      switch (key.value) {
        case '$schema':
          break;
        case 'version':
          hasVersion = true;
          if (value.value !== 1) this.#complain(value.offset, '"version" must be 1');
          break;
        case 'rules':
          rules = this.#readRules(value);
          break;
        case 'ignore':
          ignore = this.#readIgnores(value);
          break;
        default:
          this.#complain(key.offset, `unknown key "${String(key.value)}"; a policy has version, rules and ignore`);
      }
    }
    if (!hasVersion) this.#complain(root.offset, '"version": 1 is missing');
    return { rules, ignore };
  }

  #readRules(node: Node): Readonly<Record<string, RuleSetting>> {
    if (node.type !== 'object') this.#complain(node.offset, '"rules" must be an object');
    const rules: Record<string, RuleSetting> = {};
    for (const [name, value] of members(node)) {
      this.#checkName(name);
      const setting = asRuleSetting(value.value);
      if (setting === undefined) this.#complain(value.offset, `the severity must be one of ${RULE_SETTINGS.join(', ')}`);
      else rules[String(name.value)] = setting;
    }
    return rules;
  }

  #readIgnores(node: Node): readonly PolicyIgnore[] {
    if (node.type !== 'array') this.#complain(node.offset, '"ignore" must be an array');
    return node.type === 'array' ? (node.children ?? []).flatMap((entry) => this.#readIgnore(entry) ?? []) : [];
  }

  #readIgnore(node: Node): PolicyIgnore | undefined {
    const fields = new Map<unknown, string>();
    for (const [key, value] of members(node)) {
      if (!['rule', 'path', 'reason'].includes(String(key.value))) {
        this.#complain(key.offset, `unknown key "${String(key.value)}"; an ignore has rule, path and reason`);
      } else if (typeof value.value !== 'string') {
        this.#complain(value.offset, `"${String(key.value)}" must be a string`);
      } else {
        fields.set(key.value, value.value);
        if (key.value === 'rule') this.#checkName(value);
      }
    }
    const rule = fields.get('rule');
    const reason = fields.get('reason')?.trim() ?? '';
    const path = fields.get('path') ?? '**';
    if (rule === undefined) this.#complain(node.offset, 'an ignore needs a "rule"');
    if (reason === '') this.#complain(node.offset, 'an ignore needs a "reason"');
    return rule === undefined || reason === '' ? undefined : { rule, path, reason, matches: pathMatcher([path]) };
  }

  #checkName(node: Node): void {
    const wrong = this.#checkRule(String(node.value));
    if (wrong !== undefined) this.#complain(node.offset, wrong);
  }

  #complain(offset: number, message: string): void {
    const { line, character } = this.#lines.positionAt(offset);
    this.#errors.push({ line: line + 1, column: character + 1, message });
  }
}

/** The members of an object node; none of any other node. */
function members(node: Node): (readonly [Node, Node])[] {
  if (node.type !== 'object') return [];
  return (node.children ?? []).flatMap(({ children: [key, value] = [] }) =>
    key === undefined || value === undefined ? [] : [[key, value] as const],
  );
}
