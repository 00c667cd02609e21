import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { demandFor } from '../../server/src/core/provenance-demand.ts';
import { parsePolicy } from '../../server/src/policy/policy-file.ts';

function errorsOf(text: string): string[] {
  const policy = parsePolicy(text, () => undefined);
  return policy.ok ? [] : policy.error.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const withAllow = (allow: string) => `{ "version": 1, "lookalikes": { "allow": ${allow} } }`;

describe('allowed names in a policy file', () => {
  test('have an ecosystem, a name and a reason', () => {
    const policy = parsePolicy(withAllow('[{ "ecosystem": "npm", "name": "raect", "reason": " ours " }, ]'), () => undefined);
    assert.ok(policy.ok);
    assert.deepEqual(policy.value.allow, [{ ecosystem: 'npm', name: 'raect', reason: 'ours' }]);
  });

  test('without a reason, or with an empty one, are a mistake where the reason stands', () => {
    const wanted = 'an allowed name needs a "reason"';
    assert.deepEqual(errorsOf(withAllow('[{ "ecosystem": "npm", "name": "raect" }]')), [`1:43 ${wanted}`]);
    assert.deepEqual(errorsOf(withAllow('[{ "ecosystem": "npm", "name": "raect", "reason": "" }]')), [`1:92 ${wanted}`]);
    assert.deepEqual(errorsOf(withAllow('[{ "ecosystem": "npm", "name": "raect", "reason": " \\t" }]')), [`1:92 ${wanted}`]);
  });

  test('of another shape are a mistake, each named', () => {
    assert.deepEqual(errorsOf(withAllow('{}')), ['1:42 "allow" must be an array']);
    assert.deepEqual(errorsOf('{ "version": 1, "lookalikes": [] }'), ['1:31 "lookalikes" must be an object']);
    assert.deepEqual(errorsOf('{ "version": 1, "lookalikes": { "deny": [] } }'), ['1:33 unknown key "deny"; lookalikes has allow']);
    assert.deepEqual(errorsOf(withAllow('[{ "ecosystem": "maven", "name": "", "reason": "x", "by": "me" }]')), [
      '1:58 "ecosystem" must be one of npm, pypi, actions, oci',
      '1:75 an allowed name needs a "name"',
      '1:94 unknown key "by"; an allowed name has ecosystem, name and reason',
    ]);
    assert.deepEqual(errorsOf(withAllow('["raect"]'))[0], '1:43 an allowed name must be an object');
  });
});

const withProvenance = (list: string) => `{ "version": 1, "npm": { "provenance": ${list} } }`;
const IDENTITY = String.raw`^https://github\\.com/acme/platform/.*$`;

describe('requirements of provenance in a policy file', () => {
  test('have packages, and an origin as far as it is asked for', () => {
    const policy = parsePolicy(
      withProvenance(
        `[{ "match": "@acme/*", "repository": "https://github.com/acme/platform", "issuer": "https://issuer.example.test", "identityRegexp": "${IDENTITY}", "reason": " ours " }, { "match": "left-pad" },]`,
      ),
      () => undefined,
    );
    assert.ok(policy.ok);
    const { provenance } = policy.value;
    assert.deepEqual(
      [...(provenance ?? [])].map(([match]) => match),
      ['@acme/*', 'left-pad'],
    );
    const { identity, ...rest } = provenance?.get('@acme/*') ?? {};
    assert.deepEqual(rest, {
      match: '@acme/*',
      repository: 'https://github.com/acme/platform',
      issuer: 'https://issuer.example.test',
      reason: 'ours',
    });
    assert.equal(identity?.source, String.raw`^https://github\.com/acme/platform/.*$`);
    assert.ok(identity.matches('https://github.com/acme/platform/.github/workflows/release.yml@refs/tags/v1'));
    assert.deepEqual(provenance?.get('left-pad'), { match: 'left-pad' });
  });

  test('are absent from a policy that has none', () => {
    for (const text of ['{ "version": 1 }', '{ "version": 1, "npm": {} }', withProvenance('[]')]) {
      const policy = parsePolicy(text, () => undefined);
      assert.ok(policy.ok);
      assert.equal(policy.value.provenance, undefined, text);
    }
  });

  test('the nearest entry counts: a name, its alias, their scopes, all', () => {
    const policy = parsePolicy(
      withProvenance('[{ "match": "*" }, { "match": "@acme/*" }, { "match": "@acme/x" }, { "match": "x" }]'),
      () => undefined,
    );
    assert.ok(policy.ok);
    const { provenance = new Map() } = policy.value;
    const nearest = (name: string, alias?: string) => demandFor(provenance, { name, alias })?.match;
    assert.equal(nearest('@acme/x'), '@acme/x');
    assert.equal(nearest('@acme/y'), '@acme/*');
    assert.equal(nearest('@acme-evil/x'), '*');
    assert.equal(nearest('@acme'), '*');
    assert.equal(nearest('x'), 'x');
    assert.equal(nearest('evil', '@acme/x'), '@acme/x');
    assert.equal(nearest('@acme/y', 'x'), 'x');
    assert.equal(nearest('@acme/y', 'z'), '@acme/*');
    assert.equal(demandFor(new Map([['@acme/*', { match: '@acme/*' }]]), { name: '@acme-evil/x' }), undefined);
    assert.equal(demandFor(new Map([['@acme/*', { match: '@acme/*' }]]), { name: '@acmeevil/x' }), undefined);
  });

  for (const [what, list, ...errors] of [
    ['a list that is none', '{}', '1:40 "provenance" must be an array'],
    ['an entry that is none', '["@acme/*"]', '1:41 a requirement of provenance must be an object'],
    ['no packages', '[{ "issuer": "https://x.example.test" }]', '1:41 a requirement of provenance needs a "match"'],
    ['packages of another type', '[{ "match": ["@acme/*"] }]', '1:52 "match" must be a string'],
    [
      'a scope without its names',
      '[{ "match": "@acme" }]',
      '1:52 "match" must be a name, the names of a scope or all names ("lodash", "@acme/*", "*"), not "@acme"; did you mean "@acme/*"?',
    ],
    [
      'a pattern that is not supported',
      '[{ "match": "acme-*" }]',
      '1:52 "match" must be a name, the names of a scope or all names ("lodash", "@acme/*", "*"), not "acme-*"',
    ],
    [
      'a hostile name',
      '[{ "match": "a\\u001b[31m b" }]',
      '1:52 "match" must be a name, the names of a scope or all names ("lodash", "@acme/*", "*"), not "a\ufffd[31m b"',
    ],
    [
      'a repository that is none',
      '[{ "match": "x", "repository": "acme" }]',
      '1:71 "repository" must be the address of a repository, such as https://github.com/owner/name, not "acme"',
    ],
    [
      'an issuer without https',
      '[{ "match": "x", "issuer": "http://x.example.test" }]',
      '1:67 "issuer" must be an https address, such as https://token.actions.githubusercontent.com, not "http://x.example.test"',
    ],
    [
      'an identity without its start',
      '[{ "match": "x", "identityRegexp": "https://x/.*$" }]',
      '1:75 "identityRegexp" must say all of the identity, from ^ to $: "^https://x/.*$"',
    ],
    [
      'an identity without its end',
      '[{ "match": "x", "identityRegexp": "^https://x/.*" }]',
      '1:75 "identityRegexp" must say all of the identity, from ^ to $: "^https://x/.*$"',
    ],
    [
      'an identity that ends with a dollar sign',
      String.raw`[{ "match": "x", "identityRegexp": "^https://x/\\$" }]`,
      String.raw`1:75 "identityRegexp" must say all of the identity, from ^ to $: "^https://x/\\$$"`,
    ],
    [
      'an identity that is no expression',
      '[{ "match": "x", "identityRegexp": "^(a$" }]',
      '1:75 "identityRegexp" is no regular expression of use: a "(" is not closed',
    ],
    [
      'an identity that looks around',
      '[{ "match": "x", "identityRegexp": "^(?!evil).*$" }]',
      '1:75 "identityRegexp" is no regular expression of use: "(?!" looks around or sets a flag, which is not supported',
    ],
    [
      'an identity that is too long',
      `[{ "match": "x", "identityRegexp": "^${'a'.repeat(500)}$" }]`,
      '1:75 "identityRegexp" is no regular expression of use: it is longer than 500 characters',
    ],
    ['an empty reason', '[{ "match": "x", "reason": " " }]', '1:67 "reason" is empty; say why, or leave it out'],
    ['a reason that is no text', '[{ "match": "x", "reason": 1 }]', '1:67 "reason" must be a string'],
    [
      'a member that is mistyped',
      '[{ "match": "x", "repositry": "acme/x" }]',
      '1:57 unknown key "repositry"; a requirement of provenance has match, repository, issuer, identityRegexp, reason; did you mean "repository"?',
    ],
    [
      'the same packages twice',
      '[{ "match": "x" },\n  { "match": "x", "repository": "a/b" }]',
      '2:14 "x" is there twice; one of them would not count',
    ],
    ['a member twice', '[{ "match": "x", "match": "y" }]', '1:57 "match" is there twice; one of them would not count'],
    [
      'several mistakes',
      '[{ "match": "@a", "repository": "b" }, { "match": "" }]',
      '1:52 "match" must be a name, the names of a scope or all names ("lodash", "@acme/*", "*"), not "@a"; did you mean "@a/*"?',
      '1:72 "repository" must be the address of a repository, such as https://github.com/owner/name, not "b"',
      '1:90 "match" must be a name, the names of a scope or all names ("lodash", "@acme/*", "*"), not ""',
    ],
  ] as const) {
    test(`a mistake, named with its place: ${what}`, () => assert.deepEqual(errorsOf(withProvenance(list)), errors));
  }

  test('stand below npm, which has nothing else', () => {
    assert.deepEqual(errorsOf('{ "version": 1, "npm": [] }'), ['1:24 "npm" must be an object']);
    assert.deepEqual(errorsOf('{ "version": 1, "npm": { "provenence": [] } }'), [
      '1:26 unknown key "provenence"; npm has provenance; did you mean "provenance"?',
    ]);
    assert.deepEqual(errorsOf('{ "version": 1, "nmp": {}, "npm": {}, "npm": {} }'), [
      '1:17 unknown key "nmp"; a policy has version, rules, ignore, lookalikes and npm; did you mean "npm"?',
      '1:39 "npm" is there twice; one of them would not count',
    ]);
  });

  test('the schema says the same of every example', () => {
    const validate = new Ajv({ strict: true, allErrors: true, keywords: ['markdownDescription'] }).compile(
      JSON.parse(readFileSync('schemas/policy.schema.json', 'utf8')),
    );
    const isValid = (list: string) => validate(JSON.parse(withProvenance(list)));
    assert.ok(
      isValid(
        `[{ "match": "@acme/*", "repository": "https://github.com/acme/platform", "identityRegexp": "${IDENTITY}" }, { "match": "*" }]`,
      ),
    );
    for (const list of [
      '{}',
      '["x"]',
      '[{}]',
      '[{ "match": "@acme" }]',
      '[{ "match": "acme-*" }]',
      '[{ "match": "x", "repository": "acme" }]',
      '[{ "match": "x", "issuer": "http://x.example.test" }]',
      '[{ "match": "x", "identityRegexp": "https://x/.*$" }]',
      '[{ "match": "x", "identityRegexp": "^https://x/.*" }]',
      '[{ "match": "x", "reason": " " }]',
      '[{ "match": "x", "require": true }]',
    ])
      assert.ok(!isValid(list), list);
  });

  test('every start of a policy is read or refused', () => {
    const text = withProvenance(`[{ "match": "@acme/*", "repository": "acme/x", "identityRegexp": "${IDENTITY}" }]`);
    for (let end = 0; end < text.length; end++) assert.ok(!parsePolicy(text.slice(0, end), () => undefined).ok);
    assert.ok(parsePolicy(text, () => undefined).ok);
  });
});
