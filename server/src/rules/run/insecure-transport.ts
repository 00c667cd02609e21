import type { Rule, RuleContext } from '../../core/rule.ts';
import { asDockerfile } from '../../formats/dockerfile.ts';
import { assignmentsOf } from '../../formats/dockerfile-variables.ts';
import { shownUrl } from '../../formats/download.ts';
import { disablesChecks, insecureUsesOf, mayDisableChecks } from '../../formats/insecure-option.ts';
import { isBuildScript } from '../../formats/install-scan.ts';
import { commandSpan, commandText, runCommandsOf } from '../../formats/run-commands.ts';

/** A connection on which anybody on the way may answer: what is downloaded over it is theirs to choose. */
export const rule: Rule = {
  meta: {
    id: 'run/insecure-transport',
    title: 'A connection whose other end nobody checks',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dockerfile', 'workflow', 'action', 'package-json'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '6.5',
    refs: ['https://curl.se/docs/sslcerts.html', 'https://cwe.mitre.org/data/definitions/295.html'],
    messages: {
      unchecked: {
        what: '`{option}` lets anybody on the way answer `{command}`.',
        why: 'Without a look at the certificate, what is downloaded can be replaced, and what is sent can be read.',
        remedy: 'Remove it; where a certificate of your own is in use, name it (`--cacert`, `NODE_EXTRA_CA_CERTS`).',
      },
      plain: {
        what: '`{command}` takes packages from `{option}` over an unprotected connection.',
        why: 'Anybody on the way can put other packages in their place.',
        remedy: 'Use https.',
      },
      environment: {
        what: '`{option}` lets anybody on the way answer everything that runs from here on.',
        why: 'Without a look at certificates, what is downloaded can be replaced, and what is sent can be read.',
        remedy: 'Remove it; where a certificate of your own is in use, add it to those that are trusted.',
      },
    },
  },
  check(context) {
    const { manifest, report } = context;
    for (const { invocation, script } of runCommandsOf(manifest)) {
      // What people run on their own machine talks to their own servers.
      if (!isBuildScript(script)) continue;
      for (const { text, kind, edits, start } of insecureUsesOf(invocation, manifest.file.text)) {
        const title =
          kind === 'plain'
            ? 'Use https (check that the index serves it)'
            : `Do without \`${text}\` (check that the server's certificate is accepted here)`;
        report({
          messageId: kind,
          args: { option: shownUrl(text), command: commandText(invocation) },
          span: commandSpan(invocation, start),
          fixes: edits === undefined ? [] : [{ title, safety: 'review', online: false, edits }],
        });
      }
    }
    reportVariables(context);
  },
};

function reportVariables({ manifest, report }: RuleContext): void {
  const dockerfile = asDockerfile(manifest);
  for (const instruction of dockerfile?.instructions ?? []) {
    if (instruction.keyword !== 'ENV') continue;
    for (const { name, nameSpan, written = '', valueSpan } of assignmentsOf(instruction, dockerfile?.escape ?? '\\')) {
      if (!mayDisableChecks(name)) continue;
      const value = written.replace(/^["'](.*)["']$/s, '$1');
      if (!disablesChecks(name, value)) continue;
      report({
        messageId: 'environment',
        args: { option: `${name}=${value}` },
        span: { start: nameSpan.start, end: valueSpan?.end ?? nameSpan.end },
      });
    }
  }
}
