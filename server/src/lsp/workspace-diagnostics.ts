import type { PreviousResultId, WorkspaceDocumentDiagnosticReport } from 'vscode-languageserver';
import { type Analysis, analyse } from '../engine/analyse.ts';
import { formatForPath } from '../engine/formats.ts';
import { rules } from '../rules/index.ts';
import { yieldToQueue } from './abort.ts';
import type { DiagnosticSupport } from './convert.ts';
import { type AnalysisContext, type Diagnosed, diagnose } from './documents.ts';
import type { Host } from './host.ts';
import { normalise, type Workspace } from './workspace.ts';

/** How long files are analysed before requests in the queue get a turn, in ms. */
const SLICE_MS = 10;

/** What the diagnostics of files that are not open are made with. */
export interface WorkspaceScanOptions {
  readonly host: Host;
  readonly workspace: Workspace;
  readonly support: () => DiagnosticSupport;
  readonly contextOf: (uri: string) => Promise<AnalysisContext>;
  /** An open document's own diagnostics; undefined where it is not open. */
  readonly openDiagnostics: (
    uri: string,
  ) => Promise<{ readonly version: number; readonly diagnosed: Diagnosed; readonly analysis: Analysis | undefined } | undefined>;
  readonly onRuleError: (rule: string, format: string, error: unknown) => void;
  readonly onUnreadable: (folder: string, reason: string) => void;
}

/** A file's diagnostics. `version` is null for a file that is not open (LSP, "WorkspaceFullDocumentDiagnosticReport"). */
interface FileResult {
  readonly uri: string;
  readonly version: number | null;
  readonly diagnosed: Diagnosed;
  readonly analysis: Analysis | undefined;
}

/** Answers `workspace/diagnostic` for all files of all folders, open or not: at once when something changed, else later. */
export class WorkspaceDiagnostics {
  readonly #options: WorkspaceScanOptions;
  #waiting: (() => void)[] = [];
  #kept: { readonly results: readonly FileResult[] } | undefined;

  constructor(options: WorkspaceScanOptions) {
    this.#options = options;
  }

  /** Something changed that diagnostics depend on: requests that wait are answered now. */
  changed(): void {
    this.#kept = undefined;
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

  /** The diagnostics of every file. Gives other requests a turn in between; stops early when it is cancelled. */
  async scan(signal: AbortSignal): Promise<readonly FileResult[]> {
    if (this.#kept !== undefined) return this.#kept.results;
    const { host, workspace, openDiagnostics, onUnreadable } = this.#options;
    await host.ready();
    const results = new Map<string, FileResult>();
    let since = Date.now();
    for (const root of workspace.folders) {
      for (const file of host.walk(root.root, onUnreadable)) {
        if (Date.now() - since > SLICE_MS) {
          await yieldToQueue();
          since = Date.now();
        }
        if (signal.aborted) return [...results.values()];
        const uri = normalise(host.uriOf(file));
        if (results.has(uri)) continue;
        const open = await openDiagnostics(uri);
        if (open !== undefined) results.set(uri, { uri, ...open });
        else {
          const closed = await this.#closedFile(uri, file);
          if (closed !== undefined) results.set(uri, closed);
        }
      }
    }
    this.#kept = { results: [...results.values()] };
    return this.#kept.results;
  }

  async #closedFile(uri: string, file: string): Promise<FileResult | undefined> {
    const { host, workspace, contextOf, onRuleError, support } = this.#options;
    const { root, path } = workspace.placeOf(uri);
    const format = formatForPath(path);
    if (format === undefined) return undefined;
    const text = await host.read(file);
    if (!text.ok) return undefined;
    const { policy, facts } = await contextOf(uri);
    const manifest = format.parse(root.document(file, text.value));
    const analysis = analyse(manifest, { rules, policy, facts, surroundings: root.project, onRuleError });
    return { uri, version: null, diagnosed: diagnose(analysis, support()), analysis };
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

/** The result id of a file that is not there any more. */
const GONE = 'gone';
