/** A generator that was the bottleneck says so: every reason at its limit, with its figures. */
import { describe, expect, test } from 'vitest';
import {
  bottlenecks,
  diskNote,
  diskStalls,
  type GeneratorFigures,
  generatorNote,
  TRUST,
} from '../../../scenarios/load/honesty.ts';
import type { ThreadMeter } from '../../../sim/parallel/load-meter.ts';

const meter = (changes: Partial<ThreadMeter> = {}): ThreadMeter => ({
  seconds: 10,
  loopDelay: { p50: 1, p99: TRUST.loopDelayP99Ms, max: 900 },
  busyShare: TRUST.busyShare,
  cpuSeconds: 9,
  gc: { pauses: 100, totalMs: TRUST.gcShare * 10_000, maxMs: TRUST.gcPauseMs },
  ...changes,
});

/** Everything just within the limits. */
const good: GeneratorFigures = {
  threads: [meter(), meter()],
  windowSeconds: 11,
  machineBusyShare: 1,
  lagP99Ms: TRUST.machineLagP99Ms,
  offered: 1000,
  sent: 1000 * TRUST.sentShare,
};

describe('a run is void when the generator was the bottleneck', () => {
  test('not at the limits themselves', () => {
    expect(bottlenecks(good)).toEqual([]);
    expect(bottlenecks({ ...good, machineBusyShare: 0.5, lagP99Ms: TRUST.lagP99Ms })).toEqual([]);
    expect(bottlenecks({ ...good, threads: [], offered: 0, sent: 0 })).toEqual([]);
  });

  const worse = (changes: Partial<ThreadMeter>): Partial<GeneratorFigures> => ({
    threads: [meter(), meter(changes)],
  });
  test.each<[string, Partial<GeneratorFigures>, string]>([
    [
      'it was late',
      { lagP99Ms: 51, machineBusyShare: 0.5 },
      'the generator was late: p99 51 ms, trusted up to 50 ms',
    ],
    [
      'an event loop stalled',
      worse({ loopDelay: { p50: 1, p99: 101, max: 101 } }),
      'thread 2 of the generator: its event loop stalled, p99 101 ms, trusted up to 100 ms',
    ],
    [
      'a thread was never idle',
      worse({ busyShare: 0.96 }),
      'thread 2 of the generator: was busy 96.0 % of the time, trusted up to 95.0 %; use more threads or fewer messages',
    ],
    [
      'one pause of a collector was long',
      worse({ gc: { pauses: 3, totalMs: 600, maxMs: 501 } }),
      'thread 2 of the generator: its collector paused it 3 times, the longest 501 ms (trusted up to 500 ms), 6.0 % of the time (up to 15.0 %)',
    ],
    [
      'pauses of a collector were many',
      worse({ gc: { pauses: 900, totalMs: 1600, maxMs: 2 } }),
      'thread 2 of the generator: its collector paused it 900 times, the longest 2 ms (trusted up to 500 ms), 16.0 % of the time (up to 15.0 %)',
    ],
    [
      'a thread was stuck when the window began',
      worse({ seconds: 9.8, gc: { pauses: 0, totalMs: 0, maxMs: 0 } }),
      'thread 2 of the generator: was metered for 9.8 of 11 s, and was stuck in the others',
    ],
    [
      'the machine had no core left, and it was felt',
      { machineBusyShare: 0.985, lagP99Ms: 11 },
      'the machine had no core left: 98.5 % in use, and messages were sent late, p99 11 ms',
    ],
    [
      'the load was not offered',
      { offered: 1000, sent: 989 },
      'the load was not offered: 989 of 1000 messages were sent (98.9 %, wanted 99.0 %)',
    ],
  ])('%s', (_, changes, reason) => {
    expect(bottlenecks({ ...good, ...changes })).toEqual([reason]);
  });

  test('every reason is told, not the first', () => {
    const all = { ...worse({ busyShare: 1 }), lagP99Ms: 90, sent: 0 };
    expect(bottlenecks({ ...good, ...all })).toHaveLength(4);
  });

  test('the figures are shown of every run', () => {
    expect(generatorNote(good)).toBe(
      'generator: 2 threads, 18.0 s of CPU, busy at most 95.0 %, sent late by p99 10.0 ms, event loop late by p99 100 ms, longest pause of a collector 500 ms; all cores 100.0 % in use',
    );
  });
});

describe('a disk that stalls', () => {
  const disk = { syncs: 240, medianMs: 1.24, longestMs: TRUST.syncMs, longestAt: 12 };
  test('is told beyond the limit, not at it', () => {
    expect(diskStalls(disk)).toEqual([]);
    expect(diskStalls(undefined)).toEqual([]);
    expect(diskStalls({ ...disk, longestMs: 912.4, longestAt: 87.3 })).toEqual([
      'the disk of this machine stalled: a sync of nothing but a small file took 912 ms at 87 s, trusted up to 200 ms',
    ]);
  });
  test('is in the report, whatever it did', () => {
    expect(diskNote(disk)).toBe('disk: a small sync took 1.2 ms in the median, 200 ms at most');
  });
});
