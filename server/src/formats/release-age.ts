import type { Manager } from './manager-in-use.ts';

/** Minutes in a day. */
export const DAY_MINUTES = 1_440;

/** The unit of a bare number, in minutes: npm counts days, pnpm and Yarn minutes, Bun seconds. */
const BARE: Readonly<Record<Manager, number | undefined>> = {
  npm: DAY_MINUTES,
  pnpm: 1,
  yarn: 1,
  'yarn-classic': undefined,
  bun: 1 / 60,
};

/** What the unit of a bare number is called, for one and for several. */
export const BARE_UNITS: Readonly<Record<Manager, readonly [string, string]>> = {
  npm: ['day', 'days'],
  pnpm: ['minute', 'minutes'],
  yarn: ['minute', 'minutes'],
  'yarn-classic': ['minute', 'minutes'],
  bun: ['second', 'seconds'],
};

/** Yarn's and Bun's suffixes, in minutes. */
const SUFFIXES: readonly (readonly [RegExp, number])[] = [
  [/^ms$/, 1 / 60_000],
  [/^(?:s|secs?|seconds?)$/, 1 / 60],
  [/^(?:m|mins?|minutes?)$/, 1],
  [/^(?:h|hours?)$/, 60],
  [/^(?:d|days?)$/, DAY_MINUTES],
  [/^(?:w|weeks?)$/, 7 * DAY_MINUTES],
];

/** A release age. */
export interface ReleaseAge {
  readonly minutes: number;
  /** The number alone, where it stands without a unit: the manager's own unit is meant. */
  readonly bare?: number;
}

/** The age that a setting's text means to a manager; undefined where it is none, or an environment variable decides. */
export function releaseAge(manager: Manager, text: string): ReleaseAge | undefined {
  const [, digits, suffix = ''] = /^(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]{0,7})$/i.exec(text.trim()) ?? [];
  const unit = BARE[manager];
  if (digits === undefined || unit === undefined) return undefined;
  const amount = Number(digits);
  if (suffix === '') return { minutes: amount * unit, bare: amount };
  if (manager !== 'yarn' && manager !== 'bun') return undefined;
  const factor = SUFFIXES.find(([pattern]) => pattern.test(suffix.toLowerCase()))?.[1];
  return factor === undefined ? undefined : { minutes: amount * factor };
}

/** A number of days as a manager's setting has it, bare: `7`, `10080`, `604800`. */
export function daysAsText(manager: Manager, days: number): string {
  return String(Math.round((days * DAY_MINUTES) / (BARE[manager] ?? 1)));
}

/** Minutes for people: `7 days`, `90 minutes`, `4 years`. At most one digit behind the point. */
export function ageInWords(minutes: number): string {
  const units: readonly (readonly [number, string])[] = [
    [365 * DAY_MINUTES, 'year'],
    [DAY_MINUTES, 'day'],
    [60, 'hour'],
    [1, 'minute'],
    [1 / 60, 'second'],
  ];
  // Weeks and months would hide that `7` was meant; 400 days are still said in days.
  const [size, name] = units.find(([size, name]) => minutes >= size * (name === 'year' ? 2 : 1)) ?? [1 / 60, 'second'];
  const amount = Math.round((minutes / size) * 10) / 10;
  return `${amount.toLocaleString('en-US')} ${name}${amount === 1 ? '' : 's'}`;
}
