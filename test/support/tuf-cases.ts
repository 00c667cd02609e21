import { canonical, EXPIRES, NOW, sha256, signatureBy, signedBy, type TufRepositoryMaker, tufKey } from './tuf-repository.ts';

/** What a repository does to a client that has had two good updates from it. */
export interface TufCase {
  readonly what: string;
  readonly change: (repo: TufRepositoryMaker) => void;
  /** What the client says; undefined where the update is good. */
  readonly problem?: RegExp;
  /** The reference implementation (tuf-js 4.1.0) says otherwise, and why. */
  readonly stricter?: string;
  readonly laxer?: string;
  /** When the update is, in milliseconds since the epoch; `NOW` unless given. */
  readonly at?: number;
}

/** The files that the repository of the cases has. */
export const FILES = { 'trusted_root.json': '{"one":1}', 'npm.example.test/keys.json': '{"keys":[]}' };

const PAST = { expires: new Date(NOW - 1000).toISOString().replace(/\.\d+/, '') };
const [stranger, other] = [tufKey('ed25519'), tufKey()];

/** A served document, signed text and all, with one thing replaced. */
function spoil(repo: TufRepositoryMaker, path: string, change: (text: string) => string): void {
  const text = repo.served.get(path);
  if (text === undefined) throw new Error(`there is no ${path}`);
  const changed = change(text);
  if (changed === text) throw new Error(`${path} did not change`);
  repo.served.set(path, changed);
}

/** Puts signatures before those of a document. */
function withSignatures(text: string, signatures: readonly unknown[]): string {
  const { signatures: own, ...rest } = JSON.parse(text);
  return JSON.stringify({ ...rest, signatures: [...signatures, ...own] });
}

function nested(depth: number): unknown {
  let value: unknown = 0;
  for (let left = depth; left > 0; left--) value = [value];
  return value;
}

const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, nth) => [`role-${nth}.json`, { version: 1 }]));

/** Good ones. */
export const GOOD_CASES: readonly TufCase[] = [
  { what: 'nothing new', change: () => undefined },
  { what: 'new metadata, the same files', change: (repo) => repo.publish() },
  { what: 'other files', change: (repo) => repo.publish({ files: { ...FILES, 'trusted_root.json': '{"two":2}' } }) },
  { what: 'no keys of a registry any more', change: (repo) => repo.publish({ files: { 'trusted_root.json': '{"two":2}' } }) },
  {
    what: 'a root with new keys for root and targets',
    change: (repo) => {
      const keys = [tufKey(), tufKey('ed25519'), tufKey()];
      repo.rotate({ root: keys, targets: keys });
      repo.publish();
    },
  },
  {
    what: 'three roots, one after the other, all with other keys',
    change: (repo) => {
      for (let round = 0; round < 3; round++)
        repo.rotate({ root: [tufKey(), tufKey('ed25519')], timestamp: [tufKey()], snapshot: [tufKey()] });
      repo.publish();
    },
  },
  {
    what: 'a root in between that has expired',
    change: (repo) => {
      repo.rotate({}, { members: PAST });
      repo.rotate();
      repo.publish();
    },
  },
  {
    what: 'versions that go back after the keys of timestamp and snapshot have changed (fast-forward)',
    change: (repo) => {
      repo.rotate({ timestamp: [tufKey()], snapshot: [tufKey()] });
      repo.versions.timestamp = 0;
      repo.versions.snapshot = 0;
      repo.publish();
    },
  },
  {
    what: 'versions that go back after the keys of the snapshot alone have changed (fast-forward)',
    change: (repo) => {
      repo.rotate({ snapshot: [tufKey()] });
      repo.versions.timestamp = 0;
      repo.versions.snapshot = 0;
      repo.publish();
    },
    laxer: 'it keeps a timestamp whose key is still the same, where section 5.3.11 says "timestamp and/or snapshot"',
  },
  {
    what: 'a signature by a key that nobody knows beside the good ones',
    change: (repo) => {
      repo.publish();
      spoil(repo, 'timestamp.json', (text) => withSignatures(text, [signatureBy(stranger, JSON.parse(text).signed)]));
    },
  },
];

/** Bad ones: each must leave the client with what it had. */
export const BAD_CASES: readonly TufCase[] = [
  // Freeze: each expires at the fixed time of the update.
  {
    what: 'an expired timestamp',
    change: (repo) => repo.publish({ timestamp: { members: PAST } }),
    problem: /^timestamp \d has expired on/,
  },
  { what: 'an expired snapshot', change: (repo) => repo.publish({ snapshot: { members: PAST } }), problem: /^snapshot \d has expired on/ },
  { what: 'expired targets', change: (repo) => repo.publish({ targets: { members: PAST } }), problem: /^targets \d has expired on/ },
  {
    what: 'expired targets of a role',
    change: (repo) => repo.publish({ delegated: { members: PAST } }),
    problem: /^targets \d has expired on/,
  },
  { what: 'an expired last root', change: (repo) => repo.rotate({}, { members: PAST }), problem: /^root 2 has expired on/ },
  { what: 'nothing new until everything has expired', change: () => undefined, at: Date.parse(EXPIRES), problem: /^root 1 has expired on/ },
  {
    what: 'a timestamp whose end cannot be read',
    change: (repo) => repo.publish({ timestamp: { members: { expires: 'never' } } }),
    problem: /^timestamp does not say when it expires$/,
    stricter: 'it takes what cannot be read for a day that never comes',
  },

  // Rollback.
  {
    what: 'the timestamp before',
    change: (repo) => {
      repo.versions.timestamp = 0;
      repo.publish();
    },
    problem: /^timestamp has the version 1, and had 2 before$/,
  },
  {
    what: 'a new timestamp of the snapshot before',
    change: (repo) => {
      repo.versions.snapshot = 0;
      repo.publish();
    },
    problem: /^the snapshot that the timestamp names has the version 1, and had 2 before$/,
  },
  {
    what: 'a new snapshot of the targets before',
    change: (repo) => {
      repo.versions.targets = 0;
      repo.publish();
    },
    problem: /^targets\.json has the version 1, and had 2 before$/,
  },
  {
    what: 'a new snapshot that lists a role no more',
    change: (repo) => {
      repo.publish();
      const { meta } = JSON.parse(repo.served.get('3.snapshot.json') ?? '').signed;
      repo.versions.targets--;
      repo.publish({ snapshot: { members: { meta: { 'targets.json': meta['targets.json'] } } } });
    },
    problem: /^the snapshot lists npm-keys\.json no more$/,
  },
  {
    what: 'the root before as the next one',
    change: (repo) => repo.served.set('2.root.json', repo.served.get('1.root.json') ?? ''),
    problem: /^root has the version 1, not 2$/,
  },

  // Roots.
  {
    what: 'a root that skips a version',
    change: (repo) => repo.rotate({}, { members: { version: 3 } }),
    problem: /^root has the version 3, not 2$/,
  },
  {
    what: 'a root that the old keys have not signed',
    change: (repo) => {
      const keys = [tufKey(), tufKey()];
      repo.rotate({ root: keys }, { by: keys });
    },
    problem: /^root was signed by 0\/2 keys$/,
  },
  {
    what: 'a root that its own keys have not signed',
    change: (repo) => repo.rotate({ root: [tufKey(), tufKey()] }, { by: repo.roles().root }),
    problem: /^root was signed by 0\/2 keys$/,
  },
  {
    what: 'a root with too few signatures',
    change: (repo) => repo.rotate({}, { by: repo.roles().root.slice(0, 1) }),
    problem: /^root was signed by 1\/2 keys$/,
  },
  {
    what: 'a root with a threshold of nobody',
    change: (repo) => repo.rotate({}, { members: { roles: withThreshold(repo, 0) } }),
    problem: /threshold must be at least 1/,
  },
  {
    what: 'a root with one key under two names',
    change: (repo) => {
      const [key = stranger] = repo.roles().root;
      repo.rotate({ targets: [key, { ...key, id: sha256(key.id) }] });
      repo.publish();
    },
    problem: /^targets has one key under several names$/,
    stricter: 'it counts such a key twice',
  },
  {
    what: 'a root of a later specification',
    change: (repo) => repo.rotate({}, { members: { spec_version: '2.0.0' } }),
    problem: /specVersion/,
  },

  // Signatures.
  {
    what: 'a timestamp by a key of nobody',
    change: (repo) => repo.publish({ timestamp: { by: [stranger] } }),
    problem: /^timestamp was signed by 0\/1 keys$/,
  },
  {
    what: 'a snapshot by a key of nobody',
    change: (repo) => repo.publish({ snapshot: { by: [stranger] } }),
    problem: /^snapshot was signed by 0\/1 keys$/,
  },
  {
    what: 'targets with too few signatures',
    change: (repo) => repo.publish({ targets: { by: repo.roles().targets.slice(1, 2) } }),
    problem: /^targets was signed by 1\/2 keys$/,
  },
  {
    what: 'targets of a role by another role',
    change: (repo) => repo.publish({ delegated: { by: repo.roles().targets } }),
    problem: /^npm-keys was signed by 0\/1 keys$/,
  },
  {
    what: 'one signature twice',
    change: (repo) => {
      const [key = stranger] = repo.roles().targets;
      repo.publish({ targets: { by: [key, key] } });
    },
    problem: /multiple signatures found for keyid/,
  },
  {
    what: 'two signatures with one key, under the names of two',
    change: (repo) => {
      const [key = stranger, second = stranger] = repo.roles().targets;
      repo.publish({ targets: { by: [key, { ...key, id: second.id }] } });
    },
    problem: /^targets was signed by 1\/2 keys$/,
  },
  {
    what: 'something signed that was changed afterwards',
    change: (repo) => {
      repo.publish();
      spoil(repo, 'timestamp.json', (text) => text.replace('"1.0.31"', '"1.0.30"'));
    },
    problem: /^timestamp was signed by 0\/1 keys$/,
  },
  {
    what: 'a snapshot in the place of a timestamp',
    change: (repo) => repo.served.set('timestamp.json', repo.served.get('2.snapshot.json') ?? ''),
    problem: /expected 'timestamp', got snapshot/,
  },

  // Lengths, hashes, versions: nothing goes with anything that it was not made for.
  {
    what: 'a snapshot of another hash',
    change: (repo) => {
      repo.publish();
      spoil(repo, '3.snapshot.json', (text) => text.replace('{', '{ ').replace('\n}', '}'));
    },
    problem: /Expected hash/,
  },
  {
    what: 'a longer snapshot',
    change: (repo) => {
      repo.publish();
      spoil(repo, '3.snapshot.json', (text) => `${text} `);
    },
    problem: /longer than|Expected length/,
  },
  {
    what: 'the snapshot before in the place of the next (mix and match)',
    change: (repo) => {
      repo.publish({ timestamp: { members: { meta: { 'snapshot.json': { version: 3 } } } } });
      repo.served.set('3.snapshot.json', repo.served.get('2.snapshot.json') ?? '');
    },
    problem: /^snapshot has the version 2, and 3 is listed$/,
  },
  {
    what: 'the targets before in the place of the next (mix and match)',
    change: (repo) => {
      repo.publish({ snapshot: { members: { meta: { 'targets.json': { version: 3 }, 'npm-keys.json': { version: 3 } } } } });
      repo.served.set('3.targets.json', repo.served.get('2.targets.json') ?? '');
    },
    problem: /^targets has the version 2, and 3 is listed$/,
  },
  {
    what: 'a snapshot that does not list the targets',
    change: (repo) => {
      repo.versions.snapshot = 5;
      repo.publish({ snapshot: { members: { meta: { 'npm-keys.json': { version: 2 } } } } });
    },
    problem: /lists targets\.json no more/,
  },
  {
    what: 'another file than the one that was signed',
    change: (repo) => {
      repo.publish({ files: { ...FILES, 'trusted_root.json': '{"two":2}' } });
      spoil(repo, `targets/${sha256('{"two":2}')}.trusted_root.json`, () => '{"bad":0}');
    },
    problem: /Expected hash/,
  },
  {
    what: 'a file without a hash',
    change: (repo) => repo.publish({ targets: { members: { targets: { 'trusted_root.json': { length: 9, hashes: {} } } } } }),
    problem: /^trusted_root\.json has no hash$/,
    stricter: 'it does with the length',
  },
  {
    what: 'a file with a hash that leads elsewhere',
    change: (repo) =>
      repo.publish({ targets: { members: { targets: { 'trusted_root.json': { length: 9, hashes: { sha256: '../../x' } } } } } }),
    problem: /^trusted_root\.json has no hash$/,
  },
  {
    what: 'no trust root any more',
    change: (repo) => repo.publish({ files: { 'other.json': '' } }),
    problem: /^no role has trusted_root\.json$/,
  },
  {
    what: 'a file that is missing',
    change: (repo) => {
      repo.publish({ files: { ...FILES, 'trusted_root.json': '{"two":2}' } });
      repo.served.delete(`targets/${sha256('{"two":2}')}.trusted_root.json`);
    },
    problem: /^the repository has no targets\//,
  },
  {
    what: 'metadata that are missing',
    change: (repo) => {
      repo.publish();
      repo.served.delete('3.targets.json');
    },
    problem: /^the repository has no 3\.targets\.json$/,
  },

  // What is no metadata.
  {
    what: 'a timestamp that is a web page',
    change: (repo) => repo.served.set('timestamp.json', '<!doctype html>'),
    problem: /^timestamp is no JSON object$/,
  },
  {
    what: 'a timestamp that is cut',
    change: (repo) => spoil(repo, 'timestamp.json', (text) => text.slice(0, -20)),
    problem: /^timestamp is no JSON object$/,
  },
  { what: 'an empty timestamp', change: (repo) => repo.served.set('timestamp.json', ''), problem: /^timestamp is no JSON object$/ },
  {
    what: 'a timestamp that is a list',
    change: (repo) => repo.served.set('timestamp.json', '[]'),
    problem: /^timestamp is no JSON object$/,
  },
  {
    what: 'a timestamp that is null',
    change: (repo) => repo.served.set('timestamp.json', 'null'),
    problem: /^timestamp is no JSON object$/,
  },
  { what: 'a root that is a web page', change: (repo) => repo.served.set('2.root.json', '<html>'), problem: /^root is no JSON object$/ },
  {
    what: 'a timestamp with __proto__ in it, signed',
    change: (repo) => repo.publish({ timestamp: { members: JSON.parse('{"__proto__":{"version":9}}') } }),
    problem: /^timestamp has JSON out of all bounds$/,
    stricter: 'it does not look for that',
  },
  {
    what: 'a signature by __proto__',
    change: (repo) =>
      spoil(repo, 'timestamp.json', (text) => JSON.stringify({ ...JSON.parse(text), signatures: [{ keyid: '__proto__', sig: '00' }] })),
    problem: /multiple signatures found for keyid: __proto__/,
  },
  {
    what: 'deep JSON',
    change: (repo) => repo.served.set('timestamp.json', JSON.stringify({ signatures: [], signed: nested(2000) })),
    problem: /^timestamp has JSON out of all bounds$/,
  },
  {
    what: 'more members than the library takes in a moment',
    change: (repo) => {
      const body = { ...JSON.parse(repo.served.get('2.snapshot.json') ?? '').signed, version: 3, meta: members(6_000) };
      const text = signedBy(body, [other]);
      repo.served.set('3.snapshot.json', text);
      repo.publish({ timestamp: { members: { meta: { 'snapshot.json': { version: 3 } } } } });
      repo.served.set('3.snapshot.json', text);
    },
    problem: /longer than|^snapshot has JSON out of all bounds$/,
  },
  {
    what: 'a version that is no whole number',
    change: (repo) => repo.publish({ timestamp: { members: { version: 3.5 } } }),
    problem: /^timestamp has no version$/,
  },
];

function withThreshold(repo: TufRepositoryMaker, threshold: number): unknown {
  const { roles } = repo.rootBody();
  return JSON.parse(canonical(roles), (name, value) => (name === 'threshold' ? threshold : value));
}
