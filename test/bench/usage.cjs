// Loaded into a process with `--require`: writes down at its end what it took, into the file that WAYBILL_BENCH_USAGE names.

const { writeFileSync } = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');

/** How long a process starts, in ms: reading its bundles is no wait for anybody. */
const START_MS = 2_000;

/** How often is looked whether something else would have had a turn, in ms. */
const TICK_MS = 1;

const file = process.env.WAYBILL_BENCH_USAGE;
if (file !== undefined) {
  const startKb = process.resourceUsage().maxRSS;
  const delay = monitorEventLoopDelay({ resolution: TICK_MS });
  const cpuMs = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  // On a busy machine a process that waits for the processor looks blocked; in its own processor time it does not.
  const stretches = [];
  let last = cpuMs();
  const watch = setInterval(() => {
    const now = cpuMs();
    const spent = now - last;
    last = now;
    const at = process.uptime() * 1000;
    if (at < START_MS) return;
    delay.enable();
    if (stretches.length === 5 && stretches[4].cpuMs >= spent) return;
    stretches.push({ at: Math.round(at), cpuMs: spent });
    stretches.sort((a, b) => b.cpuMs - a.cpuMs).splice(5);
  }, TICK_MS);
  watch.unref();
  process.once('exit', () => {
    const { maxRSS } = process.resourceUsage();
    writeFileSync(
      file,
      // The histogram counts the time of a turn itself, which is the resolution.
      JSON.stringify({ startKb, peakKb: maxRSS, cpuMs: cpuMs(), longestMs: Math.max(0, delay.max / 1e6 - TICK_MS), stretches }),
    );
  });
}
