/**
 * Whether the latencies of a live run can be believed, or are those of the generator or of a
 * machine without a free core. Each reason says what was measured and what is trusted.
 */
import type { DiskFigures } from '../../sim/parallel/disk-meter.ts';
import type { ThreadMeter } from '../../sim/parallel/load-meter.ts';

/**
 * Limits of trust (assumed: a quarter to a half of the latency that people notice). Beyond them a
 * run measures its generator.
 */
export const TRUST = {
  /** A message is sent so late at most, p99. */
  lagP99Ms: 50,
  /** The event loop of a thread of the generator runs so late at most, p99. */
  loopDelayP99Ms: 100,
  /** The same of a datacentre's process. */
  dcLoopDelayP99Ms: 100,
  /** One pause of a collector, and all of them as a share of the time. */
  gcPauseMs: 500,
  gcShare: 0.15,
  /** A thread that works nearly all of the time has no time left for what arrives. */
  busyShare: 0.95,
  /** The machine has a core left, or nothing was felt of it: sent in time, p99. */
  machineBusyShare: 0.98,
  machineLagP99Ms: 10,
  /** A thread that is stuck cannot even begin to meter itself. */
  meteredShare: 0.9,
  /** A sync that has nothing to do with what is under test takes so long at most. */
  syncMs: 200,
  /** So much of what was due was sent. */
  sentShare: 0.99,
};

export interface GeneratorFigures {
  readonly threads: readonly ThreadMeter[];
  readonly windowSeconds: number;
  /** Share of all cores in use by everybody during the window; undefined: not measured. */
  readonly machineBusyShare: number | undefined;
  /** How late messages were sent; undefined: none was. */
  readonly lagP99Ms: number | undefined;
  /** Messages of the window that were due, and handed to the network. */
  readonly offered: number;
  readonly sent: number;
}

/** Why the run is void; empty: its latencies are those of what is under test. */
export function bottlenecks(figures: GeneratorFigures): string[] {
  const { threads, windowSeconds, machineBusyShare = 0, lagP99Ms = 0, offered, sent } = figures;
  const reasons: string[] = [];
  if (lagP99Ms > TRUST.lagP99Ms) {
    const trusted = `trusted up to ${TRUST.lagP99Ms} ms`;
    reasons.push(`the generator was late: p99 ${lagP99Ms.toFixed(0)} ms, ${trusted}`);
  }
  threads.forEach((meter, thread) => {
    const who = `thread ${thread + 1} of the generator`;
    reasons.push(...threadBottlenecks(meter, who));
    if (meter.seconds < windowSeconds * TRUST.meteredShare) {
      const metered = `${meter.seconds.toFixed(1)} of ${windowSeconds} s`;
      reasons.push(`${who}: was metered for ${metered}, and was stuck in the others`);
    }
  });
  if (machineBusyShare > TRUST.machineBusyShare && lagP99Ms > TRUST.machineLagP99Ms) {
    const felt = `messages were sent late, p99 ${lagP99Ms.toFixed(0)} ms`;
    reasons.push(`the machine had no core left: ${percent(machineBusyShare)} in use, and ${felt}`);
  }
  if (offered > 0 && sent < offered * TRUST.sentShare) {
    const share = `${percent(sent / offered)}, wanted ${percent(TRUST.sentShare)}`;
    reasons.push(`the load was not offered: ${sent} of ${offered} messages were sent (${share})`);
  }
  return reasons;
}

/**
 * Why times are longer than what is under test makes them: the five datacentres share one disk, and
 * it stalled. Whatever held meanwhile holds.
 */
export function diskStalls(disk: DiskFigures | undefined): string[] {
  if (!disk || disk.longestMs <= TRUST.syncMs) return [];
  const { longestMs, longestAt } = disk;
  const took = `a sync of nothing but a small file took ${longestMs.toFixed(0)} ms`;
  const when = `at ${longestAt.toFixed(0)} s, trusted up to ${TRUST.syncMs} ms`;
  return [`the disk of this machine stalled: ${took} ${when}`];
}

/** For people, a line. */
export function diskNote({ medianMs, longestMs }: DiskFigures): string {
  const [median, longest] = [medianMs.toFixed(1), longestMs.toFixed(0)];
  return `disk: a small sync took ${median} ms in the median, ${longest} ms at most`;
}

function threadBottlenecks(meter: ThreadMeter, who: string): string[] {
  const { seconds, loopDelay, busyShare, gc } = meter;
  const reasons: string[] = [];
  if (loopDelay.p99 > TRUST.loopDelayP99Ms) {
    const trusted = `trusted up to ${TRUST.loopDelayP99Ms} ms`;
    reasons.push(`${who}: its event loop stalled, p99 ${loopDelay.p99.toFixed(0)} ms, ${trusted}`);
  }
  if (busyShare > TRUST.busyShare) {
    const trusted = `trusted up to ${percent(TRUST.busyShare)}; use more threads or fewer messages`;
    reasons.push(`${who}: was busy ${percent(busyShare)} of the time, ${trusted}`);
  }
  const gcShare = seconds > 0 ? gc.totalMs / 1_000 / seconds : 0;
  if (gc.maxMs > TRUST.gcPauseMs || gcShare > TRUST.gcShare) {
    const longest = `the longest ${gc.maxMs.toFixed(0)} ms (trusted up to ${TRUST.gcPauseMs} ms)`;
    const share = `${percent(gcShare)} of the time (up to ${percent(TRUST.gcShare)})`;
    reasons.push(`${who}: its collector paused it ${gc.pauses} times, ${longest}, ${share}`);
  }
  return reasons;
}

/** The same figures for people, a line. */
export function generatorNote({ threads, machineBusyShare, lagP99Ms }: GeneratorFigures): string {
  const cpu = threads.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  const most = (of: (meter: ThreadMeter) => number): number => Math.max(0, ...threads.map(of));
  const machine =
    machineBusyShare === undefined ? '' : `; all cores ${percent(machineBusyShare)} in use`;
  return [
    `generator: ${threads.length} thread${threads.length === 1 ? '' : 's'}, ${cpu.toFixed(1)} s of CPU`,
    `busy at most ${percent(most(({ busyShare }) => busyShare))}`,
    `sent late by p99 ${(lagP99Ms ?? 0).toFixed(1)} ms`,
    `event loop late by p99 ${most(({ loopDelay }) => loopDelay.p99).toFixed(0)} ms`,
    `longest pause of a collector ${most(({ gc }) => gc.maxMs).toFixed(0)} ms${machine}`,
  ].join(', ');
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
