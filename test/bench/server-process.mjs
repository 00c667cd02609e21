// A language server as a process, and as much of a client as the bench needs.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  CancellationToken,
  CancellationTokenSource,
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';

/** Longest wait for one answer, in ms. A server that takes longer is reported as silent. */
const ANSWER_LIMIT_MS = 20_000;

/** How long a server that pushes may go on after its first answer to a burst, in ms. */
const QUIET_MS = 500;

/** Clock ticks per second of /proc/<pid>/stat (`getconf CLK_TCK`), 100 on every Linux that Node.js runs on. */
const TICKS_PER_S = 100;

/**
 * How a server is started.
 *
 * @typedef {object} ServerSpec
 * @property {string} name
 * @property {string[]} command Arguments for `node`.
 * @property {unknown} [initializationOptions]
 * @property {Record<string, unknown>} [settings] What `workspace/configuration` answers, by section.
 */

/** A server that runs. Servers that can be asked for diagnostics (pull) are; what the others push is waited for. */
export class ServerProcess {
  #child;
  #connection;
  #settings;
  #pulls = false;
  #waiting = new Map();
  #versions = new Map();

  /** Starts a server; `folderUri` is its workspace folder. Gives it once it has answered `initialize`. */
  static async start(spec, folderUri) {
    const server = new ServerProcess();
    server.#settings = spec.settings ?? {};
    const started = performance.now();
    const child = spawn(process.execPath, spec.command, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, GITHUB_TOKEN: '', GH_TOKEN: '' },
    });
    const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
    server.#child = child;
    server.#connection = connection;
    server.#listen();
    const { capabilities } = await connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: folderUri,
      workspaceFolders: [{ uri: folderUri, name: 'bench' }],
      capabilities: CAPABILITIES,
      initializationOptions: spec.initializationOptions,
    });
    server.startMs = performance.now() - started;
    server.#pulls = capabilities.diagnosticProvider !== undefined;
    await connection.sendNotification('initialized', {});
    return server;
  }

  #listen() {
    const connection = this.#connection;
    connection.onNotification('textDocument/publishDiagnostics', ({ uri, diagnostics }) => {
      this.#waiting.get(uri)?.(diagnostics);
    });
    connection.onRequest('workspace/configuration', ({ items }) => items.map(({ section }) => this.#settings[section] ?? null));
    connection.onRequest('client/registerCapability', ({ registrations }) => {
      if (registrations.some(({ method }) => method === 'textDocument/diagnostic')) this.#pulls = true;
      return null;
    });
    connection.onRequest('workspace/diagnostic/refresh', () => null);
    connection.onRequest('window/workDoneProgress/create', () => null);
    connection.onRequest('window/showMessageRequest', () => null);
    connection.onRequest((method) => {
      throw new Error(`the bench does not answer ${method}`);
    });
    connection.onUnhandledNotification(() => {});
    connection.onError(() => {});
    connection.listen();
  }

  /** Opens a document and gives its first diagnostics. */
  async open({ uri, languageId, text }) {
    const pushed = this.#pushed(uri);
    this.#versions.set(uri, 1);
    await this.#connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId, version: 1, text } });
    return this.#answer(uri, pushed);
  }

  /** Sends one change and gives the diagnostics after it. */
  async edit(uri, change) {
    const pushed = this.#pushed(uri);
    this.#change(uri, change);
    return this.#answer(uri, pushed);
  }

  /** Asks again for diagnostics; undefined for a server that cannot be asked. */
  async diagnostics(uri) {
    return this.#pulls ? (await this.#pull(uri)).items : undefined;
  }

  /**
   * Sends changes as fast as keys in a burst, and as VS Code does asks after each one and takes the question before it
   * back. Gives the last answer, and how many of the questions that were taken back were answered all the same.
   */
  async burst(uri, changes) {
    const pushed = this.#pushed(uri);
    const questions = [];
    for (const change of changes) {
      questions.at(-1)?.source.cancel();
      this.#change(uri, change);
      if (!this.#pulls) continue;
      const source = new CancellationTokenSource();
      const answer = this.#pull(uri, source.token);
      // Being refused is what is hoped for; it is counted below.
      answer.catch(() => {});
      questions.push({ source, answer });
      // Lets the messages go out one by one.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!this.#pulls) {
      const items = await withLimit(pushed);
      // The first push may be for the first key only: what the others cost comes after it.
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      return { items, stale: 0 };
    }
    const answers = await Promise.allSettled(questions.map(({ answer }) => answer));
    const last = answers.at(-1);
    return {
      items: last?.status === 'fulfilled' ? last.value.items : [],
      stale: answers.slice(0, -1).filter(({ status }) => status === 'fulfilled').length,
    };
  }

  #change(uri, change) {
    const version = (this.#versions.get(uri) ?? 0) + 1;
    this.#versions.set(uri, version);
    void this.#connection.sendNotification('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [change] });
  }

  async #answer(uri, pushed) {
    // Some register for being asked only after `initialized`; what they push until then does no harm.
    if (!this.#pulls) return withLimit(pushed);
    return (await withLimit(this.#pull(uri))).items;
  }

  #pull(uri, token = CancellationToken.None) {
    return this.#connection.sendRequest('textDocument/diagnostic', { textDocument: { uri } }, token);
  }

  /** The next diagnostics that are pushed for a document. */
  #pushed(uri) {
    return new Promise((resolve) => this.#waiting.set(uri, resolve));
  }

  /** The processor time that the process has used, in ms; NaN where /proc does not tell. */
  cpuMs() {
    try {
      const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
      // Behind the name, which may hold anything: utime and stime are the fields 14 and 15 (proc_pid_stat(5)).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_S;
    } catch {
      return Number.NaN;
    }
  }

  /** Resident memory in bytes; NaN where /proc does not tell. */
  residentBytes() {
    try {
      return Number(/^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))?.[1]) * 1024;
    } catch {
      return Number.NaN;
    }
  }

  /** Ends the process. */
  async stop() {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    try {
      await withLimit(this.#connection.sendRequest('shutdown'));
      await this.#connection.sendNotification('exit');
    } catch {
      this.#child.kill('SIGKILL');
    }
    await exited;
    clearTimeout(timer);
    this.#connection.dispose();
  }
}

function withLimit(answer) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`)), ANSWER_LIMIT_MS);
  });
  return Promise.race([answer, limit]).finally(() => clearTimeout(timer));
}

/** What a current VS Code can do, as far as it bears on diagnostics. */
const CAPABILITIES = {
  workspace: {
    configuration: true,
    workspaceFolders: true,
    didChangeConfiguration: { dynamicRegistration: true },
    diagnostics: { refreshSupport: true },
  },
  textDocument: {
    synchronization: { dynamicRegistration: true },
    publishDiagnostics: { relatedInformation: true, codeDescriptionSupport: true, dataSupport: true, versionSupport: true },
    diagnostic: { dynamicRegistration: true, relatedDocumentSupport: false },
  },
};
