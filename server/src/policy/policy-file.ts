import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { nearest } from '../core/did-you-mean.ts';
import { pathMatcher } from '../core/glob.ts';
import { ECOSYSTEMS } from '../core/lookalike.ts';
import type { ProvenanceDemand, ProvenanceDemands } from '../core/provenance-demand.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { LineIndex } from '../core/text.ts';
import { plain } from '../core/untrusted.ts';
import { type AllowedName, asRuleSetting, type Policy, type PolicyIgnore, RULE_SETTINGS, type RuleSetting } from './policy.ts';
import { DEMAND_KEYS, readDemand } from './provenance-demands.ts';

/** What is wrong in a policy file, with one-based line and column, as people read them. */
export interface PolicyError {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Says what is wrong with a rule's name; undefined: nothing. */
export type CheckRuleName = (name: string) => string | undefined;

/**
 * Reads a policy file (JSON, comments and trailing commas allowed): `{version: 1, rules, ignore: [{rule, path, reason}],
 * lookalikes: {allow: [{ecosystem, name, reason}]}, npm: {provenance: [{match, repository, issuer, identityRegexp, reason}]}}`.
 * Fails with every error found, each with its place; a policy with an error is not used at all, because half a policy is
 * another policy.
 */
export function parsePolicy(text: string, checkRule: CheckRuleName): Result<Policy, readonly PolicyError[]> {
  return new PolicyReader(text, checkRule).read();
}

const ROOT_KEYS = ['version', 'rules', 'ignore', 'lookalikes', 'npm'];

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
    if (policy !== undefined && this.#errors.length === 0) return ok(policy);
    return fail(this.#errors.sort((a, b) => a.line - b.line || a.column - b.column));
  }

  #readRoot(root: Node): Policy {
    let rules: Readonly<Record<string, RuleSetting>> = {};
    let ignore: readonly PolicyIgnore[] = [];
    let allow: readonly AllowedName[] = [];
    let provenance: ProvenanceDemands = new Map();
    let hasVersion = false;
    for (const [key, value] of this.#members(root)) {
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
        case 'lookalikes':
          allow = this.#readLookalikes(value);
          break;
        case 'npm':
          provenance = this.#readNpm(value);
          break;
        default:
          this.#unknownKey(key, ROOT_KEYS, 'a policy has version, rules, ignore, lookalikes and npm');
      }
    }
    if (!hasVersion) this.#complain(root.offset, '"version": 1 is missing');
    return { rules, ignore, allow, ...(provenance.size === 0 ? {} : { provenance }) };
  }

  #readRules(node: Node): Readonly<Record<string, RuleSetting>> {
    if (node.type !== 'object') this.#complain(node.offset, '"rules" must be an object');
    const rules: Record<string, RuleSetting> = {};
    for (const [name, value] of this.#members(node)) {
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

  #readLookalikes(node: Node): readonly AllowedName[] {
    if (node.type !== 'object') this.#complain(node.offset, '"lookalikes" must be an object');
    let allow: readonly AllowedName[] = [];
    for (const [key, value] of this.#members(node)) {
      if (key.value !== 'allow') this.#unknownKey(key, ['allow'], 'lookalikes has allow');
      else if (value.type !== 'array') this.#complain(value.offset, '"allow" must be an array');
      else allow = (value.children ?? []).flatMap((entry) => this.#readAllowed(entry) ?? []);
    }
    return allow;
  }

  #readAllowed(node: Node): AllowedName | undefined {
    const fields = this.#fieldsOf(node, ['ecosystem', 'name', 'reason'], 'an allowed name has ecosystem, name and reason');
    const text = (key: string): string => String(fields.get(key)?.value ?? '').trim();
    const ecosystem = ECOSYSTEMS.find((one) => one === text('ecosystem'));
    if (ecosystem === undefined)
      this.#complain((fields.get('ecosystem') ?? node).offset, `"ecosystem" must be one of ${ECOSYSTEMS.join(', ')}`);
    if (text('name') === '') this.#complain((fields.get('name') ?? node).offset, 'an allowed name needs a "name"');
    // An entry that a quick fix wrote has an empty reason, for somebody to fill in.
    if (text('reason') === '') this.#complain((fields.get('reason') ?? node).offset, 'an allowed name needs a "reason"');
    return ecosystem === undefined ? undefined : { ecosystem, name: text('name'), reason: text('reason') };
  }

  #readNpm(node: Node): ProvenanceDemands {
    if (node.type !== 'object') this.#complain(node.offset, '"npm" must be an object');
    const demands = new Map<string, ProvenanceDemand>();
    for (const [key, value] of this.#members(node)) {
      if (key.value !== 'provenance') this.#unknownKey(key, ['provenance'], 'npm has provenance');
      else if (value.type !== 'array') this.#complain(value.offset, '"provenance" must be an array');
      else for (const entry of value.children ?? []) this.#readDemand(entry, demands);
    }
    return demands;
  }

  /** Adds a requirement to those before it. */
  #readDemand(node: Node, demands: Map<string, ProvenanceDemand>): void {
    const fields = this.#fieldsOf(node, DEMAND_KEYS, `a requirement of provenance has ${DEMAND_KEYS.join(', ')}`);
    const demand = readDemand(new Map([...fields].map(([key, value]) => [key, String(value.value)])));
    if (!demand.ok) {
      // What is no object, or has a member of another type, was told already.
      const lacks = node.type === 'object' && node.children?.every(({ children }) => children?.[0]?.value !== 'match');
      for (const { key, message } of demand.error)
        if (key !== undefined || lacks) this.#complain(((key && fields.get(key)) ?? node).offset, message);
      return;
    }
    const { match } = demand.value;
    if (demands.has(match)) this.#complain((fields.get('match') ?? node).offset, `"${match}" is there twice; one of them would not count`);
    demands.set(match, demand.value);
  }

  #readIgnore(node: Node): PolicyIgnore | undefined {
    const read = this.#fieldsOf(node, ['rule', 'path', 'reason'], 'an ignore has rule, path and reason');
    const fields = new Map([...read].map(([key, value]) => [key, String(value.value)]));
    const name = read.get('rule');
    if (name !== undefined) this.#checkName(name);
    const rule = fields.get('rule');
    const reason = fields.get('reason')?.trim() ?? '';
    const path = fields.get('path') ?? '**';
    if (rule === undefined) this.#complain(node.offset, 'an ignore needs a "rule"');
    if (reason === '') this.#complain(node.offset, 'an ignore needs a "reason"');
    return rule === undefined || reason === '' ? undefined : { rule, path, reason, matches: pathMatcher([path]) };
  }

  /** The members of an entry that are strings with a key that it may have; complains of all others. */
  #fieldsOf(node: Node, keys: readonly string[], has: string): ReadonlyMap<string, Node> {
    const fields = new Map<string, Node>();
    if (node.type !== 'object') this.#complain(node.offset, `${has.replace(/ has .*/, '')} must be an object`);
    for (const [key, value] of this.#members(node)) {
      const name = String(key.value);
      if (!keys.includes(name)) this.#unknownKey(key, keys, has);
      else if (typeof value.value !== 'string') this.#complain(value.offset, `"${name}" must be a string`);
      else fields.set(name, value);
    }
    return fields;
  }

  #unknownKey(key: Node, known: readonly string[], has: string): void {
    const name = String(key.value);
    const near = nearest(name, known);
    this.#complain(key.offset, `unknown key "${plain(name)}"; ${has}${near === undefined ? '' : `; did you mean "${near}"?`}`);
  }

  /** The members of an object node, each key once; none of any other node. */
  #members(node: Node): (readonly [Node, Node])[] {
    const found = node.type === 'object' ? (node.children ?? []) : [];
    const keys = new Set<unknown>();
    return found.flatMap(({ children: [key, value] = [] }) => {
      if (key === undefined || value === undefined) return [];
      // Who reads a policy may see the one, and the other counts.
      if (keys.has(key.value)) this.#complain(key.offset, `"${plain(String(key.value))}" is there twice; one of them would not count`);
      keys.add(key.value);
      return [[key, value] as const];
    });
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
