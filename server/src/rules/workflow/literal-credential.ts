import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { asWorkflow, literalPasswords } from '../../formats/workflow.ts';
import type { YamlScalar } from '../../formats/yaml-document.ts';

/** A registry's password in the text of a workflow: it leaks with the repository, and stays in its history. */
export const rule: Rule = {
  meta: {
    id: 'workflow/literal-credential',
    title: 'A password for a container registry in clear text',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['workflow'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '9.0',
    refs: [
      'https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idcontainercredentials',
      'https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/use-secrets',
      'https://cwe.mitre.org/data/definitions/798.html',
    ],
    messages: {
      password: {
        what: 'The password for the image of {whom} stands here in clear text.',
        why: 'Whoever can read the repository, its history or a copy of it can use it.',
        remedy: 'Revoke it, because removing it leaves it in the history, and read a new one from `secrets`.',
      },
    },
  },
  check({ manifest, report }) {
    const workflow = asWorkflow(manifest);
    if (workflow === undefined) return;
    for (const { password, job, service } of literalPasswords(workflow)) {
      const whom = service === undefined ? `the job \`${job}\`` : `the service \`${service}\``;
      // The text of the value must not be guessed from a fingerprint either.
      report({
        messageId: 'password',
        args: { whom },
        span: password.span,
        identity: `${job} ${service ?? ''}`,
        fixes: readSecret(password),
      });
    }
  },
};

function readSecret({ raw, span, style, header, aliases, flowEnd }: YamlScalar): Fix[] {
  if (header !== '' || aliases.length > 0) return [];
  const title = 'Read it from the secret `REGISTRY_PASSWORD` (check that it is set for the repository, and revoke the old one)';
  const secret = `\${{ secrets.REGISTRY_PASSWORD }}`;
  // In braces the value needs quotes: its own would end the collection.
  const text = style === 'plain' && flowEnd !== undefined ? `'${secret}'` : secret;
  return [{ title, safety: 'review', online: false, edits: [{ span: style === 'plain' ? raw : span, text }] }];
}
