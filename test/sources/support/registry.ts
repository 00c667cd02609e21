/**
 * A container registry on loopback: Debian's `docker-registry` where it is installed, otherwise a small one of the test
 * suite's own, and then it says so. WAYBILL_REQUIRE_DOCKER_REGISTRY=1 turns the absence into a failure.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LoggedRequest } from './git-server.ts';
import { type Loopback, serve } from './loopback.ts';
import { startSmallRegistry } from './small-registry.ts';
import { createKeyPair, type KeyPair, sign, startTokenServer, TOKEN_ISSUER, TOKEN_SERVICE, type TokenServer } from './token-server.ts';

/** An image: a multi-platform index of two manifests, or one manifest. The seed makes the content, so the digest. */
export interface ImageSpec {
  readonly kind: 'index' | 'manifest';
  readonly seed?: string;
  /** What the index says that its version is. */
  readonly version?: string;
}

/** How the registry behaves. */
export interface RegistryOptions {
  /** `token`: it wants an anonymous token from a token server; `basic`: the user and password of `BASIC_USER`. None unless given. */
  readonly auth?: 'none' | 'token' | 'basic';
  /** Repositories that the token server has no anonymous token for. */
  readonly denied?: readonly string[];
}

/** Who may read from a registry with `auth: 'basic'`. */
export const BASIC_USER = { username: 'alice', password: 's3cret' } as const;

/** The line of an htpasswd file for `BASIC_USER` (bcrypt, the only hash that the registry takes). */
const HTPASSWD = 'alice:$2y$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n';

/** The running registry. */
export interface Registry {
  readonly kind: 'docker-registry' | 'small';
  /** `127.0.0.1:1234`, to write in front of an image name. */
  readonly host: string;
  /** All requests but those of `push`. */
  readonly requests: readonly LoggedRequest[];
  readonly tokenServer: TokenServer | undefined;
  /** Uploads an image as `repository:tag` and gives its digest. An older one of this name stays under its digest. */
  push(name: string, spec: ImageSpec): Promise<string>;
  /** The digest of the first platform of an index. */
  platform(repository: string, digest: string): Promise<string>;
  /** Deletes a manifest of a repository by its digest. */
  remove(repository: string, digest: string): Promise<void>;
  /** The digest of an image that was pushed. */
  digest(name: string): string;
  close(): Promise<void>;
}

/** Whether the real registry is installed. Throws where it is required and missing. */
export function hasDockerRegistry(): boolean {
  const isInstalled = spawnSync('docker-registry', ['--version'], { stdio: 'ignore' }).status === 0;
  if (!isInstalled && process.env.WAYBILL_REQUIRE_DOCKER_REGISTRY === '1') throw new Error('docker-registry is required and not installed');
  return isInstalled;
}

/** Starts a registry with images by `repository:tag`. */
export async function startRegistry(
  images: Readonly<Record<string, ImageSpec>>,
  { auth = 'none', denied = [] }: RegistryOptions = {},
): Promise<Registry> {
  const isReal = hasDockerRegistry();
  if (!isReal) console.log("# docker-registry is not installed: using the test suite's own small registry");
  const directory = await mkdtemp(join(tmpdir(), 'waybill-registry-'));
  const keys = auth === 'token' ? createKeyPair(directory) : undefined;
  const tokenServer = keys === undefined ? undefined : await startTokenServer(keys, (repository) => denied.includes(repository));
  const setting = { directory, keys, tokenServer, isBasic: auth === 'basic' };
  const backend = isReal ? await startDockerRegistry(setting) : await startSmall(setting);
  const requests: LoggedRequest[] = [];
  const front = await serve((request, response) => {
    requests.push({ method: request.method ?? '', path: request.url ?? '', authorization: request.headers.authorization });
    forward(request, response, backend);
  });
  const digests = new Map<string, string>();
  const push = async (name: string, spec: ImageSpec): Promise<string> => {
    const digest = await pushImage({ url: backend.url, authorization: (actions) => authorizationFor(setting, name, actions) }, name, spec);
    digests.set(name, digest);
    return digest;
  };
  for (const [name, spec] of Object.entries(images)) await push(name, spec);
  return {
    kind: isReal ? 'docker-registry' : 'small',
    host: front.host,
    requests,
    tokenServer,
    push,
    platform: async (repository, digest) => {
      const headers = { ...authorizationFor(setting, `${repository}:`, ['pull', 'push']), accept: INDEX_TYPE };
      const response = await fetch(`${backend.url}/v2/${repository}/manifests/${digest}`, { headers });
      const index = (await response.json()) as { readonly manifests: readonly Descriptor[] };
      return index.manifests[0]?.digest ?? '';
    },
    remove: async (repository, digest) => {
      const headers = authorizationFor(setting, `${repository}:`, ['delete']);
      const response = await fetch(`${backend.url}/v2/${repository}/manifests/${digest}`, { method: 'DELETE', headers });
      if (response.status !== 202) throw new Error(`the test registry does not delete: HTTP ${response.status}`);
    },
    digest: (name) => {
      const digest = digests.get(name);
      if (digest === undefined) throw new Error(`the test registry has no ${name}`);
      return digest;
    },
    close: async () => {
      await Promise.all([front.close(), backend.close(), tokenServer?.close()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

type Backend = Pick<Loopback, 'url' | 'port' | 'close'>;

interface Setting {
  readonly directory: string;
  readonly keys: KeyPair | undefined;
  readonly tokenServer: TokenServer | undefined;
  readonly isBasic: boolean;
}

/** What the test's own pushes and deletions bring along. */
function authorizationFor({ keys, isBasic }: Setting, name: string, actions: readonly string[]): Record<string, string> {
  if (isBasic) return { authorization: BASIC_HEADER };
  return keys === undefined ? {} : { authorization: `Bearer ${sign(keys, [name.slice(0, name.lastIndexOf(':'))], actions)}` };
}

const BASIC_HEADER = `Basic ${Buffer.from(`${BASIC_USER.username}:${BASIC_USER.password}`).toString('base64')}`;

async function startDockerRegistry({ directory, keys, tokenServer, isBasic }: Setting): Promise<Backend> {
  const htpasswd = join(directory, 'htpasswd');
  if (isBasic) await writeFile(htpasswd, HTPASSWD);
  const auth = isBasic
    ? { auth: { htpasswd: { realm: 'basic-realm', path: htpasswd } } }
    : keys === undefined || tokenServer === undefined
      ? {}
      : { auth: { token: { realm: tokenServer.realm, service: TOKEN_SERVICE, issuer: TOKEN_ISSUER, rootcertbundle: keys.certFile } } };
  const storage = { filesystem: { rootdirectory: join(directory, 'data') }, delete: { enabled: true } };
  const config = join(directory, 'registry.yml');
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ version: '0.1', log: { level: 'info' }, storage, http: { addr: '127.0.0.1:0' }, ...auth }));
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env.PATH } });
  const port = await portOf(child);
  return { url: `http://127.0.0.1:${port}`, port, close: () => stop(child) };
}

/** The registry chooses a free port and logs it. */
function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const log: string[] = [];
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`docker-registry ended: ${log.join('\n')}`)));
    if (child.stderr === null) return reject(new Error('docker-registry has no log'));
    // Reading goes on to the end: a full pipe would stop the registry.
    createInterface(child.stderr).on('line', (line) => {
      if (log.length < 20) log.push(line);
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

function startSmall({ keys, tokenServer, isBasic }: Setting): Promise<Backend> {
  const pushTokens = new Set<string>();
  return startSmallRegistry((repository, authorization) => {
    if (isBasic) return authorization === BASIC_HEADER ? undefined : 'Basic realm="basic-realm"';
    const token = authorization?.replace(/^Bearer /, '') ?? '';
    if (tokenServer === undefined || keys === undefined || pushTokens.has(token) || tokenServer.isValid(token, repository))
      return undefined;
    // Pushes bring a token that the test signed itself; it is known by its actions.
    if (isPushToken(token)) return void pushTokens.add(token);
    return `Bearer realm="${tokenServer.realm}",service="${TOKEN_SERVICE}",scope="repository:${repository}:pull"`;
  });
}

function isPushToken(token: string): boolean {
  return /"(?:push|delete)"/.test(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
}

function forward(request: IncomingMessage, response: ServerResponse, { port }: Backend): void {
  const { method, url: path, headers } = request;
  const onward = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';

interface Upload {
  readonly url: string;
  authorization(actions: readonly string[]): Record<string, string>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

async function pushImage({ url, authorization }: Upload, name: string, { kind, seed = name, version }: ImageSpec): Promise<string> {
  const colon = name.lastIndexOf(':');
  const [repository, tag] = [name.slice(0, colon), name.slice(colon + 1)];
  const headers = authorization(['pull', 'push']);
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(new URL(path, url), { ...init, headers: { ...headers, ...init.headers } });
    if (!response.ok) throw new Error(`push of ${name}: ${init.method} ${path} answered ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
    return response;
  };
  const putBlob = async (mediaType: string, body: Buffer): Promise<Descriptor> => {
    const started = await send(`/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(started.headers.get('location') ?? '', url);
    location.searchParams.set('digest', digestOf(body));
    await send(location.href, { method: 'PUT', body: new Uint8Array(body), headers: { 'content-type': 'application/octet-stream' } });
    return { mediaType, digest: digestOf(body), size: body.length };
  };
  const putManifest = async (manifest: { readonly mediaType: string }, reference?: string): Promise<Descriptor> => {
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, ...manifest }));
    const digest = digestOf(body);
    await send(`/v2/${repository}/manifests/${reference ?? digest}`, {
      method: 'PUT',
      body: new Uint8Array(body),
      headers: { 'content-type': manifest.mediaType },
    });
    return { mediaType: manifest.mediaType, digest, size: body.length };
  };
  const putPlatform = async (architecture: string, reference?: string): Promise<Descriptor> => {
    const layer = await putBlob(LAYER_TYPE, Buffer.from(`layer of ${seed} for ${architecture}`));
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const config = await putBlob(CONFIG_TYPE, Buffer.from(JSON.stringify({ architecture, os: 'linux', config: {}, rootfs })));
    return putManifest({ mediaType: MANIFEST_TYPE, ...{ config, layers: [layer] } }, reference);
  };
  if (kind === 'manifest') return (await putPlatform('amd64', tag)).digest;
  const manifests: object[] = [];
  for (const architecture of ['amd64', 'arm64']) {
    const annotations = version === undefined ? {} : { annotations: { 'org.opencontainers.image.version': version } };
    manifests.push({ ...(await putPlatform(architecture)), platform: { architecture, os: 'linux' }, ...annotations });
  }
  return (await putManifest({ mediaType: INDEX_TYPE, ...{ manifests } }, tag)).digest;
}

function digestOf(body: Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}
