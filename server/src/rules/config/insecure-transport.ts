import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { isLoopback, servesHttps } from '../../formats/https-hosts.ts';
import { SETTINGS_FORMATS, type Setting, type SettingsKind, type SettingText, textsOf } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';

/** A registry without encryption, or certificates that nobody checks: whoever is on the way chooses the packages. */
export const rule: Rule = {
  meta: {
    id: 'config/insecure-transport',
    title: 'A registry that is used without encryption or without checking its certificate',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: SETTINGS_FORMATS,
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '7.5',
    refs: [
      'https://docs.npmjs.com/cli/v11/using-npm/config#strict-ssl',
      'https://docs.npmjs.com/cli/v11/using-npm/config#registry',
      'https://cwe.mitre.org/data/definitions/319.html',
      'https://cwe.mitre.org/data/definitions/295.html',
    ],
    messages: {
      http: {
        what: '`{key}` reaches `{host}` over `http:`.',
        why: 'Anybody on the way can read the token that is sent, and can put in other packages for every version that no lockfile holds.',
        remedy: 'Use https.',
      },
      unchecked: {
        what: '`{key}` turns off the check of the registry’s certificate.',
        why: 'Anybody on the way can pose as the registry, read the token that is sent, and hand out other packages.',
        remedy: 'Remove the line, and name the registry’s own authority in `cafile` where it has one.',
      },
      allowed: {
        what: '`{key}` lets Yarn ask `{host}` without encryption.',
        why: 'Anybody on the way can read the token that is sent, and can put in other packages for every version that no lockfile holds.',
        remedy: 'Remove it, and use https.',
      },
    },
  },
  check({ manifest, report }) {
    const file = settingsOf(manifest);
    for (const setting of file?.settings ?? []) {
      const kind = file?.kind ?? 'npmrc';
      const { name: key } = setting;
      const identity = key;
      for (const value of textsOf(setting)) {
        const { text, span, isVerbatim } = value;
        if (isCheck(kind, setting)) {
          if (text === 'false' || text === '0') report({ messageId: 'unchecked', args: { key }, span, identity, fixes: checked(value) });
        } else if (kind === 'yarnrc' && key === 'unsafeHttpWhitelist') {
          if (!isLoopback(text.toLowerCase()))
            report({ messageId: 'allowed', args: { key, host: text }, span, identity: `${key} ${text}` });
        } else if (isRegistry(kind, setting)) {
          const [, host = '', port] = HTTP.exec(text) ?? [];
          if (host === '' || isLoopback(host.toLowerCase())) continue;
          // Another port is another server, about which nothing is known.
          const fixes = isVerbatim && port === undefined ? [encrypted(value, host)] : [];
          report({ messageId: 'http', args: { key, host }, span, identity, fixes });
        }
      }
    }
  },
};

/** Whether a setting says if certificates are checked. */
function isCheck(kind: SettingsKind, { name, path }: Setting): boolean {
  if (kind === 'yarnrc') return path.at(-1) === 'enableStrictSsl';
  return (kind === 'npmrc' && name === 'strict-ssl') || (kind === 'pnpm-workspace' && name === 'strictSsl');
}

/** Whether a setting holds the address of a registry. */
function isRegistry(kind: SettingsKind, { name, path }: Setting): boolean {
  const last = path.at(-1) ?? '';
  switch (kind) {
    case 'npmrc':
      return /^(?:(?:\/\/.*|@[^/]*):)?registry$/s.test(name);
    case 'pnpm-workspace':
      return name === 'registry' || (path[0] === 'registries' && path.length === 2);
    case 'yarnrc':
      return /^npm(?:Registry|Publish|Audit)\w*$/.test(last);
    case 'bunfig':
      return (
        name === 'install.registry' || name === 'install.registry.url' || (path[1] === 'scopes' && (path.length === 3 || last === 'url'))
      );
    case 'package-json':
      return path[0] === 'publishConfig' && /^(?:@[^/]*:)?registry$/.test(last);
  }
}

const HTTP = /^http:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:?#]+)(:\d+)?/i;

function encrypted({ span }: SettingText, host: string): Fix {
  const edits = [{ span: { start: span.start, end: span.start + 'http'.length }, text: 'https' }];
  const isKnown = servesHttps(host.toLowerCase());
  return {
    title: isKnown ? 'Use https' : 'Use https (check that the host serves it)',
    safety: isKnown ? 'safe' : 'review',
    online: false,
    edits,
  };
}

function checked({ span }: SettingText): Fix[] {
  const title = 'Check certificates again (check that the registry’s is valid, or name its authority in `cafile`)';
  return [{ title, safety: 'review', online: false, edits: [{ span, text: 'true' }] }];
}
