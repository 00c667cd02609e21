// Loaded into a process with `--require`: writes down at its end what it took, into the file that WAYBILL_BENCH_USAGE names.

const { writeFileSync } = require('node:fs');
const { monitorEventLoopDelay } = require('node:perf_hooks');

const file = process.env.WAYBILL_BENCH_USAGE;
if (file !== undefined) {
  const startKb = process.resourceUsage().maxRSS;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.once('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    // The histogram counts the time of a turn itself, which is the resolution.
    const longestMs = Math.max(0, delay.max / 1e6 - 1);
    writeFileSync(file, JSON.stringify({ startKb, peakKb: maxRSS, cpuMs: (userCPUTime + systemCPUTime) / 1000, longestMs }));
  });
}
