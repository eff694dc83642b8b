/**
 * Runs with the noise that real ones have, drawn from a seed: a machine that is a little faster or
 * slower in each run, a tail that varies more than the middle, seconds that resemble their
 * neighbours, and stalls. The sizes of the noise are assumed and said where they are set; what is
 * tested is that the verdict copes with all of them at once.
 */
import type { RunRecord, RunSet, TrendRecord } from '../../../reports/compare/runs.ts';
import { BucketCounts, bucketOf, encodeHdr } from '../../../reports/histogram.ts';
import { generator } from '../../../reports/statistics/block-bootstrap.ts';

export interface Noise {
  readonly seconds: number;
  readonly perSecond: number;
  /** Standard deviation of a run's factor on everything: 0.02 is 2 %. */
  readonly machine: number;
  /** The same, of the slowest tenth only. */
  readonly tail: number;
  /** Standard deviation of a second's factor, which keeps 0.8 of that of the second before. */
  readonly second: number;
  /** Share of seconds in which everything waits 40 ms more. */
  readonly stalls: number;
}

export const NOISE: Noise = {
  seconds: 60,
  perSecond: 40,
  machine: 0.02,
  tail: 0.03,
  second: 0.04,
  stalls: 0.02,
};

const METRICS = [
  { key: 'delivery_latency{path:same_dc}', medianMs: 25 },
  { key: 'ack_latency{ack:stored}', medianMs: 14 },
] as const;

/** What a version does to latencies: the identity, a factor, a split. */
export type Version = (ms: number, u: number) => number;
export const UNCHANGED: Version = (ms) => ms;
export const slowerBy =
  (factor: number): Version =>
  (ms) =>
    ms * factor;
/** Half of the messages get faster, half slower: neither median nor mean moves much. */
export const SPLIT: Version = (ms, u) => ms * (u < 0.5 ? 0.7 : 1.3);

export function runSet(count: number, seed: number, version: Version, noise = NOISE): RunSet {
  const runs = Array.from({ length: count }, (_, index) =>
    noisyRun(`${seed}.${index}`, generator(seed * 1009 + index), version, noise),
  );
  return { scenario: 'noisy', setting: 'the same', runs };
}

function noisyRun(seed: string, random: () => number, version: Version, noise: Noise): RunRecord {
  const machine = Math.exp(noise.machine * normal(random));
  const tail = Math.exp(noise.tail * normal(random));
  const trends: Record<string, TrendRecord> = {};
  for (const { key, medianMs } of METRICS) {
    const counts = new BucketCounts();
    let drift = noise.second * normal(random);
    for (let second = 0; second < noise.seconds; second++) {
      drift = 0.8 * drift + 0.6 * noise.second * normal(random);
      const stallMs = random() < noise.stalls ? 40 : 0;
      for (let message = 0; message < noise.perSecond; message++) {
        const z = normal(random);
        const own = medianMs * Math.exp(0.25 * z + drift) * (z > 1.28 ? tail : 1);
        const ms = version((own + stallMs) * machine, random());
        counts.add(bucketOf(Math.round(ms * 1000)), 1);
      }
    }
    trends[key] = { unit: 'ms', hdr: encodeHdr(counts) };
  }
  const world = { digest: seed, voidReasons: [], broken: [], judged: Object.keys(trends), trends };
  const environment = { node: '24', platform: 'linux-x64', cores: 2 };
  return { quincunx: '0', seed, environment, worlds: { live: world } };
}

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
