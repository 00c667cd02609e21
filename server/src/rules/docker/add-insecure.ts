import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { asDockerfile } from '../../formats/dockerfile.ts';
import { isPlain, type RemoteSource, remoteSourcesOf } from '../../formats/dockerfile-add.ts';
import { servesHttps } from '../../formats/https-hosts.ts';

/** A source of ADD that comes over an open connection: anybody on the way decides what is in the image. */
export const rule: Rule = {
  meta: {
    id: 'docker/add-insecure',
    title: 'ADD from an address without encryption',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '7.5',
    refs: ['https://docs.docker.com/reference/dockerfile/#add', 'https://cwe.mitre.org/data/definitions/319.html'],
    messages: {
      found: {
        what: 'ADD takes `{name}` from `{host}` over an unprotected connection.',
        why: 'Anybody on the way can put something else in its place, which then is part of the image.',
        remedy: 'Use https, and hold the content with `--checksum` or a commit.',
      },
    },
  },
  check({ manifest, report }) {
    const dockerfile = asDockerfile(manifest);
    for (const source of dockerfile === undefined ? [] : remoteSourcesOf(dockerfile)) {
      const { address, checksum, span } = source;
      // A file with a checksum is the one that was meant, whoever sent it.
      if (!isPlain(address) || checksum !== '') continue;
      const [, host = '', path = ''] = /^\w+:\/\/(?:[^/@]*@)?([^/?#]*)([^?#]*)/.exec(address) ?? [];
      const name = path.slice(path.lastIndexOf('/') + 1) || '/';
      report({
        messageId: 'found',
        args: { host, name },
        span,
        identity: `${host}${path}`,
        fixes: fixesFor(source, host, manifest.file.text),
      });
    }
  },
};

function fixesFor({ span }: RemoteSource, host: string, document: string): Fix[] {
  const scheme = /^(?:http|git)(?=:\/\/)/.exec(document.slice(span.start, span.end))?.[0];
  if (scheme === undefined) return [];
  const edits = [{ span: { start: span.start, end: span.start + scheme.length }, text: 'https' }];
  const isSafe = servesHttps(host.toLowerCase());
  return [
    { title: isSafe ? 'Use https' : `Use https (check that ${host} serves it)`, safety: isSafe ? 'safe' : 'review', online: false, edits },
  ];
}
