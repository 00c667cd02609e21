import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { type Answer, absent, type FactKind, known, unknown } from '../../server/src/core/answer.ts';
import { FactStore, FOR_ONE_RUN, MAX_FACTS } from '../../server/src/engine/fact-store.ts';

const signal = new AbortController().signal;
const WEATHER: FactKind<string, string> = { id: 'weather', key: (place) => place, purl: (place) => place };
const LIFETIMES = { knownMs: 1000, unknownMs: 100 };

function store(answer: (place: string) => Answer<unknown>) {
  const asked: string[] = [];
  const facts = new FactStore(async (kind, key) => {
    asked.push(kind.key(key));
    return answer(kind.key(key)) as Answer<never>;
  }, LIFETIMES);
  return { facts, asked };
}

describe('facts', () => {
  it('are noted when they are asked for, once each, and looked up together', async () => {
    const { facts, asked } = store((place) => known(`sun in ${place}`, Date.now()));
    for (const place of ['a', 'b', 'a']) assert.deepEqual(facts.get(WEATHER, place), unknown('pending'));
    assert.equal(facts.pending, 2);
    await facts.resolve(signal);
    assert.deepEqual(asked, ['a', 'b']);
    const answer = facts.get(WEATHER, 'a');
    assert.equal(answer.state === 'known' && answer.value, 'sun in a');
    assert.equal(facts.pending, 0);
  });

  it('of an earlier session count from the time they were found out, and are shown after that', (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: 10_000 });
    const { facts } = store(() => absent(0));
    facts.put(WEATHER, 'a', known('rain', 9_500));
    assert.equal(facts.peek(WEATHER, 'a')?.state, 'known');
    context.mock.timers.setTime(10_501);
    assert.equal(facts.peek(WEATHER, 'a'), undefined);
    assert.deepEqual(facts.last(WEATHER, 'a'), known('rain', 9_500));
    facts.put(WEATHER, 'b', known('snow', 99_999));
    context.mock.timers.setTime(11_502);
    assert.equal(facts.peek(WEATHER, 'b'), undefined, 'a clock that went wrong keeps nothing alive');
  });

  it('that a source gives again are not asked for again at once, however old they are', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: 100_000 });
    const { facts, asked } = store(() => known('sun', 1));
    facts.get(WEATHER, 'a');
    await facts.resolve(signal);
    assert.deepEqual(facts.get(WEATHER, 'a'), known('sun', 1));
    assert.equal(facts.pending, 0, 'or else looking up and analysing would never end');
    context.mock.timers.setTime(100_000 + LIFETIMES.unknownMs + 1);
    assert.deepEqual(facts.get(WEATHER, 'a'), unknown('pending'));
    assert.deepEqual(asked, ['a']);
  });

  it('are good for as long as their kind says, where that is longer', (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: 100_000 });
    const { facts } = store(() => absent(0));
    const CLIMATE = { ...WEATHER, id: 'climate', goodForMs: 50_000 };
    facts.put(CLIMATE, 'a', known('mild', 60_000));
    assert.equal(facts.peek(CLIMATE, 'a')?.state, 'known');
    context.mock.timers.setTime(110_001);
    assert.equal(facts.peek(CLIMATE, 'a'), undefined);
  });

  it('that failed are asked for again sooner', (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: 0 });
    const { facts } = store(() => absent(0));
    facts.put(WEATHER, 'a', unknown('timeout'));
    context.mock.timers.setTime(100);
    assert.deepEqual(facts.get(WEATHER, 'a'), unknown('timeout'));
    context.mock.timers.setTime(101);
    assert.deepEqual(facts.get(WEATHER, 'a'), unknown('pending'));
  });

  it('that are forgotten are wanted again', async () => {
    const { facts, asked } = store(() => absent(Date.now()));
    facts.put(WEATHER, 'a', known('rain', Date.now()));
    facts.forget();
    assert.equal(facts.last(WEATHER, 'a'), undefined);
    const other = mock.fn(async () => absent(Date.now()) as Answer<never>);
    await facts.resolve(signal, other);
    assert.deepEqual({ own: asked.length, other: other.mock.callCount() }, { own: 0, other: 1 });
    assert.equal(facts.peek(WEATHER, 'a')?.state, 'absent');
  });

  it('of one run all stay: one that went would be asked for again in each round', async () => {
    const asked = mock.fn(async () => absent(0) as Answer<never>);
    const facts = new FactStore(asked, FOR_ONE_RUN);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i <= MAX_FACTS; i++) facts.get(WEATHER, `p${i}`);
      await facts.resolve(signal);
    }
    assert.equal(asked.mock.callCount(), MAX_FACTS + 1);
  });

  it('are bounded: the oldest go first', () => {
    const { facts } = store(() => absent(0));
    for (let i = 0; i <= MAX_FACTS; i++) facts.put(WEATHER, `p${i}`, known('x', Date.now()));
    assert.equal(facts.last(WEATHER, 'p0'), undefined);
    assert.equal(facts.last(WEATHER, 'p1')?.state, 'known');
  });
});
