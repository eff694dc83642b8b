/**
 * What a thread of the generator costs and suffers while it works: its event loop's delays, its
 * collector's pauses, its CPU. A latency that was measured by a thread that was not running is its
 * own.
 */
import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';

/** Of one thread, over the time it was metered. */
export interface ThreadMeter {
  readonly seconds: number;
  /** How late its event loop ran, ms. */
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Share of the time in which its event loop was busy, 0 to 1. */
  readonly busyShare: number;
  readonly cpuSeconds: number;
  /** Pauses of its garbage collector. */
  readonly gc: { readonly pauses: number; readonly totalMs: number; readonly maxMs: number };
}

/** How often the delay is looked at; the histogram of Node holds this time, too. */
const RESOLUTION_MS = 10;

/** Meters the thread that calls it, until the function it returns is called. */
export function meterThread(): () => ThreadMeter {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let [pauses, totalMs, maxMs] = [0, 0, 0];
  const count = (entries: readonly { readonly duration: number }[]): void => {
    for (const { duration } of entries) {
      pauses++;
      totalMs += duration;
      maxMs = Math.max(maxMs, duration);
    }
  };
  const observer = new PerformanceObserver((list) => count(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  delays.enable();
  const startMs = performance.now();
  const loop = performance.eventLoopUtilization();
  const cpu = process.threadCpuUsage();
  return () => {
    delays.disable();
    count(observer.takeRecords());
    observer.disconnect();
    const { user, system } = process.threadCpuUsage(cpu);
    const late = (percentile: number): number =>
      Math.max(0, delays.percentile(percentile) / 1e6 - RESOLUTION_MS);
    return {
      seconds: (performance.now() - startMs) / 1_000,
      loopDelay: { p50: late(50), p99: late(99), max: late(100) },
      busyShare: performance.eventLoopUtilization(loop).utilization,
      cpuSeconds: (user + system) / 1e6,
      gc: { pauses, totalMs, maxMs },
    };
  };
}
