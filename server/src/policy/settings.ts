import { asRuleSetting, type RuleSetting } from './policy.ts';

/** One setting of the extension, as it goes into package.json and the documentation. */
export interface SettingDeclaration {
  readonly key: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly scope: 'resource' | 'window' | 'machine' | 'machine-overridable';
  /** Not taken from an untrusted workspace. */
  readonly restricted: boolean;
  /** Markdown, one or more full sentences. */
  readonly description: string;
}

/** What may be contacted, and when. */
export type NetworkMode = 'off' | 'onDemand' | 'background';

/** The one declaration of all settings: gen writes package.json, README and docs from it. */
export const SETTINGS: readonly SettingDeclaration[] = [
  {
    key: 'network',
    schema: {
      type: 'string',
      enum: ['off', 'onDemand', 'background'],
      enumDescriptions: [
        'Never make a connection.',
        'Look things up only when you ask for it, by choosing a quick fix or, in a trusted workspace, by hovering.',
        'Also look up what diagnostics could use, in the background.',
      ],
      default: 'onDemand',
    },
    scope: 'resource',
    restricted: true,
    description: 'When Waybill may make connections. Diagnostics never wait for the network.',
  },
  {
    key: 'rules',
    schema: {
      type: 'object',
      default: {},
      additionalProperties: { type: 'string', enum: ['error', 'warning', 'info', 'hint', 'off'] },
    },
    scope: 'resource',
    restricted: false,
    description:
      'Severity by rule id or `area/*`: `error`, `warning`, `info`, `hint` or `off`. For example `{"run/*": "info", "image/unpinned": "error"}`.',
  },
  {
    key: 'policy',
    schema: { type: 'string', default: '' },
    scope: 'resource',
    restricted: true,
    description: 'Path of the policy file, relative to the workspace folder. Empty: none.',
  },
  {
    key: 'github.serverUrl',
    schema: { type: 'string', default: '' },
    scope: 'machine-overridable',
    restricted: true,
    description: 'Address of a GitHub Enterprise server. Empty: the public GitHub.',
  },
  {
    key: 'images.credentialHelpers',
    schema: { type: 'boolean', default: false },
    scope: 'machine',
    restricted: false,
    description:
      'Run the credential helpers (`docker-credential-...`) of your Docker configuration for private registries, in trusted workspaces. Without it only what stands in the configuration itself is used, and Waybill starts no process.',
  },
  {
    key: 'inlayHints',
    schema: { type: 'boolean', default: true },
    scope: 'resource',
    restricted: false,
    description:
      'Show the version beside a commit that has no version comment, and beside a digest that has no tag, where it is known already.',
  },
  {
    key: 'codeLens',
    schema: { type: 'boolean', default: false },
    scope: 'resource',
    restricted: false,
    description: 'Show over a lockfile what it brings in since the last commit: packages, hosts, install scripts, changed hashes.',
  },
  {
    key: 'trace.server',
    schema: { type: 'string', enum: ['off', 'messages', 'verbose'], default: 'off' },
    scope: 'window',
    restricted: false,
    description: 'Logs the messages between VS Code and the language server.',
  },
];

/** The settings that the server uses, for one document. */
export interface ServerSettings {
  readonly network: NetworkMode;
  readonly rules: Readonly<Record<string, RuleSetting>>;
  /** Rule settings whose value is none of ours, by name: to be told to the user. */
  readonly invalidRules: readonly string[];
  readonly policy: string;
  readonly githubServerUrl: string;
  /** Whether Docker's credential helpers may be run. */
  readonly credentialHelpers: boolean;
  readonly inlayHints: boolean;
  readonly codeLens: boolean;
}

/** Reads settings as a client sends them; what is missing or malformed takes its default. Never fails. */
export function readSettings(value: unknown): ServerSettings {
  const settings = asRecord(value);
  const network = (['off', 'onDemand', 'background'] as const).find((mode) => mode === settings.network);
  const rules: Record<string, RuleSetting> = {};
  const invalidRules: string[] = [];
  for (const [name, setting] of Object.entries(asRecord(settings.rules))) {
    const parsed = asRuleSetting(setting);
    if (parsed === undefined) invalidRules.push(name);
    else rules[name] = parsed;
  }
  const github = asRecord(settings.github);
  const images = asRecord(settings.images);
  return {
    network: network ?? 'onDemand',
    rules,
    invalidRules,
    policy: typeof settings.policy === 'string' ? settings.policy : '',
    credentialHelpers: images.credentialHelpers === true,
    inlayHints: settings.inlayHints !== false,
    codeLens: settings.codeLens === true,
    githubServerUrl: typeof github.serverUrl === 'string' ? github.serverUrl : '',
  };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
