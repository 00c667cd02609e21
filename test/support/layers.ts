import { builtinModules } from 'node:module';
import path from 'node:path';
import { transformSync } from 'esbuild';

/** A module's path from the repository's root, with `/`, and its text. */
export type Sources = Readonly<Record<string, string>>;

/** Which layers a layer may import. Whoever adds an arrow here changes the architecture: see docs/architecture.md. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  data: ['data'],
  lookalikes: ['core', 'lookalikes'],
  core: ['core', 'data'],
  formats: ['core', 'formats'],
  rules: ['core', 'formats', 'rules', 'data'],
  policy: ['core', 'policy'],
  engine: ['core', 'formats', 'rules', 'policy', 'engine', 'data'],
  sources: ['core', 'sources', 'tuf'],
  tuf: ['tuf'],
  disk: ['core', 'formats', 'engine', 'lookalikes', 'disk'],
  lsp: ['core', 'formats', 'rules', 'policy', 'engine', 'data', 'lookalikes', 'sources', 'provenance', 'disk', 'lsp'],
  provenance: ['core', 'data', 'provenance'],
  cli: ['core', 'formats', 'rules', 'policy', 'engine', 'data', 'sources', 'provenance', 'disk', 'cli'],
  client: ['client'],
};

/** What the client may import of the server: names and plain types, and how JSON that people write is added to. */
const SHARED_WITH_CLIENT: ReadonlySet<string> = new Set(['server/src/lsp/protocol.ts', 'server/src/policy/json-append.ts']);

/** The only module that opens connections. */
const NETWORK_DOOR = 'server/src/sources/http.ts';

/** The only module that starts a process, and all that it may have for that: no shell, no fork, nothing synchronous. */
const PROCESS_STARTER = 'server/src/disk/credential-helper.ts';
const PROCESS_STARTER_NAMES: ReadonlySet<string> = new Set(['spawn']);

/** Packages, and the modules that may import them: a layer's name, or the path of one module. */
const PACKAGES: readonly { readonly name: RegExp; readonly where: readonly string[] }[] = [
  { name: /^vscode-languageserver(-|\/|$)/, where: ['lsp'] },
  { name: /^vscode(-languageclient(\/.*)?)?$/, where: ['client'] },
  { name: /^@sigstore\//, where: ['provenance'] },
  { name: /^@tufjs\//, where: ['tuf'] },
  { name: /^node:(child_process|cluster|worker_threads|vm|repl|inspector)(\/|$)/, where: [] },
  { name: /^(node:(https?|http2|tls|dgram|dns)(\/.*)?|https?-proxy-agent|undici)$/, where: [NETWORK_DOOR] },
  { name: /^node:crypto$/, where: ['disk', 'cli', 'lsp', 'sources', 'provenance', 'tuf'] },
  { name: /^node:stream$/, where: ['disk', 'cli', 'lsp', 'sources', 'tuf'] },
  { name: /^node:fs(\/|$)/, where: ['disk', 'cli', 'lsp'] },
  { name: /^node:/, where: ['disk', 'cli', 'lsp', 'sources'] },
];

/** Data of a package that a module reads by its path, because the package exports it no other way. */
const PACKAGE_DATA = [{ module: 'server/src/core/public-npm-registry.ts', target: 'node_modules/oxc-parser/package.json' }];

/** All that anybody may have of node:net, which can also open connections: arithmetic with addresses. */
const NET_ARITHMETIC: ReadonlySet<string> = new Set(['BlockList', 'isIP', 'isIPv4', 'isIPv6']);

/** Globals that open connections. Nobody uses them: http.ts is built on node:http. */
const NETWORK_GLOBALS = ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'];

/** Globals that a web worker lacks, and the layers that must run in one. */
const NODE_GLOBALS = ['process', 'Buffer', 'require', '__dirname', '__filename', 'setImmediate', 'global'];
const WORKER_LAYERS: ReadonlySet<string> = new Set(['core', 'formats', 'rules', 'policy', 'engine', 'data', 'lookalikes']);

interface Import {
  readonly from: string;
  /** What stands between `import` and `from`; empty for a dynamic or a bare import. */
  readonly clause: string;
}

/** Every forbidden arrow between modules, as a sentence with the module's path; empty where all is well. */
export function forbiddenArrows(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([module, text]) => [
    ...importsOf(text).flatMap((one) => complain(module, one)),
    ...globalsOf(module, text).map((name) => `${module} uses the global ${name}`),
  ]);
}

/** Imports as they stand in the text, type-only ones too: an arrow is an arrow. */
function importsOf(text: string): Import[] {
  const statements = [...text.matchAll(/^(?:import|export)\s+([^'";]*?)\s*from\s+['"]([^'"]+)['"]/gm)];
  const bare = [...text.matchAll(/^import\s+['"]([^'"]+)['"]/gm)];
  const dynamic = [...text.matchAll(/\b(?:import|require)\(\s*['"]([^'"]+)['"]\s*\)/g)];
  return [
    ...statements.map(([, clause = '', from = '']) => ({ from, clause })),
    ...[...bare, ...dynamic].map(([, from = '']) => ({ from, clause: '' })),
  ];
}

function complain(module: string, { from, clause }: Import): string[] {
  const wrong = from.startsWith('.') ? isForbiddenModule(module, from) : isForbiddenPackage(module, from, clause);
  return wrong ? [`${module} imports ${from}`] : [];
}

function isForbiddenModule(module: string, from: string): boolean {
  const target = path.posix.join(path.posix.dirname(module), from);
  const layer = layerOf(module);
  if (layer === 'client' && SHARED_WITH_CLIENT.has(target)) return false;
  if (PACKAGE_DATA.some((data) => data.module === module && data.target === target)) return false;
  // The pages of the rules travel inside the bundles.
  if (target.startsWith('docs/rules/')) return layer !== 'data';
  return ARROWS[layer]?.includes(layerOf(target)) !== true;
}

function isForbiddenPackage(module: string, from: string, clause: string): boolean {
  const name = builtinModules.includes(from) ? `node:${from}` : from;
  if (name === 'node:net') return layerOf(module) !== 'sources' || !namesOf(clause).every((word) => NET_ARITHMETIC.has(word));
  if (name === 'node:child_process' && module === PROCESS_STARTER) return !namesOf(clause).every((word) => PROCESS_STARTER_NAMES.has(word));
  const rule = PACKAGES.find((candidate) => candidate.name.test(name));
  return rule !== undefined && !rule.where.includes(layerOf(module)) && !rule.where.includes(module);
}

function namesOf(clause: string): string[] {
  const named = /^(?:type\s+)?\{([^}]*)\}$/.exec(clause)?.[1];
  // A default or namespace import stands for everything.
  if (named === undefined) return ['*'];
  return named
    .split(',')
    .map((name) => name.trim().replace(/^type\s+/, ''))
    .map((name) => name.replace(/\s+as\s.*$/, ''))
    .filter((name) => name !== '');
}

/** `rules` for server/src/rules/..., `client` for the client, `''` for anything else. */
function layerOf(module: string): string {
  return /^server\/src\/([^/]+)\//.exec(module)?.[1] ?? (module.startsWith('client/src/') ? 'client' : '');
}

/** Forbidden globals that a module uses. esbuild knows scopes: a parameter named `fetch` is no global. */
function globalsOf(module: string, text: string): string[] {
  const names = [...NETWORK_GLOBALS, ...(WORKER_LAYERS.has(layerOf(module)) ? NODE_GLOBALS : [])];
  const define = Object.fromEntries(names.flatMap((name) => [name, `globalThis.${name}`].map((key) => [key, `FORBIDDEN_${name}`])));
  const { code } = transformSync(text, { loader: 'ts', define });
  return names.filter((name) => code.includes(`FORBIDDEN_${name}`));
}
