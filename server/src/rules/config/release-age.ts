import type { Fix } from '../../core/finding.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Rule, RuleContext } from '../../core/rule.ts';
import { baseName, folderOf, joinPath } from '../../core/source-file.ts';
import { NO_SPAN } from '../../core/span.ts';
import { isCertainly, type ManagerInUse, managerInUse } from '../../formats/manager-in-use.ts';
import { ageInWords, BARE_UNITS, DAY_MINUTES, daysAsText, type ReleaseAge, releaseAge } from '../../formats/release-age.ts';
import { SETTINGS_FORMATS, type Setting, type SettingsFile, settingNamed, textsOf } from '../../formats/settings-file.ts';
import { settingsOf } from '../../formats/settings-of.ts';
import { AGE_GATES, type AgeGate, gateLine, meantDays } from './age-gate.ts';

const WHY = 'Most hijacked releases were found and removed within hours; whoever waits a few days never installs one.';

/** No waiting time for new releases, or one that says something else than it seems. */
export const rule: Rule = {
  meta: {
    id: 'config/release-age',
    title: 'New releases are installed at once, or after a time in the wrong unit',
    severity: 'warning',
    confidence: 'high',
    tier: 'recommended',
    formats: SETTINGS_FORMATS,
    needs: [],
    fix: 'offline',
    since: '0.1.0',
    securitySeverity: '5.0',
    refs: [
      'https://docs.npmjs.com/cli/v11/using-npm/config#min-release-age',
      'https://pnpm.io/settings#minimumreleaseage',
      'https://yarnpkg.com/configuration/yarnrc#npmMinimalAgeGate',
      'https://bun.com/docs/runtime/bunfig#install-minimumreleaseage',
    ],
    messages: {
      missing: {
        what: '{manager} can wait until a release is some days old, and nothing tells it to.',
        why: WHY,
        remedy: 'Add `{line}` to {file}.',
      },
      off: {
        what: '`{setting}` is 0, so that releases are installed the moment they are published.',
        why: WHY,
        remedy: 'Set it to {days}.',
      },
      low: { what: '`{setting}` is {age}.', why: WHY, remedy: 'Wait a day at least; three days are written `{days}` here.' },
      unit: {
        what: '`{setting}` is {age}: a bare number counts {unit} here.',
        why: 'The same setting of other managers counts in another unit; {meant} seems to be meant. {effect}',
        remedy: 'Write `{text}`.',
      },
      everything: {
        what: '`{pattern}` excludes every package from the release age.',
        why: WHY,
        remedy: 'Name the packages, or the scope, that may be new.',
      },
    },
  },
  check(context) {
    const { manifest, report } = context;
    const file = settingsOf(manifest);
    if (file === undefined) return;
    for (const setting of file.settings) {
      for (const gate of AGE_GATES) {
        if (gate.names[file.kind] === setting.name) judge(context, gate, setting);
        if (gate.excludes[file.kind] !== setting.name) continue;
        const every = textsOf(setting).find(({ text }) => /^\*{1,2}(?:\/\*{1,2})?$/.test(text));
        // Bun knows no patterns: there a star excludes nothing.
        if (every !== undefined && gate.manager !== 'bun')
          report({ messageId: 'everything', args: { pattern: every.text }, span: every.span, identity: setting.name });
      }
    }
    reportMissing(context, file);
  },
};

function judge({ report }: RuleContext, { manager }: AgeGate, setting: Setting): void {
  const { value, name } = setting;
  const age = value?.kind === 'text' ? releaseAge(manager, value.text) : undefined;
  if (value?.kind !== 'text' || age === undefined) return;
  const three = daysAsText(manager, 3);
  const common = { setting: name, age: ageInWords(age.minutes), days: three };
  const set = (title: string, text: string): Fix[] =>
    value.isVerbatim ? [{ title, safety: 'review', online: false, edits: [{ span: value.span, text }] }] : [];
  const waits = `Wait 3 days: ${three} (check that nothing has to be installed sooner)`;
  if (age.minutes === 0) {
    report({ messageId: 'off', args: common, span: value.span, identity: name, fixes: set(waits, three) });
    return;
  }
  const days = meantDays(manager, age);
  if (days !== undefined) {
    const text = daysAsText(manager, days);
    const meant = ageInWords(days * DAY_MINUTES);
    report({
      messageId: 'unit',
      args: { ...common, unit: BARE_UNITS[manager][1], meant, effect: effectOf(age), text },
      span: value.span,
      identity: name,
      fixes: set(`Write ${meant} as ${text} (check that this is what is meant)`, text),
    });
  } else if (age.minutes < DAY_MINUTES) {
    report({ messageId: 'low', args: common, span: value.span, identity: name, fixes: set(waits, three) });
  }
}

function effectOf({ minutes }: ReleaseAge): string {
  return minutes < DAY_MINUTES ? 'As it is, it holds nothing back for long.' : 'As it is, it holds back updates that repair something.';
}

/** One finding for each project: in the manager's own file where there is one, else where package.json names the manager. */
function reportMissing({ manifest, surroundings, report }: RuleContext, file: SettingsFile): void {
  const { path, text } = manifest.file;
  const { kind } = file;
  const inUse = managerInUse(surroundings, path);
  const gate = inUse && AGE_GATES.find(({ manager }) => manager === inUse.manager);
  if (inUse === undefined || gate === undefined || inUse.root !== folderOf(path) || !isCertainly(inUse, gate.withoutDefault)) return;
  const own = joinPath(inUse.root, gate.file) ?? '';
  const isPlace = kind === 'package-json' ? !surroundings.exists(own) : baseName(path) === gate.file;
  if (!isPlace || manifest.problems.length > 0 || isSet(inUse, gate, (name) => surroundings.manifest(name))) return;
  const line = gateLine(inUse.manager);
  const edits = kind === 'package-json' ? undefined : gate.insert(text, file);
  const title = `Add ${line} (check that nothing has to be installed sooner)`;
  report({
    messageId: 'missing',
    args: { manager: inUse.label, line, file: gate.file },
    span: kind === 'package-json' ? (inUse.place ?? NO_SPAN) : NO_SPAN,
    severity: 'info',
    identity: 'missing',
    fixes: edits === undefined ? [] : [{ title, safety: 'review', online: false, edits: [edits] }],
  });
}

function isSet({ root }: ManagerInUse, gate: AgeGate, manifestOf: (path: string) => Manifest | undefined): boolean {
  const places = {
    npmrc: '.npmrc',
    'pnpm-workspace': 'pnpm-workspace.yaml',
    yarnrc: '.yarnrc.yml',
    bunfig: 'bunfig.toml',
    'package-json': 'package.json',
  };
  return SETTINGS_FORMATS.some((kind) => {
    const name = gate.names[kind];
    const manifest = name === undefined ? undefined : manifestOf(joinPath(root, places[kind]) ?? '');
    const file = manifest && settingsOf(manifest);
    if (file === undefined || name === undefined) return false;
    // npm's `before` is a fixed day, which holds back as well.
    return settingNamed(file, name) !== undefined || (kind === 'npmrc' && settingNamed(file, 'before') !== undefined);
  });
}
