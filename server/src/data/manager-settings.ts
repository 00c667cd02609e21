/**
 * Which protective setting exists in which version of which package manager, what it is by default, in which unit, and what
 * replaced it. Kept by hand, as of 2026-11-22, from: the settings pages in the npm packages 10.9.4 to 12.2.0 (`docs/content/using-npm/
 * config.md` of each version was read, so that `since` is the version in which it first stands); pnpm's documentation and release
 * notes up to 12; the sources of @yarnpkg/core 4.9 and @yarnpkg/plugin-npm 3.7 and Yarn's release notes; bun-types 1.4.5.
 */

/** The managers as `formats/manager-in-use.ts` names them. */
type Manager = 'npm' | 'pnpm' | 'yarn' | 'yarn-classic' | 'bun';

/** The kinds of settings files as `formats/settings-file.ts` names them. */
type Kind = 'npmrc' | 'pnpm-workspace' | 'yarnrc' | 'bunfig' | 'package-json';

/** One protective setting of one manager. */
export interface KnownSetting {
  readonly manager: Manager;
  /** Its dotted name by the file it may stand in. */
  readonly names: Readonly<Partial<Record<Kind, string>>>;
  /** The first version that knows it; undefined: older than any version that matters here. */
  readonly since?: string;
  /** Defaults by the first version that has them, oldest first; a version before all of them does without. */
  readonly defaults: readonly (readonly [from: string, value: string])[];
  /** `age` is a time whose unit depends on the manager. */
  readonly unit?: 'age';
  /** What the setting does, as a full sentence. */
  readonly about: string;
  /** The version that no longer knows it, and what came instead. */
  readonly removed?: { readonly in: string; readonly instead: string };
  /** The version from which on one of its files is no longer read for it. */
  readonly leftFile?: { readonly kind: Kind; readonly in: string; readonly now: string };
  /** An https address of the manager's own documentation. */
  readonly source: string;
}

const NPM = 'https://docs.npmjs.com/cli/v11/using-npm/config';
const PNPM = 'https://pnpm.io/settings';
const PNPM_10 = 'https://pnpm.io/10.x/settings';
const PNPM_11 = 'https://pnpm.io/blog/releases/11.0';
const YARN = 'https://yarnpkg.com/configuration/yarnrc';
const BUN = 'https://bun.com/docs/runtime/bunfig';

/** A setting of pnpm: camel case in pnpm-workspace.yaml and package.json, kebab case in .npmrc, which pnpm 11 reads no more. */
function pnpm(
  name: string,
  rest: Omit<KnownSetting, 'manager' | 'names' | 'leftFile' | 'source'> & { readonly source?: string },
): KnownSetting {
  const kebab = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return {
    source: `${PNPM}#${name.toLowerCase()}`,
    ...rest,
    manager: 'pnpm',
    names: { 'pnpm-workspace': name, 'package-json': `pnpm.${name}`, npmrc: kebab },
    leftFile: { kind: 'npmrc', in: '11.0.0', now: '`pnpm-workspace.yaml`' },
  };
}

const ALLOW_BUILDS = '`allowBuilds`';

/** Every setting of the table. */
export const KNOWN_SETTINGS: readonly KnownSetting[] = [
  // npm
  {
    manager: 'npm',
    names: { npmrc: 'min-release-age' },
    since: '11.10.0',
    defaults: [['11.10.0', 'no limit']],
    unit: 'age',
    about: 'npm installs no version that was published more recently than this; a bare number counts days.',
    source: `${NPM}#min-release-age`,
  },
  {
    manager: 'npm',
    names: { npmrc: 'min-release-age-exclude' },
    since: '11.17.0',
    defaults: [],
    about: 'Names and patterns of packages that `min-release-age` does not hold back.',
    source: `${NPM}#min-release-age-exclude`,
  },
  {
    manager: 'npm',
    names: { npmrc: 'allow-git' },
    since: '11.9.0',
    defaults: [
      ['11.9.0', 'all'],
      ['12.0.0', 'none'],
    ],
    about: 'Which packages may come from git repositories: `all`, `none`, or `root` for those that the project itself names.',
    source: `${NPM}#allow-git`,
  },
  {
    manager: 'npm',
    names: { npmrc: 'allow-remote' },
    since: '11.14.0',
    defaults: [
      ['11.14.0', 'all'],
      ['12.0.0', 'none'],
    ],
    about: 'Which packages may come from plain addresses: `all`, `none`, or `root` for those that the project itself names.',
    source: `${NPM}#allow-remote`,
  },
  {
    manager: 'npm',
    names: { npmrc: 'strict-allow-scripts' },
    since: '11.16.0',
    defaults: [['11.16.0', 'false']],
    about: 'An install fails where a package has an install script that `allowScripts` says nothing of.',
    source: `${NPM}#strict-allow-scripts`,
  },
  {
    manager: 'npm',
    names: { npmrc: 'dangerously-allow-all-scripts' },
    since: '11.16.0',
    defaults: [['11.16.0', 'false']],
    about: 'Runs the install scripts of all packages, whatever `allowScripts` says.',
    source: `${NPM}#dangerously-allow-all-scripts`,
  },
  {
    manager: 'npm',
    names: { npmrc: 'ignore-scripts' },
    defaults: [['0.0.0', 'false']],
    about: 'Runs no install scripts at all, neither the packages’ nor the project’s own.',
    source: `${NPM}#ignore-scripts`,
  },
  {
    manager: 'npm',
    names: { npmrc: 'strict-npmrc' },
    since: '12.0.0',
    defaults: [['12.0.0', 'false']],
    about: 'A setting that npm does not know is an error.',
    source: `${NPM}#strict-npmrc`,
  },
  {
    manager: 'npm',
    names: { npmrc: 'strict-ssl' },
    defaults: [['0.0.0', 'true']],
    about: 'Checks the certificate of the registry.',
    source: `${NPM}#strict-ssl`,
  },
  {
    manager: 'npm',
    names: { npmrc: 'package-lock' },
    defaults: [['0.0.0', 'true']],
    about: 'Reads and writes the lockfile.',
    source: `${NPM}#package-lock`,
  },
  {
    manager: 'npm',
    names: { 'package-json': 'allowScripts' },
    since: '11.16.0',
    defaults: [],
    about: 'Says yes or no to the install script of each package; npm 12 skips what is not listed, npm 11 only warns.',
    source: 'https://docs.npmjs.com/cli/v11/commands/npm-install-scripts',
  },
  // pnpm
  pnpm('minimumReleaseAge', {
    since: '10.16.0',
    defaults: [
      ['10.16.0', '0'],
      ['11.0.0', '1440'],
    ],
    unit: 'age',
    about: 'pnpm resolves to no version that was published more recently than this; a bare number counts minutes.',
  }),
  pnpm('minimumReleaseAgeExclude', {
    since: '10.16.0',
    defaults: [],
    about: 'Names, patterns (10.17) and exact versions (10.19) that `minimumReleaseAge` does not hold back.',
  }),
  pnpm('minimumReleaseAgeIgnoreMissingTime', {
    since: '11.0.0',
    defaults: [['11.0.0', 'true']],
    about: 'Skips `minimumReleaseAge` for packages whose registry does not say when they were published.',
  }),
  pnpm('trustPolicy', {
    since: '10.21.0',
    defaults: [['10.21.0', 'off']],
    about: 'With `no-downgrade`, a version with weaker evidence of its origin than an earlier one of the package is refused.',
  }),
  pnpm('trustPolicyExclude', {
    since: '10.22.0',
    defaults: [],
    about: 'Packages and versions that `trustPolicy` does not look at.',
  }),
  pnpm('trustPolicyIgnoreAfter', {
    since: '10.27.0',
    defaults: [],
    unit: 'age',
    about: 'Versions that are older than this are not held to `trustPolicy`; a bare number counts minutes.',
  }),
  pnpm('blockExoticSubdeps', {
    since: '10.26.0',
    defaults: [
      ['10.26.0', 'false'],
      ['11.0.0', 'true'],
    ],
    about: 'Only the project itself may name git repositories and plain addresses as dependencies, not its packages.',
  }),
  pnpm('strictDepBuilds', {
    since: '10.3.0',
    defaults: [
      ['10.3.0', 'false'],
      ['11.0.0', 'true'],
    ],
    about: 'An install fails where a package has an install script that nobody reviewed.',
  }),
  pnpm('allowBuilds', {
    since: '10.26.0',
    defaults: [],
    about: 'Says yes or no to the install script of each package; the others’ do not run.',
  }),
  pnpm('dangerouslyAllowAllBuilds', {
    since: '10.9.0',
    defaults: [['10.9.0', 'false']],
    about: 'Runs the install scripts of all packages without review.',
  }),
  pnpm('onlyBuiltDependencies', {
    defaults: [],
    about: 'The packages whose install scripts run.',
    removed: { in: '11.0.0', instead: ALLOW_BUILDS },
    source: `${PNPM_10}#onlybuiltdependencies`,
  }),
  pnpm('onlyBuiltDependenciesFile', {
    defaults: [],
    about: 'A JSON file that lists the packages whose install scripts run.',
    removed: { in: '11.0.0', instead: ALLOW_BUILDS },
    source: `${PNPM_10}#onlybuiltdependenciesfile`,
  }),
  pnpm('neverBuiltDependencies', {
    defaults: [],
    about: 'The packages whose install scripts do not run; without `onlyBuiltDependencies` all others’ do.',
    removed: { in: '11.0.0', instead: ALLOW_BUILDS },
    source: `${PNPM_10}#neverbuiltdependencies`,
  }),
  pnpm('ignoredBuiltDependencies', {
    since: '10.1.0',
    defaults: [],
    about: 'The packages whose install scripts do not run, without a warning.',
    removed: { in: '11.0.0', instead: ALLOW_BUILDS },
    source: `${PNPM_10}#ignoredbuiltdependencies`,
  }),
  pnpm('ignoreDepScripts', {
    defaults: [['0.0.0', 'false']],
    about: 'Runs no install scripts of packages, only the project’s own.',
    removed: { in: '11.0.0', instead: ALLOW_BUILDS },
    source: `${PNPM_10}#ignoredepscripts`,
  }),
  pnpm('managePackageManagerVersions', {
    defaults: [['9.7.0', 'true']],
    about: 'pnpm runs the version of itself that `packageManager` names.',
    removed: { in: '11.0.0', instead: '`pmOnFail`' },
    source: PNPM_11,
  }),
  pnpm('packageManagerStrict', {
    defaults: [['9.0.0', 'true']],
    about: 'pnpm fails where `packageManager` names another manager.',
    removed: { in: '11.0.0', instead: '`pmOnFail`' },
    source: PNPM_11,
  }),
  pnpm('packageManagerStrictVersion', {
    defaults: [['9.2.0', 'false']],
    about: 'pnpm fails where `packageManager` names another version.',
    removed: { in: '11.0.0', instead: '`pmOnFail`' },
    source: PNPM_11,
  }),
  pnpm('ignoreScripts', {
    defaults: [['0.0.0', 'false']],
    about: 'Runs no scripts of packages and none of the project itself.',
  }),
  {
    manager: 'pnpm',
    // A setting of the network: .npmrc is still read for those.
    names: { 'pnpm-workspace': 'strictSsl', npmrc: 'strict-ssl' },
    defaults: [['0.0.0', 'true']],
    about: 'Checks the certificate of the registry.',
    source: PNPM_11,
  },
  pnpm('lockfile', { defaults: [['0.0.0', 'true']], about: 'Reads and writes the lockfile.' }),
  // Yarn 2 and later
  {
    manager: 'yarn',
    names: { yarnrc: 'npmMinimalAgeGate' },
    since: '4.10.0',
    defaults: [
      ['4.10.0', '0'],
      ['4.15.0', '1d'],
    ],
    unit: 'age',
    about: 'Yarn resolves to no version that was published more recently than this; a bare number counts minutes.',
    source: `${YARN}#npmMinimalAgeGate`,
  },
  {
    manager: 'yarn',
    names: { yarnrc: 'npmPreapprovedPackages' },
    since: '4.10.0',
    defaults: [['4.10.0', '[]']],
    about: 'Packages and patterns that `npmMinimalAgeGate` does not hold back.',
    source: `${YARN}#npmPreapprovedPackages`,
  },
  {
    manager: 'yarn',
    names: { yarnrc: 'enableScripts' },
    defaults: [
      ['2.0.0', 'true'],
      ['4.14.0', 'false'],
    ],
    about: 'Runs the install scripts of packages; `dependenciesMeta` can say otherwise for each.',
    source: `${YARN}#enableScripts`,
  },
  {
    manager: 'yarn',
    names: { yarnrc: 'approvedGitRepositories' },
    since: '4.14.0',
    defaults: [['4.14.0', '[]']],
    about: 'Patterns of the git repositories that packages may come from.',
    source: `${YARN}#approvedGitRepositories`,
  },
  {
    manager: 'yarn',
    names: { yarnrc: 'enableHardenedMode' },
    since: '4.0.0',
    defaults: [['4.0.0', 'true on pull requests of public repositories']],
    about: 'Asks the registry whether the lockfile says the truth.',
    source: `${YARN}#enableHardenedMode`,
  },
  {
    manager: 'yarn',
    names: { yarnrc: 'checksumBehavior' },
    defaults: [['2.0.0', 'throw']],
    about: 'What happens when an archive is not the one that was locked: `throw`, `update`, `reset` or `ignore`.',
    source: `${YARN}#checksumBehavior`,
  },
  {
    manager: 'yarn',
    names: { yarnrc: 'enableImmutableInstalls' },
    defaults: [['2.0.0', 'true on CI']],
    about: 'An install that would change the lockfile fails.',
    source: `${YARN}#enableImmutableInstalls`,
  },
  {
    manager: 'yarn',
    names: { yarnrc: 'enableStrictSsl' },
    defaults: [['2.0.0', 'true']],
    about: 'Checks the certificate of the registry.',
    source: `${YARN}#enableStrictSsl`,
  },
  {
    manager: 'yarn',
    names: { yarnrc: 'unsafeHttpWhitelist' },
    defaults: [['2.0.0', '[]']],
    about: 'The hosts that may be asked without encryption.',
    source: `${YARN}#unsafeHttpWhitelist`,
  },
  // Yarn 1, which reads .npmrc
  {
    manager: 'yarn-classic',
    names: { npmrc: 'ignore-scripts' },
    defaults: [['0.0.0', 'false']],
    about: 'Runs no install scripts at all, neither the packages’ nor the project’s own.',
    source: 'https://classic.yarnpkg.com/en/docs/cli/install#toc-yarn-install-ignore-scripts',
  },
  // Bun
  {
    manager: 'bun',
    names: { bunfig: 'install.minimumReleaseAge' },
    since: '1.3.0',
    defaults: [['1.3.0', 'no limit']],
    unit: 'age',
    about: 'Bun resolves to no version that was published more recently than this; a bare number counts seconds.',
    source: `${BUN}#install-minimumreleaseage`,
  },
  {
    manager: 'bun',
    names: { bunfig: 'install.minimumReleaseAgeExcludes' },
    since: '1.3.0',
    defaults: [],
    about: 'Names and exact versions of packages that `minimumReleaseAge` does not hold back.',
    source: `${BUN}#install-minimumreleaseageexcludes`,
  },
  {
    manager: 'bun',
    names: { bunfig: 'install.ignoreScripts' },
    defaults: [['1.0.0', 'false']],
    about: 'Runs no install scripts at all, also not those of `trustedDependencies`.',
    source: `${BUN}#install-ignorescripts`,
  },
  {
    manager: 'bun',
    names: { bunfig: 'install.security.scanner' },
    defaults: [],
    about: 'A program that Bun asks about every package before it installs it.',
    source: `${BUN}#install-security-scanner`,
  },
  {
    manager: 'bun',
    names: { bunfig: 'install.lockfile.save' },
    defaults: [['1.0.0', 'true']],
    about: 'Writes the lockfile.',
    source: `${BUN}#install-lockfile-save`,
  },
  {
    manager: 'bun',
    names: { 'package-json': 'trustedDependencies' },
    defaults: [['1.0.0', 'a list of names that comes with Bun']],
    about: 'The packages whose install scripts run. A list replaces the one that comes with Bun; an empty one allows none.',
    source: 'https://bun.com/docs/pm/lifecycle#trusteddependencies',
  },
];
