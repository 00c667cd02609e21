// What look-ups cost against servers on loopback: for bench-look-ups.mjs, which bundles it.

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { known } from '../../server/src/core/answer.ts';
import { type GitRefs, gitRefs, imageDigest, PUBLIC_GITHUB_URL, type RepositoryKey } from '../../server/src/core/facts.ts';
import { imageContent } from '../../server/src/core/image-facts.ts';
import { cacheFolder } from '../../server/src/disk/cache-folder.ts';
import { createFactCache } from '../../server/src/sources/fact-cache.ts';
import { gitCommand } from '../../server/src/sources/git-remote.ts';
import { createSources, type Sources } from '../../server/src/sources/index.ts';
import { type GitServer, type RepositorySpec, startGitServer } from '../sources/support/git-server.ts';
import { type Registry, startRegistry } from '../sources/support/registry.ts';
import { withFolder } from '../support/folder.ts';
import { Session, uriOf } from '../support/lsp-client.ts';
import { BareClient, type BareRequest, TrafficMeter } from './bare-client.ts';
import { packageHoverRows } from './package-hovers.ts';
import { median, percentile } from './statistics.mjs';

/** What the goals speak of. */
const ACTIONS = 30;
const REPOSITORIES = 20;
const IMAGES = 30;

/** Repositories of the images, where several are of one. */
const SHARED_REPOSITORIES = 10;

/** Tags of each repository. */
const TAGS = 40;

/** How often each set of look-ups is made, by turns with the bare requests; the first one does not count. */
const ROUNDS = 9;

/** Hovers over what is known, and keys in a document full of it. */
const HOVERS = 1_000;
const KEYS = 60;

/** The most that one look-up may take longer than its bare requests, in ms. */
const GOAL_ADDED_MS = 20;

/** One line of the table. */
export type LookUpRow = Readonly<Record<string, string | number>>;

/** All figures of look-ups, in the order in which they are shown. The extension's server is that of `dist`. */
export async function lookUpRows(): Promise<LookUpRow[]> {
  const git = await startGitServer(Object.fromEntries(Array.from({ length: REPOSITORIES }, (_, nth) => [nameOf(nth), repositorySpec()])));
  try {
    return [
      ...(await actionRows(git)),
      ...(await imageRows()),
      ...(await cacheRows()),
      ...(await editorRows(git)),
      ...(await packageHoverRows()),
    ];
  } finally {
    await git.close();
  }
}

const nameOf = (nth: number): string => `owner-${nth % REPOSITORIES}/action`;

function repositorySpec(): RepositorySpec {
  const tags = Object.fromEntries(Array.from({ length: TAGS }, (_, nth) => [`v1.${nth}.0`, nth % 2 === 0 ? 'A' : { annotated: 'A' }]));
  return { branches: { main: 'A' }, tags: { v1: 'A', ...tags } };
}

/** One kind of look-ups: what asks, the same requests bare, and how many requests the goal allows. */
interface Subject {
  readonly what: string;
  readonly questions: number;
  readonly goal: number;
  readonly ports: readonly number[];
  requests(): number;
  ask(sources: Sources): Promise<boolean>;
  readonly bare: readonly (readonly BareRequest[])[];
  options?: Parameters<typeof createSources>[0];
}

async function actionRows(git: GitServer): Promise<LookUpRow[]> {
  const keys = Array.from({ length: ACTIONS }, (_, nth): RepositoryKey => ({ owner: `owner-${nth % REPOSITORIES}`, repo: 'action' }));
  const refs = ['peel', 'symrefs', 'ref-prefix HEAD', 'ref-prefix refs/heads/', 'ref-prefix refs/tags/'];
  const body = gitCommand('ls-refs', 'sha1', refs);
  return measured({
    what: `${ACTIONS} actions of ${REPOSITORIES} repositories`,
    questions: ACTIONS,
    goal: REPOSITORIES,
    ports: [Number(new URL(git.url).port)],
    requests: () => git.requests.length,
    ask: (sources) => allKnown(keys.map((key) => sources.fetchFact(gitRefs, key, signal()))),
    bare: Array.from({ length: REPOSITORIES }, (_, nth) => [
      {
        method: 'POST',
        url: `${git.url}/${nameOf(nth)}.git/git-upload-pack`,
        headers: { 'content-type': 'application/x-git-upload-pack-request', 'git-protocol': 'version=2' },
        body,
      },
    ]),
    options: { online: true, serverUrl: git.url, env: {} },
  });
}

async function imageRows(): Promise<LookUpRow[]> {
  const rows: LookUpRow[] = [];
  for (const { auth, repositories } of [
    { auth: 'none', repositories: IMAGES },
    { auth: 'token', repositories: IMAGES },
    { auth: 'token', repositories: SHARED_REPOSITORIES },
  ] as const) {
    const images = Array.from({ length: IMAGES }, (_, nth) => ({ repository: `team/app${nth % repositories}`, tag: `1.${nth}` }));
    const registry = await startRegistry(
      Object.fromEntries(images.map(({ repository, tag }) => [`${repository}:${tag}`, { kind: 'index' }])),
      { auth },
    );
    try {
      for (const isRead of [false, true]) rows.push(...(await measured(imageSubject(registry, { images, auth, repositories, isRead }))));
    } finally {
      await registry.close();
    }
  }
  return rows;
}

interface ImageCase {
  readonly images: readonly { readonly repository: string; readonly tag: string }[];
  readonly auth: 'none' | 'token';
  readonly repositories: number;
  /** Whether the manifest is read too: its platforms and version are for hovers. */
  readonly isRead: boolean;
}

function imageSubject(registry: Registry, { images, auth, repositories, isRead }: ImageCase): Subject {
  const { host, tokenServer } = registry;
  const ask = async (sources: Sources, { repository, tag }: ImageCase['images'][number]) => {
    const digest = await sources.fetchFact(imageDigest, { registry: host, repository, tag }, signal());
    if (!isRead || digest.state !== 'known') return digest;
    return sources.fetchFact(imageContent, { registry: host, repository, digest: digest.value.digest }, signal());
  };
  const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json';
  // A chain per repository: its first image finds out that a token is needed, and all of them use it.
  const bare = Array.from({ length: repositories }, (_, nth): BareRequest[] => {
    const own = images.filter(({ repository }) => repository === `team/app${nth}`);
    const address = (reference: string) => `http://${host}/v2/team/app${nth}/manifests/${reference}`;
    const headers = { accept };
    const token = `${tokenServer?.realm}?service=waybill-test-registry&scope=repository:team/app${nth}:pull`;
    const first: BareRequest[] = tokenServer
      ? [
          { method: 'HEAD', url: address(own[0]?.tag ?? ''), headers },
          { method: 'GET', url: token, headers: {}, givesToken: true },
        ]
      : [];
    const each = own.flatMap(({ repository, tag }): BareRequest[] => [
      { method: 'HEAD', url: address(tag), headers },
      ...(isRead ? [{ method: 'GET', url: address(registry.digest(`${repository}:${tag}`)), headers } as const] : []),
    ]);
    return [...first, ...each];
  });
  const ports = [host, ...(tokenServer ? [tokenServer.host] : [])].map((name) => Number(name.slice(name.lastIndexOf(':') + 1)));
  const kind = `${auth === 'token' ? `, ${repositories} repositories with tokens` : ''}${isRead ? ', platforms too' : ''}`;
  return {
    what: `${IMAGES} images${kind}`,
    questions: IMAGES,
    goal: IMAGES * (auth === 'token' ? 3 : 2),
    ports,
    requests: () => registry.requests.length + (tokenServer?.requests.length ?? 0),
    ask: (sources) => allKnown(images.map((image) => ask(sources, image))),
    bare,
    options: { online: true, env: {} },
  };
}

const signal = (): AbortSignal => new AbortController().signal;

async function allKnown(answers: readonly Promise<{ readonly state: string }>[]): Promise<boolean> {
  return (await Promise.all(answers)).every(({ state }) => state === 'known');
}

/** Cold, then warm, by turns with the same requests bare. Throws where something stayed unknown: that would be quick, and no figure. */
async function measured(subject: Subject): Promise<LookUpRow[]> {
  const { what, questions, goal, ports, options = { online: true } } = subject;
  const meter = new TrafficMeter(ports);
  const samples = { cold: [] as number[], warm: [] as number[], bare: [] as number[] };
  const figures = { cold: { requests: 0, bytes: 0 }, warm: { requests: 0, bytes: 0 }, bare: { requests: 0, bytes: 0 } };
  const timed = async (how: keyof typeof samples, work: () => Promise<unknown>): Promise<void> => {
    const [requests, bytes, started] = [subject.requests(), meter.bytes, performance.now()];
    await work();
    samples[how].push(performance.now() - started);
    figures[how] = { requests: subject.requests() - requests, bytes: meter.bytes - bytes };
  };
  const ask = async (sources: Sources): Promise<void> => {
    if (!(await subject.ask(sources))) throw new Error(`${what}: not everything was answered`);
  };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const bare = new BareClient();
      await timed('bare', () => bare.send(subject.bare));
      bare.close();
      const sources = createSources(options);
      await timed('cold', () => ask(sources));
      await timed('warm', () => ask(sources));
      await sources.close();
    }
  } finally {
    meter.stop();
  }
  const ms = (how: keyof typeof samples): number => median(samples[how].slice(1));
  const added = median(samples.cold.map((cold, round) => cold - (samples.bare[round] ?? Number.NaN)).slice(1));
  return [
    { what, how: 'bare', requests: figures.bare.requests, bytes: figures.bare.bytes, ms: ms('bare') },
    {
      what,
      how: 'cold',
      requests: figures.cold.requests,
      each: figures.cold.requests / questions,
      bytes: figures.cold.bytes,
      ms: ms('cold'),
      'added ms': added,
      'added ms each': added / questions,
      goal: `${goal} requests, ${GOAL_ADDED_MS} ms added each`,
      held: yesOrNo(figures.cold.requests <= goal && added / questions < GOAL_ADDED_MS),
    },
    { what, how: 'warm', ...figures.warm, ms: ms('warm'), goal: 'none', held: yesOrNo(figures.warm.requests === 0) },
  ];
}

const yesOrNo = (held: boolean): string => (held ? 'yes' : 'NO');

/** Reading what an earlier session kept: as many repositories as above, and as many as there is room for. */
async function cacheRows(): Promise<LookUpRow[]> {
  const rows: LookUpRow[] = [];
  for (const count of [REPOSITORIES, 2_000]) {
    const folder = await mkdtemp(path.join(tmpdir(), 'waybill-bench-'));
    try {
      const options = { online: true, env: {}, storage: cacheFolder(path.join(folder, 'cache')) };
      await keepRefs(options.storage, count);
      const samples: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const sources = createSources(options);
        const started = performance.now();
        const kept = await sources.keptFact(gitRefs, { owner: 'owner-0', repo: 'action' }, signal());
        samples.push(performance.now() - started);
        if (kept?.state !== 'known') throw new Error('nothing was kept');
        await sources.close();
      }
      const { size } = await stat(path.join(folder, 'cache', `${gitRefs.id}.json`));
      rows.push({ what: `tags of ${count} repositories`, how: 'from the disk', bytes: size, ms: median(samples.slice(1)) });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

/** Writes what a session with so many repositories would have kept. */
async function keepRefs(storage: ReturnType<typeof cacheFolder>, count: number): Promise<void> {
  const names = ['heads/main', ...Array.from({ length: TAGS }, (_, nth) => `tags/v1.${nth}.0`)];
  const cache = createFactCache<GitRefs>({ storage, name: gitRefs.id, now: Date.now, read: () => undefined });
  for (let nth = 0; nth < count; nth++) {
    const refs = names.map((name, at) => ({ name: `refs/${name}`, oid: (nth * 1_000 + at).toString(16).padStart(40, '0') }));
    cache.put(`${PUBLIC_GITHUB_URL}/  owner-${nth}/action`, known({ refs }, Date.now()));
  }
  await cache.flush();
}

/** Over LSP: hovers over what is known, and keys in a workflow whose actions are known, in each mode of `waybill.network`. */
async function editorRows(git: GitServer): Promise<LookUpRow[]> {
  const uses = Array.from({ length: ACTIONS }, (_, nth) => `      - uses: ${nameOf(nth)}@v1\n`).join('');
  const text = `on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n${uses}`;
  const file = '.github/workflows/ci.yml';
  return withFolder({ [file]: text }, async (folder) => {
    const uri = uriOf(folder, file);
    const start = async (network: string): Promise<Session> => {
      const session = await Session.start({
        folder,
        env: { GITHUB_SERVER_URL: git.url, XDG_CACHE_HOME: path.join(folder, 'cache') },
        initializationOptions: { trusted: true, cacheFolder: path.join(folder, network) },
        settings: { network },
      });
      await session.open(uri, text, 'github-actions-workflow');
      await session.diagnostics(uri);
      return session;
    };
    const sessions = new Map<string, Session>();
    try {
      for (const network of ['off', 'onDemand', 'background']) sessions.set(network, await start(network));
      return [...(await hoverRows(git, { session: sessions.get('onDemand'), uri })), ...(await keyRows(git, { sessions, uri }))];
    } finally {
      await Promise.all([...sessions.values()].map((session) => session.stop()));
    }
  });
}

/** The line of the first `uses`, and a column in it. */
const FIRST_LINE = 6;
const COLUMN = 20;

async function hoverRows(
  git: GitServer,
  { session, uri }: { readonly session: Session | undefined; readonly uri: string },
): Promise<LookUpRow[]> {
  const rows: LookUpRow[] = [];
  for (const { how, count } of [
    { how: 'cold', count: ACTIONS },
    { how: 'warm', count: HOVERS },
  ]) {
    const before = git.requests.length;
    const samples: number[] = [];
    for (let nth = 0; nth < count; nth++) {
      const started = performance.now();
      const hover = await session?.hover(uri, FIRST_LINE + (nth % ACTIONS), COLUMN);
      samples.push(performance.now() - started);
      if (!hover) throw new Error(`no hover in line ${FIRST_LINE + (nth % ACTIONS)}`);
    }
    const requests = git.requests.length - before;
    const goal = how === 'warm' ? { goal: 'none', held: yesOrNo(requests === 0) } : {};
    rows.push({ what: `${count} hovers`, how, requests, ms: median(samples), p95: percentile(samples, 0.95), ...goal });
  }
  return rows;
}

/** The same keys by turns in all modes. What a mode costs more than `off` is what look-ups cost a key. */
async function keyRows(
  git: GitServer,
  { sessions, uri }: { readonly sessions: ReadonlyMap<string, Session>; readonly uri: string },
): Promise<LookUpRow[]> {
  await quiet(git);
  const runs = [...sessions].map(([network, session]) => ({ network, session, samples: [] as number[], requests: 0 }));
  const start = { line: FIRST_LINE, character: `      - uses: ${nameOf(0)}@v1`.length };
  for (let key = 0; key < KEYS; key++) {
    for (const run of runs) {
      const before = git.requests.length;
      const end = { ...start, character: start.character + (key % 2) };
      const started = performance.now();
      await run.session.change(uri, key + 2, { range: { start, end }, text: key % 2 === 0 ? '0' : '' });
      await run.session.pull(uri);
      run.samples.push(performance.now() - started);
      run.requests += git.requests.length - before;
    }
  }
  const off = median(runs[0]?.samples.slice(KEYS >> 2) ?? []);
  return runs.map(({ network, samples, requests }) => {
    const ms = median(samples.slice(KEYS >> 2));
    const what = `a key in a workflow with ${ACTIONS} actions`;
    return { what, how: network, requests, ms, ratio: ms / off, goal: 'none', held: yesOrNo(requests === 0) };
  });
}

/** Waits until the background has asked for what it wants: half a second without a request. */
async function quiet(git: GitServer): Promise<void> {
  for (let before = -1; before !== git.requests.length; ) {
    before = git.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
