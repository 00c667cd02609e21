import type { Diagnostic } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Manifest } from '../core/manifest.ts';
import { type Analysis, analyse, type LookalikeList } from '../engine/analyse.ts';
import type { FactView } from '../engine/fact-store.ts';
import type { Project } from '../engine/project.ts';
import type { Policy } from '../policy/policy.ts';
import { rules } from '../rules/index.ts';
import { type DiagnosticSupport, type Positions, toDiagnostics } from './convert.ts';
import { resultIdOf } from './result-id.ts';
import type { Place, Workspace } from './workspace.ts';

/** What an analysis of a document depends on besides its text. */
export interface AnalysisContext {
  readonly policy: Policy;
  readonly facts: FactView;
  readonly lookalikes: LookalikeList;
}

/** A document's analysis, kept while nothing it depends on changes. */
interface Kept {
  readonly version: number;
  readonly generation: number;
  readonly parsed: ReturnType<Workspace['parse']>;
  readonly analysis: Analysis | undefined;
}

/**
 * How much text, in UTF-16 units, the open documents may have whose analyses are kept; a model takes several times as many bytes.
 * The one that was asked for last is kept whatever its size.
 */
export const MAX_KEPT_UNITS = 6_000_000;

/** Analyses of open documents. Every request may ask again: the answer is kept per version and generation, of the last ones. */
export class Analyses {
  readonly #workspace: Workspace;
  readonly #onRuleError: (rule: string, format: string, error: unknown) => void;
  readonly #kept = new Map<string, Kept>();
  #generation = 0;

  constructor(workspace: Workspace, onRuleError: (rule: string, format: string, error: unknown) => void) {
    this.#workspace = workspace;
    this.#onRuleError = onRuleError;
  }

  /** Everything may have changed: settings, trust, files around, facts. */
  invalidate(): void {
    this.#generation++;
  }

  /** Folders came or went: documents may belong to other ones now. */
  foldersChanged(): void {
    this.#kept.clear();
  }

  /** A document was closed. */
  forget(uri: string): void {
    this.#kept.delete(uri);
  }

  /** The analysis of a document's current text; undefined where no format of ours reads it. */
  of(document: TextDocument, context: AnalysisContext): Analysis | undefined {
    const kept = this.#kept.get(document.uri);
    // A Map keeps the order of insertion: what was asked for last goes last.
    this.#kept.delete(document.uri);
    if (kept?.version === document.version && kept.generation === this.#generation) {
      this.#kept.set(document.uri, kept);
      return kept.analysis;
    }
    // What was typed elsewhere changes verdicts, and not what this document says.
    const parsed = kept?.version === document.version ? kept.parsed : this.#workspace.parse(document);
    const analysis = parsed && this.#analyse(parsed.manifest, parsed.place, context);
    this.#kept.set(document.uri, { version: document.version, generation: this.#generation, parsed, analysis });
    this.#letGo();
    return analysis;
  }

  /** Forgets analyses of documents that nobody asked about for the longest, as long as there is too much. */
  #letGo(): void {
    let units = 0;
    for (const { parsed } of this.#kept.values()) units += parsed?.manifest.file.text.length ?? 0;
    for (const [uri, { parsed }] of this.#kept) {
      if (units <= MAX_KEPT_UNITS || this.#kept.size === 1) return;
      units -= parsed?.manifest.file.text.length ?? 0;
      this.#kept.delete(uri);
    }
  }

  #analyse(manifest: Manifest, place: Place, context: AnalysisContext): Analysis {
    const surroundings: Project = place.root.project;
    return analyse(manifest, { rules, ...context, surroundings, onRuleError: this.#onRuleError });
  }
}

/** A document's diagnostics with the id that stands for them: the same id means the same diagnostics. */
export interface Diagnosed {
  readonly resultId: string;
  readonly items: Diagnostic[];
}

/**
 * An analysis as diagnostics. A document that none of our formats reads has none. `lines` are those of the document's text,
 * where it is open. Made once for each analysis: an open document is asked about by itself and with its workspace.
 */
export function diagnose(analysis: Analysis | undefined, support: DiagnosticSupport, lines?: Positions): Diagnosed {
  const known = analysis && diagnosedOf.get(analysis);
  if (known !== undefined) return known;
  const items = analysis === undefined ? [] : toDiagnostics(analysis, support, lines);
  const resultId = resultIdOf(JSON.stringify(items));
  if (analysis !== undefined) diagnosedOf.set(analysis, { resultId, items });
  return { resultId, items };
}

// One server has one client, so an analysis is only ever shown with one client's support.
const diagnosedOf = new WeakMap<Analysis, Diagnosed>();
