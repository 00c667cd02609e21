/** Lockfiles of every manager that have left-pad 1.3.0. */
import { hashOf } from './registry-answers.ts';

const entry = (more: object = {}) => ({
  version: '1.3.0',
  resolved: 'https://npm.example.test/left-pad/-/left-pad-1.3.0.tgz',
  integrity: hashOf('a'),
  ...more,
});
/** npm's, with more members of left-pad's entry, and more entries. */
export const packageLock = (more: object = {}, others: object = {}): string =>
  `${JSON.stringify(
    {
      lockfileVersion: 3,
      packages: { '': { dependencies: { 'left-pad': '^1.0.0' } }, 'node_modules/left-pad': entry(more), ...others },
    },
    null,
    2,
  )}\n`;

/** Yarn 1, where another package asks for it. */
export const yarnClassic = `# yarn lockfile v1


left-pad@^1.0.0:
  version "1.3.0"
  resolved "https://npm.example.test/left-pad/-/left-pad-1.3.0.tgz#00"
  integrity ${hashOf('a')}

other@^1.0.0:
  version "1.0.0"
  dependencies:
    left-pad "^1.0.0"
`;
/** Yarn of today, which has a hash of its own. */
export const yarnBerry = `__metadata:
  version: 8
  cacheKey: 10c0

"left-pad@npm:^1.0.0":
  version: 1.3.0
  resolution: "left-pad@npm:1.3.0"
  checksum: 10c0/00ff
  languageName: node
  linkType: hard
`;
/** pnpm, where another package asks for it. */
export const pnpmLock = `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      other:
        specifier: ^1.0.0
        version: 1.0.0
packages:
  left-pad@1.3.0:
    resolution: {integrity: ${hashOf('a')}}
    deprecated: use padStart
  other@1.0.0:
    resolution: {integrity: ${hashOf('c')}}
snapshots:
  left-pad@1.3.0: {}
  other@1.0.0:
    dependencies:
      left-pad: 1.3.0
`;
/** Bun. */
export const bunLock = `{
  "lockfileVersion": 1,
  "workspaces": { "": { "name": "x", "dependencies": { "left-pad": "^1.0.0" } } },
  "packages": {
    "left-pad": ["left-pad@1.3.0", "", {}, "${hashOf('a')}"],
  }
}
`;
/** npm's first format. */
export const npmOne = `${JSON.stringify({ lockfileVersion: 1, dependencies: { other: { version: '1.0.0', requires: { 'left-pad': '1' }, dependencies: { 'left-pad': entry() } } } }, null, 2)}\n`;

/** A lockfile in which a workspace asks for the first name, which asks for the next, and so on. */
export const lockOfWorkspace = (names: readonly string[]): string => {
  const packages = names.map((name, at) => [
    `node_modules/${name}`,
    name === 'left-pad' ? entry({ resolved: undefined }) : { version: '1.0.0', dependencies: { [names[at + 1] ?? '']: '*' } },
  ]);
  const own = { 'packages/a': { dependencies: { [names[0] ?? '']: '1' } }, 'node_modules/a': { resolved: 'packages/a', link: true } };
  return `${JSON.stringify({ lockfileVersion: 3, packages: { '': { workspaces: ['packages/*'] }, ...own, ...Object.fromEntries(packages) } }, null, 2)}\n`;
};
