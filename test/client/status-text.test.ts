import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CRASH_LIMIT, CrashBudget } from '../../client/src/crash-budget.ts';
import { type DocumentFacts, type ServerState, type Shown, statusText } from '../../client/src/status-text.ts';

const RUNNING: ServerState = { kind: 'running', status: { lookUps: 0 } };
const NONE: DocumentFacts = { counts: { error: 0, warning: 0, info: 0, hint: 0 }, unknown: [] };

/** What the item shows, as one line. */
function line({ text, detail, severity, busy, action }: Shown): string {
  return `${text} | ${detail} | ${severity}${busy ? ', busy' : ''} | ${action}`;
}

describe('the status item', () => {
  const counts = { error: 1, warning: 3, info: 0, hint: 2 };
  const unknown: DocumentFacts['unknown'] = [
    { why: 'offline', count: 2 },
    { why: 'unparsable', count: 1 },
  ];
  const cases: Readonly<Record<string, readonly [ServerState, DocumentFacts | undefined, string]>> = {
    'before the first manifest': [{ kind: 'stopped' }, undefined, 'Waybill | starts with the first manifest | information | showLog'],
    starting: [{ kind: 'starting', again: false }, undefined, 'Waybill | starting | information, busy | showLog'],
    'after a crash': [
      { kind: 'starting', again: true },
      { ...NONE, counts },
      'Waybill | starting again, because the language server ended | information, busy | showLog',
    ],
    'after too many crashes': [
      { kind: 'failed', message: 'it ended' },
      { ...NONE, counts },
      'Waybill does not run | it ended | error | restart',
    ],
    'nothing asked yet': [RUNNING, undefined, 'Waybill |  | information | showLog'],
    'nothing found': [RUNNING, NONE, 'Waybill: no findings |  | information | showLog'],
    findings: [RUNNING, { ...NONE, counts }, 'Waybill: 1 error, 3 warnings, 2 more |  | information | showProblems'],
    'nothing grave': [
      RUNNING,
      { ...NONE, counts: { error: 0, warning: 0, info: 1, hint: 2 } },
      'Waybill: 1 info, 2 hints |  | information | showProblems',
    ],
    'what is unknown is never clean': [
      RUNNING,
      { ...NONE, unknown },
      'Waybill: no findings · 3 unknown: not looked up, unreadable |  | information | showLog',
    ],
    'look-ups under way': [
      { kind: 'running', status: { lookUps: 1 } },
      { counts, unknown },
      'Waybill: 1 error, 3 warnings, 2 more · 3 unknown: not looked up, unreadable | 1 look-up under way | information, busy | showProblems',
    ],
    'a look-up that failed': [
      { kind: 'running', status: { lookUps: 0, failure: 'pkg:x: timeout' } },
      { ...NONE, counts: { ...NONE.counts, warning: 1 } },
      'Waybill: 1 warning | pkg:x: timeout | warning | showLog',
    ],
  };
  for (const [name, [state, document, expected]] of Object.entries(cases)) {
    test(name, () => assert.equal(line(statusText(state, document)), expected));
  }
});

describe('a server that ends unasked', () => {
  test('is started again a few times within some minutes, then not', () => {
    const budget = new CrashBudget();
    for (let crash = 0; crash < CRASH_LIMIT.count; crash++) assert.ok(budget.spend(1000 * crash));
    assert.equal(budget.spend(1000 * CRASH_LIMIT.count), false);
  });

  test('is started again for ever where it ends rarely', () => {
    const budget = new CrashBudget();
    for (let crash = 0; crash < 20; crash++) assert.ok(budget.spend(crash * CRASH_LIMIT.withinMs));
  });

  test('gets a new chance when the user starts it', () => {
    const budget = new CrashBudget();
    for (let crash = 0; crash <= CRASH_LIMIT.count; crash++) budget.spend(0);
    budget.reset();
    assert.ok(budget.spend(1));
  });
});
