// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is what environment references look like in the texts under test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manager } from '../../server/src/formats/manager-in-use.ts';
import { ageInWords, daysAsText, releaseAge } from '../../server/src/formats/release-age.ts';
import { meantDays } from '../../server/src/rules/config/age-gate.ts';

const WEEK = 7 * 24 * 60;

test('seven days in the words of each manager are the same time', () => {
  const texts: readonly (readonly [Manager, string])[] = [
    ['npm', '7'],
    ['pnpm', '10080'],
    ['yarn', '7d'],
    ['yarn', '10080'],
    ['yarn', '1w'],
    ['bun', '604800'],
    ['bun', '7 days'],
    ['bun', '1 week'],
  ];
  for (const [manager, text] of texts) assert.equal(releaseAge(manager, text)?.minutes, WEEK, `${manager} ${text}`);
});

test('a number of days comes out in the unit of the manager', () => {
  for (const manager of ['npm', 'pnpm', 'yarn', 'bun'] as const)
    assert.equal(releaseAge(manager, daysAsText(manager, 3))?.minutes, 3 * 24 * 60, manager);
});

test('what is no time is none', () => {
  for (const text of ['', 'soon', '-1', '7d', '${DAYS}', '1e9', '7 '.repeat(50_000)])
    assert.equal(releaseAge('pnpm', text), undefined, text.slice(0, 20));
  assert.equal(releaseAge('yarn-classic', '7'), undefined);
  assert.equal(releaseAge('yarn', '7 fortnights'), undefined);
});

test('times are said in the unit that shows them best', () => {
  const words: readonly (readonly [number, string])[] = [
    [0.5, '30 seconds'],
    [1, '1 minute'],
    [7, '7 minutes'],
    [90, '1.5 hours'],
    [1_440, '1 day'],
    [WEEK, '7 days'],
    [525_600, '365 days'],
    [14_515_200, '27.6 years'],
  ];
  for (const [minutes, text] of words) assert.equal(ageInWords(minutes), text);
});

test('a number that fits another manager’s unit is taken for days of that one, and no other', () => {
  const meant = (manager: Manager, text: string) => {
    const age = releaseAge(manager, text);
    return age && meantDays(manager, age);
  };
  assert.equal(meant('pnpm', '7'), 7);
  assert.equal(meant('pnpm', '1440'), undefined);
  assert.equal(meant('pnpm', '86400'), undefined);
  assert.equal(meant('yarn', '30'), 30);
  assert.equal(meant('yarn', '30m'), undefined);
  assert.equal(meant('npm', '1440'), 1);
  assert.equal(meant('npm', '365'), undefined);
  assert.equal(meant('bun', '259200'), undefined);
  assert.equal(meant('bun', '4320'), 3);
  assert.equal(meant('bun', '3'), 3);
});
