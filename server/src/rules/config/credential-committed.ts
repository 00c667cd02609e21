import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { asNpmrc, type Credential, environmentNames, type NpmrcEntry } from '../../formats/npmrc.ts';

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
    formats: ['npmrc'],
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
  check({ manifest, report }) {
    const entries = asNpmrc(manifest)?.entries ?? [];
    const names = new FreeNames(entries.flatMap(({ value }) => environmentNames(value?.text ?? '')));
    for (const { key, value, credential } of entries) {
      if (value === undefined || credential === undefined) continue;
      report({
        messageId: credential.kind,
        args: { key: key.text },
        span: value.span,
        // The text of the value must not be guessed from a fingerprint either.
        identity: key.text,
        fixes: fixes(credential, value, names),
      });
    }
  },
};

const VARIABLES = { token: 'NPM_TOKEN', password: 'NPM_PASSWORD', auth: 'NPM_AUTH' } as const;

function fixes({ kind, span }: Credential, value: NonNullable<NpmrcEntry['value']>, names: FreeNames): Fix[] {
  // What needed decoding may end elsewhere than it seems; a private key belongs in a file.
  if (kind === 'key' || !value.isVerbatim) return [];
  const name = names.next(VARIABLES[kind]);
  const title = `Read it from the environment variable \`${name}\` (check that it is set wherever packages are installed, and revoke the old one)`;
  return [{ title, safety: 'review', online: false, edits: [{ span, text: `\${${name}}` }] }];
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
