import type { Answer, FactKind, Unknown } from '../core/answer.ts';
import type { Draft, Finding, Message } from '../core/finding.ts';
import type { LookalikeJudge } from '../core/lookalike.ts';
import type { Manifest } from '../core/manifest.ts';
import { remember } from '../core/remember.ts';
import type { Rule, RuleContext, Surroundings, UnusedIgnore } from '../core/rule.ts';
import { plain } from '../core/untrusted.ts';
import { areaOf, type Policy, type RuleSetting, severityOf } from '../policy/policy.ts';
import { allowing } from './allowed-names.ts';
import type { FactView } from './fact-store.ts';
import { fingerprint, type Hash, hashOf } from './fingerprint.ts';
import { type Suppressed, suppress } from './suppressions.ts';

/** Something that could not be checked. `count` is how many questions it stands for. */
export interface UnknownItem {
  readonly path: string;
  readonly subject: string;
  readonly why: Unknown;
  readonly count: number;
  /** The source's own words on why it failed: `example.test: rate limited until 14:05`. */
  readonly detail?: string;
}

/** All that is known about one document. */
export interface Analysis {
  readonly manifest: Manifest;
  /** Sorted by place, then by rule. */
  readonly findings: readonly Finding[];
  readonly suppressed: readonly Suppressed[];
  readonly unknown: readonly UnknownItem[];
}

/** The list of well-known names; `pending` while it is being read, `error` where that failed. */
export type LookalikeList = LookalikeJudge | 'pending' | 'error';

/** What an analysis works with. */
export interface AnalyseOptions {
  readonly rules: readonly Rule[];
  readonly policy: Policy;
  readonly surroundings: Surroundings;
  readonly facts: FactView;
  readonly lookalikes: LookalikeList;
  /** Told of a rule that threw: a bug of ours. The other rules go on. */
  readonly onRuleError?: (rule: string, format: string, error: unknown) => void;
}

/** Runs every rule that is switched on over one manifest. Synchronous; never throws, whatever a rule does. */
export function analyse(manifest: Manifest, options: AnalyseOptions): Analysis {
  const run = new Run(manifest, options);
  const active = options.rules.filter((rule) => appliesTo(rule, manifest) && severityOf(rule.meta, options.policy) !== 'off');
  for (const rule of active) if (rule.last !== true) run.check(rule, []);
  const first = suppress(run.findings, manifest, { ...options, unsureAreas: run.unsureAreas });
  run.findings.length = 0;
  for (const rule of active) if (rule.last === true) run.check(rule, first.unused);
  const last = suppress(run.findings, manifest, { ...options, unsureAreas: run.unsureAreas });
  if (manifest.problems.length > 0) run.notKnown(manifest.file.path, 'unparsable');
  return {
    manifest,
    findings: [...first.findings, ...last.findings].sort(byPlace),
    suppressed: [...first.suppressed, ...last.suppressed],
    unknown: run.unknownItems(),
  };
}

function appliesTo(rule: Rule, manifest: Manifest): boolean {
  return rule.meta.formats.length === 0 || rule.meta.formats.includes(manifest.format);
}

function byPlace(a: Finding, b: Finding): number {
  return a.span.start - b.span.start || a.span.end - b.span.end || (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0);
}

class Run {
  readonly findings: Finding[] = [];
  readonly unsureAreas = new Set<string>();
  readonly #manifest: Manifest;
  readonly #options: AnalyseOptions;
  readonly #surroundings: Surroundings;
  readonly #unknown = new Map<string, { subject: string; why: Unknown; keys: Set<string>; detail: string | undefined }>();

  constructor(manifest: Manifest, options: AnalyseOptions) {
    this.#manifest = manifest;
    this.#options = options;
    this.#surroundings = surroundingsFor(manifest, options.surroundings);
  }

  check(rule: Rule, unusedIgnores: readonly UnusedIgnore[]): void {
    const { lookalikes } = this.#options;
    const noLookalikes = (): undefined => {
      if (typeof lookalikes === 'string') this.notKnown('lookalikes', lookalikes);
    };
    const context: RuleContext = {
      manifest: this.#manifest,
      surroundings: this.#surroundings,
      unusedIgnores,
      fact: (kind, key) => {
        const answer = this.#fact(kind, key);
        if (answer.state === 'unknown') this.unsureAreas.add(areaOf(rule.meta.id));
        return answer;
      },
      lacking: (kind, key, lack) => {
        this.unsureAreas.add(areaOf(rule.meta.id));
        const { why, detail } = typeof lack === 'string' ? { why: 'denied' as const, detail: lack } : lack;
        // One item for each file and source: a mirror that leaves something out does so for all packages.
        this.notKnown(kind.id, why, { key: kind.key(key), detail });
      },
      lookalike: typeof lookalikes === 'string' ? noLookalikes : allowing(lookalikes.judge, this.#options.policy),
      combosquat: typeof lookalikes === 'string' ? noLookalikes : allowing(lookalikes.combosquat, this.#options.policy),
      provenanceDemands: this.#options.policy.provenance,
      report: (draft) => {
        active ??= this.#active(rule);
        this.findings.push(this.#finish(active, draft));
      },
    };
    let active: ActiveRule | undefined;
    try {
      rule.check(context);
    } catch (error) {
      this.notKnown(rule.meta.id, 'error');
      this.#options.onRuleError?.(rule.meta.id, this.#manifest.format, error);
    }
  }

  notKnown(
    subject: string,
    why: Unknown,
    { key = subject, detail }: { readonly key?: string; readonly detail?: string | undefined } = {},
  ): void {
    const id = `${subject} ${why}`;
    const item = this.#unknown.get(id);
    if (item === undefined) this.#unknown.set(id, { subject, why, keys: new Set([key]), detail });
    else item.keys.add(key);
  }

  unknownItems(): UnknownItem[] {
    return [...this.#unknown.values()].map(({ subject, why, keys, detail }) => ({
      path: this.#manifest.file.path,
      subject,
      why,
      count: keys.size,
      ...(detail === undefined ? {} : { detail }),
    }));
  }

  #fact<K, V>(kind: FactKind<K, V>, key: K): Answer<V> {
    const answer = this.#options.facts.get(kind, key);
    if (answer.state === 'unknown') {
      // Offline, one item per file and source says enough; a look-up that failed is named by what it asked about.
      const isOfAll = answer.why === 'offline' || (answer.why === 'denied' && kind.isRefusedAsOne === true);
      const subject = isOfAll ? kind.id : kind.purl(key);
      // That nothing is looked up is said by the reason itself.
      this.notKnown(subject, answer.why, { key: kind.key(key), detail: answer.why === 'offline' ? undefined : answer.detail });
    }
    return answer;
  }

  #active(rule: Rule): ActiveRule {
    const setting = severityOf(rule.meta, this.#options.policy);
    return { rule, setting, prefix: hashOf(`${rule.meta.id}\n${this.#manifest.file.path}\n`), seen: new Map() };
  }

  #finish(active: ActiveRule, draft: Draft): Finding {
    const { meta } = active.rule;
    const { setting } = active;
    const isDefault = setting === meta.severity;
    const template = meta.messages[draft.messageId];
    if (template === undefined) throw new Error(`${meta.id} has no message "${draft.messageId}"`);
    return {
      rule: meta.id,
      severity: isDefault && draft.severity !== undefined ? draft.severity : setting === 'off' ? meta.severity : setting,
      message: messageOf(template, draft.args),
      span: draft.span,
      related: draft.related ?? [],
      fixes: draft.fixes ?? [],
      fingerprint: this.#fingerprint(active, draft),
      ...(draft.lookalike === undefined ? {} : { lookalike: draft.lookalike }),
    };
  }

  /** Rule, path and text, and which one among equals: stable when lines move. */
  #fingerprint({ prefix, seen }: ActiveRule, draft: Draft): string {
    const { text } = this.#manifest.file;
    const identity = draft.identity ?? text.slice(draft.span.start, draft.span.end).replace(/\s+/g, ' ');
    const ordinal = seen.get(identity) ?? 0;
    seen.set(identity, ordinal + 1);
    return fingerprint(`${identity}\n${ordinal}`, prefix);
  }
}

/** A rule that found something, and what all of its findings share. */
interface ActiveRule {
  readonly rule: Rule;
  readonly setting: RuleSetting;
  /** The hash of the rule and the document's path, with which every fingerprint begins. */
  readonly prefix: Hash;
  /** How many findings had the same identity. */
  readonly seen: Map<string, number>;
}

/**
 * The surroundings as one analysis sees them: a file is asked for once, since a hundred dependencies all ask for the same
 * few, and the document itself is not read again.
 */
function surroundingsFor(manifest: Manifest, around: Surroundings): Surroundings {
  const found = new Map<string, boolean>();
  return {
    exists(path) {
      const known = found.get(path);
      if (known !== undefined) return known;
      const exists = around.exists(path);
      found.set(path, exists);
      return exists;
    },
    manifest: (path) => (path === manifest.file.path ? manifest : around.manifest(path)),
  };
}

/** How many messages of one kind are remembered: the next key reports nearly all of them again. */
const MAX_MESSAGES = 256;

const messages = new WeakMap<Message, (args: string) => Message>();

function messageOf(template: Message, args: Readonly<Record<string, string>>): Message {
  let make = messages.get(template);
  if (make === undefined) {
    make = remember((text) => fill(template, JSON.parse(text)), MAX_MESSAGES);
    messages.set(template, make);
  }
  return make(JSON.stringify(args));
}

function fill(template: Message, args: Readonly<Record<string, string>>): Message {
  return { what: filled(template.what, args), why: filled(template.why, args), remedy: filled(template.remedy, args) };
}

function filled(template: string, args: Readonly<Record<string, string>>): string {
  const pieces = piecesOf(template);
  let text = pieces[0] ?? '';
  for (let i = 1; i < pieces.length; i += 2) {
    const name = pieces[i] ?? '';
    text += (name in args ? plain(args[name] ?? '') : `{${name}}`) + (pieces[i + 1] ?? '');
  }
  return text;
}

/** A template's own text and the names of its arguments, by turns. */
function piecesOf(template: string): readonly string[] {
  const kept = pieces.get(template);
  if (kept !== undefined) return kept;
  const made = template.split(/\{(\w+)\}/);
  pieces.set(template, made);
  return made;
}

// One entry for each part of each message of each rule.
const pieces = new Map<string, readonly string[]>();
