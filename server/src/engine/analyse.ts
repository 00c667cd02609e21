import type { Answer, FactKind, Unknown } from '../core/answer.ts';
import type { Draft, Finding, Message } from '../core/finding.ts';
import type { LookalikeJudge } from '../core/lookalike.ts';
import type { Manifest } from '../core/manifest.ts';
import type { Rule, RuleContext, Surroundings, UnusedIgnore } from '../core/rule.ts';
import { plain } from '../core/untrusted.ts';
import { areaOf, type Policy, severityOf } from '../policy/policy.ts';
import type { FactView } from './fact-store.ts';
import { fingerprint } from './fingerprint.ts';
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
  readonly #seen = new Map<string, number>();

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
      lacking: (kind, key, detail) => {
        this.unsureAreas.add(areaOf(rule.meta.id));
        // One item for each file and source: a mirror that leaves something out does so for all packages.
        this.notKnown(kind.id, 'denied', { key: kind.key(key), detail });
      },
      lookalike: typeof lookalikes === 'string' ? noLookalikes : lookalikes.judge,
      combosquat: typeof lookalikes === 'string' ? noLookalikes : lookalikes.combosquat,
      report: (draft) => this.findings.push(this.#finish(rule, draft)),
    };
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
      const subject = answer.why === 'offline' ? kind.id : kind.purl(key);
      // That nothing is looked up is said by the reason itself.
      this.notKnown(subject, answer.why, { key: kind.key(key), detail: answer.why === 'offline' ? undefined : answer.detail });
    }
    return answer;
  }

  #finish(rule: Rule, draft: Draft): Finding {
    const setting = severityOf(rule.meta, this.#options.policy);
    const isDefault = setting === rule.meta.severity;
    const template = rule.meta.messages[draft.messageId];
    if (template === undefined) throw new Error(`${rule.meta.id} has no message "${draft.messageId}"`);
    return {
      rule: rule.meta.id,
      severity: isDefault && draft.severity !== undefined ? draft.severity : setting === 'off' ? rule.meta.severity : setting,
      message: fill(template, draft.args),
      span: draft.span,
      related: draft.related ?? [],
      fixes: draft.fixes ?? [],
      fingerprint: this.#fingerprint(rule.meta.id, draft),
    };
  }

  /** Rule, path and text, and which one among equals: stable when lines move. */
  #fingerprint(rule: string, draft: Draft): string {
    const { path, text } = this.#manifest.file;
    const identity = draft.identity ?? text.slice(draft.span.start, draft.span.end).replace(/\s+/g, ' ');
    const base = `${rule}\n${path}\n${identity}`;
    const ordinal = this.#seen.get(base) ?? 0;
    this.#seen.set(base, ordinal + 1);
    return fingerprint(`${base}\n${ordinal}`);
  }
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

function fill(template: Message, args: Readonly<Record<string, string>>): Message {
  const part = (text: string): string =>
    text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in args ? plain(args[name] ?? '') : whole));
  return { what: part(template.what), why: part(template.why), remedy: part(template.remedy) };
}
