import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LockAdvisoriesKey, npmLockAdvisories } from '../../server/src/core/npm-advisories.ts';
import { formatForPath } from '../../server/src/engine/formats.ts';
import { lockAdvisoriesKeys } from '../../server/src/formats/lock-advisories.ts';
import { asLockFile } from '../../server/src/formats/lock-model.ts';
import { lockPaths } from '../../server/src/formats/lock-paths.ts';
import { memoryProject, sourceFile } from '../support/memory-project.ts';

/** A lockfile of Yarn 1 with some packages, each asking for the next. */
function yarnLock(names: readonly string[], more = ''): string {
  const blocks = names.map(
    (name, nth) =>
      `\n"${name}@^1.0.0":\n  version "1.0.${Number(name.replace(/\D/g, '')) % 3}"\n  dependencies:\n    "${names[nth + 1] ?? 'none'}" "^1.0.0"\n`,
  );
  return `# yarn lockfile v1\n\n${blocks.join('')}${more}`;
}

function keysOf(path: string, text: string, around: Readonly<Record<string, string>> = {}): LockAdvisoriesKey[] {
  const manifest = formatForPath(path)?.parse(sourceFile(path, text));
  const lock = asLockFile(manifest);
  assert.ok(manifest !== undefined && lock !== undefined);
  return lockAdvisoriesKeys(lock, { manifest, surroundings: memoryProject(around) });
}

const names = Array.from({ length: 2000 }, (_, nth) => `package-${nth}`);
const asked = (keys: readonly LockAdvisoriesKey[]): string[] => keys.flatMap(({ packages }) => packages.map(({ name }) => name)).sort();

describe('the questions about a lockfile', () => {
  it('are about each package once, some sixty together', () => {
    const keys = keysOf('yarn.lock', yarnLock(names));
    assert.deepEqual(asked(keys), [...names].sort());
    assert.ok(keys.length >= 2000 / 128 && keys.length <= 64, `${keys.length} questions`);
    for (const { packages } of keys) assert.ok(packages.length <= 160, `${packages.length} together`);
    assert.equal(new Set(keys.map((key) => npmLockAdvisories.key(key))).size, keys.length);
  });

  it('stay the same but for the one about a package that came, went or changed', () => {
    const before = new Set(keysOf('yarn.lock', yarnLock(names)).map((key) => npmLockAdvisories.key(key)));
    const newIn = (text: string): number =>
      keysOf('yarn.lock', text)
        .map((key) => npmLockAdvisories.key(key))
        .filter((key) => !before.has(key)).length;
    assert.equal(newIn(yarnLock(names.slice(1))), 1);
    assert.equal(newIn(yarnLock(names.toSpliced(1000, 1))), 1);
    assert.equal(newIn(yarnLock(['one-more', ...names])), 1);
    assert.ok(newIn(yarnLock(names.with(77, 'another'))) <= 2);
    const text = yarnLock(names);
    assert.equal(newIn(text.replace('version "1.0.1"', 'version "1.0.7"')), 1);
    assert.equal(newIn(text.replace('# yarn', '# Yarn')), 0);
  });

  it('are those of a fresh reading after each of many edits', () => {
    const text = yarnLock(names);
    const fresh = (edited: string): string[] => {
      // Another large lockfile in between: nothing of the one before is kept.
      keysOf('yarn.lock', yarnLock(names.map((name) => `other-${name}`)));
      return keysOf('yarn.lock', edited).map((key) => npmLockAdvisories.key(key));
    };
    for (const [from, to] of [
      ['# yarn', '# Yarn'],
      ['"package-5@^1.0.0"', '"package-5x@^1.0.0"'],
      ['version "1.0.2"', 'version "1.0.2-rc.1"'],
      ['version "1.0.2"', 'version "not one"'],
      ['version "1.0.2"', 'version "1.0.2"\n  resolved "https://npm.example.test/package-2/-/package-2-1.0.2.tgz"'],
    ] as const) {
      keysOf('yarn.lock', text);
      const edited = text.replace(from, to);
      assert.deepEqual(
        keysOf('yarn.lock', edited).map((key) => npmLockAdvisories.key(key)),
        fresh(edited),
        to,
      );
    }
  });

  it('leave out what no registry serves or no version is held against, and say what came from elsewhere', () => {
    const lock = {
      lockfileVersion: 3,
      packages: {
        '': { name: 'shop' },
        'node_modules/a': { version: '1.0.0' },
        'node_modules/b/node_modules/a': { version: '1.0.0' },
        'node_modules/alias': { name: '@acme/real', version: '2.0.0', resolved: 'https://npm.example.test/@acme/real/-/real-2.0.0.tgz' },
        'node_modules/git': { version: '1.0.0', resolved: 'git+ssh://git@github.com/a/git.git#0123456789012345678901234567890123456789' },
        'node_modules/url': { version: 'https://example.test/url.tgz' },
        'node_modules/inner': { version: '1.0.0', inBundle: true },
        'node_modules/w': { resolved: 'packages/w', link: true },
        'packages/w': { version: '1.0.0' },
        'node_modules/none': {},
      },
    };
    const [key, ...others] = keysOf('package-lock.json', JSON.stringify(lock), { '.npmrc': '' });
    assert.deepEqual(others, []);
    assert.deepEqual(key, {
      packages: [
        { name: 'a', version: '1.0.0' },
        { name: '@acme/real', version: '2.0.0', isElsewhere: true },
      ],
      text: 'a@1.0.0 @acme/real@2.0.0 elsewhere',
      settings: ['file:///workspace/.npmrc'],
    });
    assert.deepEqual(keysOf('package-lock.json', '{"lockfileVersion":3,"packages":{}}'), []);
  });

  it('can be made of every beginning of a lockfile', () => {
    const text = yarnLock(names.slice(0, 8));
    for (let end = 0; end <= text.length; end++) assert.ok(keysOf('yarn.lock', text.slice(0, end)).length <= 1);
  });
});

describe('who asks for a package', () => {
  it('is who requires this version of it, under the name that it is installed by', () => {
    const entry = (version: string, dependencies: Readonly<Record<string, string>> = {}, name?: string) => ({
      version,
      dependencies,
      ...(name === undefined ? {} : { name }),
    });
    const lock = asLockFile(
      formatForPath('package-lock.json')?.parse(
        sourceFile(
          'package-lock.json',
          JSON.stringify({
            lockfileVersion: 3,
            packages: {
              '': { dependencies: { old: '1', young: '1' } },
              'node_modules/old': entry('1.0.0', { ms: '^1.0.0', under: 'npm:ms@^2.0.0' }),
              'node_modules/young': entry('1.0.0', { ms: '~2.1.0' }),
              'node_modules/ms': entry('1.0.0'),
              'node_modules/young/node_modules/ms': entry('2.1.3'),
              'node_modules/under': entry('2.1.3', {}, 'ms'),
            },
          }),
        ),
      ),
    );
    assert.ok(lock);
    const paths = lockPaths(lock);
    assert.equal(lockPaths(lock), paths, 'read once');
    const askersOf = (key: string): string[] => {
      const found = lock.entries.find((one) => one.key === key);
      return found === undefined ? assert.fail(key) : paths.askers(found).map(({ name }) => name);
    };
    assert.deepEqual(askersOf('node_modules/ms'), ['old']);
    assert.deepEqual(askersOf('node_modules/young/node_modules/ms'), ['young']);
    assert.deepEqual(askersOf('node_modules/under'), ['old']);
    assert.deepEqual(askersOf('node_modules/old'), []);
  });

  it('is found on a path of ten thousand packages without ado', () => {
    const deep = Array.from({ length: 10_000 }, (_, nth) => `p${nth}`);
    const lock = asLockFile(formatForPath('yarn.lock')?.parse(sourceFile('yarn.lock', yarnLock(deep))));
    const last = lock?.entries.at(-1);
    assert.ok(lock !== undefined && last !== undefined);
    assert.equal(lockPaths(lock).pathTo(last).length, 10_000);
  });
});
