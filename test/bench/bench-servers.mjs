// What is measured over LSP: time from a key to its diagnostics, a burst of keys, the start, memory.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadSource } from '../../scripts/load-sources.mjs';
import { benchDocuments } from './documents.mjs';
import { ServerProcess } from './server-process.mjs';
import { median, percentile } from './statistics.mjs';

/** Edits per contender and document before any counts, so that compilers are warm. */
const WARM_UP_EDITS = 20;

/** Edits that count. Even, so that the document is then as it was. */
const EDITS = 60;

/** How long one contender may take for its edits of one document, in ms: a slow one makes fewer. */
const CONTENDER_LIMIT_MS = 5_000;

/** How long one contender may take for its single edits, and again for its bursts, in ms. */
const BURST_LIMIT_MS = 2_000;

/** Keys in a burst, and bursts per document. */
const BURST_KEYS = 10;
const BURSTS = 12;

/** How often each server is started. */
const STARTS = 5;

const { SERVER_FLAGS } = await loadSource('server/src/lsp/protocol.ts');

/** Waybill, as our client starts it; `WAYBILL_BENCH_NODE_ARGS=--cpu-prof` makes profiles. */
const OURS = {
  name: 'waybill',
  command: [...SERVER_FLAGS, ...(process.env.WAYBILL_BENCH_NODE_ARGS?.split(' ') ?? []), 'dist/server.js', '--stdio'],
  initializationOptions: {},
};

function peerSpecs({ home }) {
  const bin = (file) => path.join(home, 'node_modules', file);
  return {
    json: {
      name: 'vscode-langservers-extracted (json)',
      command: [bin('vscode-langservers-extracted/bin/vscode-json-language-server'), '--stdio'],
      initializationOptions: { provideFormatter: false, handledSchemaProtocols: ['file'] },
      settings: { json: { validate: { enable: true } } },
    },
    docker: {
      name: 'dockerfile-language-server-nodejs',
      command: [bin('dockerfile-language-server-nodejs/bin/docker-langserver'), '--stdio'],
    },
    yaml: {
      name: 'yaml-language-server',
      command: [bin('yaml-language-server/bin/yaml-language-server'), '--stdio'],
      settings: { yaml: { validate: true, schemaStore: { enable: false } } },
    },
    actions: {
      name: '@actions/languageserver',
      command: [bin('@actions/languageserver/bin/actions-languageserver'), '--stdio'],
      initializationOptions: { logLevel: 4 },
    },
  };
}

/** Which peers read a document of ours, the bare parser of its kind, and the goal: a ratio to one of them. */
export function rivalsOf({ path: file }, { require }) {
  const json = { name: 'JSON.parse', parse: (text) => JSON.parse(text) };
  const yaml = { name: 'yaml parseDocument', parse: (text) => require('yaml').parseDocument(text) };
  const docker = { name: 'dockerfile-ast', parse: (text) => require('dockerfile-ast').DockerfileParser.parse(text) };
  if (file === 'package.json') return { peers: ['json'], bare: json, goal: { against: 'vscode-langservers-extracted (json)', ratio: 1 } };
  if (file.startsWith('lock/')) return { peers: ['json'], bare: json, goal: { against: json.name, ratio: 1.5 } };
  if (file.startsWith('half/')) return { peers: ['json'], bare: json, goal: { against: json.name, ratio: 3 } };
  // yaml-language-server needs many seconds for each key in 3 MB, and says so itself: it has a limit on purpose.
  if (file === 'pnpm-lock.yaml') return { peers: [], bare: yaml, goal: { against: yaml.name, ratio: 0.05 } };
  if (file.endsWith('.yml')) return { peers: ['yaml', 'actions'], bare: yaml, goal: { against: yaml.name, ratio: 3 } };
  return { peers: ['docker'], bare: docker, goal: { against: docker.name, ratio: 2.7 } };
}

/** From a key to the diagnostics of the text with it: all contenders make the same edits by turns. */
export async function benchKeystrokes({ peers, isWanted }) {
  const title = 'keystroke: ms from a change to its diagnostics';
  const rows = [];
  for (const document of benchDocuments().filter(({ name }) => isWanted('keystroke') || isWanted(name))) {
    const rivals = rivalsOf(document, peers);
    const specs = [OURS, ...rivals.peers.map((name) => peerSpecs(peers)[name])];
    const times = await withServers(specs, async (servers) => {
      const contenders = await Promise.all(servers.map((server, i) => editor(specs[i].name, server, document)));
      const bareText = document.sound ?? document.text;
      return measure([...contenders, { name: rivals.bare.name, once: () => rivals.bare.parse(bareText) }]);
    });
    const goal = times.get(rivals.goal.against);
    for (const [name, { samples, most }] of times) {
      const ratio = name === OURS.name && goal !== undefined ? median(samples) / median(goal.samples) : undefined;
      rows.push({
        document: document.name,
        contender: name,
        p50: median(samples),
        p95: percentile(samples, 0.95),
        edits: samples.length,
        diagnostics: most,
        ...(ratio === undefined ? {} : { ratio, 'goal at most': rivals.goal.ratio, against: rivals.goal.against }),
      });
    }
  }
  return { title, rows };
}

/** Opens the document in a server and gives what makes one edit: the character is typed and deleted by turns. */
async function editor(name, server, document) {
  const uri = uriOf(document);
  await server.open({ ...document, uri });
  const keys = keysOf(document);
  return { name, once: () => server.edit(uri, keys()) };
}

/** The changes of one key after the other. */
function keysOf({ text, edit }) {
  const before = text.slice(0, edit.at);
  const line = before.split('\n').length - 1;
  const character = edit.at - (before.lastIndexOf('\n') + 1);
  const start = { line, character };
  let typed = false;
  return () => {
    typed = !typed;
    return typed
      ? { range: { start, end: start }, text: edit.insert }
      : { range: { start, end: { line, character: character + 1 } }, text: '' };
  };
}

/** Lets contenders take turns. One that is slow takes part in fewer rounds, spread over all. */
async function measure(contenders) {
  const rounds = WARM_UP_EDITS + EDITS;
  const runs = contenders.map((contender) => ({ ...contender, spentMs: 0, samples: [], most: 0 }));
  for (let round = 0; round < rounds; round++) {
    for (const run of runs) {
      if (run.spentMs > (CONTENDER_LIMIT_MS * (round + 1)) / rounds) continue;
      const started = performance.now();
      const answer = await run.once();
      const took = performance.now() - started;
      run.spentMs += took;
      run.samples.push(took);
      if (Array.isArray(answer)) run.most = Math.max(run.most, answer.length);
    }
  }
  return new Map(
    runs.map(({ name, samples, most }) => [name, { samples: samples.slice(Math.min(WARM_UP_EDITS, samples.length >> 2)), most }]),
  );
}

/** What ten keys in a burst cost a server, in edits made one by one, and whether its last answer is right. */
export async function benchBurst({ peers, isWanted }) {
  const title = 'burst: processor time of ten keys in a burst, against one edit';
  const rows = [];
  if (!isWanted('burst')) return { title, rows };
  for (const document of benchDocuments().filter(({ path: file }) => file !== 'pnpm-lock.yaml' && !file.startsWith('half/'))) {
    const specs = [OURS, ...rivalsOf(document, peers).peers.map((name) => peerSpecs(peers)[name])];
    await withServers(specs, async (servers) => {
      for (const [i, server] of servers.entries())
        rows.push({ document: document.name, contender: specs[i].name, ...(await burstOf(server, document)) });
    });
  }
  return { title, rows };
}

async function burstOf(server, document) {
  const uri = uriOf(document);
  await server.open({ ...document, uri });
  const keys = keysOf(document);
  const limit = performance.now() + BURST_LIMIT_MS;
  for (let i = 0; i < WARM_UP_EDITS && performance.now() < limit; i++) await server.edit(uri, keys());
  const single = await cpuOf(server, BURSTS * BURST_KEYS, () => server.edit(uri, keys()));
  let stale = 0;
  let wrong = 0;
  const burst = await cpuOf(server, BURSTS, async () => {
    const answer = await server.burst(uri, Array.from({ length: BURST_KEYS }, keys));
    stale += answer.stale;
    const again = await server.diagnostics(uri);
    if (again !== undefined && JSON.stringify(again) !== JSON.stringify(answer.items)) wrong++;
  });
  return {
    'CPU ms per edit': single,
    'CPU ms per burst': burst,
    edits: burst / single,
    'goal at most': 3,
    'answers taken back': stale,
    'wrong last answers': wrong,
  };
}

/** Processor time in ms per run; stops early at the time limit, but not before the tick of the clock says something. */
async function cpuOf(server, times, once) {
  const before = server.cpuMs();
  const limit = performance.now() + BURST_LIMIT_MS;
  let runs = 0;
  while (runs < times && (runs < 2 || performance.now() < limit)) {
    await once();
    runs++;
  }
  return (server.cpuMs() - before) / runs;
}

/** From the start of the process to the answer to `initialize`. */
export async function benchStart({ peers, isWanted }) {
  const title = 'start: ms to the answer to initialize';
  if (!isWanted('start')) return { title, rows: [] };
  const specs = [OURS, ...Object.values(peerSpecs(peers))];
  const times = new Map(specs.map(({ name }) => [name, []]));
  for (let round = 0; round < STARTS; round++) {
    for (const spec of specs) await withServers([spec], async ([server]) => times.get(spec.name).push(server.startMs));
  }
  const docker = median(times.get('dockerfile-language-server-nodejs') ?? []);
  const rows = [...times].map(([name, samples]) => ({
    contender: name,
    starts: samples.length,
    p50: median(samples),
    ...(name === OURS.name ? { ratio: median(samples) / docker, 'goal at most': 1, against: 'dockerfile-language-server-nodejs' } : {}),
  }));
  return { title, rows };
}

/** Resident memory after a server has opened all documents that are of its kind, and after some edits in each. */
export async function benchMemory({ peers, isWanted }) {
  const title = 'memory: resident MB after opening all documents, and after 20 edits in each';
  if (!isWanted('memory')) return { title, rows: [] };
  const rows = [];
  const documents = benchDocuments();
  for (const spec of [OURS, ...Object.values(peerSpecs(peers))]) {
    const own = documents.filter(
      (document) => spec === OURS || rivalsOf(document, peers).peers.some((name) => peerSpecs(peers)[name].name === spec.name),
    );
    await withServers([spec], async ([server]) => {
      const started = server.residentBytes();
      for (const document of own) await server.open({ ...document, uri: uriOf(document) });
      const opened = server.residentBytes();
      for (const document of own) {
        const keys = keysOf(document);
        for (let i = 0; i < 20; i++) await server.edit(uriOf(document), keys());
      }
      rows.push({
        contender: spec.name,
        documents: own.length,
        started: started / 1e6,
        opened: opened / 1e6,
        edited: server.residentBytes() / 1e6,
        ...(spec === OURS ? { 'goal at most': 120 } : {}),
      });
    });
  }
  return { title, rows };
}

/** The workspace folder of all servers: the documents lie in it, as they would for a user. */
let folder;

function uriOf({ path: file }) {
  return pathToFileURL(path.join(folder, file)).href;
}

/** Starts servers in a folder with all documents, and stops them whatever happens. */
async function withServers(specs, work) {
  folder = mkdtempSync(path.join(tmpdir(), 'waybill-bench-'));
  const servers = [];
  try {
    for (const document of benchDocuments()) {
      const file = path.join(folder, document.path);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, document.text);
    }
    for (const spec of specs) servers.push(await ServerProcess.start(spec, pathToFileURL(folder).href));
    return await work(servers);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}
