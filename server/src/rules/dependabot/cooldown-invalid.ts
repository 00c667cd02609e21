import type { Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { asDependabot, type Cooldown } from '../../formats/dependabot.ts';
import { entriesOf, nodeOf, type YamlEntry } from '../../formats/yaml-document.ts';
import { removeEntry } from '../workflow/step-edits.ts';

/** Ecosystems whose versions Dependabot does not read as semantic ones (GitHub documentation, "cooldown", table of support). */
const WITHOUT_SEMVER: ReadonlySet<string> = new Set([
  'devcontainers',
  'docker',
  'docker-compose',
  'github-actions',
  'gitsubmodule',
  'helm',
  'terraform',
]);

const DAYS = ['default-days', 'semver-major-days', 'semver-minor-days', 'semver-patch-days'] as const;
const KEYS: ReadonlySet<string> = new Set([...DAYS, 'include', 'exclude']);

/** What people write instead, and what they mean. */
const MEANT: Readonly<Record<string, string>> = {
  default: 'default-days',
  days: 'default-days',
  'default-day': 'default-days',
  default_days: 'default-days',
  defaultDays: 'default-days',
  'semver-major': 'semver-major-days',
  'semver-minor': 'semver-minor-days',
  'semver-patch': 'semver-patch-days',
  major: 'semver-major-days',
  minor: 'semver-minor-days',
  patch: 'semver-patch-days',
};

/** A cooldown that is not read: the file looks protected, and is not. */
export const rule: Rule = {
  meta: {
    id: 'dependabot/cooldown-invalid',
    title: 'A `cooldown` with keys that do nothing',
    severity: 'error',
    confidence: 'high',
    tier: 'recommended',
    formats: ['dependabot'],
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '4.0',
    refs: [
      'https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference#cooldown-',
      'https://github.com/Automattic/agents-api/pull/264',
    ],
    messages: {
      unknown: {
        what: '`{key}` is no key of `cooldown`.',
        why: 'Dependabot does not take the file as it is meant, and updates do not wait.',
        remedy: 'The keys are `default-days`, `semver-major-days`, `semver-minor-days`, `semver-patch-days`, `include` and `exclude`.',
      },
      semver: {
        what: '`{key}` does nothing for `{ecosystem}`.',
        why: 'Dependabot does not read versions of this ecosystem as semantic ones, and refuses the entry or lets its updates not wait.',
        remedy: 'Use `default-days` alone.',
      },
    },
  },
  check({ manifest, report }) {
    const seen = new Set<YamlEntry>();
    for (const { ecosystem, cooldown } of asDependabot(manifest)?.updates ?? []) {
      for (const entry of entriesOf(cooldown?.node)) {
        if (cooldown === undefined || seen.has(entry)) continue;
        seen.add(entry);
        const { key, keySpan: span } = entry;
        const name = ecosystem?.text ?? '';
        if (!KEYS.has(key)) report({ messageId: 'unknown', args: { key }, span, fixes: rename(entry, cooldown) });
        else if (key.startsWith('semver-') && WITHOUT_SEMVER.has(name)) {
          // An anchor may serve an ecosystem that reads it.
          const edit = nodeOf(cooldown.node, 'default-days') === undefined ? undefined : removeEntry(manifest, entry);
          const title = `Remove ${key}: check that \`default-days\` is long enough for all updates`;
          const fixes: Fix[] = edit === undefined || cooldown.isMerged ? [] : [{ title, safety: 'review', online: false, edits: [edit] }];
          report({ messageId: 'semver', args: { key, ecosystem: name }, span, fixes });
        }
      }
    }
  },
};

function rename({ key, keySpan, isMerged }: YamlEntry, { node }: Cooldown): Fix[] {
  const meant = Object.hasOwn(MEANT, key) ? MEANT[key] : undefined;
  if (meant === undefined || isMerged || nodeOf(node, meant) !== undefined) return [];
  const title = `Rename to \`${meant}\` (check that its value is a number of days)`;
  return [{ title, safety: 'review', online: false, edits: [{ span: keySpan, text: meant }] }];
}
