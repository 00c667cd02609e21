/** What hovers over the packages of commands are shown for. */
import { known } from '../../../server/src/core/answer.ts';
import type { PackageKey } from '../../../server/src/core/npm-facts.ts';
import type { Facts, Files } from '../../support/memory-project.ts';
import type { PapersCase } from './package-papers.ts';
import { AS_OF, attestation, attested, facts, hashOf, listed, NO_PROVENANCE, packument, verdictOf } from './registry-answers.ts';

const at = <V>(value: V) => known(value, AS_OF);

/** Version 1.2.0 is what the lockfile has, 1.3.0 the newest, 2.0.0-rc.1 what `next` names. */
const VERSIONS = packument([listed('1.2.0', 200), attested('1.3.0', 82), listed('2.0.0-rc.1', 3)], {
  distTags: { latest: '1.3.0', next: '2.0.0-rc.1' },
});
const VERDICTS = {
  '1.3.0': at(verdictOf('proven', [attestation()])),
  '2.0.0-rc.1': at(NO_PROVENANCE),
  [`1.2.0 ${hashOf('a')}`]: at(NO_PROVENANCE),
};

/** What the registry says of left-pad, or of a package of another name. */
export const factsOf = (name = 'left-pad', more: Partial<PackageKey> = {}): Facts =>
  facts(at({ ...VERSIONS, name }), VERDICTS, { name, ...more });

/** A lockfile that has left-pad 1.2.0, which the project asks for, and what else is given. */
export const lockWith = (others: object = {}): string =>
  `${JSON.stringify(
    {
      lockfileVersion: 3,
      packages: {
        '': { dependencies: { 'left-pad': '^1.0.0' } },
        'node_modules/left-pad': { version: '1.2.0', integrity: hashOf('a') },
        ...others,
      },
    },
    null,
    2,
  )}\n`;

/** A package.json with one script. */
export const scriptOf = (command: string, more: object = {}): string => JSON.stringify({ scripts: { build: command }, ...more }, null, 2);

/** A hover over left-pad in a script of a package.json. */
export const inScript = (command: string, files: Files = {}, over = 'left-pad'): PapersCase => ({
  files: { 'package.json': scriptOf(command), ...files },
  path: 'package.json',
  over,
  facts: factsOf(),
});

const LOCK: Files = { 'package-lock.json': lockWith() };
const EVIL = '`](command:evil)**x**<img/src=x>[a](http://x)\u202e\u0007\u200b|';

/** All cases, by the name of their golden text. */
export const COMMAND_CASES: Readonly<Record<string, PapersCase>> = {
  npx: inScript('npx left-pad --width 3'),
  'npx-locked': inScript('npx left-pad --width 3', LOCK),
  'npx-range-locked': inScript('npx left-pad@^1', LOCK),
  'npx-other-version-locked': inScript('npx left-pad@1.3.0', LOCK),
  'npx-tag': inScript('npx left-pad@next', LOCK),
  'npx-no': inScript('npx --no left-pad@1.3.0', LOCK),
  'npx-program': {
    ...inScript(
      'npx tsc -p .',
      { 'package-lock.json': lockWith({ 'node_modules/typescript': { version: '1.2.0', integrity: hashOf('a') } }) },
      'tsc',
    ),
    facts: factsOf('typescript'),
  },
  'npx-registry': inScript('npx --registry=https://npm.example.test left-pad@1'),
  'npx-registry-around': {
    ...inScript(''),
    files: { Dockerfile: 'FROM scratch\nRUN npm config set registry https://npm.example.test/\nRUN npx left-pad@1\n' },
    path: 'Dockerfile',
  },
  'npx-elsewhere': {
    ...inScript('npx left-pad@2', {
      'package-lock.json': lockWith({
        'node_modules/left-pad': { version: '1.2.0', resolved: 'https://npm.example.test/left-pad/-/left-pad-1.2.0.tgz' },
      }),
    }),
    facts: factsOf('left-pad', { isElsewhere: true }),
  },
  'no-such-version': inScript('npx left-pad@9'),
  'install-global': inScript('npm install -g left-pad@1', LOCK),
  'install-again': inScript(
    'npm install left-pad',
    {
      'package.json': scriptOf('npm install left-pad', { dependencies: { 'left-pad': '~1.2.0' } }),
      ...LOCK,
    },
    'left-pad"',
  ),
  'install-exact': inScript('npm i left-pad@1.3.0'),
  initializer: { ...inScript('npm create left-pad@latest'), facts: factsOf('create-left-pad') },
  image: {
    ...inScript(''),
    files: {
      'deploy/Dockerfile': 'FROM scratch\nRUN set -e; \\\n  npx --yes left-\\\npad@1.3.0 --out /srv\n',
      '.npmrc': 'min-release-age=90\n',
      ...LOCK,
    },
    path: 'deploy/Dockerfile',
    over: 'left-',
    facts: factsOf('left-pad', { settings: ['file:///workspace/.npmrc'] }),
  },
  workflow: {
    ...inScript(''),
    files: {
      '.github/workflows/ci.yml':
        'on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: |\n          npm ci\n          pnpm dlx left-pad@1 --out .\n',
      ...LOCK,
    },
    path: '.github/workflows/ci.yml',
  },
  hostile: {
    ...inScript('npx left-pad@^1', {
      'package-lock.json': lockWith({ 'node_modules/left-pad': { version: EVIL, resolved: EVIL, integrity: EVIL } }),
    }),
    facts: factsOf('left-pad'),
  },
  'hostile-requirement': inScript(`npx 'left-pad@npm:left-pad@1.3.0 || <b>x</b> [a](command:evil)'`),
};
