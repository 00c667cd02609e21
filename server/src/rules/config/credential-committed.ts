import type { Fix } from '../../core/finding.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Rule, Surroundings } from '../../core/rule.ts';
import type { Span } from '../../core/span.ts';
import { isCertainly, managerInUse } from '../../formats/manager-in-use.ts';
import { asNpmrc, type Credential, environmentNames } from '../../formats/npmrc.ts';
import { credentialsIn } from '../../formats/settings-credentials.ts';
import { SETTINGS_FORMATS, type SettingsFile, textsOf } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';

const WHY = 'Whoever can read the repository, its history or a copy of it can use it, often to publish packages.';
const REMEDY = 'Revoke it, because removing it leaves it in the history, and read a new one from the environment.';

/** A token or password in a settings file: it leaks with the repository, and stays in its history. */
export const rule: Rule = {
  meta: {
    id: 'config/credential-committed',
    title: 'A token or password in a settings file',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: SETTINGS_FORMATS,
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '9.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/configuring-npm/npmrc#auth-related-configuration',
      'https://docs.npmjs.com/revoking-access-tokens',
      'https://cwe.mitre.org/data/definitions/798.html',
    ],
    messages: {
      token: { what: '`{key}` holds a token.', why: WHY, remedy: REMEDY },
      password: { what: '`{key}` holds a password.', why: WHY, remedy: REMEDY },
      auth: { what: '`{key}` holds a user name and a password, which base64 does not hide.', why: WHY, remedy: REMEDY },
      key: { what: '`{key}` holds a private key.', why: WHY, remedy: 'Replace the key pair, and keep the new key in a file outside.' },
    },
  },
  check({ manifest, surroundings, report }) {
    const file = settingsOf(manifest);
    if (file === undefined) return;
    const names = new FreeNames(file.settings.flatMap((setting) => textsOf(setting).flatMap(({ text }) => namesIn(text))));
    for (const { name, credential, value } of found(manifest, file)) {
      report({
        messageId: credential.kind,
        args: { key: name },
        span: value.span,
        // The text of the value must not be guessed from a fingerprint either.
        identity: name,
        fixes: readsVariables(file, surroundings, manifest.file.path) ? fixes(file, { name, credential, value }, names) : [],
      });
    }
  },
};

interface Found {
  readonly name: string;
  readonly credential: Credential;
  readonly value: { readonly span: Span; readonly isVerbatim: boolean };
}

function found(manifest: Manifest, file: SettingsFile): Found[] {
  const npmrc = asNpmrc(manifest);
  if (npmrc === undefined)
    return credentialsIn(file).map(({ setting, value, span, kind }) => ({ name: setting.name, credential: { span, kind }, value }));
  return npmrc.entries.flatMap(({ key, value, credential }) =>
    value === undefined || credential === undefined ? [] : [{ name: key.text, credential, value }],
  );
}

/** The environment variables that a value asks for: `${NAME}` of npm and Yarn, `$NAME` of Bun. */
function namesIn(text: string): string[] {
  return [...environmentNames(text), ...[...text.matchAll(/\$([A-Za-z_]\w*)/g)].map(([, name = '']) => name)];
}

const VARIABLES = { token: 'NPM_TOKEN', password: 'NPM_PASSWORD', auth: 'NPM_AUTH' } as const;

/**
 * Whether a variable may stand in the secret's place: a package.json knows none, and pnpm reads none in a file of the repository, since
 * 10.34.2 and 11.5.3 in no .npmrc either (GHSA-3qhv-2rgh-x77r).
 */
function readsVariables({ kind }: SettingsFile, surroundings: Surroundings, path: string): boolean {
  if (kind !== 'npmrc') return kind !== 'package-json' && kind !== 'pnpm-workspace';
  const inUse = managerInUse(surroundings, path);
  return inUse?.manager !== 'pnpm' || !isCertainly(inUse, '>=10.34.2 <11.0.0-0 || >=11.5.3');
}

function fixes({ kind: file }: SettingsFile, { credential: { kind, span }, value }: Found, names: FreeNames): Fix[] {
  // What needed decoding may end elsewhere than it seems; a private key belongs in a file.
  if (kind === 'key' || !value.isVerbatim) return [];
  const name = names.next(VARIABLES[kind]);
  const title = `Read it from the environment variable \`${name}\` (check that it is set wherever packages are installed, and revoke the old one)`;
  return [{ title, safety: 'review', online: false, edits: [{ span, text: file === 'bunfig' ? `$${name}` : `\${${name}}` }] }];
}

/** Names that nothing else of the file reads: two registries have two tokens. */
class FreeNames {
  readonly #taken: ReadonlySet<string>;
  readonly #counts = new Map<string, number>();

  constructor(taken: readonly string[]) {
    this.#taken = new Set(taken);
  }

  next(base: string): string {
    let count = (this.#counts.get(base) ?? 0) + 1;
    const name = (): string => (count === 1 ? base : `${base}_${count}`);
    while (this.#taken.has(name())) count++;
    this.#counts.set(base, count);
    return name();
  }
}
