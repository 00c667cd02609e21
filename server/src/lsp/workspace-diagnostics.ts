import type { PreviousResultId, WorkspaceDocumentDiagnosticReport } from 'vscode-languageserver';
import { type Analysis, analyse } from '../engine/analyse.ts';
import { formatForPath } from '../engine/formats.ts';
import { rules } from '../rules/index.ts';
import type { DiagnosticSupport } from './convert.ts';
import { type AnalysisContext, type Diagnosed, diagnose } from './documents.ts';
import { awaitsLookalikes } from './lookalike-list.ts';
import { normalise } from './workspace.ts';
import { type WalkedWorkspace, type WorkspaceFile, workspaceFiles } from './workspace-files.ts';

/** How long edits are gathered before a request that waits is answered, in ms: the document itself is asked about at once. */
const EDIT_DELAY_MS = 500;

/** What the diagnostics of files that are not open are made with. */
export interface WorkspaceScanOptions extends WalkedWorkspace {
  readonly support: () => DiagnosticSupport;
  readonly contextOf: (uri: string) => Promise<AnalysisContext>;
  /** An open document's own diagnostics; undefined where it is not open. */
  readonly openDiagnostics: (
    uri: string,
  ) => Promise<{ readonly version: number; readonly diagnosed: Diagnosed; readonly analysis: Analysis | undefined } | undefined>;
  /** Reads the list of well-known names; resolved when that is done, or was before. */
  readonly loadLookalikes: () => Promise<unknown>;
  readonly onRuleError: (rule: string, format: string, error: unknown) => void;
}

/** A file's diagnostics. `version` is null for a file that is not open (LSP, "WorkspaceFullDocumentDiagnosticReport"). */
interface FileResult {
  readonly uri: string;
  readonly version: number | null;
  readonly diagnosed: Diagnosed;
  /** How many questions could not be answered. Not the analysis: it would keep every file's text and tree alive. */
  readonly unknown: number;
  /** Whether the list of well-known names was wanted, and not there yet. */
  readonly awaitsLookalikes: boolean;
}

/** Answers `workspace/diagnostic` for all files of all folders, open or not: at once when something changed, else later. */
export class WorkspaceDiagnostics {
  readonly #options: WorkspaceScanOptions;
  #waiting: (() => void)[] = [];
  /** What the last walk found, by normalised URI, kept up to date with open documents. */
  #kept: Map<string, FileResult> | undefined;
  /** Documents that were opened, edited or closed since their result was made, by normalised URI. */
  readonly #edited = new Set<string>();
  /** The files of the last walk that came to its end, by normalised URI. */
  #files: readonly string[] = [];
  #changes = 0;
  #editTimer: NodeJS.Timeout | undefined;

  constructor(options: WorkspaceScanOptions) {
    this.#options = options;
  }

  /** Something around the documents changed, on disk or in the settings: all files are walked again, now. */
  changed(): void {
    this.#kept = undefined;
    this.#changes++;
    this.#edited.clear();
    this.#wake();
  }

  /** A document was opened, edited or closed: nothing but its own result is made again, and that when typing stops. */
  documentChanged(uri: string): void {
    this.#edited.add(normalise(uri));
    clearTimeout(this.#editTimer);
    this.#editTimer = setTimeout(() => this.#wake(), EDIT_DELAY_MS);
  }

  #wake(): void {
    clearTimeout(this.#editTimer);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Reports for what differs from the client's own results. Waits until there is some, or until it is cancelled. */
  async pull(previous: readonly PreviousResultId[], signal: AbortSignal): Promise<WorkspaceDocumentDiagnosticReport[]> {
    const before = new Map(previous.map(({ uri, value }) => [normalise(uri), { uri, value }]));
    for (;;) {
      const changed = this.#nextChange(signal);
      const results = await this.scan(signal);
      const items = signal.aborted ? [] : this.#differences(results, before);
      if (items.length > 0 || signal.aborted) return items;
      await changed;
      if (signal.aborted) return [];
    }
  }

  /** Whether files of a folder were found by the last walk. */
  hasBelow(uri: string): boolean {
    const folder = `${normalise(uri)}/`;
    return this.#files.some((file) => file.startsWith(folder));
  }

  /**
   * The diagnostics of every file. Gives other requests a turn in between, and tells `onProgress` then how many files it has
   * read; stops early when it is cancelled.
   */
  async scan(signal: AbortSignal, onProgress?: (files: number) => void): Promise<readonly FileResult[]> {
    const kept = this.#kept;
    if (kept === undefined) return this.#walk(signal, onProgress);
    const { host } = this.#options;
    for (const uri of [...this.#edited]) {
      this.#edited.delete(uri);
      // A file that the walk did not find is ignored, in another folder, or its creation is told by the watcher.
      const file = host.fileOf(uri);
      if (file === undefined || !kept.has(uri)) continue;
      const result = await this.#resultOf(uri, file);
      if (result === undefined) kept.delete(uri);
      else kept.set(uri, result);
    }
    return [...kept.values()];
  }

  async #walk(signal: AbortSignal, onProgress: (files: number) => void = () => {}): Promise<readonly FileResult[]> {
    await this.#options.host.ready();
    const results = new Map<string, FileResult>();
    const changes = this.#changes;
    const early: WorkspaceFile[] = [];
    this.#edited.clear();
    for await (const { uri, file } of workspaceFiles(this.#options, () => onProgress(results.size), signal)) {
      const result = await this.#resultOf(uri, file);
      if (result !== undefined) results.set(uri, result);
      if (result?.awaitsLookalikes === true) early.push({ uri, file });
    }
    if (signal.aborted) return [...results.values()];
    // The list is read once the first pass is over, so that it keeps no first answer waiting.
    if (early.length > 0) await this.#options.loadLookalikes();
    for (const { uri, file } of early) {
      if (signal.aborted) break;
      const result = await this.#resultOf(uri, file);
      if (result !== undefined) results.set(uri, result);
    }
    // What changed during the walk may have changed behind it.
    if (changes === this.#changes) this.#kept = results;
    this.#files = [...results.keys()];
    return [...results.values()];
  }

  async #resultOf(uri: string, file: string): Promise<FileResult | undefined> {
    const open = await this.#options.openDiagnostics(uri);
    if (open === undefined) return this.#closedFile(uri, file);
    const { version, diagnosed, analysis } = open;
    return { uri, version, diagnosed, unknown: unknownIn(analysis), awaitsLookalikes: awaitsLookalikes(analysis) };
  }

  async #closedFile(uri: string, file: string): Promise<FileResult | undefined> {
    const { host, workspace, contextOf, onRuleError, support } = this.#options;
    const { root, path } = workspace.placeOf(uri);
    const format = formatForPath(path);
    if (format === undefined) return undefined;
    const text = await host.read(file);
    if (!text.ok) return undefined;
    const context = await contextOf(uri);
    const manifest = format.parse(root.document(file, text.value));
    const analysis = analyse(manifest, { rules, ...context, surroundings: root.project, onRuleError });
    return {
      uri,
      version: null,
      diagnosed: diagnose(analysis, support()),
      unknown: unknownIn(analysis),
      awaitsLookalikes: awaitsLookalikes(analysis),
    };
  }

  #differences(
    results: readonly FileResult[],
    before: ReadonlyMap<string, { readonly uri: string; readonly value: string }>,
  ): WorkspaceDocumentDiagnosticReport[] {
    const items: WorkspaceDocumentDiagnosticReport[] = [];
    const present = new Set<string>();
    for (const { uri, version, diagnosed } of results) {
      present.add(uri);
      const known = before.get(uri);
      if (known?.value === diagnosed.resultId) continue;
      // A file that never had diagnostics and still has none is no news.
      if (known === undefined && diagnosed.items.length === 0) continue;
      items.push({ kind: 'full', uri: known?.uri ?? uri, version, resultId: diagnosed.resultId, items: diagnosed.items });
    }
    for (const [uri, { uri: spelled, value }] of before) {
      if (!present.has(uri) && value !== GONE) items.push({ kind: 'full', uri: spelled, version: null, resultId: GONE, items: [] });
    }
    return items;
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

function unknownIn(analysis: Analysis | undefined): number {
  return analysis?.unknown.reduce((sum, { count }) => sum + count, 0) ?? 0;
}

/** The result id of a file that is not there any more. */
const GONE = 'gone';
