import type { Edit, Fix } from '../../core/finding.ts';
import type { Rule } from '../../core/rule.ts';
import { type Span, span } from '../../core/span.ts';
import { SETTINGS_FORMATS, type Setting, type SettingsKind, type SettingText, textsOf } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';

/** A setting that lets packages come from anywhere: a dependency of a dependency can name any repository or server. */
export const rule: Rule = {
  meta: {
    id: 'config/exotic-sources-allowed',
    title: 'A setting that lets packages come from any repository or address',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: SETTINGS_FORMATS,
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '5.5',
    refs: [
      'https://docs.npmjs.com/cli/v11/using-npm/config#allow-git',
      'https://pnpm.io/settings#blockexoticsubdeps',
      'https://yarnpkg.com/configuration/yarnrc#approvedGitRepositories',
    ],
    messages: {
      git: {
        what: '`{setting}` lets every package come from any git repository.',
        why: '{why}',
        remedy: 'Allow what the project itself names.',
      },
      remote: {
        what: '`{setting}` lets every package come from any address.',
        why: '{why}',
        remedy: 'Allow what the project itself names.',
      },
      patterns: {
        what: '`{pattern}` approves every git repository that a package names.',
        why: '{why}',
        remedy: 'Name the repositories that the project needs, or none.',
      },
      subdependencies: {
        what: '`{setting}` lets packages bring in git repositories and plain addresses of their own.',
        why: '{why}',
        remedy: 'Remove the line or set it to `true`.',
      },
    },
  },
  check({ manifest, report }) {
    const file = settingsOf(manifest);
    for (const setting of file?.settings ?? []) {
      const found = looseOf(file?.kind ?? 'npmrc', setting);
      if (found === undefined) continue;
      const { messageId, value } = found;
      report({
        messageId,
        args: { setting: setting.name, pattern: value.text, why: WHY },
        span: value.span,
        identity: setting.name,
        fixes: fixesOf(manifest.file.text, setting, found),
      });
    }
  },
};

const WHY =
  'No registry scans, keeps or takes back what comes from there, and it can change at any time; the hijacked TanStack releases of May 2026 brought their payload in as a git dependency.';

interface Loose {
  readonly messageId: 'git' | 'remote' | 'patterns' | 'subdependencies';
  readonly value: SettingText;
}

function looseOf(kind: SettingsKind, setting: Setting): Loose | undefined {
  const { name, value } = setting;
  switch (`${kind} ${name}`) {
    case 'npmrc allow-git':
      return value?.kind === 'text' && value.text === 'all' ? { messageId: 'git', value } : undefined;
    case 'npmrc allow-remote':
      return value?.kind === 'text' && value.text === 'all' ? { messageId: 'remote', value } : undefined;
    case 'yarnrc approvedGitRepositories': {
      const every = textsOf(setting).find(({ text }) => /^\*{1,2}(?:\/\*{1,2})?$/.test(text));
      return every && { messageId: 'patterns', value: every };
    }
    case 'npmrc block-exotic-subdeps':
    case 'pnpm-workspace blockExoticSubdeps':
    case 'package-json pnpm.blockExoticSubdeps':
      return value?.kind === 'text' && value.text === 'false' ? { messageId: 'subdependencies', value } : undefined;
    default:
      return undefined;
  }
}

function fixesOf(text: string, setting: Setting, { messageId, value }: Loose): Fix[] {
  if (messageId === 'patterns') {
    const edit = emptied(text, setting);
    const title = 'Approve no git repository (check that no package comes from one, or name those that do)';
    return edit === undefined ? [] : [{ title, safety: 'review', online: false, edits: [edit] }];
  }
  if (!value.isVerbatim) return [];
  const safe = messageId === 'subdependencies' ? 'true' : 'root';
  const title = `Set ${setting.name} to ${safe} (check that no package further down the tree comes from such a place)`;
  return [{ title, safety: 'review', online: false, edits: [{ span: value.span, text: safe }] }];
}

/** The edit that leaves an empty list, where nothing but the pattern is in it. */
function emptied(text: string, { keySpan, value }: Setting): Edit | undefined {
  if (value?.kind !== 'list' || value.items.length !== 1) return undefined;
  if (text[value.span.start] === '[') return { span: value.span, text: '[]' };
  const last = value.items[0]?.span.end ?? value.span.end;
  const quote = /["']/.test(text[last] ?? '') ? 1 : 0;
  const from: Span = span(keySpan.end, last + quote);
  // From the colon on; a comment in between stays where it is, so that there is no edit.
  const [, colon = ''] = /^(["']?[ \t]*:)[ \t]*\r?\n[ \t]*-[ \t]+["']?\*/.exec(text.slice(from.start, from.end)) ?? [];
  return colon === '' ? undefined : { span: span(from.start + colon.length, from.end), text: ' []' };
}
