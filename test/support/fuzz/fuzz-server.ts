import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LineIndex, splitsPair } from '../../../server/src/core/text.ts';
import { analyse } from '../../../server/src/engine/analyse.ts';
import { OFFLINE_FACTS } from '../../../server/src/engine/fact-store.ts';
import { formatForPath } from '../../../server/src/engine/formats.ts';
import { toDiagnostics } from '../../../server/src/lsp/convert.ts';
import { DEFAULT_POLICY } from '../../../server/src/policy/policy.ts';
import { rules } from '../../../server/src/rules/index.ts';
import { Session, uriOf } from '../lsp-client.ts';
import { memoryProject } from '../memory-project.ts';
import { readCorpus } from './corpus.ts';
import type { FuzzLimits } from './fuzz.ts';
import { mutate } from './mutate.ts';
import { type Random, seeded } from './random.ts';

/** How many edits one document gets before it is closed. */
const EDITS_PER_DOCUMENT = 20;

/**
 * Sends incremental edits to the server bundle in dist and holds its diagnostics against a fresh analysis of the same text.
 * Throws at the first difference. Gives the number of edits.
 */
export async function fuzzServer({ seed, inputs, seconds }: FuzzLimits): Promise<number> {
  const corpus = readCorpus();
  const folder = mkdtempSync(path.join(tmpdir(), 'waybill-fuzz-'));
  const lsp = await Session.start({ folder, settings: { network: 'off' } });
  const deadline = performance.now() + seconds * 1000;
  let edits = 0;
  try {
    for (let document = 0; edits < inputs && performance.now() < deadline; document++) {
      const random = seeded(seed + document);
      const entry = random.pick(corpus);
      const uri = uriOf(folder, entry.path);
      let text = entry.files[entry.path] ?? '';
      await lsp.open(uri, text);
      for (let version = 2; version < EDITS_PER_DOCUMENT + 2 && edits < inputs; version++, edits++) {
        const changes = [];
        for (let i = random.below(3); i >= 0; i--) {
          const change = changeOf(random, text, entry.files[entry.path] ?? '');
          changes.push(change.sent);
          text = change.text;
        }
        await lsp.change(uri, version, ...changes);
        const actual = await lsp.diagnostics(uri);
        assert.deepEqual(actual, fresh(entry.path, uri, text), `seed ${seed + document}, edit ${version - 1} of ${entry.origin}:\n${text}`);
      }
      await lsp.close(uri);
    }
    assert.deepEqual(
      lsp.logged.filter((line) => line.includes('failed')),
      [],
      'the server logs errors of its own',
    );
  } finally {
    await lsp.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return edits;
}

/** One change in the form of the protocol, and the text after it. */
function changeOf(random: Random, text: string, original: string) {
  const start = nameable(text, random.below(text.length + 1));
  const end = nameable(text, random.oneIn(3) ? Math.min(text.length, start + random.below(30)) : start);
  const piece = random.oneIn(2) ? '' : mutate(random, original.slice(start, start + 20), [original]).slice(0, 40);
  const lines = new LineIndex(text);
  return {
    sent: { range: { start: lines.positionAt(start), end: lines.positionAt(end) }, text: piece },
    text: text.slice(0, start) + piece + text.slice(end),
  };
}

/** The offset itself, or one before it where the protocol has no name for it: between CR and LF, or inside a surrogate pair. */
function nameable(text: string, offset: number): number {
  const isBetween = text[offset - 1] === '\r' && text[offset] === '\n';
  return isBetween || splitsPair(text, offset) ? offset - 1 : offset;
}

/** What a server that had only ever seen this text would say, as it comes out of the wire. */
function fresh(name: string, uri: string, text: string): unknown {
  const manifest = formatForPath(name)?.parse({ uri, path: name, text, version: 0 });
  assert.ok(manifest);
  const analysis = analyse(manifest, { rules, policy: DEFAULT_POLICY, surroundings: memoryProject({}), facts: OFFLINE_FACTS });
  return JSON.parse(
    JSON.stringify(toDiagnostics(analysis, { codeDescription: true, data: true, relatedInformation: true, deprecatedTag: true })),
  );
}
