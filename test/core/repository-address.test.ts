import assert from 'node:assert/strict';
import { test } from 'node:test';
import { repositoryAddress } from '../../server/src/core/repository-address.ts';

const SAME = [
  'https://github.com/Acme/Widget',
  'https://github.com/acme/widget.git',
  'git+https://github.com/acme/widget.git#main',
  'git+ssh://git@github.com/acme/widget.git',
  'ssh://git@github.com/acme/widget.git',
  'git://github.com/acme/widget.git',
  'git@github.com:acme/widget.git',
  'https://user:secret@github.com/acme/widget',
  'https://www.github.com/acme/widget/tree/main/packages/x',
  'github:acme/widget',
  'acme/widget',
  'acme/widget#v1',
  'HTTPS://GitHub.com/acme/widget/',
  'https://github.com/acme/widget.git/',
  'https://github.com:443/acme/widget',
  'git+ssh://git@github.com:acme/widget.git',
  'ssh://git@github.com:22/acme/widget.git',
  'ssh://github.com/acme/widget',
  'git://github.com:9418/acme/widget.git',
  ' git@github.com:/acme/widget ',
];

for (const written of SAME) {
  test(`${written} is the repository acme/widget on GitHub`, () => {
    assert.equal(repositoryAddress(written), 'https://github.com/acme/widget');
  });
}

test('groups of GitLab nest, and what follows /-/ is a folder', () => {
  assert.equal(repositoryAddress('https://gitlab.com/a/b/c/-/tree/main/x'), 'https://gitlab.com/a/b/c');
  assert.equal(repositoryAddress('gitlab:a/b'), 'https://gitlab.com/a/b');
});

for (const written of [
  '',
  'widget',
  'https://github.com/',
  'https://github.com/acme',
  'see our wiki',
  './widget',
  '../widget',
  'gist:0123456789abcdef0123',
  'ssh://git@github.com:22/acme',
  'file:///etc/passwd',
  `a/${'b'.repeat(3000)}`,
]) {
  test(`${JSON.stringify(written.slice(0, 40))} is no repository`, () => {
    assert.equal(repositoryAddress(written), undefined);
  });
}

test('a host that only looks like another is another', () => {
  assert.notEqual(repositoryAddress('https://github.com.example.test/acme/widget'), 'https://github.com/acme/widget');
  assert.notEqual(repositoryAddress('https://github.com@example.test/acme/widget'), 'https://github.com/acme/widget');
});
