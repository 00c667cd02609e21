import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textReport } from '../../server/src/cli/reporters/text.ts';
import { paint } from '../../server/src/cli/terminal.ts';
import type { UnknownItem } from '../../server/src/engine/analyse.ts';
import { buildReport } from '../../server/src/engine/report.ts';

/** The lines of a text report that say what is unknown. */
function linesOf(...unknown: readonly UnknownItem[]): string[] {
  const text = textReport(buildReport([], unknown, []), { paint: paint(false), minSeverity: 'warning', online: true });
  return text.split('\n').filter((line) => line.startsWith('Unknown'));
}

const item = (subject: string, detail?: string, count = 1): UnknownItem => ({
  path: 'package.json',
  subject,
  why: 'denied',
  count,
  ...(detail === undefined ? {} : { detail }),
});

test('each reason stands beside what it is about, a number where it is about several', () => {
  assert.deepEqual(linesOf(item('a', 'It is shut.', 2), item('b', 'nobody may ask'), item('c', 'It is shut.')), [
    'Unknown, denied: a (2), c (It is shut).',
    'Unknown, denied: b (nobody may ask).',
  ]);
  assert.deepEqual(linesOf(item('a'), item('b'), item('c'), item('d'), item('e')), ['Unknown, denied: a, b, c and 2 more.']);
});

test('of many reasons the first few are told, and no more than one line for the rest', () => {
  const lines = linesOf(...Array.from({ length: 40 }, (_, nth) => item(`host-${String(nth).padStart(2, '0')}`, `reason ${nth}`)));
  assert.deepEqual(lines, [
    'Unknown, denied: host-00 (reason 0).',
    'Unknown, denied: host-01 (reason 1).',
    'Unknown, denied: host-02 (reason 2).',
    'Unknown, denied: host-03, host-04, host-05 and 34 more.',
  ]);
});

test('reasons and subjects are shown without their control characters', () => {
  const [line] = linesOf(item('a\u001b[2J', 'b\u202e\u0007'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
  assert.doesNotMatch(line ?? '', /[\u0000-\u001f\u202e]/);
});
