import type { Rule } from '../../core/rule.ts';
import { asDependabot } from '../../formats/dependabot.ts';

/** Code of the dependencies that runs while Dependabot looks for updates, with its access to private registries. */
export const rule: Rule = {
  meta: {
    id: 'dependabot/external-code',
    title: 'Dependabot runs code of the dependencies',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dependabot'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '6.0',
    refs: [
      'https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference#insecure-external-code-execution-',
    ],
    messages: {
      allowed: {
        what: 'Dependabot runs the code of {ecosystem} dependencies while it looks for updates.',
        why: 'A poisoned release runs as soon as it is proposed, before anybody has seen it, and can read the credentials of the registries.',
        remedy: 'Deny it, and let an update that needs it fail.',
      },
    },
  },
  check({ manifest, report }) {
    const seen = new Set<number>();
    for (const { ecosystem, externalCode } of asDependabot(manifest)?.updates ?? []) {
      if (externalCode?.text !== 'allow' || seen.has(externalCode.raw.start)) continue;
      seen.add(externalCode.raw.start);
      const title = 'Deny it: check that updates of these dependencies still resolve';
      const fixes =
        externalCode.header === ''
          ? [{ title, safety: 'review', online: false, edits: [{ span: externalCode.span, text: 'deny' }] } as const]
          : [];
      report({ messageId: 'allowed', args: { ecosystem: `\`${ecosystem?.text ?? ''}\`` }, span: externalCode.span, fixes });
    }
  },
};
