import type { Connection } from 'vscode-languageserver';
import { checkRuleName } from '../engine/rule-names.ts';
import { DEFAULT_POLICY, type Policy } from '../policy/policy.ts';
import { parsePolicy } from '../policy/policy-file.ts';
import { readSettings, type ServerSettings } from '../policy/settings.ts';
import type { Host } from './host.ts';
import { normalise, type Workspace } from './workspace.ts';

/** Settings and policy of one document. */
export interface DocumentSettings {
  readonly settings: ServerSettings;
  /** The policy file's rules with the user's own settings over them. */
  readonly policy: Policy;
}

/** Settings by folder, asked for once and kept until they change. What is wrong in them is logged once. */
export class Settings {
  readonly #connection: Connection;
  readonly #host: Host;
  readonly #workspace: Workspace;
  readonly #cache = new Map<string, Promise<DocumentSettings>>();
  readonly #told = new Set<string>();
  /** The policy files of all folders, by URI, whether they are there or not. */
  readonly #policyFiles = new Set<string>();
  /** Told of a policy file when it is first asked for. */
  onPolicyFile: (uri: string) => void = () => undefined;
  #fallback: unknown = {};
  #pull = false;
  #trusted = false;

  constructor(connection: Connection, host: Host, workspace: Workspace) {
    this.#connection = connection;
    this.#host = host;
    this.#workspace = workspace;
  }

  /** `pull`: the client answers `workspace/configuration`; otherwise `fallback` holds for every document. */
  start({ pull, fallback, trusted }: { readonly pull: boolean; readonly fallback: unknown; readonly trusted: boolean }): void {
    this.#pull = pull;
    this.#fallback = fallback;
    this.#trusted = trusted;
  }

  get trusted(): boolean {
    return this.#trusted;
  }

  grantTrust(): void {
    this.#trusted = true;
    this.#cache.clear();
  }

  /** Settings changed; `value` is what a client without `workspace/configuration` sends along. */
  changed(value: unknown): void {
    this.#cache.clear();
    this.#told.clear();
    if (!this.#pull && typeof value === 'object' && value !== null) this.#fallback = 'waybill' in value ? value.waybill : value;
  }

  /** A file changed, appeared or went. True where it is a policy file, which is read again then. */
  fileChanged(uri: string): boolean {
    if (!this.#policyFiles.has(normalise(uri))) return false;
    this.#cache.clear();
    this.#told.clear();
    return true;
  }

  /** Folders came or went: a document may belong to another one now. */
  foldersChanged(): void {
    this.#cache.clear();
  }

  /**
   * The settings of a document. Never rejects: where the client fails to answer, the defaults hold. They are asked for
   * once per root, because no setting differs between two files of a folder: a scan would ask ten thousand times.
   */
  of(uri: string): Promise<DocumentSettings> {
    const { root } = this.#workspace.placeOf(uri).root;
    const known = this.#cache.get(root);
    if (known !== undefined) return known;
    const asked = this.#read(uri);
    this.#cache.set(root, asked);
    return asked;
  }

  async #read(uri: string): Promise<DocumentSettings> {
    const value = this.#pull ? await this.#ask(uri) : this.#fallback;
    const read = readSettings(value);
    const settings = this.#host.network === undefined ? { ...read, network: 'off' as const } : read;
    for (const name of settings.invalidRules) this.#tell(`the setting waybill.rules gives "${name}" no known severity; it is not used`);
    for (const name of Object.keys(settings.rules)) {
      const wrong = checkRuleName(name);
      if (wrong !== undefined) this.#tell(`the setting waybill.rules: ${wrong}`);
    }
    const policy = await this.#policyOf(uri, settings);
    return { settings, policy: { ...policy, rules: { ...policy.rules, ...settings.rules } } };
  }

  async #ask(uri: string): Promise<unknown> {
    try {
      return await this.#connection.workspace.getConfiguration({ scopeUri: uri, section: 'waybill' });
    } catch (error) {
      this.#tell(
        `the client did not answer workspace/configuration (${error instanceof Error ? error.message : 'unknown error'}); defaults hold`,
      );
      return {};
    }
  }

  /** The policy file, only of a workspace that the user trusts, and only inside its folder. */
  async #policyOf(uri: string, { policy: name }: ServerSettings): Promise<Policy> {
    if (name === '') return DEFAULT_POLICY;
    if (!this.#trusted) {
      this.#tell('the policy file is not used, because the workspace is not trusted');
      return DEFAULT_POLICY;
    }
    const { root } = this.#workspace.placeOf(uri);
    const file = this.#host.fileBelow(root.root, name);
    if (file === undefined) {
      this.#tell(`the policy file ${name} is outside of its workspace folder and is not used`);
      return DEFAULT_POLICY;
    }
    const fileUri = normalise(this.#host.uriOf(file));
    if (!this.#policyFiles.has(fileUri)) {
      this.#policyFiles.add(fileUri);
      this.onPolicyFile(fileUri);
    }
    const text = await this.#host.read(file);
    if (!text.ok) {
      this.#tell(`cannot read the policy file ${name}: ${text.error}`);
      return DEFAULT_POLICY;
    }
    const policy = parsePolicy(text.value, checkRuleName);
    if (policy.ok) return policy.value;
    for (const { line, column, message } of policy.error) this.#tell(`${name}:${line}:${column}: ${message}; the policy is not used`);
    return DEFAULT_POLICY;
  }

  #tell(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#connection.console.warn(message);
  }
}
