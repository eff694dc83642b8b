/** The small parts of the model: buckets, queues, links. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BUCKET_COUNT,
  bucketFrom,
  bucketMiddle,
  bucketOf,
  LATENCY_US_MAX,
} from '../../../sim/model/latency-buckets.ts';
import { Link, type LinkSettings } from '../../../sim/model/link.ts';
import { MARK, MessageQueue } from '../../../sim/model/message-queue.ts';
import { Tally, tallyShape } from '../../../sim/model/tally.ts';
import { planet } from './planet.ts';

describe('latency buckets', () => {
  test('every value lies in its bucket, whose middle is within 1 %', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LATENCY_US_MAX }), (us) => {
        const bucket = bucketOf(us);
        expect(bucket).toBeLessThan(BUCKET_COUNT);
        expect(bucketFrom(bucket)).toBeLessThanOrEqual(us);
        expect(bucketFrom(bucket + 1)).toBeGreaterThan(us);
        expect(Math.abs(bucketMiddle(bucket) - us)).toBeLessThanOrEqual(us * 0.01);
      }),
      { numRuns: 2000, seed: 1 },
    );
    expect(bucketOf(LATENCY_US_MAX)).toBe(BUCKET_COUNT - 1);
  });
});

describe('message queue', () => {
  test('a ring gives back what it was given, in order, as it grows and wraps', () => {
    const queue = new MessageQueue();
    const expected: number[] = [];
    let pushed = 0;
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 100; i++) {
        queue.push(pushed, pushed * 2, pushed, MARK.of(3, 4));
        expected.push(pushed++);
      }
      for (let i = 0; i < 60; i++) {
        expect(queue.headTime()).toBe(expected.shift());
        const slot = queue.head++ & queue.mask;
        expect(queue.dues[slot]).toBe(queue.times[slot]! * 2);
      }
    }
    expect(queue.length).toBe(expected.length);
    queue.putBack(-1, 0, 0, 0);
    expect(queue.headTime()).toBe(-1);
    expect(queue.times[(queue.tail - 1) & queue.mask]).toBe(pushed - 1);
  });
  test('putting back works in an untouched queue and in a full one', () => {
    const queue = new MessageQueue();
    for (let i = 300; i > 0; i--) queue.putBack(i, 0, i, 0);
    for (let i = 1; i <= 300; i++) expect(queue.times[queue.head++ & queue.mask]).toBe(i);
    expect(queue.headTime()).toBe(Infinity);
  });
  test('a mark carries sender, recipient and flags', () => {
    const mark = MARK.of(98, 7) | MARK.waited;
    expect([MARK.senderOf(mark), MARK.recipientOf(mark)]).toEqual([98, 7]);
    expect([mark & MARK.waited, mark & MARK.queued]).toEqual([MARK.waited, 0]);
  });
});

describe('link', () => {
  const settings: LinkSettings = {
    oneWayUs: 1000,
    serialisationUs: [10, 10, 10, 10],
    drainGapUs: 100,
    closures: [],
    slowdowns: [],
    to: 1,
  };
  const tally = (): Tally => new Tally(tallyShape(planet({})));
  const arrivals = (link: Link): number[] => {
    const { inFlight } = link;
    return Array.from({ length: inFlight.length }, (_, i) => inFlight.times[inFlight.head + i]!);
  };

  test('serialises one after the other, then propagates', () => {
    const link = new Link(settings, tally());
    for (const at of [0, 0, 5, 500]) link.send(at, 0, 0, 0);
    expect(arrivals(link)).toEqual([1010, 1020, 1030, 1510]);
  });
  test('what cannot arrive before the outage waits, and leaves paced until none waits', () => {
    const counts = tally();
    // The far side is out from 5000: what leaves from 4000 on does not arrive.
    const closures = [{ fromUs: 4000, toUs: 9000 }];
    const link = new Link({ ...settings, closures }, counts);
    for (const at of [3900, 4100, 8000, 9050, 9500]) link.send(at, 0, 0, 0);
    expect(arrivals(link)).toEqual([4910, 10_100, 10_200, 10_300, 10_510]);
    const waited = [...link.inFlight.marks.subarray(0, 5)].map(
      (mark) => (mark & MARK.waited) !== 0,
    );
    expect(waited).toEqual([false, true, true, true, false]);
    expect(counts.perDc[1]).toBe(9300);
    expect(counts.waitingIn.reduce((a, b) => a + b)).toBe(3);
    expect(counts.waitingOut.reduce((a, b) => a + b)).toBe(3);
  });
  test('a second outage during the drain holds what is left', () => {
    const closures = [
      { fromUs: 4000, toUs: 9000 },
      { fromUs: 9150, toUs: 20_000 },
    ];
    const link = new Link({ ...settings, closures }, tally());
    for (const at of [6000, 6000, 6000]) link.send(at, 0, 0, 0);
    expect(arrivals(link)).toEqual([10_100, 21_100, 21_200]);
  });
  test('a slow link adds its delay and keeps order when it heals', () => {
    const counts = tally();
    const slowdowns = [{ fromUs: 100, toUs: 200, addedUs: 5000 }];
    const link = new Link({ ...settings, slowdowns }, counts);
    for (const at of [0, 150, 300]) link.send(at, 0, 0, 0);
    expect(arrivals(link)).toEqual([1010, 6160, 6160]);
    expect(counts.slowed).toBe(1);
  });
});
