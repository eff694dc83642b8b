/** The toxic alone, on a virtual clock: whatever is lost is only late. */
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ToxicMeter } from '../../../chaos/toxiproxy/extensions/meters.ts';
import { randomStream } from '../../../chaos/toxiproxy/random.ts';
import { retransmission, SEGMENT_BYTES } from '../../../chaos/toxiproxy/toxics/retransmission.ts';
import type { End } from '../../../chaos/toxiproxy/toxics/toxic.ts';

/** Fifteen waits of two minutes, the longest that one segment can take. */
const LONGEST_MS = 15 * 120_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function started(lossPpm: number, rtoMs: number, seed: string) {
  const out: { bytes: Buffer; atMs: number }[] = [];
  const ends: { end: End; atMs: number }[] = [];
  const meter = new ToxicMeter('retransmission', 'downstream');
  const stage = retransmission.start(
    { loss_ppm: lossPpm, rto_ms: rtoMs },
    {
      port: {
        take: (bytes) => void out.push({ bytes, atMs: performance.now() }),
        end: (end) => void ends.push({ end, atMs: performance.now() }),
      },
      random: randomStream(seed),
      settled() {},
      meter,
    },
  );
  return { stage, out, ends, meter };
}

const chunk = fc.record({ bytes: fc.integer({ min: 1, max: 70_000 }), afterMs: fc.nat(50) });

it('hands on every byte, in order, and the end behind them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 900_000 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.string(),
      fc.array(chunk, { minLength: 1, maxLength: 12 }),
      fc.option(fc.nat(2_000), { nil: undefined }),
      (lossPpm, rtoMs, seed, chunks, removedAfterMs) => {
        const { stage, out, ends, meter } = started(lossPpm, rtoMs, seed);
        const sent: Buffer[] = [];
        let next = 0;
        for (const { bytes, afterMs } of chunks) {
          vi.advanceTimersByTime(afterMs);
          const data = Buffer.from(Uint8Array.from({ length: bytes }, () => next++ % 251));
          sent.push(data);
          stage.take(data, performance.now());
        }
        stage.end('fin');
        if (removedAfterMs === undefined) {
          vi.advanceTimersByTime(LONGEST_MS);
        } else {
          vi.advanceTimersByTime(removedAfterMs);
          stage.release();
        }
        expect(Buffer.concat(out.map(({ bytes }) => bytes)).equals(Buffer.concat(sent))).toBe(true);
        expect(ends.map(({ end }) => end)).toEqual(['fin']);
        expect(stage.heldBytes).toBe(0);
        expect(meter.lostSegments).toBeLessThanOrEqual(meter.segments);
        expect(vi.getTimerCount()).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});

it('is as late as the time-out, doubled for each loss, and never early', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_000, max: 600_000 }), fc.string(), (lossPpm, seed) => {
      const { stage, out } = started(lossPpm, 100, seed);
      const startMs = performance.now();
      stage.take(Buffer.alloc(20 * SEGMENT_BYTES), startMs);
      vi.advanceTimersByTime(LONGEST_MS);
      const possible = new Set([0]);
      for (let losses = 0, sum = 0; losses < 15; losses++) {
        sum += Math.min(120_000, 100 * 2 ** losses);
        possible.add(sum);
      }
      for (const { atMs } of out) expect(possible).toContain(Math.round(atMs - startMs));
      const times = out.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }),
    { numRuns: 100 },
  );
});

it('loses the share that was asked for', () => {
  const { stage, meter } = started(20_000, 200, 'share');
  for (let index = 0; index < 1_000; index++) {
    stage.take(Buffer.alloc(100 * SEGMENT_BYTES), performance.now());
  }
  stage.stop();
  // 100,000 segments, 2 %: 2,000 with a standard deviation of 44; five of them are allowed.
  expect(meter.segments).toBe(100_000);
  expect(Math.abs(meter.lostSegments - 2_000)).toBeLessThan(221);
});

it('stands in nobody’s way when nothing is lost', () => {
  const { stage, out } = started(0, 200, 'none');
  stage.take(Buffer.from('at once'), performance.now());
  expect(out).toHaveLength(1);
});
