import {
  CancellationToken,
  type CodeAction,
  CodeActionKind,
  CodeLensRefreshRequest,
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  DocumentDiagnosticReportKind,
  FileChangeType,
  type FileEvent,
  type InitializeParams,
  type InitializeResult,
  LSPErrorCodes,
  MessageType,
  ProgressType,
  ResponseError,
  ShowMessageNotification,
  TextDocumentSyncKind,
  TextDocuments,
  WatchKind,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { FetchFact } from '../core/answer.ts';
import type { Finding } from '../core/finding.ts';
import { VERSION } from '../data/product.generated.ts';
import { ALL_GLOBS, formatForPath } from '../engine/formats.ts';
import { isLockfileName, LOCKFILE_NAMES } from '../formats/lock-model.ts';
import { REGISTRY_SETTINGS } from '../formats/registry-settings.ts';
import { signalOf, yieldToQueue } from './abort.ts';
import { allowName, whyNotAllowed } from './allow-name.ts';
import { type ClientSupport, clientSupport, initializationOptions } from './client-support.ts';
import { codeActions, FIX_ALL, readActionData, resolveAction } from './code-actions.ts';
import { comparePage } from './compare-names.ts';
import { documentLinks } from './document-links.ts';
import { documentStatus } from './document-status.ts';
import { Analyses, type AnalysisContext, type Diagnosed, diagnose } from './documents.ts';
import type { Host } from './host.ts';
import { hover } from './hover.ts';
import { inlayHints } from './inlay-hints.ts';
import { changeLens, LockChanges, SETTLE_MS } from './lock-change.ts';
import { LookUps } from './look-ups.ts';
import { awaitsLookalikes, LazyLookalikes } from './lookalike-list.ts';
import { pinEverything } from './pin-everything.ts';
import {
  ALLOW_NAME,
  type AllowAnswer,
  type AllowParams,
  COMPARE_NAMES,
  type CompareAnswer,
  type CompareParams,
  DID_GRANT_TRUST,
  DOCUMENT_STATUS,
  type DocumentStatus,
  type DocumentStatusParams,
  LOCKFILE_CHANGE,
  type LockfileChange,
  PIN_EVERYTHING,
  type PinAnswer,
  type PinParams,
  type PinProgress,
  REFRESH_LOOK_UPS,
  type RefreshResult,
  SCAN_WORKSPACE,
  type ScanParams,
  type ScanProgress,
  type ScanResult,
  STATUS,
} from './protocol.ts';
import { REFACTOR } from './refactorings.ts';
import { replaceEverywhere } from './replace-everywhere.ts';
import { Settings } from './settings.ts';
import { normalise, Workspace } from './workspace.ts';
import { WorkspaceDiagnostics } from './workspace-diagnostics.ts';
import type { ReadableWorkspace } from './workspace-files.ts';

/** How long a client that does not pull waits for diagnostics after a key, in ms. */
const PUSH_DELAY_MS = 150;

/** How long refreshes are gathered, in ms: each one makes the client ask for every open document again. */
const REFRESH_DELAY_MS = 250;

/** How often a scan tells how far it is, in ms. */
const PROGRESS_MS = 100;

/** Starts answering on a connection. Everything the server knows can be rebuilt from the client's documents and the disk. */
export function startServer(connection: Connection, host: Host): void {
  new Server(connection, host).listen();
}

class Server {
  readonly #connection: Connection;
  readonly #documents = new TextDocuments(TextDocument);
  readonly #byUri = new Map<string, TextDocument>();
  readonly #host: Host;
  readonly #workspace: Workspace;
  readonly #settings: Settings;
  readonly #analyses: Analyses;
  readonly #lookUps: LookUps;
  readonly #lockChanges = new LockChanges();
  readonly #lookalikes: LazyLookalikes;
  readonly #scanner: WorkspaceDiagnostics;
  readonly #pushTimers = new Map<string, NodeJS.Timeout>();
  readonly #loggedRules = new Set<string>();
  readonly #watchedPolicies = new Set<string>();
  #refreshTimer: NodeJS.Timeout | undefined;
  #support: ClientSupport | undefined;
  #commands = false;
  #statusWanted = false;

  constructor(connection: Connection, host: Host) {
    this.#connection = connection;
    this.#host = host;
    this.#workspace = new Workspace(host, (uri) => this.#byUri.get(uri));
    const onRuleError = (rule: string, format: string, error: unknown) => this.#logRuleError(rule, format, error);
    this.#settings = new Settings(connection, host, this.#workspace);
    this.#settings.onPolicyFile = (uri) => this.#watchPolicy(uri);
    this.#analyses = new Analyses(this.#workspace, onRuleError);
    this.#lookUps = new LookUps(host.network, {
      status: (status) => {
        if (this.#statusWanted) void connection.sendNotification(STATUS, status).catch(() => undefined);
      },
      remembered: () => this.#everythingChanged(),
      learned: () => this.#openDocumentsChanged(),
    });
    this.#lookalikes = new LazyLookalikes(() => host.readLookalikes());
    this.#scanner = new WorkspaceDiagnostics({
      host,
      workspace: this.#workspace,
      support: () => this.#client().diagnostic,
      contextOf: (uri) => this.#contextOf(uri),
      openDiagnostics: (uri) => this.#openDiagnostics(uri),
      loadLookalikes: () => this.#lookalikes.load(),
      onRuleError,
      onUnreadable: (folder, reason) => connection.console.warn(`cannot read ${folder}: ${reason}`),
    });
  }

  listen(): void {
    const connection = this.#connection;
    const host = this.#host;
    connection.onInitialize((params) => this.#initialize(params));
    connection.onInitialized(() => this.#initialized());
    this.#watchDocuments();
    this.#answerDiagnostics();
    this.#answerActions();
    this.#answerHints();
    this.#answerLockChanges();
    this.#answerNames();
    connection.onHover((params, token) =>
      this.#guard('hover', null, async () => {
        const document = this.#documents.get(params.textDocument.uri);
        if (document === undefined) return null;
        await yieldToQueue();
        const context = await this.#contextOf(document.uri);
        const analysis = this.#analyses.of(document, context);
        if (analysis === undefined || token.isCancellationRequested) return null;
        const offset = document.offsetAt(params.position);
        const { project } = this.#workspace.placeOf(document.uri).root;
        const fetch = this.#lookUps.forHover(await this.#lookUpSettings(document.uri));
        const { signal, done } = signalOf(token);
        try {
          const { version } = document;
          const analysedAgain = () => (document.version === version ? this.#analyses.of(document, context) : undefined);
          const { markdownHover: markdown } = this.#client();
          const demands = context.policy.provenance;
          return (await hover({ document, analysis, analysedAgain, project, offset, markdown, fetch, demands }, signal)) ?? null;
        } finally {
          done();
        }
      }),
    );
    connection.onDidChangeConfiguration(({ settings }) => {
      this.#settings.changed(settings);
      this.#everythingChanged();
      // The lens may have been switched on or off.
      if (this.#client().refreshCodeLens)
        connection.sendRequest(CodeLensRefreshRequest.type).catch((error: unknown) => this.#logError('refresh', error));
    });
    connection.onDidChangeWatchedFiles(({ changes }) => {
      void this.#guard('file changes', undefined, async () => {
        await host.changed(changes.map(({ uri }) => uri));
        const policies = changes.filter(({ uri }) => this.#settings.fileChanged(uri));
        if (changes.filter((change) => this.#forgetFile(change)).length + policies.length > 0) this.#everythingChanged();
      });
    });
    connection.onNotification(DID_GRANT_TRUST, () => {
      this.#settings.grantTrust();
      this.#everythingChanged();
    });
    connection.onRequest(DOCUMENT_STATUS, ({ textDocument }: DocumentStatusParams) =>
      this.#guard<DocumentStatus | null>('document status', null, async () => {
        const document = this.#documents.get(textDocument.uri);
        const analysis = document && this.#analyses.of(document, await this.#contextOf(document.uri));
        return analysis === undefined ? null : documentStatus(analysis);
      }),
    );
    connection.onRequest(REFRESH_LOOK_UPS, (token: CancellationToken) =>
      this.#guard<RefreshResult | null>('refresh', null, () => this.#refreshLookUps(signalOf(token))),
    );
    connection.onShutdown(() => this.#guard('shutdown', undefined, () => this.#lookUps.close()));
    // A request without parameters comes with the token alone.
    connection.onRequest(SCAN_WORKSPACE, (first: ScanParams | CancellationToken | null, second?: CancellationToken) => {
      const token = second ?? (CancellationToken.is(first) ? first : CancellationToken.None);
      const progressToken = first !== null && 'progressToken' in first ? first.progressToken : undefined;
      return this.#guard<ScanResult | null>('scan', null, () => this.#scan(signalOf(token), progressToken));
    });
    connection.onRequest(PIN_EVERYTHING, ({ progressToken }: PinParams, token: CancellationToken) =>
      this.#guard<PinAnswer | null>('pin everything', null, () => this.#pinEverything(signalOf(token), progressToken)),
    );
    this.#documents.listen(connection);
    connection.listen();
  }

  #client(): ClientSupport {
    if (this.#support === undefined) throw new Error('a request before initialize');
    return this.#support;
  }

  #initialize(params: InitializeParams): InitializeResult {
    const support = clientSupport(params);
    const options = initializationOptions(params.initializationOptions);
    this.#support = support;
    this.#commands = options.commands === true;
    this.#statusWanted = options.status === true;
    this.#lookUps.keepIn(typeof options.cacheFolder === 'string' && options.cacheFolder !== '' ? options.cacheFolder : undefined);
    this.#settings.start({ pull: support.configuration, fallback: options, trusted: options.trusted === true });
    // Clients from before workspace folders send only the root, and some send neither.
    const { workspaceFolders, rootUri }: Partial<InitializeParams> = params;
    const folders = workspaceFolders?.map(({ uri }) => uri) ?? (typeof rootUri === 'string' && rootUri !== '' ? [rootUri] : []);
    for (const uri of folders) this.#workspace.addFolder(uri);
    return {
      serverInfo: { name: 'waybill', version: VERSION },
      capabilities: {
        positionEncoding: 'utf-16',
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: false },
        hoverProvider: true,
        inlayHintProvider: true,
        codeLensProvider: { resolveProvider: false },
        documentLinkProvider: { resolveProvider: false },
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, REFACTOR, FIX_ALL], resolveProvider: true },
        ...(support.pullDiagnostics
          ? { diagnosticProvider: { identifier: 'waybill', interFileDependencies: false, workspaceDiagnostics: true } }
          : {}),
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  }

  #initialized(): void {
    const { configurationRegistration, watchedFilesRegistration, workspaceFolders } = this.#client();
    const failed = (error: unknown) => this.#logError('registration', error);
    if (configurationRegistration) {
      this.#connection.client.register(DidChangeConfigurationNotification.type, { section: 'waybill' }).catch(failed);
    }
    if (watchedFilesRegistration) {
      const names = [...LOCKFILE_NAMES, ...REGISTRY_SETTINGS, '.gitignore'];
      const globs = [...ALL_GLOBS, ...names.map((name) => `**/${name}`)];
      // Of a folder that goes, a client reports nothing but the folder.
      const watchers = [...[...new Set(globs)].map((globPattern) => ({ globPattern })), { globPattern: '**', kind: WatchKind.Delete }];
      this.#connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }).catch(failed);
    }
    if (workspaceFolders) {
      this.#connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        for (const { uri } of removed) this.#workspace.removeFolder(uri);
        for (const { uri } of added) this.#workspace.addFolder(uri);
        this.#settings.foldersChanged();
        this.#analyses.foldersChanged();
        this.#everythingChanged();
      });
    }
  }

  /** Watches a policy file wherever it is: what the settings name is not known before they are asked for. */
  #watchPolicy(uri: string): void {
    const globPattern = `**/${decodeURIComponent(uri.slice(uri.lastIndexOf('/') + 1)).replace(/[^\w.-]/g, '?')}`;
    if (!this.#client().watchedFilesRegistration || this.#watchedPolicies.has(globPattern)) return;
    this.#watchedPolicies.add(globPattern);
    const failed = (error: unknown) => this.#logError('registration', error);
    this.#connection.client.register(DidChangeWatchedFilesNotification.type, { watchers: [{ globPattern }] }).catch(failed);
  }

  /** Forgets what is known of a file or folder. False for the deletion of something that nothing of ours depends on. */
  #forgetFile({ uri, type }: FileEvent): boolean {
    this.#workspace.forget(uri);
    if (REGISTRY_SETTINGS.some((name) => uri.endsWith(`/${name}`))) {
      void this.#guard('registry settings', undefined, () => this.#lookUps.settingsChanged());
    }
    if (type !== FileChangeType.Deleted) return true;
    const below = this.#workspace.forgetBelow(uri);
    const name = uri.slice(uri.lastIndexOf('/') + 1);
    const ours = formatForPath(this.#workspace.placeOf(uri).path) !== undefined || isLockfileName(name) || name.startsWith('.');
    return below || ours || this.#scanner.hasBelow(uri);
  }

  #watchDocuments(): void {
    this.#documents.onDidOpen(({ document }) => {
      this.#byUri.set(normalise(document.uri), document);
      this.#documentChanged(document, 0);
    });
    this.#documents.onDidChangeContent(({ document }) => {
      this.#byUri.set(normalise(document.uri), document);
      // Opening fires this too, at version and text that were just pushed for: the timer is simply set again.
      this.#documentChanged(document, PUSH_DELAY_MS);
    });
    this.#documents.onDidClose(({ document }) => {
      this.#byUri.delete(normalise(document.uri));
      this.#workspace.closed(document.uri);
      this.#analyses.forget(document.uri);
      this.#lockChanges.forget(document.uri);
      clearTimeout(this.#pushTimers.get(document.uri));
      this.#pushTimers.delete(document.uri);
      if (!this.#client().pullDiagnostics) void this.#send({ uri: document.uri, diagnostics: [] });
      this.#scanner.documentChanged(document.uri);
    });
  }

  #documentChanged(document: TextDocument, delayMs: number): void {
    this.#workspace.forget(document.uri);
    this.#scanner.documentChanged(document.uri);
    if (isDependedOn(document.uri)) this.#othersChanged();
    if (!this.#client().pullDiagnostics) this.#pushSoon(document.uri, delayMs);
  }

  /** What a manifest or lockfile says shows in other documents: ask the client to ask again, or push again. */
  #othersChanged(): void {
    this.#analysesChanged();
    if (this.#documents.all().length > 1) this.#refreshSoon();
  }

  /** What is known changed, and with it what rules say of any document. */
  #openDocumentsChanged(): void {
    this.#analysesChanged();
    this.#refreshSoon();
  }

  #analysesChanged(): void {
    this.#analyses.invalidate();
    // Files that are not open follow when this one is saved: the watcher tells.
    for (const { uri } of this.#documents.all()) this.#scanner.documentChanged(uri);
  }

  #everythingChanged(): void {
    this.#analyses.invalidate();
    this.#scanner.changed();
    this.#refreshSoon();
  }

  #refreshSoon(): void {
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = setTimeout(() => {
      const { pullDiagnostics, refreshDiagnostics } = this.#client();
      if (!pullDiagnostics) for (const { uri } of this.#documents.all()) this.#pushSoon(uri, 0);
      else if (refreshDiagnostics) {
        this.#connection.languages.diagnostics.refresh().catch((error: unknown) => this.#logError('refresh', error));
      }
    }, REFRESH_DELAY_MS);
  }

  #pushSoon(uri: string, delayMs: number): void {
    clearTimeout(this.#pushTimers.get(uri));
    this.#pushTimers.set(
      uri,
      setTimeout(() => void this.#guard('push', undefined, () => this.#push(uri)), delayMs),
    );
  }

  async #push(uri: string): Promise<void> {
    const document = this.#documents.get(uri);
    if (document === undefined) return;
    const { version } = document;
    const { items } = await this.#diagnose(document);
    // What was typed meanwhile has its own timer.
    if (this.#documents.get(uri)?.version !== version) return;
    await this.#send({ uri, version, diagnostics: items });
  }

  async #send(params: Parameters<Connection['sendDiagnostics']>[0]): Promise<void> {
    await this.#connection.sendDiagnostics(params);
  }

  #answerDiagnostics(): void {
    this.#connection.languages.diagnostics.on((params, token) =>
      this.#guard('diagnostics', { kind: DocumentDiagnosticReportKind.Full, items: [] }, async () => {
        const document = this.#documents.get(params.textDocument.uri);
        if (document === undefined) return { kind: DocumentDiagnosticReportKind.Full, items: [] };
        // A burst of keys: the client has cancelled all requests but the last one, and that waits in the queue.
        await yieldToQueue();
        if (token.isCancellationRequested) throw cancelled();
        const { resultId, items } = await this.#diagnose(document);
        if (token.isCancellationRequested) throw cancelled();
        if (params.previousResultId === resultId) return { kind: DocumentDiagnosticReportKind.Unchanged, resultId };
        return { kind: DocumentDiagnosticReportKind.Full, resultId, items };
      }),
    );
    this.#connection.languages.diagnostics.onWorkspace((params, token) =>
      this.#guard('workspace diagnostics', { items: [] }, async () => {
        const { signal, done } = signalOf(token);
        try {
          const items = await this.#scanner.pull(params.previousResultIds, signal);
          if (signal.aborted) throw cancelled();
          return { items };
        } finally {
          done();
        }
      }),
    );
  }

  async #diagnose(document: TextDocument): Promise<Diagnosed> {
    const context = await this.#contextOf(document.uri);
    const analysis = this.#analyses.of(document, context);
    const diagnosed = diagnose(analysis, this.#client().diagnostic, document);
    void this.#guard('background look-ups', undefined, () => this.#lookUpInBackground(document.uri));
    void this.#guard('list of names', undefined, async () => {
      if (awaitsLookalikes(analysis) && (await this.#lookalikes.load())) this.#everythingChanged();
    });
    return diagnosed;
  }

  async #lookUpInBackground(uri: string): Promise<void> {
    const settings = await this.#lookUpSettings(uri);
    if (await this.#lookUps.resolvePending(settings, new AbortController().signal)) this.#everythingChanged();
  }

  async #openDiagnostics(uri: string) {
    const document = this.#byUri.get(uri);
    if (document === undefined) return undefined;
    const analysis = this.#analyses.of(document, await this.#contextOf(document.uri));
    return { version: document.version, diagnosed: diagnose(analysis, this.#client().diagnostic, document), analysis };
  }

  #answerHints(): void {
    this.#connection.languages.inlayHint.on((params, token) =>
      this.#guard('inlay hints', null, async () => {
        const found = await this.#analysisOf(params.textDocument.uri);
        if (found === undefined || !found.settings.inlayHints || token.isCancellationRequested) return null;
        return inlayHints(found.analysis, params.range, this.#lookUps.shown(found.settings));
      }),
    );
    this.#connection.onDocumentLinks((params, token) =>
      this.#guard('links', null, async () => {
        const found = await this.#analysisOf(params.textDocument.uri);
        if (found === undefined || token.isCancellationRequested) return null;
        return documentLinks(found.analysis, this.#lookUps.serverUrl(found.settings));
      }),
    );
  }

  #answerLockChanges(): void {
    this.#connection.onRequest<LockfileChange | null, void>(
      LOCKFILE_CHANGE,
      ({ textDocument }: DocumentStatusParams, token: CancellationToken) =>
        this.#guard<LockfileChange | null>('lockfile change', null, async () => (await this.#lockChange(textDocument.uri, token)) ?? null),
    );
    this.#connection.onCodeLens(({ textDocument: { uri } }, token) =>
      this.#guard('code lens', null, async () => {
        const version = this.#documents.get(uri)?.version;
        if (version === undefined || !isLockfileName(uri.slice(uri.lastIndexOf('/') + 1))) return null;
        if (!(await this.#lookUpSettings(uri)).codeLens) return null;
        // Nothing is compared while somebody types: each key asks anew, and cancels what was asked before.
        await new Promise((done) => setTimeout(done, SETTLE_MS));
        if (token.isCancellationRequested || this.#documents.get(uri)?.version !== version) throw cancelled();
        return changeLens(await this.#lockChange(uri, token), uri, this.#commands);
      }),
    );
  }

  #answerNames(): void {
    this.#connection.onRequest<AllowAnswer, void>(ALLOW_NAME, (params: AllowParams) =>
      this.#guard<AllowAnswer>('allow a name', { failed: 'It failed; the log says why.' }, () => this.#allowName(params)),
    );
    this.#connection.onRequest<CompareAnswer, void>(COMPARE_NAMES, (params: CompareParams, token: CancellationToken) =>
      this.#guard<CompareAnswer>('compare names', { failed: 'It failed; the log says why.' }, () => this.#compareNames(params, token)),
    );
  }

  async #compareNames(params: CompareParams, token: CancellationToken): Promise<CompareAnswer> {
    await this.#lookalikes.load();
    const lookalikes = this.#lookalikes.list;
    if (typeof lookalikes === 'string') return { failed: 'The list of well-known names cannot be read; install Waybill again.' };
    const fetch = this.#lookUps.fetch(await this.#lookUpSettings(params.textDocument.uri));
    const { signal, done } = signalOf(token);
    const answer = await comparePage(params, { workspace: this.#workspace, lookalikes, fetch }, signal);
    done();
    if (signal.aborted) throw cancelled();
    return answer;
  }

  async #allowName({ textDocument: { uri }, ecosystem, name, reason }: AllowParams): Promise<AllowAnswer> {
    await this.#host.ready();
    const { policy, trusted } = await this.#lookUpSettings(uri);
    const openDocument = (wanted: string) => this.#byUri.get(normalise(wanted));
    const place = { host: this.#host, workspace: this.#workspace, uri, policy, trusted, support: this.#client(), openDocument };
    return await allowName({ ecosystem, name, reason }, place);
  }

  async #replaceEverywhere(finding: Finding, signal: AbortSignal) {
    return await replaceEverywhere(
      finding,
      {
        ...this.#walked(),
        contextOf: (uri) => this.#contextOf(uri),
        fetchFor: async (uri) => {
          const settings = await this.#lookUpSettings(uri);
          return settings.network === 'off' ? undefined : this.#lookUps.fetch(settings);
        },
        onRuleError: (rule, format, error) => this.#logRuleError(rule, format, error),
      },
      signal,
    );
  }

  /** What walks the workspace's files. */
  #walked(): ReadableWorkspace {
    return {
      host: this.#host,
      workspace: this.#workspace,
      openDocument: (uri) => this.#byUri.get(normalise(uri)),
      onUnreadable: (folder, reason) => this.#connection.console.warn(`cannot read ${folder}: ${reason}`),
    };
  }

  async #lockChange(uri: string, token: CancellationToken): Promise<LockfileChange | undefined> {
    const document = this.#documents.get(uri);
    const file = this.#host.fileOf(uri);
    const analysis = document && this.#analyses.of(document, await this.#contextOf(uri));
    if (analysis === undefined || file === undefined) return undefined;
    const { signal, done } = signalOf(token);
    const headText = (signal: AbortSignal) => this.#host.headText(file, signal);
    const change = await this.#lockChanges.of({ uri, manifest: analysis.manifest, headText }, signal);
    done();
    return change;
  }

  /** An open document's analysis and the settings that hold for it; undefined where no format of ours reads it. */
  async #analysisOf(uri: string) {
    const document = this.#documents.get(uri);
    if (document === undefined) return undefined;
    await yieldToQueue();
    const analysis = this.#analyses.of(document, await this.#contextOf(uri));
    return analysis && { analysis, settings: await this.#lookUpSettings(uri) };
  }

  #answerActions(): void {
    this.#connection.onCodeAction((params, token) =>
      this.#guard('code actions', [], async () => {
        const document = this.#documents.get(params.textDocument.uri);
        const support = this.#client();
        if (document === undefined || !support.literalActions) return [];
        const [context, settings] = await Promise.all([this.#contextOf(document.uri), this.#lookUpSettings(document.uri)]);
        const analysis = this.#analyses.of(document, context);
        if (analysis === undefined || token.isCancellationRequested) return [];
        const known = this.#lookUps.known(settings);
        const policy = { file: settings.policy, refusal: whyNotAllowed({ ...settings, workspace: this.#workspace, uri: document.uri }) };
        const { signal, done } = signalOf(token);
        const actions = await codeActions(
          {
            document,
            analysis,
            params,
            support,
            known,
            online: settings.network !== 'off',
            commands: this.#commands,
            policy,
            hasFolder: this.#workspace.folders.length > 0,
          },
          signal,
        );
        done();
        return actions;
      }),
    );
    this.#connection.onCodeActionResolve((action, token) =>
      this.#guard('code action', action, () => this.#resolve(action, signalOf(token))),
    );
  }

  async #resolve(action: CodeAction, { signal, done }: ReturnType<typeof signalOf>): Promise<CodeAction> {
    const data = readActionData(action.data);
    const document = data && this.#documents.get(data.uri);
    if (data === undefined) return action;
    if (document === undefined || document.version !== data.version) throw contentModified();
    const settings = await this.#lookUpSettings(document.uri);
    const analysis = this.#analyses.of(document, await this.#contextOf(document.uri));
    if (analysis === undefined) return action;
    const progress = this.#client().progress ? await this.#connection.window.createWorkDoneProgress() : undefined;
    const controller = new AbortController();
    const stop = () => controller.abort();
    signal.addEventListener('abort', stop);
    progress?.begin('Waybill', undefined, `${action.title} …`, true);
    progress?.token.onCancellationRequested(stop);
    try {
      const fetch = this.#lookUps.fetch(settings);
      const { action: resolved, problems } = await resolveAction(
        action,
        data,
        {
          document,
          analysis,
          support: this.#client(),
          fetch,
          allow: (name) => this.#allowName({ ...name, reason: '' }),
          everywhere: (finding, signal) => this.#replaceEverywhere(finding, signal),
        },
        controller.signal,
      );
      if (signal.aborted) throw cancelled();
      if (this.#documents.get(data.uri)?.version !== data.version) throw contentModified();
      if (problems.length > 0 && !controller.signal.aborted) this.#tellProblems(problems);
      return resolved;
    } finally {
      progress?.done();
      signal.removeEventListener('abort', stop);
      done();
    }
  }

  /** The user asked for it, so the user is told. Not `showWarningMessage`: nobody waits for an answer. */
  #tellProblems(problems: readonly string[]): void {
    const shown = problems.slice(0, 3).join(' ');
    const more = problems.length > 3 ? ` And ${problems.length - 3} more: see the log.` : '';
    for (const problem of problems) this.#connection.console.warn(problem);
    void this.#connection.sendNotification(ShowMessageNotification.type, {
      type: MessageType.Warning,
      message: `Waybill: ${shown}${more}`,
    });
  }

  async #scan({ signal, done }: ReturnType<typeof signalOf>, progressToken: string | undefined): Promise<ScanResult> {
    this.#host.forget();
    for (const { project } of this.#workspace.folders) project.forgetAll();
    this.#everythingChanged();
    let told = Date.now();
    const results = await this.#scanner.scan(signal, (files) => {
      if (progressToken === undefined || Date.now() - told < PROGRESS_MS) return;
      told = Date.now();
      const progress: ScanProgress = { files };
      void this.#connection.sendProgress(new ProgressType<ScanProgress>(), progressToken, progress);
    });
    done();
    if (signal.aborted) throw cancelled();
    const count = (severity: number) =>
      results.reduce((sum, { diagnosed }) => sum + diagnosed.items.filter((item) => item.severity === severity).length, 0);
    const unknown = results.reduce((sum, result) => sum + result.unknown, 0);
    return { files: results.length, error: count(1), warning: count(2), info: count(3), hint: count(4), unknown };
  }

  async #pinEverything({ signal, done }: ReturnType<typeof signalOf>, progressToken: string | undefined): Promise<PinAnswer> {
    let told = 0;
    const fetchers = new Map<string, FetchFact>();
    const plan = await pinEverything(
      {
        ...this.#walked(),
        contextOf: (uri) => this.#contextOf(uri),
        fetchFor: async (uri) => {
          const settings = await this.#lookUpSettings(uri);
          const id = JSON.stringify([settings.network, settings.githubServerUrl]);
          const fetch = fetchers.get(id) ?? this.#lookUps.fetch(settings);
          fetchers.set(id, fetch);
          return fetch;
        },
        onRuleError: (rule, format, error) => this.#logRuleError(rule, format, error),
      },
      (step) => {
        if (progressToken === undefined || Date.now() - told < PROGRESS_MS) return;
        told = Date.now();
        void this.#connection.sendProgress(new ProgressType<PinProgress>(), progressToken, step);
      },
      signal,
    );
    done();
    if (signal.aborted) throw cancelled();
    return plan;
  }

  async #refreshLookUps({ signal, done }: ReturnType<typeof signalOf>): Promise<RefreshResult> {
    const sum = { asked: 0, unknown: 0 };
    const settings = await Promise.all(this.#documents.all().map(({ uri }) => this.#lookUpSettings(uri)));
    for (const one of settings) await this.#lookUps.forget(one);
    // What two documents want under the same settings is asked for with the first of them.
    for (const one of settings) {
      const { asked, unknown } = await this.#lookUps.askAgain(one, signal);
      sum.asked += asked;
      sum.unknown += unknown;
    }
    done();
    this.#everythingChanged();
    return sum;
  }

  async #contextOf(uri: string): Promise<AnalysisContext> {
    await this.#host.ready();
    const { settings, policy } = await this.#settings.of(uri);
    const facts = this.#lookUps.view({ ...settings, trusted: this.#settings.trusted });
    return { policy, facts, lookalikes: this.#lookalikes.list };
  }

  async #lookUpSettings(uri: string) {
    const { settings } = await this.#settings.of(uri);
    return { ...settings, trusted: this.#settings.trusted };
  }

  /** One of the three places that catch: a handler's own defect is logged and answered with nothing, so no stale squiggle stays. */
  async #guard<T>(what: string, otherwise: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ResponseError) throw error;
      this.#logError(what, error);
      return otherwise;
    }
  }

  #logError(what: string, error: unknown): void {
    this.#connection.console.error(`${what} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  #logRuleError(rule: string, format: string, error: unknown): void {
    const id = `${rule} ${format}`;
    if (this.#loggedRules.has(id)) return;
    this.#loggedRules.add(id);
    this.#logError(`the rule ${rule} on a ${format}`, error);
  }
}

function cancelled(): ResponseError<void> {
  return new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
}

function contentModified(): ResponseError<void> {
  return new ResponseError(LSPErrorCodes.ContentModified, 'the document changed meanwhile');
}

/** Whether other documents' findings depend on this one. */
function isDependedOn(uri: string): boolean {
  const name = uri.slice(uri.lastIndexOf('/') + 1);
  return name === 'package.json' || isLockfileName(name);
}
