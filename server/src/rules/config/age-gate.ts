import type { Edit } from '../../core/finding.ts';
import { span } from '../../core/span.ts';
import { lineEndOf } from '../../core/text.ts';
import type { Manager } from '../../formats/manager-in-use.ts';
import { DAY_MINUTES, daysAsText, type ReleaseAge } from '../../formats/release-age.ts';
import { GATE_SETTINGS, type GateSettings } from '../../formats/release-gate.ts';
import { appendLines, appendYaml, type SettingsFile } from '../../formats/settings-file.ts';

/** How one manager calls its release age, and where it belongs. */
export interface AgeGate extends Pick<GateSettings, 'names' | 'excludes'> {
  readonly manager: Manager;
  /** The versions that know it and hold nothing back by default (data/manager-settings.ts). */
  readonly withoutDefault: string;
  /** The name of the file that the setting belongs in. */
  readonly file: string;
  /** The edit that adds the line to that file; undefined where there is no sure place. */
  insert(text: string, file: SettingsFile): Edit | undefined;
}

/** The line to add, without its place. */
export function gateLine(manager: Manager): string {
  const days = daysAsText(manager, 3);
  switch (manager) {
    case 'pnpm':
      return `minimumReleaseAge: ${days}`;
    case 'yarn':
      return 'npmMinimalAgeGate: 3d';
    case 'bun':
      return `minimumReleaseAge = ${days}`;
    default:
      return `min-release-age=${days}`;
  }
}

/** The release ages of all managers that have one. */
export const AGE_GATES: readonly AgeGate[] = [
  {
    manager: 'npm',
    ...GATE_SETTINGS.npm,
    withoutDefault: '>=11.10.0',
    file: '.npmrc',
    insert: (text) => (/^\[/m.test(text) ? undefined : appendLines(text, [gateLine('npm')])),
  },
  {
    manager: 'pnpm',
    ...GATE_SETTINGS.pnpm,
    withoutDefault: '>=10.16.0 <11.0.0-0',
    file: 'pnpm-workspace.yaml',
    insert: (text, file) => appendYaml(text, file, [gateLine('pnpm')]),
  },
  {
    manager: 'yarn',
    ...GATE_SETTINGS.yarn,
    withoutDefault: '>=4.10.0 <4.15.0-0',
    file: '.yarnrc.yml',
    insert: (text, file) => appendYaml(text, file, [gateLine('yarn')]),
  },
  {
    manager: 'bun',
    ...GATE_SETTINGS.bun,
    withoutDefault: '>=1.3.0',
    file: 'bunfig.toml',
    insert: insertToml,
  },
];

/** Below the header of `[install]`, or with a header at the end where nothing of that table is there. */
function insertToml(text: string): Edit | undefined {
  if (/\r(?!\n)/.test(text)) return undefined;
  const eol = lineEndOf(text);
  const header = /^\ufeff?[ \t]*\[[ \t]*install[ \t]*\][ \t]*(?:#[^\n]*)?$/m.exec(text.replaceAll('\r\n', ' \n'));
  if (header !== null) {
    // Each line end counted as two characters in both texts.
    const at = header.index + header[0].replace(/ $/, eol === '\r\n' ? '' : ' ').length;
    return { span: span(at, at), text: `${eol}${gateLine('bun')}` };
  }
  return /^[ \t]*install[ \t]*[.=]/m.test(text) ? undefined : appendLines(text, ['[install]', gateLine('bun')]);
}

/** How many days a bare number was most likely meant to be, where it was written in another manager's unit; undefined where it is fine. */
export function meantDays(manager: Manager, { bare, minutes }: ReleaseAge): number | undefined {
  if (bare === undefined || !Number.isInteger(bare)) return undefined;
  const isDays = bare >= 1 && bare < 60;
  const isMinutes = bare % DAY_MINUTES === 0;
  const isSeconds = bare % (60 * DAY_MINUTES) === 0;
  switch (manager) {
    case 'npm':
      // Nobody waits for four years.
      if (isSeconds) return bare / (60 * DAY_MINUTES);
      return isMinutes ? bare / DAY_MINUTES : undefined;
    case 'pnpm':
    case 'yarn':
      if (isDays) return bare;
      // 86,400 minutes are 60 days, which somebody may want; 172,800 are seldom meant.
      return isSeconds && minutes >= 120 * DAY_MINUTES ? bare / (60 * DAY_MINUTES) : undefined;
    case 'bun':
      if (isDays) return bare;
      return isMinutes && !isSeconds && minutes < DAY_MINUTES ? bare / DAY_MINUTES : undefined;
    case 'yarn-classic':
      return undefined;
  }
}
