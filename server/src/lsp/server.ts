import {
  CodeActionKind,
  CodeLensRefreshRequest,
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  FileChangeType,
  type FileEvent,
  type InitializeParams,
  type InitializeResult,
  TextDocumentSyncKind,
  WatchKind,
} from 'vscode-languageserver';
import { VERSION } from '../data/product.generated.ts';
import { ALL_GLOBS, formatForPath } from '../engine/formats.ts';
import { isLockfileName, LOCKFILE_NAMES } from '../formats/lock-model.ts';
import { REGISTRY_SETTINGS } from '../formats/registry-settings.ts';
import { answerActions } from './answer-actions.ts';
import { answerDocuments } from './answer-documents.ts';
import { answerLockChanges } from './answer-lock-changes.ts';
import { answerNames } from './answer-names.ts';
import { answerWorkspaceCommands } from './answer-workspace.ts';
import { clientSupport, initializationOptions } from './client-support.ts';
import { FIX_ALL } from './code-actions.ts';
import { Diagnostics } from './diagnostics.ts';
import type { Host } from './host.ts';
import { DID_GRANT_TRUST } from './protocol.ts';
import { REFACTOR } from './refactorings.ts';
import { Session } from './session.ts';

/** Starts answering on a connection. Everything the server knows can be rebuilt from the client's documents and the disk. */
export function startServer(connection: Connection, host: Host): void {
  new Server(connection, host).listen();
}

/** The life of one connection: what is agreed at its start, and what changes around the documents until its end. */
class Server {
  readonly #session: Session;
  readonly #diagnostics: Diagnostics;
  readonly #watchedPolicies = new Set<string>();

  constructor(connection: Connection, host: Host) {
    this.#session = new Session(connection, host, {
      everythingChanged: () => this.#diagnostics.everythingChanged(),
      openDocumentsChanged: () => this.#diagnostics.openDocumentsChanged(),
    });
    this.#session.settings.onPolicyFile = (uri) => this.#watchPolicy(uri);
    this.#diagnostics = new Diagnostics(this.#session);
  }

  listen(): void {
    const session = this.#session;
    const { connection, documents } = session;
    connection.onInitialize((params) => this.#initialize(params));
    connection.onInitialized(() => this.#initialized());
    this.#diagnostics.watchDocuments();
    this.#diagnostics.answer();
    answerDocuments(session);
    answerActions(session);
    answerLockChanges(session);
    answerNames(session);
    answerWorkspaceCommands(session, this.#diagnostics);
    this.#watchSurroundings();
    connection.onShutdown(() => session.guard('shutdown', undefined, () => session.lookUps.close()));
    documents.listen(connection);
    connection.listen();
  }

  /** Follows the settings, the files on disk, and what the user trusts. */
  #watchSurroundings(): void {
    const session = this.#session;
    const { connection, host, settings } = session;
    connection.onDidChangeConfiguration((changed) => {
      settings.changed(changed.settings);
      this.#diagnostics.everythingChanged();
      // The lens may have been switched on or off.
      if (session.client().refreshCodeLens)
        connection.sendRequest(CodeLensRefreshRequest.type).catch((error: unknown) => session.logError('refresh', error));
    });
    connection.onDidChangeWatchedFiles(({ changes }) => {
      void session.guard('file changes', undefined, async () => {
        await host.changed(changes.map(({ uri }) => uri));
        const policies = changes.filter(({ uri }) => settings.fileChanged(uri));
        if (changes.filter((change) => this.#forgetFile(change)).length + policies.length > 0) this.#diagnostics.everythingChanged();
      });
    });
    connection.onNotification(DID_GRANT_TRUST, () => {
      settings.grantTrust();
      this.#diagnostics.everythingChanged();
    });
  }

  #initialize(params: InitializeParams): InitializeResult {
    const support = clientSupport(params);
    const options = initializationOptions(params.initializationOptions);
    this.#session.greet(support);
    this.#session.commands = options.commands === true;
    this.#session.statusWanted = options.status === true;
    this.#session.lookUps.keepIn(typeof options.cacheFolder === 'string' && options.cacheFolder !== '' ? options.cacheFolder : undefined);
    this.#session.settings.start({ pull: support.configuration, fallback: options, trusted: options.trusted === true });
    // Clients from before workspace folders send only the root, and some send neither.
    const { workspaceFolders, rootUri }: Partial<InitializeParams> = params;
    const folders = workspaceFolders?.map(({ uri }) => uri) ?? (typeof rootUri === 'string' && rootUri !== '' ? [rootUri] : []);
    for (const uri of folders) this.#session.workspace.addFolder(uri);
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
    const { configurationRegistration, watchedFilesRegistration, workspaceFolders } = this.#session.client();
    const failed = (error: unknown) => this.#session.logError('registration', error);
    if (configurationRegistration) {
      this.#session.connection.client.register(DidChangeConfigurationNotification.type, { section: 'waybill' }).catch(failed);
    }
    if (watchedFilesRegistration) {
      const names = [...LOCKFILE_NAMES, ...REGISTRY_SETTINGS, '.gitignore'];
      const globs = [...ALL_GLOBS, ...names.map((name) => `**/${name}`)];
      // Of a folder that goes, a client reports nothing but the folder.
      const watchers = [...[...new Set(globs)].map((globPattern) => ({ globPattern })), { globPattern: '**', kind: WatchKind.Delete }];
      this.#session.connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }).catch(failed);
    }
    if (workspaceFolders) {
      this.#session.connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        for (const { uri } of removed) this.#session.workspace.removeFolder(uri);
        for (const { uri } of added) this.#session.workspace.addFolder(uri);
        this.#session.settings.foldersChanged();
        this.#session.analyses.foldersChanged();
        this.#diagnostics.everythingChanged();
      });
    }
  }

  /** Watches a policy file wherever it is: what the settings name is not known before they are asked for. */
  #watchPolicy(uri: string): void {
    const globPattern = `**/${decodeURIComponent(uri.slice(uri.lastIndexOf('/') + 1)).replace(/[^\w.-]/g, '?')}`;
    if (!this.#session.client().watchedFilesRegistration || this.#watchedPolicies.has(globPattern)) return;
    this.#watchedPolicies.add(globPattern);
    const failed = (error: unknown) => this.#session.logError('registration', error);
    this.#session.connection.client.register(DidChangeWatchedFilesNotification.type, { watchers: [{ globPattern }] }).catch(failed);
  }

  /** Forgets what is known of a file or folder. False for the deletion of something that nothing of ours depends on. */
  #forgetFile({ uri, type }: FileEvent): boolean {
    this.#session.workspace.forget(uri);
    if (REGISTRY_SETTINGS.some((name) => uri.endsWith(`/${name}`))) {
      void this.#session.guard('registry settings', undefined, () => this.#session.lookUps.settingsChanged());
    }
    if (type !== FileChangeType.Deleted) return true;
    const below = this.#session.workspace.forgetBelow(uri);
    const name = uri.slice(uri.lastIndexOf('/') + 1);
    const ours = formatForPath(this.#session.workspace.placeOf(uri).path) !== undefined || isLockfileName(name) || name.startsWith('.');
    return below || ours || this.#diagnostics.scanner.hasBelow(uri);
  }
}
