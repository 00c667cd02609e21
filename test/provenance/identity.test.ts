import { SIGNER, slsa1, slsa02 } from '../support/provenance.ts';
import { setOf } from '../support/registry-papers.ts';
import { CALLED, good, OLD, sigstore, testCases } from '../support/verify-cases.ts';

const { bundle } = sigstore;

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
  // What was asked for.
  [
    'another identity than asked for',
    good,
    ['contradicted', 'asked-identity contradicted'],
    { asked: { identity: /https:\/\/github\.com\/acme\/other\/.*/ } },
  ],
  [
    'an expression that matches only the start',
    good,
    ['contradicted', 'asked-identity contradicted'],
    { asked: { identity: /https:\/\/github\.com\/acme/ } },
  ],
  [
    'an expression that matches only one end of an alternative',
    good,
    ['contradicted', 'asked-identity contradicted'],
    { asked: { identity: /nothing|https:\/\/github/ } },
  ],
  [
    'another issuer than asked for',
    good,
    ['contradicted', 'asked-issuer contradicted'],
    { asked: { issuer: 'https://token.actions.example.test/' } },
  ],
  [
    'another repository than asked for',
    good,
    ['contradicted', 'asked-repository contradicted'],
    { asked: { repository: 'https://github.com/acme/widgets' } },
  ],
]);
