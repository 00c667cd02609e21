import type { Answer, FactKind, Unknown } from './answer.ts';
import type { Draft, Message, Severity } from './finding.ts';
import type { Ecosystem, Lookalike } from './lookalike.ts';
import type { IgnoreMarker, Manifest } from './manifest.ts';
import type { ProvenanceDemands } from './provenance-demand.ts';
import type { Span } from './span.ts';

/** What is said of a rule in the catalogue, the settings, the pages and SARIF. */
export interface RuleMeta {
  /** `area/defect`; final once shipped. */
  readonly id: string;
  /** One line in sentence case, without a full stop. */
  readonly title: string;
  readonly severity: Severity;
  readonly confidence: 'low' | 'medium' | 'high';
  /** `strict` rules are off unless asked for. */
  readonly tier: 'recommended' | 'strict';
  /** Ids of the formats it reads; empty means every format. */
  readonly formats: readonly string[];
  /** Ids of the fact kinds without which there is no verdict; empty means decided offline. */
  readonly needs: readonly string[];
  /** `offline`: a fix without look-up; `online`: the fix asks the network when chosen; `none`. */
  readonly fix: 'none' | 'offline' | 'online';
  readonly since: string;
  /** 0.0 to 10.0, for SARIF's `security-severity`. */
  readonly securitySeverity: string;
  /** Specifications, papers and advisories: https addresses. */
  readonly refs: readonly string[];
  /** By message id; `{name}` stands for an argument. */
  readonly messages: Readonly<Record<string, Message>>;
}

/** What is known of the files around a document. Paths are relative to the checked root; nothing outside it is visible. */
export interface Surroundings {
  exists(path: string): boolean;
  /** The manifest of a file that one of our formats reads; undefined where there is none. Parsed once and kept. */
  manifest(path: string): Manifest | undefined;
}

/** An ignore comment of ours that silenced nothing, and why. */
export interface UnusedIgnore {
  readonly marker: IgnoreMarker;
  /** The name of `marker.rules` concerned, and where it stands. */
  readonly name: string;
  readonly span: Span;
  /** For a name that is no rule: the nearest one that is, where there is one. */
  readonly unknownRule?: { readonly nearest?: string };
}

/** What a fact leaves out, where the registry did not keep it back: `why` is `denied` where nothing else is said. */
export interface Lack {
  readonly why: Unknown;
  readonly detail: string;
}

/** What a rule works with. */
export interface RuleContext {
  readonly manifest: Manifest;
  readonly surroundings: Surroundings;
  /** Only for rules with `last`: what was found unused after all others ran. Empty for every other rule. */
  readonly unusedIgnores: readonly UnusedIgnore[];
  /** A fact, at once: `pending` or `offline` where it is not here yet. Asking for it is what makes the front look it up. */
  fact<K, V>(kind: FactKind<K, V>, key: K): Answer<V>;
  /** Tells that a fact is here and leaves out what a verdict needs, as thin mirrors do: unknown then, and never clean. */
  lacking<K, V>(kind: FactKind<K, V>, key: K, lack: string | Lack): void;
  /**
   * What a name looks like; undefined for one that looks like itself, and where the list of names is not there (which is told as
   * unknown). The same list is the same function in every analysis, so that what it said can be kept beside it.
   */
  readonly lookalike: (ecosystem: Ecosystem, name: string) => Lookalike | undefined;
  /** The well-known npm package that an unknown name has among its words: nothing to warn of without a fact that confirms it. */
  readonly combosquat: (ecosystem: Ecosystem, name: string) => Lookalike | undefined;
  /** The packages that the policy requires provenance of; undefined where it requires none. */
  readonly provenanceDemands: ProvenanceDemands | undefined;
  report(draft: Draft): void;
}

/** One rule, one file. `check` is synchronous, pure but for the context, and may throw only through a bug of ours. */
export interface Rule {
  readonly meta: RuleMeta;
  /** Runs after the findings of all other rules were matched with the ignore comments. */
  readonly last?: true;
  check(context: RuleContext): void;
}
