import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { isLoopback, servesHttps } from '../../formats/https-hosts.ts';
import { asNpmrc, type NpmrcText } from '../../formats/npmrc.ts';

/** A registry without encryption, or certificates that nobody checks: whoever is on the way chooses the packages. */
export const rule: Rule = {
  meta: {
    id: 'config/insecure-transport',
    title: 'A registry that is used without encryption or without checking its certificate',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['npmrc'],
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
    },
  },
  check({ manifest, report }) {
    for (const { key, name, value, section } of asNpmrc(manifest)?.entries ?? []) {
      // npm reads no settings from a section.
      if (value === undefined || section !== undefined) continue;
      const identity = key.text;
      if (key.text === 'strict-ssl') {
        if (value.text === 'false' || value.text === '0')
          report({ messageId: 'unchecked', args: { key: identity }, span: value.span, identity, fixes: checked(value) });
      } else if (name === 'registry') {
        const [, host = '', port] = HTTP.exec(value.text) ?? [];
        if (host === '' || isLoopback(host.toLowerCase())) continue;
        // Another port is another server, about which nothing is known.
        const fixes = value.isVerbatim && port === undefined ? [encrypted(value, host)] : [];
        report({ messageId: 'http', args: { key: identity, host }, span: value.span, identity, fixes });
      }
    }
  },
};

const HTTP = /^http:\/\/(?:[^/@]*@)?(\[[^\]]*\]|[^/:?#]+)(:\d+)?/i;

function encrypted({ span }: NpmrcText, host: string): Fix {
  const edits = [{ span: { start: span.start, end: span.start + 'http'.length }, text: 'https' }];
  const isKnown = servesHttps(host.toLowerCase());
  return {
    title: isKnown ? 'Use https' : 'Use https (check that the host serves it)',
    safety: isKnown ? 'safe' : 'review',
    online: false,
    edits,
  };
}

function checked({ span }: NpmrcText): Fix[] {
  const title = 'Check certificates again (check that the registry’s is valid, or name its authority in `cafile`)';
  return [{ title, safety: 'review', online: false, edits: [{ span, text: 'true' }] }];
}
