/**
 * The numbered edge cases of the design's page on workflows that are about resolution, each against the real `git http-backend`:
 * from the text of a workflow to the text after a fix. The numbers are those of the page; those that are decided without a
 * server are fixtures, see README.md in this folder.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Finding, Severity } from '../../server/src/core/finding.ts';
import { type Analysis, analyse } from '../../server/src/engine/analyse.ts';
import { applyEdits, editsOf, planSafeFixes } from '../../server/src/engine/edits.ts';
import { FactStore, FOR_ONE_RUN } from '../../server/src/engine/fact-store.ts';
import { formatForPath } from '../../server/src/engine/formats.ts';
import { DEFAULT_POLICY } from '../../server/src/policy/policy.ts';
import { rules } from '../../server/src/rules/index.ts';
import type { SharedStorage } from '../../server/src/sources/fact-cache.ts';
import { createSources, type SourcesOptions } from '../../server/src/sources/index.ts';
import { memoryProject, shippedLookalikes, sourceFile } from '../support/memory-project.ts';
import { type GitServer, startGitServer } from './support/git-server.ts';

const PATH = '.github/workflows/ci.yml';
const HEAD = 'on: push\npermissions: {}\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps:\n';
const signal = new AbortController().signal;
const DAY_S = 24 * 60 * 60;
const NOW_S = 1_764_000_000;

let git: GitServer;
before(async () => {
  const manyTags = Object.fromEntries(
    Array.from({ length: 2_000 }, (_, index) => [`v1.${Math.floor(index / 50)}.${index % 50}`, `c${index % 20}`]),
  );
  git = await startGitServer(
    {
      // The fake remote R of the page.
      'actions/checkout': {
        branches: { main: 'C9', v5: 'B5', same: 'C5', 'release/v1': 'C8' },
        tags: {
          v3: 'C3',
          v4: { annotated: 'C2' },
          'v4.2.1': 'C1',
          'v4.2.2': 'C2',
          'v4.2.2-rc1': 'C2',
          latest: 'C2',
          same: 'C5',
          v5: 'C5',
          'v6-beta': 'C6',
          'codeql-bundle-v2': 'C2',
          nested: { annotated: 'C7', nested: 2 },
        },
        parents: { C9: 'between', between: 'C2', fork: 'C2' },
        strays: ['fork'],
      },
      'github/codeql-action': { branches: { main: 'm' }, tags: { v3: 'k', 'v3.1.0': 'k' } },
      'a/b': { tags: { v2: 'x', latest: 'x', '2.11.5': 'x' } },
      'org/mono': { tags: { 'save/v1.0.0': 's', 'restore/v1.0.0': 's' } },
      'big/packed': { branches: { main: 'c0' }, tags: { ...manyTags, v1: 'last', 'v1.39.50': 'last' }, packed: true },
      'new/name': { branches: { main: 'n' }, tags: { 'v1.0.0': 'n' } },
      'org/private': { tags: { v1: 'p' }, isPrivate: true },
      'new/hash': { tags: { 'v1.0.0': 'h' }, objectFormat: 'sha256' },
      'aged/action': {
        tags: {
          'v1.0.0': 'old',
          'v1.1.0': { annotated: 'mid', at: NOW_S - 10 * DAY_S },
          'v1.2.0': { annotated: 'old2', at: NOW_S - 3600 },
        },
        dates: { old: NOW_S - 90 * DAY_S, mid: NOW_S - 20 * DAY_S, old2: NOW_S - 60 * DAY_S },
      },
      'moved/tag': { tags: { 'v1.0.0': 'good', v1: 'good' } },
    },
    { renames: { 'old/name': 'new/name' }, hiddenStatus: 404 },
  );
});
after(() => git.close());

const C = (label: string, repository = 'actions/checkout'): string => git.id(repository, label);

class Memory implements SharedStorage {
  readonly #texts = new Map<string, string>();
  async read(name: string): Promise<string | undefined> {
    return this.#texts.get(name);
  }
  async write(name: string, text: string): Promise<boolean> {
    this.#texts.set(name, text);
    return true;
  }
  update(name: string, change: (text: string | undefined) => string): Promise<boolean> {
    return this.write(name, change(this.#texts.get(name)));
  }
  async remove(name: string): Promise<void> {
    this.#texts.delete(name);
  }
}

interface Outcome {
  readonly text: string;
  readonly analysis: Analysis;
  /** `rule severity`, sorted; rules about other things than actions are left out. */
  readonly found: readonly string[];
  /** The text after all safe fixes, as `--fix --online` applies them. */
  readonly fixed: string;
  /** The text after one fix by the beginning of its title, or why there is none. */
  chosen(title: string): Promise<string>;
}

/** Checks a workflow as `check --online` does. Steps are the lines after `- `; a whole document begins with `on:`. */
async function check(steps: readonly string[] | string, options: Partial<SourcesOptions> = {}): Promise<Outcome> {
  const text = typeof steps === 'string' ? steps : HEAD + steps.map((step) => `      - ${step}\n`).join('');
  const sources = createSources({ online: true, env: {}, serverUrl: git.url, now: () => NOW_S * 1000, ...options });
  const facts = new FactStore(sources.fetchFact, FOR_ONE_RUN);
  const run = (): Analysis => {
    const format = formatForPath(PATH);
    assert.ok(format);
    return analyse(format.parse(sourceFile(PATH, text)), {
      rules,
      policy: DEFAULT_POLICY,
      surroundings: memoryProject({}),
      facts,
      lookalikes: shippedLookalikes(),
      onRuleError: (rule, _, error) => {
        throw new Error(`${rule} threw`, { cause: error });
      },
    });
  };
  let analysis = run();
  for (let round = 0; facts.pending > 0 && round < 4; round++) {
    await facts.resolve(signal);
    analysis = run();
  }
  assert.equal(facts.pending, 0, 'four rounds are enough');
  const io = { fetch: sources.fetchFact };
  const plan = await planSafeFixes(analysis.findings, io, signal);
  const ours = analysis.findings.filter(({ rule }) => rule.startsWith('actions/'));
  return {
    text,
    analysis,
    found: ours.map(({ rule, severity }: Finding): `${string} ${Severity}` => `${rule.replace('actions/', '')} ${severity}`).sort(),
    fixed: applyEdits(
      text,
      plan.applied.flatMap(({ edits }) => edits),
    ),
    chosen: async (title) => {
      const fix = ours.flatMap(({ fixes }) => fixes).find((candidate) => candidate.title.startsWith(title));
      assert.ok(fix, `no fix "${title}" among ${ours.flatMap(({ fixes }) => fixes.map((one) => one.title)).join(' | ')}`);
      const outcome = await editsOf(fix, io, signal);
      return 'failed' in outcome ? `failed: ${outcome.failed}` : applyEdits(text, outcome);
    },
  };
}

const doc = (...steps: readonly string[]): string => HEAD + steps.map((step) => `      - ${step}\n`).join('');
const CO = 'uses: actions/checkout@';

/** Checks one step: what is found, and the step after the safe fixes. */
async function step(before: string, found: readonly string[], fixed: string = before): Promise<void> {
  const outcome = await check([before]);
  assert.deepEqual(outcome.found, found);
  assert.equal(outcome.fixed, doc(fixed));
  // Idempotence: a second run has nothing left to do.
  assert.equal((await check(outcome.fixed)).fixed, outcome.fixed, 'a second fix changes something again');
}

describe('pinning a tag', () => {
  it('#1 a moving tag becomes the commit and the exact version', () => step(`${CO}v4`, ['unpinned warning'], `${CO}${C('C2')} # v4.2.2`));
  it('#2 an exact tag', () => step(`${CO}v4.2.1`, ['unpinned warning'], `${CO}${C('C1')} # v4.2.1`));
  it("#3 the user's own words stay", () => step(`${CO}v4 # keep me`, ['unpinned warning'], `${CO}${C('C2')} # v4.2.2 keep me`));
  it('#4 markers of other tools stay', async () => {
    await step(`${CO}v4 # zizmor: ignore[artipacked]`, ['unpinned warning'], `${CO}${C('C2')} # v4.2.2 # zizmor: ignore[artipacked]`);
    await step(`${CO}v4 # ratchet:exclude`, []);
    await step(`${CO}v4 # waybill-ignore actions/unpinned: ours`, []);
  });
  it('#5 quotes stay', async () => {
    await step(`uses: 'actions/checkout@v4'`, ['unpinned warning'], `uses: 'actions/checkout@${C('C2')}' # v4.2.2`);
    await step(`uses: "actions/checkout@v4"`, ['unpinned warning'], `uses: "actions/checkout@${C('C2')}" # v4.2.2`);
  });
  it('#6 quoted keys and odd spacing stay', () =>
    step(`'uses'  :  actions/checkout@v4`, ['unpinned warning'], `'uses'  :  actions/checkout@${C('C2')} # v4.2.2`));
  it('#7 flow style: the comment after the brace', () =>
    step(
      '{ uses: actions/checkout@v4, with: {a: b} }',
      ['unpinned warning'],
      `{ uses: actions/checkout@${C('C2')}, with: {a: b} } # v4.2.2`,
    ));
  it('#8 a block scalar', () =>
    step('uses: >-\n          actions/checkout@v4', ['unpinned warning'], `uses: >- # v4.2.2\n          actions/checkout@${C('C2')}`));
  it('#9 a glued comment is a part of the ref, which does not exist', async () => {
    const outcome = await check([`${CO}v4#c`]);
    assert.deepEqual(outcome.found, ['invalid-uses error']);
    assert.equal(await outcome.chosen('Put a space'), doc(`${CO}v4 #c`));
  });
  it('#18 the exact version, never latest', () => step('uses: a/b@v2', ['unpinned warning'], `uses: a/b@${C('x', 'a/b')} # 2.11.5`));
  it('#19 the stable version of the line among several tags of one commit', () =>
    step(`${CO}latest`, ['unpinned warning'], `${CO}${C('C2')} # v4.2.2`));
  it('#20 a moving tag where there is nothing more exact', () => step(`${CO}v3`, ['unpinned warning'], `${CO}${C('C3')} # v3`));
  it('#28 a tag of a tag of a tag', () => step(`${CO}nested`, ['unpinned warning'], `${CO}${C('C7')} # nested`));
  it('#34 the path stays, the repository is asked', () =>
    step(
      'uses: github/codeql-action/init@v3',
      ['unpinned warning'],
      `uses: github/codeql-action/init@${C('k', 'github/codeql-action')} # v3.1.0`,
    ));
  it('#36 the case of the name stays', () =>
    step('uses: Actions/Checkout@v4', ['unpinned warning'], `uses: Actions/Checkout@${C('C2')} # v4.2.2`));
  it('#60 more than 1,000 tags', () =>
    step('uses: big/packed@v1', ['unpinned warning'], `uses: big/packed@${C('last', 'big/packed')} # v1.39.50`));
  it('#52 CRLF, a byte order mark, tabs, an emoji, no final newline', async () => {
    const before = `\ufeff${doc(`name: "🚢"\n        ${CO}v4\t# 🚢`)}`.replaceAll('\n', '\r\n').trimEnd();
    const outcome = await check(before);
    assert.equal(outcome.fixed, before.replace('@v4\t# 🚢', `@${C('C2')}\t# v4.2.2 🚢`));
  });
  it('#47 an anchor is edited once, its aliases follow', () =>
    step(
      'uses: &co actions/checkout@v4\n      - uses: *co',
      ['unpinned warning'],
      `uses: &co actions/checkout@${C('C2')} # v4.2.2\n      - uses: *co`,
    ));
});

describe('commits and their comments', () => {
  it('#10 no comment', () => step(`${CO}${C('C2')}`, ['comment-floating info'], `${CO}${C('C2')} # v4.2.2`));
  it('#11 a moving version', () => step(`${CO}${C('C2')} # v4`, ['comment-floating info'], `${CO}${C('C2')} # v4.2.2`));
  it('#12 another version: the comment, or the commit', async () => {
    const outcome = await check([`${CO}${C('C1')} # v4.2.2`]);
    assert.deepEqual(outcome.found, ['comment-mismatch warning']);
    assert.equal(outcome.fixed, doc(`${CO}${C('C1')} # v4.2.1`));
    assert.equal(await outcome.chosen('Pin to the commit of v4.2.2'), doc(`${CO}${C('C2')} # v4.2.2`));
  });
  it('#13 a moving version that has moved on', () => step(`${CO}${C('C1')} # v4`, ['comment-floating info'], `${CO}${C('C1')} # v4.2.1`));
  it('#14 without its v', () => step(`${CO}${C('C2')} # 4.2.2`, ['comment-floating info'], `${CO}${C('C2')} # v4.2.2`));
  it('#15 the forms of other tools', async () => {
    for (const form of ['tag=', 'version: ', 'ver=']) {
      await step(`${CO}${C('C2')} # ${form}v4`, ['comment-floating info'], `${CO}${C('C2')} # ${form}v4.2.2`);
    }
    await step(`${CO}${C('C2')} # pin@v4`, []);
    await step(`${CO}${C('C2')} # ratchet:actions/checkout@v4`, []);
  });
  it('#16 a pre-release that is a tag', () => step(`${CO}${C('C6')} # v6-beta`, []));
  it('#17 the version of a folder', () =>
    step(
      `uses: org/mono/save@${C('s', 'org/mono')} # restore/v1.0.0`,
      ['comment-floating info'],
      `uses: org/mono/save@${C('s', 'org/mono')} # save/v1.0.0`,
    ));
  it('#25 an upper-case commit is one', () => step(`${CO}${C('C2').toUpperCase()} # v4.2.2`, []));
  it('#26 41 digits are no commit; 64 are one where the repository says so', async () => {
    await step(`${CO}${C('C2')}0`, ['invalid-uses error']);
    await step(`${CO}${C('h', 'new/hash')}`, ['invalid-uses error']);
    await step(`uses: new/hash@${C('h', 'new/hash')} # v1.0.0`, []);
  });
  it('#27 a tag object', async () => {
    await step(`${CO}${C('refs/tags/v4')}`, ['tag-object error'], `${CO}${C('C2')} # v4.2.2`);
    await step(`${CO}${C('refs/tags/nested')} # nested`, ['tag-object error'], `${CO}${C('C7')} # nested`);
  });
  it('#29 a commit between releases, and one that only a fork has', async () => {
    await step(`${CO}${C('between')}`, ['untagged-commit hint']);
    const outcome = await check([`${CO}${C('fork')} # v4.2.2`]);
    assert.deepEqual(outcome.found, ['commit-unknown error']);
    assert.equal(outcome.fixed, outcome.text, 'nothing is pinned that nobody chose');
    assert.equal(await outcome.chosen('Pin to the commit of v4.2.2'), doc(`${CO}${C('C2')} # v4.2.2`));
  });
  it('#30 a commit that is nowhere', () => step(`${CO}${'e'.repeat(40)}`, ['commit-unknown error']));
});

describe('branches, short commits and missing refs', () => {
  it('#21 branches are pinned only by choice: their head, or a release', async () => {
    for (const [branch, label] of [
      ['main', 'C9'],
      ['release/v1', 'C8'],
    ] as const) {
      const outcome = await check([`${CO}${branch}`]);
      assert.deepEqual(outcome.found, ['branch-ref warning']);
      assert.equal(outcome.fixed, outcome.text);
      assert.equal(await outcome.chosen('Pin to the head'), doc(`${CO}${C(label)} # ${branch}`));
      assert.equal(await outcome.chosen('Pin to the newest stable release, of'), doc(`${CO}${C('C5')} # v5`));
    }
  });
  it('#22 a tag and a branch of one name', async () => {
    const outcome = await check([`${CO}v5`]);
    assert.deepEqual(outcome.found, ['ref-ambiguous warning', 'unpinned warning']);
    assert.equal(outcome.fixed, outcome.text, 'neither is chosen for the user');
    assert.equal(await outcome.chosen('Pin to the commit of the tag'), doc(`${CO}${C('C5')} # v5`));
    assert.equal(await outcome.chosen('Pin to the head of the branch'), doc(`${CO}${C('B5')} # v5`));
  });
  it('#23 a tag and a branch on one commit', () => step(`${CO}same`, ['unpinned warning'], `${CO}${C('C5')} # v5`));
  it('#24 a short commit, where one tip begins with it', () =>
    step(`${CO}${C('C1').slice(0, 12)}`, ['short-sha error'], `${CO}${C('C1')} # v4.2.1`));
  it('#31 no ref at all', async () => {
    const outcome = await check(['uses: aged/action']);
    assert.deepEqual(outcome.found, ['missing-ref error']);
    assert.equal(
      await outcome.chosen('Pin to the newest stable release, of'),
      doc(`uses: aged/action@${C('old2', 'aged/action')} # v1.2.0`),
    );
  });
  it('#32 #33 #46 what is not finished, or cannot be a reference, asks nobody', async () => {
    const before = git.requests.length;
    for (const uses of [
      'actions/checkout@',
      'checkout@v4',
      '/repo@v4',
      'owner/@v4',
      'a/b@c@d',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub.
      'a/b@${{ x }}',
      './x',
      '$/x',
      'a/b@v1..2',
    ]) {
      await check([`uses: ${uses}`]);
    }
    assert.equal(git.requests.length, before);
  });
  it('#35 a roundabout path is asked for under its plain name', async () => {
    const outcome = await check(['uses: actions//checkout@v4']);
    assert.deepEqual(outcome.found, ['obscured-path warning', 'unpinned warning']);
    assert.equal(outcome.fixed, doc(`uses: actions/checkout@${C('C2')} # v4.2.2`));
  });
});

describe('the server', () => {
  it('#53 30 references of one repository are one look-up', async () => {
    const before = git.requests.length;
    const outcome = await check(Array.from({ length: 30 }, () => `${CO}v4`));
    assert.equal(git.requests.length - before, 1);
    assert.equal(outcome.fixed, doc(...Array.from({ length: 30 }, () => `${CO}${C('C2')} # v4.2.2`)));
  });
  it('#54 a private repository is unknown, not missing', async () => {
    const outcome = await check(['uses: org/private@v1']);
    assert.deepEqual(outcome.found, ['unpinned warning']);
    assert.deepEqual(
      outcome.analysis.unknown.map(({ why, subject, count }) => [why, subject, count]),
      [['denied', 'pkg:githubactions/org/private', 1]],
    );
    assert.match(await outcome.chosen('Pin to the commit'), /^failed: .*may not be read without a token/);
  });
  it('#55 without a network the warning stays, and the fix says why it cannot be made', async () => {
    const outcome = await check([`${CO}v4`, `${CO}${C('C1')} # v4.2.2`], { online: false });
    assert.deepEqual(outcome.found, ['unpinned warning']);
    assert.match(await outcome.chosen('Pin to the commit'), /^failed: .*network is off/);
    assert.equal(outcome.fixed, outcome.text);
  });
  it('#56 the server of the setting is asked, and no other where it does not have the repository', async () => {
    const before = git.requests.length;
    const outcome = await check(['uses: only/elsewhere@v1']);
    assert.deepEqual(outcome.found, ['unpinned warning']);
    assert.deepEqual(
      outcome.analysis.unknown.map(({ why }) => why),
      ['denied'],
    );
    assert.ok(git.requests.slice(before).every(({ path }) => path.startsWith('/only/elsewhere.git/')));
    assert.ok(git.requests.length > before);
    // Anybody else would not have refused, or could not have been reached.
    assert.match(await outcome.chosen('Pin to the commit'), /^failed: .*may not be read without a token/);
  });
  it('#57 a renamed repository is followed', () =>
    step('uses: old/name@v1.0.0', ['unpinned warning'], `uses: old/name@${C('n', 'new/name')} # v1.0.0`));
  it('#58 a tag that moved since it was first seen', async () => {
    const storage = new Memory();
    const good = C('good', 'moved/tag');
    assert.deepEqual((await check(['uses: moved/tag@v1.0.0', 'uses: moved/tag@v1'], { storage })).found, [
      'unpinned warning',
      'unpinned warning',
    ]);
    git.move('moved/tag', 'refs/tags/v1.0.0', 'evil');
    git.move('moved/tag', 'refs/tags/v1', 'evil');
    const outcome = await check(['uses: moved/tag@v1.0.0', 'uses: moved/tag@v1', `uses: moved/tag@${good} # v1.0.0`], { storage });
    assert.deepEqual(outcome.found, ['tag-moved error', 'tag-moved info', 'tag-moved info', 'unpinned warning', 'unpinned warning']);
    // Both tags lead to the moved version: neither is pinned without a choice.
    assert.equal(outcome.fixed, outcome.text);
    assert.equal(await outcome.chosen('Pin to the commit that v1.0.0 stood'), outcome.text.replace('@v1.0.0', `@${good} # v1.0.0`));
  });
  it('#59 the newest release is not taken before it is a week old, however old its commit is', async () => {
    const outcome = await check(['uses: aged/action']);
    const before = git.requests.length;
    assert.equal(
      await outcome.chosen('Pin to the newest stable release that is at least 7 days'),
      doc(`uses: aged/action@${C('mid', 'aged/action')} # v1.1.0`),
    );
    assert.equal(git.requests.length - before, 2, 'the refs, and all dates in one question');
  });
});
