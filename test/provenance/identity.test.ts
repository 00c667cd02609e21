import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIGNER, slsa1, slsa02 } from '../support/provenance.ts';
import { setOf } from '../support/registry-papers.ts';
import { CALLED, good, OLD, said, sigstore, testCases, verify } from '../support/verify-cases.ts';

const { bundle } = sigstore;

const PATH = '.github/workflows/release.yml';
const SOURCE = {
  uri: 'git+https://github.com/acme/widget@refs/tags/v1.2.3',
  digest: { gitCommit: '1234567890123456789012345678901234567890' },
};

/** SLSA 0.2 with another entry point, and without the environment that npm adds. */
function withEntryPoint(entryPoint: string) {
  const { predicate, ...statement } = slsa02();
  const configSource = { ...predicate.invocation.configSource, entryPoint: `${entryPoint}@refs/tags/v1.2.3` };
  return { ...statement, predicate: { ...predicate, invocation: { configSource } } };
}

/** SLSA 1 with other inputs of the build. */
function withSources(...resolvedDependencies: readonly unknown[]) {
  const { predicate, ...statement } = slsa1();
  return { ...statement, predicate: { buildDefinition: { ...predicate.buildDefinition, resolvedDependencies } } };
}

testCases([
  // The origin: the certificate's word against the statement's.
  [
    'another repository in the statement (SLSA 1)',
    () => bundle({ statement: slsa1({ repository: 'https://github.com/acme/other' }), by: SIGNER }),
    ['contradicted', 'source-repository contradicted', 'workflow contradicted'],
  ],
  [
    'another repository in the statement (SLSA 0.2)',
    () => bundle({ statement: slsa02({ repository: 'https://github.com/acme/other' }), by: SIGNER }),
    ['contradicted', 'source-repository contradicted', 'workflow contradicted'],
  ],
  [
    'the same repository on another host',
    () => bundle({ statement: slsa1({ repository: 'https://git.example.test/acme/widget' }), by: SIGNER }),
    ['contradicted', 'source-repository contradicted', 'workflow contradicted'],
  ],
  [
    'another commit',
    () => bundle({ statement: slsa1({ commit: 'd'.repeat(40) }), by: SIGNER }),
    ['contradicted', 'source-commit contradicted'],
  ],
  [
    'another branch',
    () => bundle({ statement: slsa1({ ref: 'refs/heads/main' }), by: SIGNER }),
    ['contradicted', 'source-commit contradicted', 'workflow contradicted'],
  ],
  [
    'another workflow (SLSA 1)',
    () => bundle({ statement: slsa1({ path: '.github/workflows/test.yml' }), by: SIGNER }),
    ['contradicted', 'workflow contradicted'],
  ],
  [
    'another workflow (SLSA 0.2)',
    () => bundle({ statement: slsa02({ path: '.github/workflows/test.yml' }), by: SIGNER }),
    ['contradicted', 'workflow contradicted'],
  ],
  [
    'another workflow by name, in an older certificate',
    () =>
      bundle({
        format: '0.1',
        statement: slsa02({ path: '.github/workflows/test.yml' }),
        by: { ...SIGNER, extensions: { ...OLD, 4: 'Test' } },
      }),
    ['contradicted', 'workflow contradicted'],
  ],
  [
    'an older certificate that does not say who called',
    () => bundle({ format: '0.1', statement: slsa02(), by: { ...SIGNER, san: CALLED, extensions: OLD } }),
    ['unknown', 'workflow unknown'],
  ],
  [
    'a person who signs for a repository',
    () => bundle({ statement: slsa1(), by: { san: 'mallory@example.test', issuer: 'https://accounts.example.test', extensions: {} } }),
    ['contradicted', 'source-repository contradicted', 'source-commit unknown', 'workflow unknown'],
  ],
  [
    'a statement that names no repository',
    () => bundle({ statement: { ...slsa1(), predicate: {} }, by: SIGNER }),
    ['unknown', 'source-repository unknown', 'source-commit unknown'],
  ],
  [
    'another repository in the manifest',
    good,
    ['contradicted', 'manifest-repository contradicted'],
    { manifestRepository: 'github:acme/other' },
  ],
  ['a repository in the manifest that is none', good, ['unknown', 'manifest-repository unknown'], { manifestRepository: 'see our wiki' }],
  [
    'two origins',
    () =>
      setOf(
        good(),
        bundle({
          statement: slsa1({ repository: 'https://github.com/acme/fork' }),
          by: {
            ...SIGNER,
            extensions: {
              ...SIGNER.extensions,
              12: 'https://github.com/acme/fork',
              18: 'https://github.com/acme/fork/.github/workflows/release.yml@refs/tags/v1.2.3',
            },
          },
        }),
      ),
    ['contradicted', 'one-origin contradicted'],
  ],
  // Who may speak for a repository.
  [
    'a build service elsewhere, which puts the repository into its certificate that its customer names',
    () =>
      bundle({
        statement: slsa1(),
        by: { ...SIGNER, san: 'https://build.example.test/mallory/pipeline', issuer: 'https://oidc.example.test' },
      }),
    ['unknown', 'source-repository unknown'],
  ],
  [
    'another host with the repository in front',
    () => bundle({ statement: slsa1(), by: { ...SIGNER, san: `https://github.com.example.test/${SIGNER.san.slice(8)}` } }),
    ['unknown', 'source-repository unknown'],
  ],
  // What the statement claims, in forms that are not npm's.
  [
    'an entry point in another repository (SLSA 0.2)',
    () => bundle({ statement: withEntryPoint(`acme/other/${PATH}`), by: SIGNER }),
    ['contradicted', 'workflow contradicted'],
  ],
  [
    'a source that is another repository than the workflow is in (SLSA 1)',
    () =>
      bundle({
        statement: withSources({ uri: 'git+https://github.com/acme/other@refs/tags/v1.2.3', digest: { gitCommit: 'a'.repeat(40) } }),
        by: SIGNER,
      }),
    ['unknown', 'source-commit unknown'],
  ],
]);

for (const [what, statement] of [
  ['an entry point without its repository', withEntryPoint(PATH)],
  ['an entry point with the repository in capitals', withEntryPoint(`ACME/Widget/${PATH}`)],
  ['a repository that ends in .git', slsa1({ repository: 'https://github.com/acme/widget.git' })],
  ['a source behind other inputs of the build', withSources({ uri: 'pkg:npm/tool@1.0.0' }, SOURCE)],
  ['no workflow in the statement', withSources(SOURCE, 'not an object')],
] as const)
  test(`proven: ${what}`, () => {
    assert.deepEqual(said(verify(bundle({ statement, by: SIGNER }))), ['proven']);
  });

for (const trigger of ['pull_request', 'workflow_dispatch', 'schedule'])
  test(`proven, and shown: started by ${trigger}`, () => {
    const verdict = verify(
      bundle({ statement: slsa1(), by: { ...SIGNER, extensions: { ...SIGNER.extensions, 2: trigger, 20: trigger } } }),
    );
    assert.deepEqual([verdict.verdict, verdict.attestations[0]?.identity?.trigger], ['proven', trigger]);
  });
