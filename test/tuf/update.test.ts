import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reopen, type Updated, update } from '../../server/src/tuf/index.ts';
import { EMPTY_STATE, type TufGet, type TufRepository, type TufState } from '../../server/src/tuf/state.ts';
import { BAD_CASES, FILES, GOOD_CASES } from '../support/tuf-cases.ts';
import { makeTuf, NOW, SINCE, type TufRepositoryMaker } from '../support/tuf-repository.ts';

const PATHS = Object.keys(FILES);

/** Serves from memory; `asked` has every path. */
function getter({ served }: TufRepositoryMaker, asked: string[] = []): TufGet {
  return async (path, maxBytes) => {
    asked.push(path);
    const text = served.get(path);
    if (text === undefined) return { ok: true, value: undefined };
    const value = Buffer.from(text);
    return value.length > maxBytes ? { ok: false, error: `the answer is longer than ${maxBytes} bytes` } : { ok: true, value };
  };
}

const placeOf = ({ root }: TufRepositoryMaker): TufRepository => ({ root, since: SINCE, files: PATHS });

/** An update as a session makes it, from what was kept. */
async function refresh(repo: TufRepositoryMaker, state: TufState, now: number, asked?: string[]): Promise<Updated> {
  return await update(await reopen(kept(state), placeOf(repo), now), { repository: placeOf(repo), now, get: getter(repo, asked) });
}

/** A client that has had two good updates. */
async function client() {
  const repo = makeTuf(FILES);
  const first = await refresh(repo, EMPTY_STATE, NOW - 2000);
  repo.publish();
  const { state, problem } = await refresh(repo, first.state, NOW - 1000);
  assert.equal(problem, undefined);
  assert.deepEqual(filesOf(state), FILES);
  return { repo, state };
}

function filesOf({ good }: TufState): Readonly<Record<string, string>> | undefined {
  return good && Object.fromEntries(good.files);
}

/** A state as it comes back from a file. */
const kept = (state: TufState): TufState => JSON.parse(JSON.stringify(state));

describe('the client of The Update Framework', () => {
  for (const { what, change, at = NOW } of GOOD_CASES) {
    it(`follows: ${what}`, async () => {
      const { repo, state } = await client();
      change(repo);
      const after = await refresh(repo, state, at);
      assert.equal(after.problem, undefined);
      assert.equal(after.state.good?.at, at);
      // What was had is verified again when it is read, and a client without a past comes to the same.
      assert.deepEqual((await reopen(kept(after.state), placeOf(repo), at)).state, after.state);
      const fresh = await refresh(repo, EMPTY_STATE, at);
      assert.deepEqual([fresh.problem, filesOf(fresh.state)], [undefined, filesOf(after.state)]);
    });
  }

  for (const { what, change, problem, at = NOW } of BAD_CASES) {
    it(`refuses: ${what}`, async () => {
      const { repo, state } = await client();
      change(repo);
      const after = await refresh(repo, state, at);
      assert.match(after.problem ?? 'it was taken', problem ?? /^$/);
      assert.deepEqual(after.state.good, state.good);
      // It stays with that, whatever of the update was noted.
      const { state: reopened } = await reopen(kept(after.state), placeOf(repo), at);
      assert.deepEqual(reopened.good, state.good);
    });
  }

  it('follows a repository without consistent snapshots', async () => {
    const repo = makeTuf(FILES, { isConsistent: false });
    const asked: string[] = [];
    const { state, problem } = await refresh(repo, EMPTY_STATE, NOW, asked);
    assert.deepEqual([problem, filesOf(state)], [undefined, FILES]);
    assert.deepEqual(asked, [
      '2.root.json',
      'timestamp.json',
      'snapshot.json',
      'targets.json',
      'targets/trusted_root.json',
      'npm-keys.json',
      'targets/npm.example.test/keys.json',
    ]);
  });

  it('asks for nothing that it has', async () => {
    const { repo, state } = await client();
    const asked: string[] = [];
    repo.publish({ files: { ...FILES, 'trusted_root.json': '{"two":2}' } });
    await refresh(repo, state, NOW, asked);
    assert.deepEqual(asked.filter((path) => path.startsWith('targets/')).length, 1);
  });

  it('begins again where the root that travels along is younger than what was kept', async () => {
    const repo = makeTuf(FILES);
    repo.rotate();
    repo.rotate();
    repo.publish();
    const { state } = await refresh(repo, EMPTY_STATE, NOW);
    assert.equal(state.roots.length, 2);
    const root = Buffer.from(repo.served.get('2.root.json') ?? '').toString('base64');
    const younger = await reopen(kept(state), { ...placeOf(repo), root }, NOW);
    assert.deepEqual([younger.state.roots.length, younger.root.signed.version, filesOf(younger.state)], [1, 3, FILES]);
  });
});
