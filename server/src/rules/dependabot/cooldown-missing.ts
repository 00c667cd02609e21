import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import type { Span } from '../../core/span.ts';
import { lineEndOf } from '../../core/text.ts';
import { asDependabot, type Cooldown, type KeyPlace } from '../../formats/dependabot.ts';
import { entriesOf, scalarOf } from '../../formats/yaml-document.ts';

/** How long a release should have been out before a machine proposes it. Most poisoned ones are found within days. */
const DAYS = 7;

const WHY = 'Most poisoned releases are found and removed within days, and an update that is proposed before that brings them in.';

/** Updates that are proposed as soon as they are out: the first to take a poisoned release are the machines. */
export const rule: Rule = {
  meta: {
    id: 'dependabot/cooldown-missing',
    title: `Updates that do not wait until a release is ${DAYS} days old`,
    severity: 'info',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dependabot'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '3.0',
    refs: [
      'https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference#cooldown-',
      'https://github.blog/changelog/2025-07-01-dependabot-supports-configuration-of-a-minimum-package-age',
      'https://blog.yossarian.net/2025/11/21/We-should-all-be-using-dependency-cooldowns',
    ],
    messages: {
      missing: {
        what: 'Nothing says how old a release of `{ecosystem}` must be before Dependabot proposes it.',
        why: WHY,
        remedy: `Add \`cooldown\` with \`default-days: ${DAYS}\` to this entry; security updates do not wait for it.`,
      },
      noDefault: {
        what: 'The `cooldown` of `{ecosystem}` does not cover all releases, because `default-days` is missing.',
        why: WHY,
        remedy: `Add \`default-days: ${DAYS}\` to it; security updates do not wait for it.`,
      },
      short: {
        what: 'Releases of `{ecosystem}` are proposed when they are {age} old.',
        why: WHY,
        remedy: `Wait ${DAYS} days; security updates do not wait for it.`,
      },
    },
  },
  check({ manifest, report }) {
    const lineEnd = lineEndOf(manifest.file.text);
    for (const { ecosystem, cooldown, isSecurityOnly, keyPlace, indentUnit } of asDependabot(manifest)?.updates ?? []) {
      if (ecosystem === undefined || isSecurityOnly) continue;
      const args = { ecosystem: ecosystem.text };
      const add = (place: KeyPlace | undefined, ...lines: string[]): Fix[] =>
        place === undefined ? [] : [wait({ start: place.at, end: place.at }, lines.map((line) => lineEnd + place.indent + line).join(''))];
      if (cooldown === undefined) {
        const fixes = add(keyPlace, 'cooldown:', `${indentUnit}default-days: ${DAYS}`);
        report({ messageId: 'missing', args, span: ecosystem.span, fixes });
      } else if (cooldown.defaultDays !== undefined) {
        const { span, text, header } = cooldown.defaultDays;
        const days = Number(text.trim() || Number.NaN);
        // What is no number is refused by GitHub as a whole.
        if (Number.isNaN(days) || days >= DAYS) continue;
        const fixes = header === '' && !cooldown.isMerged ? [wait(span, String(DAYS))] : [];
        report({ messageId: 'short', args: { ...args, age: days === 1 ? '1 day' : `${days} days` }, span, fixes });
      } else if (!coversAll(cooldown)) {
        // A key that is typed has no value yet: a second one would break the document.
        const isTyped = entriesOf(cooldown.node).some(({ key }) => key === 'default-days');
        const fixes = isTyped ? [] : add(cooldown.keyPlace, `default-days: ${DAYS}`);
        report({ messageId: 'noDefault', args, span: ecosystem.span, fixes });
      }
    }
  },
};

const PARTS = ['semver-major-days', 'semver-minor-days', 'semver-patch-days'];

/** Whether each kind of release has its own time to wait. */
function coversAll({ node }: Cooldown): boolean {
  return PARTS.every((part) => Number(scalarOf(node, part)?.text) >= DAYS);
}

function wait(span: Span, text: string): Fix {
  const title = `Wait until a release is ${DAYS} days old (check that nothing here needs releases sooner)`;
  return { title, safety: 'review', online: false, edits: [{ span, text }] };
}
