/**
 * How steady the clock and the event loop of this machine are right now, measured for about a
 * second and a half: what a live run would add to each latency it measures.
 */
import { TRUST } from '../../scenarios/load/honesty.ts';

export interface Noise {
  /** Smallest step of the monotonic clock that was seen, ns. */
  readonly clockStepNs: number;
  /** Longest time for which a busy thread was stopped by others, ms. */
  readonly stopMsMax: number;
  /** Share of the time that such stops of 0.1 ms and more took. */
  readonly stoppedShare: number;
  /** How late timers of an idle event loop fire, ms: beyond what was asked for. */
  readonly lateMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly samples: number;
}

export type NoiseGrade = 'steady' | 'uneasy' | 'too busy';

const BUSY_MS = 300;
const IDLE_MS = 1_200;
const TIMER_MS = 2;
const STOP_NS = 100_000;
const NS_PER_MS = 1e6;

/** A clock and timers, so that a test can hand in its own. */
export interface NoiseSource {
  readonly nowNs: () => bigint;
  readonly sleep: (ms: number) => Promise<void>;
}

export const REAL_SOURCE: NoiseSource = {
  nowNs: () => process.hrtime.bigint(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export async function measureNoise(source: NoiseSource = REAL_SOURCE): Promise<Noise> {
  const busy = busyFor(BUSY_MS, source);
  const late = await timersFor(IDLE_MS, source);
  late.sort((a, b) => a - b);
  const at = (share: number): number => late[Math.ceil(share * late.length) - 1] ?? 0;
  return { ...busy, lateMs: { p50: at(0.5), p99: at(0.99), max: at(1) }, samples: late.length };
}

/** Reads the clock without a break: a step much longer than the others is somebody else's. */
function busyFor(
  ms: number,
  { nowNs }: NoiseSource,
): Pick<Noise, 'clockStepNs' | 'stopMsMax' | 'stoppedShare'> {
  let [least, most, stopped] = [Number.POSITIVE_INFINITY, 0, 0];
  const start = nowNs();
  let last = start;
  while (last - start < BigInt(ms * NS_PER_MS)) {
    const now = nowNs();
    const step = Number(now - last);
    last = now;
    if (step > 0 && step < least) least = step;
    if (step > most) most = step;
    if (step >= STOP_NS) stopped += step;
  }
  const all = Number(last - start);
  return { clockStepNs: least, stopMsMax: most / NS_PER_MS, stoppedShare: stopped / all };
}

async function timersFor(ms: number, { nowNs, sleep }: NoiseSource): Promise<number[]> {
  const late: number[] = [];
  const end = nowNs() + BigInt(ms * NS_PER_MS);
  while (nowNs() < end) {
    const before = nowNs();
    await sleep(TIMER_MS);
    late.push(Math.max(0, Number(nowNs() - before) / NS_PER_MS - TIMER_MS));
  }
  return late;
}

/** A busy thread that is stopped for more of the time does not have a core to itself (assumed). */
const STOPPED_SHARE = 0.2;

/** By the limits at which a live run itself says that it cannot be trusted. */
export function gradeOf({ lateMs, stoppedShare }: Noise): NoiseGrade {
  if (lateMs.p99 > TRUST.lagP99Ms) return 'too busy';
  const isUneasy = lateMs.p99 > TRUST.machineLagP99Ms || stoppedShare > STOPPED_SHARE;
  return isUneasy ? 'uneasy' : 'steady';
}

/** One sentence for people. */
export function noiseSentence(noise: Noise): string {
  const p99 = noise.lateMs.p99.toFixed(1);
  switch (gradeOf(noise)) {
    case 'steady':
      return `the machine adds up to ${p99} ms (p99) to a live latency, as it is now`;
    case 'uneasy':
      return `the machine adds ${p99} ms (p99) and more to a live latency: other work takes the cores`;
    case 'too busy':
      return (
        `a live run would be void: timers are ${p99} ms late (p99), ` +
        `and it trusts itself up to ${TRUST.lagP99Ms} ms`
      );
  }
}
