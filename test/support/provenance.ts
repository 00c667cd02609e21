import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type LinearPattern, linearPattern } from '../../server/src/core/linear-pattern.ts';
import type { Signer } from './sigstore.ts';

/** A package and its statements, as npm and GitHub make them. */
export const NAME = '@acme/widget';
export const VERSION = '1.2.3';

const DIGEST = createHash('sha512').update('widget').digest();
/** What is attested, in hexadecimal and as a lockfile has it. */
export const SHA512 = DIGEST.toString('hex');
export const INTEGRITY = `sha512-${DIGEST.toString('base64')}`;
export const OTHER_INTEGRITY = `sha512-${createHash('sha512').update('gadget').digest('base64')}`;

const COMMIT = '1234567890123456789012345678901234567890';
const REPOSITORY = 'https://github.com/acme/widget';
const REF = 'refs/tags/v1.2.3';
const PATH = '.github/workflows/release.yml';

/** GitHub Actions, as Fulcio describes it today. */
export const SIGNER: Signer = {
  san: `${REPOSITORY}/${PATH}@${REF}`,
  issuer: 'https://token.actions.githubusercontent.com',
  extensions: {
    2: 'push',
    3: COMMIT,
    4: 'Release',
    5: 'acme/widget',
    6: REF,
    8: 'https://token.actions.githubusercontent.com',
    11: 'github-hosted',
    12: REPOSITORY,
    13: COMMIT,
    14: REF,
    18: `${REPOSITORY}/${PATH}@${REF}`,
    20: 'push',
  },
};

/** What somebody can ask for and gets. */
export const ASKED = {
  identity: patternOf(String.raw`https://github\.com/acme/widget/\.github/workflows/release\.yml@refs/tags/v.*`),
  issuer: 'https://token.actions.githubusercontent.com',
  repository: 'git@github.com:acme/widget.git',
};

interface Changes {
  readonly subject?: unknown;
  readonly repository?: string;
  readonly commit?: string;
  readonly ref?: string;
  readonly path?: string;
}

const SUBJECT = [{ name: 'pkg:npm/%40acme/widget@1.2.3', digest: { sha512: SHA512 } }];

/** Provenance of npm's SLSA 0.2. */
export function slsa02({ subject = SUBJECT, repository = REPOSITORY, commit = COMMIT, ref = REF, path = PATH }: Changes = {}) {
  const short = repository.replace(/^https:\/\/[^/]+\//, '');
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject,
    predicateType: 'https://slsa.dev/provenance/v0.2',
    predicate: {
      buildType: 'https://github.com/npm/cli/gha/v2',
      builder: { id: 'https://github.com/actions/runner' },
      invocation: {
        configSource: { uri: `git+${repository}@${ref}`, digest: { sha1: commit }, entryPoint: `${short}/${path}@${ref}` },
        environment: { GITHUB_REPOSITORY: short, GITHUB_WORKFLOW: 'Release', GITHUB_REF: ref },
      },
    },
  };
}

/** Provenance of SLSA 1. */
export function slsa1({ subject = SUBJECT, repository = REPOSITORY, commit = COMMIT, ref = REF, path = PATH }: Changes = {}) {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1',
        externalParameters: { workflow: { ref, repository, path } },
        resolvedDependencies: [{ uri: `git+${repository}@${ref}`, digest: { gitCommit: commit } }],
      },
      runDetails: { builder: { id: 'https://github.com/actions/runner/github-hosted' } },
    },
  };
}

/** The registry's word that it published a version. */
export function publish(version = VERSION) {
  return {
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: SUBJECT,
    predicateType: 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1',
    predicate: { name: NAME, version, registry: 'https://npm.example.test' },
  };
}

/** An expression as the command line and policies take it. */
export function patternOf(source: string): LinearPattern {
  const pattern = linearPattern(source);
  assert.ok(pattern.ok, source);
  return pattern.value;
}
