import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GitRef, GitRefs } from '../../server/src/core/facts.ts';
import { exactTagFor, expandShort, newestStable, resolveRef } from '../../server/src/core/git-versions.ts';

/** `C2` becomes c2c2…: 40 digits that a person can tell apart. */
function hex(label: string): string {
  return label.toLowerCase().repeat(40).slice(0, 40);
}

function tag(name: string, commit: string, object?: string): GitRef {
  const full = `refs/tags/${name}`;
  return object === undefined ? { name: full, oid: hex(commit) } : { name: full, oid: hex(object), peeled: hex(commit) };
}

function branch(name: string, commit: string): GitRef {
  return { name: `refs/heads/${name}`, oid: hex(commit) };
}

function remote(...refs: GitRef[]): GitRefs {
  return { refs, head: 'refs/heads/main' };
}

// The fake remote R of the design's edge cases.
const CHECKOUT = remote(
  branch('main', 'c9'),
  branch('v5', 'b5'),
  branch('same', 'c5'),
  tag('same', 'c5'),
  tag('v4', 'c2', 'd2'),
  tag('v4.2.1', 'c1'),
  tag('v4.2.2', 'c2'),
  tag('latest', 'c2'),
  tag('v5', 'c5'),
  tag('codeql-bundle-v2', 'c7'),
);

describe('resolveRef', () => {
  it('resolves a lightweight and an annotated tag to the commit', () => {
    assert.deepEqual(resolveRef(CHECKOUT, 'v4.2.1'), { kind: 'tag', name: 'v4.2.1', commit: hex('c1') });
    assert.deepEqual(resolveRef(CHECKOUT, 'v4'), { kind: 'tag', name: 'v4', commit: hex('c2') });
  });

  it('resolves a branch', () => {
    assert.deepEqual(resolveRef(CHECKOUT, 'main'), { kind: 'branch', name: 'main', commit: hex('c9') });
  });

  it('prefers the tag where a branch of the same name differs, and says so', () => {
    assert.deepEqual(resolveRef(CHECKOUT, 'v5'), { kind: 'both', name: 'v5', commit: hex('c5'), branchCommit: hex('b5') });
  });

  it('takes a branch and a tag on the same commit for the tag', () => {
    assert.deepEqual(resolveRef(CHECKOUT, 'same'), { kind: 'tag', name: 'same', commit: hex('c5') });
  });

  it('compares a branch with the commit behind an annotated tag, not with its object', () => {
    const refs = remote(branch('v1', 'c1'), tag('v1', 'c1', 'd1'));
    assert.equal(resolveRef(refs, 'v1').kind, 'tag');
  });

  it('reads full names in their name space only', () => {
    assert.deepEqual(resolveRef(CHECKOUT, 'refs/heads/v5'), { kind: 'branch', name: 'v5', commit: hex('b5') });
    assert.deepEqual(resolveRef(CHECKOUT, 'refs/tags/v5'), { kind: 'tag', name: 'v5', commit: hex('c5') });
    assert.deepEqual(resolveRef(CHECKOUT, 'refs/tags/main'), { kind: 'none' });
    assert.deepEqual(resolveRef(CHECKOUT, 'refs/pull/1/head'), { kind: 'none' });
  });

  it('does not read a part of a full name as a name', () => {
    for (const ref of ['tags/v5', 'heads/main', 'V4', 'v4 ', '', 'HEAD']) assert.equal(resolveRef(CHECKOUT, ref).kind, 'none', ref);
  });

  it('knows the id of a tag object', () => {
    assert.deepEqual(resolveRef(CHECKOUT, hex('d2')), { kind: 'tag-object', name: 'v4', commit: hex('c2') });
  });

  it('knows tips, and says of other commits only that they are not', () => {
    assert.deepEqual(resolveRef(CHECKOUT, hex('c2')), { kind: 'commit', commit: hex('c2'), isTip: true });
    assert.deepEqual(resolveRef(CHECKOUT, hex('ee')), { kind: 'commit', commit: hex('ee'), isTip: false });
  });

  it('reads an upper-case id as a commit', () => {
    assert.deepEqual(resolveRef(CHECKOUT, hex('c2').toUpperCase()), { kind: 'commit', commit: hex('c2'), isTip: true });
  });

  it('takes 39, 41 and 64 digits for no id', () => {
    for (const length of [7, 39, 41, 64]) assert.equal(resolveRef(CHECKOUT, 'c2'.repeat(40).slice(0, length)).kind, 'none', String(length));
  });

  it('takes 64 digits for an id where the repository uses SHA-256, and then only those', () => {
    const long = 'ab'.repeat(32);
    const refs = remote({ name: 'refs/heads/main', oid: long });
    assert.deepEqual(resolveRef(refs, long), { kind: 'commit', commit: long, isTip: true });
    assert.equal(resolveRef(refs, hex('ab')).kind, 'none');
  });

  it('reads 40 digits as an id of an empty repository', () => {
    assert.deepEqual(resolveRef({ refs: [] }, hex('c2')), { kind: 'commit', commit: hex('c2'), isTip: false });
  });

  it('prefers a tag whose name is hex', () => {
    assert.deepEqual(resolveRef(remote(tag('abcdef1', 'c1')), 'abcdef1'), { kind: 'tag', name: 'abcdef1', commit: hex('c1') });
  });
});

describe('exactTagFor', () => {
  const cases: readonly {
    readonly name: string;
    readonly tags: readonly string[];
    readonly requested?: string;
    readonly subPath?: string;
    readonly expected: string | undefined;
  }[] = [
    { name: 'v4 becomes v4.2.2 (1)', tags: ['v4', 'v4.2.2', 'latest'], requested: 'v4', expected: 'v4.2.2' },
    { name: 'an exact tag stays (2)', tags: ['v4.2.1'], requested: 'v4.2.1', expected: 'v4.2.1' },
    { name: 'no comment yet (10)', tags: ['v4', 'v4.2.2', 'latest'], expected: 'v4.2.2' },
    { name: 'the comment names another version (12)', tags: ['v4.2.1'], requested: 'v4.2.2', expected: 'v4.2.1' },
    { name: 'the floating tag moved on (13)', tags: ['v4.2.1'], requested: 'v4', expected: 'v4.2.1' },
    { name: 'a comment without v (14)', tags: ['v4', 'v4.2.2'], requested: '4.2.2', expected: 'v4.2.2' },
    { name: 'a pre-release was requested (16)', tags: ['v6-beta'], requested: 'v6-beta', expected: 'v6-beta' },
    { name: 'a pre-release line was requested', tags: ['v6-beta', 'v6.0.0-beta.3'], requested: 'v6-beta', expected: 'v6.0.0-beta.3' },
    { name: 'another pre-release line', tags: ['v6-beta', 'v6.0.0-rc.1'], requested: 'v6-beta', expected: 'v6-beta' },
    { name: 'a pre-release and its release', tags: ['v6.0.0-rc.1', 'v6.0.0'], requested: 'v6', expected: 'v6.0.0' },
    { name: 'only a pre-release, not requested', tags: ['v6.0.0-rc.1'], requested: 'v6', expected: undefined },
    { name: 'only a pre-release, nothing requested', tags: ['v6.0.0-rc.1'], expected: undefined },
    { name: 'a glued pre-release is one too', tags: ['v1.0.0rc1'], expected: undefined },
    { name: 'the tag of the folder (17)', tags: ['restore/v1.0.0', 'save/v1.0.0'], subPath: 'save', expected: 'save/v1.0.0' },
    {
      name: 'the folder before the plain name',
      tags: ['v1.2.0', 'save/v1.0.0'],
      requested: 'v1',
      subPath: 'save',
      expected: 'save/v1.0.0',
    },
    { name: 'the last part of a deep folder', tags: ['v9.0.0', 'save/v1.0.0'], subPath: 'actions/cache/save', expected: 'save/v1.0.0' },
    { name: 'a deep name space', tags: ['actions/save/v1.0.0'], requested: 'v1', subPath: 'save', expected: 'actions/save/v1.0.0' },
    { name: 'a folder without tags of its own', tags: ['v3', 'v3.1.0'], requested: 'v3', subPath: 'init', expected: 'v3.1.0' },
    { name: 'name@version', tags: ['save@1.0.0'], subPath: 'save', expected: 'save@1.0.0' },
    {
      name: 'the folder of another line does not win',
      tags: ['v1.2.0', 'save/v2.0.0'],
      requested: 'v1',
      subPath: 'save',
      expected: 'v1.2.0',
    },
    { name: 'a moving tag is no release of the version it begins', tags: ['v4', 'v4.2.2'], requested: 'v4.0.0', expected: 'v4.2.2' },
    { name: 'v2, latest and 2.11.5 (18)', tags: ['v2', 'latest', '2.11.5'], requested: 'v2', expected: '2.11.5' },
    {
      name: 'several exact tags (19)',
      tags: ['v4.2.2', 'v4.2.2-rc1', 'codeql-bundle-v2'],
      requested: 'v4',
      expected: 'v4.2.2',
    },
    { name: 'a longer name is not better (19)', tags: ['v4.2.2', 'some-very-long-v2.0.0'], expected: 'v4.2.2' },
    {
      name: 'the requested name space',
      tags: ['v3.28.0', 'codeql-bundle-v2.20.1', 'codeql-bundle-v2'],
      requested: 'codeql-bundle-v2',
      expected: 'codeql-bundle-v2.20.1',
    },
    { name: 'only v3 (20)', tags: ['v3'], requested: 'v3', expected: 'v3' },
    { name: 'only v3, nothing requested', tags: ['v3'], expected: 'v3' },
    { name: 'v3.0.0 is more exact than v3', tags: ['v3', 'v3.0.0'], requested: 'v3', expected: 'v3.0.0' },
    { name: 'exact before newer', tags: ['v4.2.2', 'v5'], expected: 'v4.2.2' },
    {
      name: 'a pre-release was requested, and its release is there',
      tags: ['v6-beta', 'v6.0.0'],
      requested: 'v6-beta',
      expected: 'v6-beta',
    },
    { name: 'v3.1 is more exact than v3', tags: ['v3', 'v3.1'], requested: 'v3', expected: 'v3.1' },
    { name: 'v3 never becomes v4.0.0', tags: ['v3', 'v4.0.0'], requested: 'v3', expected: 'v3' },
    { name: 'v4.2 becomes v4.2.2, not v4.3.0', tags: ['v4.2', 'v4.2.2', 'v4.3.0'], requested: 'v4.2', expected: 'v4.2.2' },
    { name: 'two exact versions: the newer', tags: ['v4.2.9', 'v4.2.10'], requested: 'v4', expected: 'v4.2.10' },
    { name: 'v1 is not v10', tags: ['v1', 'v10.0.0'], requested: 'v1', expected: 'v1' },
    { name: 'with and without v: as requested', tags: ['v4.2.2', '4.2.2', '4'], requested: '4', expected: '4.2.2' },
    { name: 'with and without v: v', tags: ['4.2.2', 'v4.2.2'], expected: 'v4.2.2' },
    { name: 'latest is never chosen', tags: ['latest', 'nightly', 'stable'], expected: undefined },
    { name: 'latest stays when it was requested and nothing else is there', tags: ['latest'], requested: 'latest', expected: 'latest' },
    { name: 'latest becomes a version', tags: ['latest', 'v1.2.3'], requested: 'latest', expected: 'v1.2.3' },
    { name: 'a branch was requested', tags: ['v1.2.3'], requested: 'main', expected: 'v1.2.3' },
    { name: 'any version is better than none', tags: ['pkg/v1.0.0', 'nightly'], expected: 'pkg/v1.0.0' },
    { name: 'calendar versions', tags: ['2024.01.15'], expected: '2024.01.15' },
    { name: 'a date is no version', tags: ['20240115'], expected: undefined },
    { name: 'four numbers are no version', tags: ['v1.2.3.4'], expected: undefined },
    { name: 'four numbers stay when requested', tags: ['v1.2.3.4'], requested: 'v1.2.3.4', expected: 'v1.2.3.4' },
    { name: 'build metadata', tags: ['v1.2.3+build.5'], requested: 'v1', expected: 'v1.2.3+build.5' },
    { name: 'no tag at all', tags: [], requested: 'v4', expected: undefined },
  ];
  for (const { name, tags, requested, subPath, expected } of cases) {
    it(name, () => {
      for (const order of [tags, tags.toReversed()]) {
        const refs = remote(branch('main', 'c9'), ...order.map((text) => tag(text, 'c2')), tag('v9.9.9', 'c9'));
        assert.equal(exactTagFor(refs, hex('c2'), { requested, subPath }), expected);
      }
    });
  }

  it('looks behind annotated tags and takes the commit in upper case', () => {
    assert.equal(exactTagFor(remote(tag('v1.0.0', 'c2', 'd2')), hex('c2').toUpperCase(), {}), 'v1.0.0');
  });

  it('is idempotent: what it wrote is what it writes again', () => {
    for (const { tags, requested, subPath } of cases) {
      const refs = remote(...tags.map((text) => tag(text, 'c2')));
      const first = exactTagFor(refs, hex('c2'), { requested, subPath });
      if (first !== undefined) assert.equal(exactTagFor(refs, hex('c2'), { requested: first, subPath }), first, String(requested));
    }
  });

  it('stays fast on hostile names', () => {
    const names = Array.from({ length: 2_000 }, (_, index) => tag(`${'-1'.repeat(200)}x${index}`, 'c2'));
    const digits = Array.from({ length: 2_000 }, (_, index) => tag(`v${'9'.repeat(300)}${index}`, 'c2'));
    const startedAt = process.cpuUsage().user;
    assert.equal(exactTagFor(remote(...names, ...digits), hex('c2'), {}), undefined);
    assert.ok(process.cpuUsage().user - startedAt < 10_000_000);
  });
});

describe('newestStable', () => {
  const newest = (names: readonly string[], subPath?: string): string | undefined =>
    newestStable(remote(branch('v99', 'c9'), ...names.map((name) => tag(name, 'c1'))), { subPath })?.tag;

  it('compares versions, not texts', () => assert.equal(newest(['v4.9.0', 'v4.10.0', 'v3.99.0']), 'v4.10.0'));
  it('leaves pre-releases and names out', () => assert.equal(newest(['v4.0.0', 'v5.0.0-rc.1', 'latest', 'nightly']), 'v4.0.0'));
  it('prefers the exact name of one version', () => assert.equal(newest(['v5', 'v5.0.0', '5.0.0']), 'v5.0.0'));
  it('takes a floating tag where it is all there is', () => assert.equal(newest(['v1', 'v2']), 'v2'));
  it('takes the tags of the folder', () => assert.equal(newest(['v9.0.0', 'save/v1.0.0', 'save/v1.1.0'], 'save'), 'save/v1.1.0'));
  it('takes the plain tags for a folder without any', () => assert.equal(newest(['v9.0.0', 'save/v1.0.0'], 'init'), 'v9.0.0'));
  it('takes the one name space there is', () => assert.equal(newest(['release-1.0.0', 'release-1.1.0']), 'release-1.1.0'));
  it('does not choose between name spaces', () => assert.equal(newest(['a/v1.0.0', 'b/v2.0.0']), undefined));
  it('is not led astray by dates', () => assert.equal(newest(['v4.0.0', '20240131']), 'v4.0.0'));
  it('has no answer without versions', () => assert.equal(newest(['latest']), undefined));

  it('gives the commit behind an annotated tag', () => {
    assert.deepEqual(newestStable(remote(tag('v1.0.0', 'c1', 'd1')), {}), { tag: 'v1.0.0', commit: hex('c1'), id: hex('d1') });
  });
});

describe('expandShort', () => {
  it('expands what only one tip begins with', () => {
    assert.equal(expandShort(CHECKOUT, 'c1c1c1c'), hex('c1'));
    assert.equal(expandShort(CHECKOUT, 'C1C1C1C'), hex('c1'));
  });

  it('counts a commit with several names once', () => assert.equal(expandShort(CHECKOUT, 'c2c2c2c'), hex('c2')));

  it('does not guess', () => {
    const refs = remote(tag('a', 'c1'), { name: 'refs/heads/x', oid: `c1c1c1c${'0'.repeat(33)}` });
    assert.equal(expandShort(refs, 'c1c1c1c'), undefined);
    assert.equal(expandShort(refs, 'ffffff1'), undefined);
    assert.equal(expandShort(refs, 'c1'), undefined);
    assert.equal(expandShort(refs, 'v4'), undefined);
    assert.equal(expandShort(refs, ''), undefined);
  });

  it('never gives a tag object', () => assert.equal(expandShort(CHECKOUT, 'd2d2d2d'), undefined));
});
