import type { Rule } from '../../core/rule.ts';
import { asDockerfile } from '../../formats/dockerfile.ts';
import { isPlain, remoteSourcesOf } from '../../formats/dockerfile-add.ts';

/** A file from the network that nothing holds to a content: whoever controls its address decides what is in the image. */
export const rule: Rule = {
  meta: {
    id: 'docker/add-unverified',
    title: 'A file that ADD downloads without a checksum',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '6.5',
    refs: [
      'https://docs.docker.com/reference/dockerfile/#add---checksum',
      'https://slsa.dev/spec/v1.1/threats',
      'https://cwe.mitre.org/data/definitions/494.html',
    ],
    messages: {
      found: {
        what: 'ADD downloads `{file}` from `{host}` without a checksum.',
        why: 'Whoever controls the address decides at each build what gets into the image.',
        remedy: 'Add `--checksum=sha256:...` with the digest of the file that you reviewed.',
      },
    },
  },
  check({ manifest, report }) {
    const dockerfile = asDockerfile(manifest);
    for (const { kind, address, checksum, span } of dockerfile === undefined ? [] : remoteSourcesOf(dockerfile)) {
      // What comes without encryption is told by docker/add-insecure.
      if (kind === 'git' || checksum !== '' || isPlain(address)) continue;
      const [, host = '', path = ''] = DOWNLOAD.exec(address) ?? [];
      const file = path.slice(path.lastIndexOf('/') + 1);
      report({ messageId: 'found', args: { host, file: file === '' ? '/' : file }, span, identity: `${host}${path}` });
    }
  },
};

/** A password or token in the address is not told. */
const DOWNLOAD = /^https?:\/\/(?:[^/@]*@)?([^/?#]*)([^?#]*)/;
