/** What hovers over packages are shown for: files, what was looked up, and where the pointer is. */
import { type Answer, absent, known, type Unknown, unknown } from '../../../server/src/core/answer.ts';
import type { PackageKey } from '../../../server/src/core/npm-facts.ts';
import type { AttestationVerdict, Check, ProvenanceVerdict } from '../../../server/src/core/provenance.ts';
import type { ProvenanceDemand } from '../../../server/src/core/provenance-demand.ts';
import type { Facts, Files } from '../../support/memory-project.ts';
import { bunLock, lockOfWorkspace, npmOne, packageLock, pnpmLock, yarnBerry, yarnClassic } from './lockfiles.ts';
import {
  AS_OF,
  advised,
  advisory,
  attestation,
  attested,
  facts,
  hashOf,
  IDENTITY,
  listed,
  NO_PROVENANCE,
  packument,
  SAME_BYTES,
  verdictOf,
} from './registry-answers.ts';

/** One hover. */
export interface PapersCase {
  readonly files: Files;
  readonly facts?: Facts;
  /** The file with the pointer, and the text whose first character it is on. */
  readonly path: string;
  readonly over: string;
  /** What the policy requires. */
  readonly demands?: readonly ProvenanceDemand[];
}

const at = <V>(value: V): Answer<V> => known(value, AS_OF);
const lost = (why: Unknown, detail?: string): Facts => facts(unknown(why, detail), { [LOCKED]: unknown(why, detail) });

/** The version and hash that the lockfiles here have. */
const LOCKED = `1.3.0 ${hashOf('a')}`;

const MANIFEST = '{\n  "dependencies": { "left-pad": "^1.0.0" }\n}\n';
/** The lockfile names a host of its own, which the public registry is not told of. */
const ELSEWHERE: PackageKey = { name: 'left-pad', isElsewhere: true };
const FILES: Files = { 'package.json': MANIFEST, 'package-lock.json': packageLock({ resolved: undefined }) };

/** A hover over the dependency of the package.json. */
const direct = (facts?: Facts, files: Files = FILES): PapersCase => ({
  files,
  path: 'package.json',
  over: '"left-pad',
  ...(facts && { facts }),
});

const HISTORY = [attested('1.0.0', 400), attested('1.1.0', 300), attested('1.2.0', 200), attested('1.3.0', 82)];
const BEFORE: Readonly<Record<string, Answer<ProvenanceVerdict>>> = {
  '1.2.0': at(verdictOf('proven', [attestation()])),
  '1.1.0': at(verdictOf('proven', [attestation()])),
  '1.0.0': at(verdictOf('proven', [attestation()])),
};
const MOVED = verdictOf('proven', [
  attestation({ identity: { ...IDENTITY, repository: 'https://github.com/old/pad', ref: 'refs/heads/main', trigger: 'push' } }),
]);

const PUBLIC_LOG = 'https://rekor.sigstore.dev';
const EVIL = '`](command:evil)**x** <img src=x onerror=alert(1)> [a](http://x) \u202e\u0007\u200b|';
const LONG = 'very-long-'.repeat(40);

/** As from before July 2023: neither runner nor builder, and a log that vouches for the entry alone. */
const { builder: _builder, logUrl: _logUrl, ...WITHOUT_NEW } = attestation();
const { runner: _runner, ...OLD_IDENTITY } = IDENTITY;
const OLD: AttestationVerdict = { ...WITHOUT_NEW, identity: OLD_IDENTITY };

/** A registry in which every text is somebody's attempt. */
const hostile = (evil: string): Facts => {
  const odd = attested('1.3.0', 1, {
    deprecated: evil,
    hasInstallScript: true,
    installScripts: [{ name: 'preinstall', command: evil }],
    publisher: { name: evil, email: evil },
    dependencies: { [evil]: evil, other: '1' },
    tarball: `https://${evil}/x.tgz`,
    license: evil,
    integrity: hashOf('b'),
  });
  const check: Check = { id: 'source-repository', outcome: 'contradicted', message: evil };
  const identity = Object.fromEntries(Object.keys(IDENTITY).map((field) => [field, evil]));
  const own = attestation({
    verdict: 'contradicted',
    checks: [check],
    identity,
    logIndex: evil,
    logUrl: PUBLIC_LOG,
    builder: evil,
    signedAt: Number.MAX_VALUE,
  });
  const signature: Check = { id: 'registry-signature', outcome: 'unknown', message: evil };
  return facts(at(packument([attested('1.2.0', 30), odd], { distTags: { latest: evil, [evil]: '1.3.0' } })), {
    [LOCKED]: at({ ...verdictOf('contradicted', [own], [signature]), trustRootDate: evil }),
  });
};

const VERDICTS = { ...BEFORE, [LOCKED]: at(verdictOf('proven', [attestation()])) };
const PROVEN = facts(at(packument(HISTORY)), VERDICTS);
/** Yarn's lockfile has no hash that anybody else has. */
const WITHOUT_HASH = at(verdictOf('proven', [attestation({ checks: SAME_BYTES.filter(({ id }) => id === 'digest-published') })]));
const onLock = (path: string, text: string, over: string): PapersCase => ({
  files: { [path]: text },
  path,
  over,
  facts: {
    ...facts(at(packument(HISTORY)), { ...VERDICTS, '1.3.0': WITHOUT_HASH }),
    ...facts(at(packument(HISTORY)), VERDICTS, ELSEWHERE),
  },
});

/** The project has left-pad 2; 1.3.0 is there for `other`, which `third` asks for. */
const SECOND_VERSION = packageLock(
  { version: '2.0.0' },
  {
    '': { dependencies: { 'left-pad': '^2.0.0', third: '1' } },
    'node_modules/third': { version: '1.0.0', dependencies: { other: '1' } },
    'node_modules/other': { version: '1.0.0', dependencies: { 'left-pad': '~1.3.0' } },
    'node_modules/other/node_modules/left-pad': { version: '1.3.0', integrity: hashOf('a') },
  },
);

/** All cases, by the name of their golden text. */
export const CASES: Readonly<Record<string, PapersCase>> = {
  'policy-met': { ...direct(PROVEN), demands: [{ match: 'left-pad', repository: 'left/pad' }] },
  'policy-other': { ...direct(PROVEN), demands: [{ match: '*', repository: 'https://github.com/acme/platform', reason: 'ours' }] },
  'policy-none': {
    ...direct(facts(at(packument([listed('1.2.0', 200), listed('1.3.0', 82)])), { [LOCKED]: at(NO_PROVENANCE) })),
    demands: [{ match: 'left-pad' }],
  },
  'policy-unknown': { ...direct(lost('offline', 'waybill.network is off')), demands: [{ match: 'left-pad' }] },
  'policy-checking': { ...direct(lost('pending')), demands: [{ match: 'left-pad' }] },
  'policy-git': {
    files: { 'package.json': '{\n  "dependencies": { "left-pad": "github:left/pad" }\n}\n' },
    path: 'package.json',
    over: '"left-pad',
    demands: [{ match: 'left-pad' }],
  },
  'policy-hostile': { ...direct(hostile(EVIL)), demands: [{ match: '*', repository: 'https://github.com/acme/platform' }] },
  'policy-of-others': { ...direct(PROVEN), demands: [{ match: '@left/*' }, { match: 'left' }] },
  proven: direct({ ...PROVEN, ...advised('1.3.0', at([])) }),
  advisories: direct({
    ...facts(at(packument([...HISTORY, attested('1.3.1', 40), attested('1.3.2', 20)])), VERDICTS),
    ...advised(
      '1.3.0',
      at([advisory({ id: 'GHSA-5555-6666-7777', title: 'Command injection', severity: 'critical', range: '>=1.0.0 <1.3.2' }), advisory()]),
    ),
  }),
  'advisories-without-fix': direct({
    ...PROVEN,
    ...advised('1.3.0', at([advisory({ id: 'advisory 1179', title: '', severity: 'low', range: '*' })])),
  }),
  'advisories-other-major': direct({
    ...facts(at(packument([...HISTORY, attested('2.0.0', 40)])), VERDICTS),
    ...advised('1.3.0', at([advisory({ range: '>=1.2.0 <2.0.0' })])),
  }),
  'advisories-of-malware': direct({
    ...PROVEN,
    ...advised('1.3.0', at([advisory({ title: 'Malware in left-pad', severity: 'critical', range: '=1.3.0', isMalware: true })])),
  }),
  'advisories-many': direct({
    ...lost('timeout', 'npm.example.test: no complete answer in 15000 ms'),
    ...advised('1.3.0', at(Array.from({ length: 11 }, (_, nth) => advisory({ id: `advisory ${nth}`, severity: 'moderate' })))),
  }),
  'advisories-checking': direct({ ...PROVEN, ...advised('1.3.0', unknown('pending')) }),
  'advisories-refused': direct({
    ...PROVEN,
    ...advised('1.3.0', unknown('denied', 'npm.example.test does not serve advisories (HTTP 405)')),
  }),
  'advisories-hostile': direct({
    ...PROVEN,
    ...advised('1.3.0', at([advisory({ id: `advisory ${EVIL}`, title: EVIL, range: EVIL }), advisory({ title: LONG })])),
  }),
  'origin-of-some': direct(
    facts(at(packument(HISTORY)), { ...BEFORE, '1.2.0': at(MOVED), [LOCKED]: at(verdictOf('proven', [attestation()])) }),
  ),
  'origin-moved': direct(
    facts(at(packument(HISTORY)), {
      ...BEFORE,
      '1.2.0': at(MOVED),
      '1.1.0': at(MOVED),
      '1.0.0': at(MOVED),
      [LOCKED]: at(verdictOf('proven', [attestation()])),
    }),
  ),
  'origin-checking': direct(
    facts(at(packument(HISTORY)), { ...BEFORE, '1.1.0': unknown('pending'), [LOCKED]: at(verdictOf('proven', [attestation()])) }),
  ),
  'self-hosted-runner': direct(
    facts(at(packument(HISTORY)), {
      [LOCKED]: at(verdictOf('proven', [attestation({ identity: { ...IDENTITY, runner: 'self-hosted' }, logUrl: `${PUBLIC_LOG}/` })])),
    }),
  ),
  'runner-of-later': direct(
    facts(at(packument(HISTORY)), {
      [LOCKED]: at(verdictOf('proven', [attestation({ identity: { ...IDENTITY, runner: EVIL }, logUrl: 'https://log.example.test' })])),
    }),
  ),
  'old-certificate': direct(facts(at(packument(HISTORY)), { [LOCKED]: at(verdictOf('proven', [OLD])) })),
  'not-proven': direct(facts(at(packument([listed('1.2.0', 200), listed('1.3.0', 82)])), { [LOCKED]: at(NO_PROVENANCE) })),
  'other-bytes': direct(
    facts(at(packument([listed('1.2.0', 200), attested('1.3.0', 82, { integrity: hashOf('b') })])), {
      [LOCKED]: at(
        verdictOf('contradicted', [
          attestation({
            verdict: 'contradicted',
            checks: [{ id: 'digest-locked', outcome: 'contradicted', message: 'The attested digest is not that of the lockfile.' }],
          }),
        ]),
      ),
    }),
  ),
  'unknown-authority': direct(
    facts(at(packument(HISTORY)), {
      [LOCKED]: at(
        verdictOf('unknown', [
          {
            kind: 'provenance',
            predicateType: 'https://slsa.dev/provenance/v1',
            verdict: 'unknown',
            checks: [{ id: 'signature', outcome: 'unknown', message: 'The trust root does not know the authority that signed.' }],
          },
        ]),
      ),
    }),
  ),
  'network-off': direct(lost('offline', 'waybill.network is off')),
  'not-trusted': direct(lost('untrusted', 'nothing is looked up for a hover before the workspace is trusted')),
  checking: direct(lost('pending')),
  'present-not-verified': direct(
    facts(at(packument(HISTORY)), { [LOCKED]: unknown('timeout', 'npm.example.test did not answer in 10 s') }),
  ),
  'thin-mirror': direct(
    facts(
      at(
        packument([listed('1.3.0', 2, { publisher: undefined, signatures: undefined, license: undefined } as object)], {
          isStripped: true,
        }),
      ),
      {
        [LOCKED]: at(
          verdictOf(
            'unknown',
            [],
            [
              {
                id: 'attestations-served',
                outcome: 'unknown',
                message: 'npm.example.test has no attestations for this version (HTTP 404).',
              },
              { id: 'registry-signature', outcome: 'unknown', message: 'The registry shows no signature and has no keys.' },
            ],
          ),
        ),
      },
    ),
  ),
  'no-such-package': direct(facts(absent(AS_OF), { [LOCKED]: absent(AS_OF) })),
  'version-not-listed': direct(facts(at(packument([listed('1.2.0', 200)])), { [LOCKED]: absent(AS_OF) })),
  'fresh-release': {
    ...direct(
      facts(
        at(
          packument([
            listed('1.2.9', 90),
            listed('1.3.0', 0.1, {
              hasInstallScript: true,
              installScripts: [{ name: 'postinstall', command: 'node setup.js' }],
              publisher: { name: 'mallory', email: 'm@example.test' },
              dependencies: { 'plain-pad': '^1' },
            }),
          ]),
        ),
        { [LOCKED]: at(NO_PROVENANCE) },
        { name: 'left-pad', settings: ['file:///workspace/.npmrc'] },
      ),
      {
        ...FILES,
        'package.json':
          '{\n  "packageManager": "npm@12.2.0",\n  "allowScripts": { "left-pad": true },\n  "dependencies": { "left-pad": "^1.0.0" }\n}\n',
        '.npmrc': 'min-release-age=7\n',
      },
    ),
    over: '"left-pad": "^1',
  },
  'trusted-publishing': direct(
    facts(
      at(
        packument([
          listed('1.2.9', 90),
          listed('1.3.0', 80, { publisher: { name: 'bot', isTrustedPublisher: true }, deprecated: 'use padStart' }),
        ]),
      ),
      {
        [LOCKED]: at(NO_PROVENANCE),
      },
    ),
  ),
  'nothing-locked': direct(facts(at(packument([listed('1.3.0', 82)], { distTags: { latest: '1.3.0' } })), { '1.3.0': at(NO_PROVENANCE) }), {
    'package.json': MANIFEST,
  }),
  'licence-of-lockfile': direct(lost('offline', 'waybill.network is off'), {
    ...FILES,
    'package-lock.json': packageLock({ resolved: undefined, license: '(MIT OR Apache-2.0)' }),
  }),
  'licences-differ': direct(
    facts(at(packument([listed('1.3.0', 82, { license: 'SEE LICENSE IN [x](command:y)' })])), { [LOCKED]: at(NO_PROVENANCE) }),
    { ...FILES, 'package-lock.json': packageLock({ resolved: undefined, license: { type: 'BSD' } }) },
  ),
  'no-licence': direct(facts(at(packument([listed('1.3.0', 82, { license: ' ' })])), { [LOCKED]: at(NO_PROVENANCE) })),
  'no-fitting-version': direct(facts(at(packument([listed('3.0.0', 82)])), {}), { 'package.json': MANIFEST }),
  alias: {
    files: { 'package.json': '{ "dependencies": { "pad": "npm:left-pad@^1.0.0" } }' },
    path: 'package.json',
    over: '"pad',
    facts: facts(at(packument([listed('1.3.0', 82)])), { '1.3.0': at(NO_PROVENANCE) }),
  },
  git: direct(undefined, {
    'package.json': '{ "dependencies": { "left-pad": "git+https://user:secret@git.example.test/left/pad.git#v1" } }',
  }),
  workspace: direct(undefined, { 'package.json': '{ "dependencies": { "left-pad": "workspace:*" } }' }),
  'half-typed': direct(undefined, { 'package.json': '{ "dependencies": { "left-pad": "^1.:" } }' }),
  override: {
    ...direct(PROVEN, { ...FILES, 'package.json': '{ "overrides": { "other": { "left-pad": "^1.3.0" } } }' }),
    over: '"left-pad',
  },
  'override-like-dependency': {
    ...direct(PROVEN, {
      ...FILES,
      'package.json': '{ "overrides": { "left-pad": "$left-pad" }, "dependencies": { "left-pad": "^1.0.0" } }',
    }),
    over: '$left-pad',
  },
  'override-of-several': {
    ...direct(facts(at(packument(HISTORY)), { '1.3.0': at(NO_PROVENANCE) }), {
      'package.json': '{ "resolutions": { "left-pad": "^1.0.0" } }',
      'package-lock.json': packageLock({ resolved: undefined }, { 'node_modules/other/node_modules/left-pad': { version: '1.2.0' } }),
    }),
  },
  'catalog-pnpm': {
    files: { 'pnpm-workspace.yaml': 'packages:\n  - "."\ncatalogs:\n  old:\n    left-pad: ^1.0.0\n', 'pnpm-lock.yaml': pnpmLock },
    path: 'pnpm-workspace.yaml',
    over: 'left-pad',
    facts: facts(at(packument(HISTORY)), VERDICTS, { name: 'left-pad', settings: ['file:///workspace/pnpm-workspace.yaml'] }),
  },
  'catalog-yarn': {
    files: { '.yarnrc.yml': 'catalog:\n  left-pad: ^1.0.0\n', 'yarn.lock': yarnBerry },
    path: '.yarnrc.yml',
    over: 'left-pad',
  },
  'catalog-bun': {
    files: { 'package.json': '{ "workspaces": { "packages": [], "catalog": { "left-pad": "^1.0.0" } } }', 'bun.lock': bunLock },
    path: 'package.json',
    over: '"left-pad',
    facts: PROVEN,
  },
  'lock-npm': onLock('package-lock.json', packageLock(), 'node_modules/left-pad'),
  'lock-npm-integrity': onLock('package-lock.json', packageLock(), hashOf('a')),
  'lock-npm-1': onLock('package-lock.json', npmOne, '1.3.0'),
  'lock-yarn-classic': onLock('yarn.lock', yarnClassic, 'left-pad@'),
  'lock-yarn-berry': onLock('yarn.lock', yarnBerry, 'left-pad@npm:^'),
  'lock-pnpm': onLock('pnpm-lock.yaml', pnpmLock, 'left-pad@1.3.0'),
  'lock-bun': onLock('bun.lock', bunLock, '1.3.0'),
  'lock-path-to-workspace': {
    ...onLock('package-lock.json', lockOfWorkspace(['other', 'third', 'left-pad']), 'node_modules/left-pad'),
    files: {
      'package-lock.json': lockOfWorkspace(['other', 'third', 'left-pad']),
      'package.json': '{ "workspaces": ["packages/*"] }\n',
      'packages/a/package.json': '{\n  "name": "a",\n  "dependencies": {\n    "other": "1"\n  }\n}\n',
    },
  },
  'lock-path-hostile': {
    ...onLock('package-lock.json', lockOfWorkspace([EVIL, LONG, 'left-pad']), 'node_modules/left-pad'),
    files: {
      'package-lock.json': lockOfWorkspace([EVIL, LONG, 'left-pad']),
      'packages/a/package.json': JSON.stringify({ dependencies: { [EVIL]: EVIL } }),
    },
  },
  'lock-path-of-second-version': {
    ...onLock('package-lock.json', SECOND_VERSION, 'node_modules/other/node_modules/left-pad'),
    files: {
      'package-lock.json': SECOND_VERSION,
      'package.json': '{\n  "dependencies": {\n    "left-pad": "^2.0.0",\n    "third": "1"\n  }\n}\n',
    },
  },
  'lock-path-of-second-version-pnpm': onLock(
    'pnpm-lock.yaml',
    pnpmLock
      .replace('version: 1.0.0\n', 'version: 1.0.0\n      left-pad:\n        specifier: ^2.0.0\n        version: 2.0.0\n')
      .replace('packages:\n', `packages:\n  left-pad@2.0.0:\n    resolution: {integrity: ${hashOf('c')}}\n`),
    'left-pad@1.3.0',
  ),
  'lock-path-unknown': onLock('package-lock.json', SECOND_VERSION.replace('~1.3.0', '~9.0.0'), 'node_modules/other/node_modules/left-pad'),
  'lock-path-long': onLock('package-lock.json', lockOfWorkspace([...'abcdefgh', 'left-pad']), 'node_modules/left-pad'),
  'lock-cut': onLock('package-lock.json', packageLock().slice(0, -6), 'node_modules/left-pad'),
  'hostile-registry': direct(hostile(EVIL)),
  'long-registry': direct(hostile(LONG)),
  'hostile-document': {
    files: {
      'package.json': `{ "dependencies": { ${JSON.stringify(EVIL)}: ${JSON.stringify(EVIL)}, ${JSON.stringify(LONG)}: ${JSON.stringify(LONG)} } }`,
    },
    path: 'package.json',
    over: '`](command',
  },
  'hostile-lockfile': onLock(
    'package-lock.json',
    `${JSON.stringify(
      {
        lockfileVersion: 3,
        packages: {
          '': {},
          [`node_modules/${EVIL}`]: {
            version: EVIL,
            resolved: `git+https://${EVIL}`,
            integrity: EVIL,
            deprecated: EVIL,
            hasInstallScript: true,
            license: EVIL,
          },
        },
      },
      null,
      2,
    )}\n`,
    'node_modules',
  ),
};
