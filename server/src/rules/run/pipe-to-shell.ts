import type { Rule } from '../../core/rule.ts';
import { shownUrl } from '../../formats/download.ts';
import { remoteRunsOf } from '../../formats/remote-code.ts';

const REMEDY = 'Download to a file, compare it with a checksum or a signature kept in this repository, then run it.';

/** Code that is downloaded and run unseen: whoever controls the server decides what the build does. */
export const rule: Rule = {
  meta: {
    id: 'run/pipe-to-shell',
    title: 'Code that is downloaded and run without a checksum or signature check',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile', 'workflow', 'action', 'package-json'],
    needs: [],
    fix: 'none',
    since: '0.1.0',
    securitySeverity: '7.5',
    refs: [
      'https://about.codecov.io/security-update/',
      'https://owasp.org/www-project-top-10-ci-cd-security-risks/CICD-SEC-09-Improper-Artifact-Integrity-Validation',
    ],
    messages: {
      piped: {
        what: '`{runner}` runs whatever `{url}` answers, unseen.',
        why: "Whoever controls that server, its name or its storage decides what runs here, with this build's secrets; an altered upload script did just that to Codecov's users in 2021.",
        remedy: REMEDY,
      },
      saved: {
        what: '`{runner}` runs a download from `{url}` that nothing has checked.',
        why: "Whoever controls that server, its name or its storage decides what runs here, with this build's secrets.",
        remedy: 'Compare it with a checksum or a signature kept in this repository before it runs.',
      },
      plain: {
        what: '`{runner}` runs whatever `{url}` answers over an unprotected connection.',
        why: 'Anybody on the way can put other code in its place, which then runs here with all that this build may do.',
        remedy: `Use https. ${REMEDY}`,
      },
    },
  },
  check({ manifest, report }) {
    for (const script of manifest.scripts) {
      for (const { download, runner, span, downloadSpan } of remoteRunsOf(script)) {
        report({
          messageId: download.plain ? 'plain' : downloadSpan === undefined ? 'piped' : 'saved',
          args: { runner, url: shownUrl(download.url) || 'the server' },
          span,
          ...(download.plain ? { severity: 'error' } : {}),
          related: downloadSpan === undefined ? [] : [{ file: manifest.file, span: downloadSpan, note: 'It is downloaded here.' }],
        });
      }
    }
  },
};
