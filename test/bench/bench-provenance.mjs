// What the verification of one attestation costs, by the bundle that ships: the first one with reading the bundle and the trust
// root, and those after it; then what the packages of a lockfile cost, and a refresh of the trust root.
import { createRequire } from 'node:module';
import path from 'node:path';
import { loadSource } from '../../scripts/load-sources.mjs';
import { percentile } from './statistics.mjs';

/** Attestations of each kind, all different ones. */
const COUNT = 60;

/** Milliseconds for the first attestation and for each one after it. */
const GOALS = { first: 50, next: 10 };

/** Every format, with provenance and with a publication, signed by authorities that the bench makes. */
export async function benchProvenance({ isWanted }) {
  const title = 'provenance: ms of processor time for one attestation, without a connection';
  if (!isWanted('provenance')) return { title, rows: [] };
  const { makeSigstore, SIGNED_AT } = await loadSource('test/support/sigstore.ts');
  const { dependencyRows } = await loadSource('test/bench/provenance.ts');
  const { trustRootRows } = await loadSource('test/bench/trust-root.ts');
  const { NAME, VERSION, INTEGRITY, SIGNER, slsa02, slsa1, publish } = await loadSource('test/support/provenance.ts');
  const { bundle, trust } = makeSigstore();
  const kinds = {
    'SLSA 0.2, format 0.1': () => bundle({ format: '0.1', statement: slsa02(), by: SIGNER }),
    'SLSA 1, format 0.3': () => bundle({ statement: slsa1(), by: SIGNER }),
    'SLSA 1, timestamp authority': () => bundle({ statement: slsa1(), by: SIGNER, time: 'authority' }),
    'publication, format 0.3': () => bundle({ statement: publish(), by: 'registry' }),
  };
  const options = { name: NAME, version: VERSION, integrity: { locked: INTEGRITY }, now: SIGNED_AT.getTime(), trust };
  const inputs = Object.entries(kinds).map(([kind, make]) => [kind, Array.from({ length: COUNT }, () => JSON.stringify(make()))]);
  const require = createRequire(import.meta.url);
  // Whoever verifies has read the engine long ago.
  require(path.resolve('dist/engine.js'));
  const started = process.cpuUsage();
  const { verifyAttestations } = require(path.resolve('dist/provenance.js'));
  const loaded = cpuMs(started);
  let first;
  const rows = inputs.map(([kind, texts]) => {
    const times = texts.map((text) => {
      const before = process.cpuUsage();
      const { attestations } = verifyAttestations(text, options);
      const ms = cpuMs(before);
      if (attestations[0]?.verdict !== 'proven') throw new Error(`${kind} is ${JSON.stringify(attestations)}`);
      return ms;
    });
    // The first of the other kinds warms up and does not count.
    const [ofKind] = times.splice(0, 1);
    first ??= loaded + ofKind;
    const p95 = percentile(times, 0.95);
    return {
      kind,
      attestations: times.length,
      p50: percentile(times, 0.5),
      p95,
      'goal at most': GOALS.next,
      held: p95 <= GOALS.next ? 'yes' : 'NO',
    };
  });
  return {
    title,
    rows: [
      { kind: 'the first, with reading the bundle', p50: first, 'goal at most': GOALS.first, held: first <= GOALS.first ? 'yes' : 'NO' },
      ...rows,
      ...(await dependencyRows()),
      ...(await trustRootRows((times) => percentile(times, 0.5))),
    ],
  };
}

/** Processor time of this process in milliseconds: what else the machine does counts less than it would in a watch's time. */
function cpuMs(since) {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
