/** The model at the scale of a few people: against sums by hand where every station is constant. */
import { describe, expect, test } from 'vitest';
import dcOutage from '../../../scenarios/library/dc-outage.ts';
import { measuredWays, predict } from '../../../scenarios/twin/prediction.ts';
import type { ScaledLoad } from '../../../scenarios/worlds/load.ts';
import { oneWayMs } from '../../../system-under-test/topology.ts';
import { calibrationOf } from '../../sim/model/calibration-example.ts';

const { topology } = dcOutage;
const window = { seconds: 40, warmupSeconds: 2 };
const faults = [{ kind: 'dc_loss', dc: 3, atSeconds: 10, forSeconds: 10 } as const];
const calibration = calibrationOf();

/** Two people at each of DC 1 and DC 3 who write to `to`'s people, at even times. */
function evenLoad(perSecond: number, pairs: readonly (readonly [number, number])[]): ScaledLoad {
  const people = [1, 1, 3, 3].map((homeDc, index) => {
    return { index, homeDc, name: `${index}`, phone: `99966${homeDc}000${index}` };
  });
  const count = perSecond * (window.seconds + window.warmupSeconds);
  const messages = Array.from({ length: count }, (_, i) => {
    const [sender, recipient] = pairs[i % pairs.length]!;
    return { dueMs: (i * 1000) / perSecond, sender, recipient, textBytes: 100 };
  });
  return { people, messages, digest: '', scale: '', notes: [] };
}

const predicted = (load: ScaledLoad, withFaults = false) =>
  predict({
    ...{ topology, window, textBytes: 150, calibration, seed: '1', draws: 9, load },
    faults: withFaults ? faults : [],
  });

describe('in calm times', () => {
  // Access, front server, router, sync; and a push and access again.
  const sameDcMs = 10 + 0.2 + 0.001 + 1 + 0.1 + 10;

  test('a message within a DC takes the sum of its stations', () => {
    const all = predicted(evenLoad(10, [[0, 1]]));
    expect(all.get('delivery, same DC, p50')!.value).toBeCloseTo(sameDcMs, 0);
    expect(all.get('acknowledged, stored, p50')!.value).toBeCloseTo(sameDcMs - 0.1, 0);
    expect(all.get('delivery, same DC, p50')!.count).toBeGreaterThan(300);
    expect([...all.keys()]).not.toContain('drain time');
  });

  test('one between DCs takes the measured way and a sync more', () => {
    const all = predicted(evenLoad(10, [[0, 2]]));
    const wayMs = oneWayMs(topology, 1, 3) + 1; // links were measured 1 ms longer than the map
    const value = all.get('delivery, cross DC, p50')!.value;
    expect(value / (sameDcMs + wayMs + 1)).toBeCloseTo(1, 1);
  });
});

describe('when a DC is lost', () => {
  const all = predicted(evenLoad(40, [[2, 3]]), true);

  test('as much waits as its people write until its links carry again', () => {
    const { restartMs, redialMs } = calibration.service;
    const expected = 40 * (10 + (restartMs + redialMs) / 1000);
    expect(all.get('backlog, peak')!.value / expected).toBeGreaterThan(0.93);
    expect(all.get('backlog, peak')!.value / expected).toBeLessThan(1.07);
  });

  test('the drain takes the pause of its links, a gap a write, and the way of the last', () => {
    const waiting = all.get('backlog, peak')!.value;
    const gapMs = 0.2 / calibration.service.writeDrainShare;
    const expected = (calibration.service.redialMs + waiting * gapMs) / 1000;
    const drained = all.get('drain time')!.value;
    expect(drained).toBeGreaterThan(expected * 0.95);
    expect(drained).toBeLessThan(expected * 1.1 + 0.1);
  });

  test('a queued write is acknowledged as fast as one at home: no DC is farther', () => {
    const queued = all.get('acknowledged, queued, p50')!.value;
    expect(queued / all.get('acknowledged, stored, p50')!.value).toBeCloseTo(1, 1);
  });
});

test('links that were not measured are as much longer as the others', () => {
  const longer = measuredWays(topology, calibration);
  expect(oneWayMs(longer, 1, 2)).toBeCloseTo(oneWayMs(topology, 1, 2) + 1);
  expect(oneWayMs(longer, 5, 4)).toBeCloseTo(oneWayMs(topology, 5, 4) + 1);
  expect(oneWayMs(longer, 5, 5)).toBe(0);
});

test('the same seed gives the same figures', () => {
  const load = evenLoad(10, [
    [0, 1],
    [2, 0],
  ]);
  expect([...predicted(load)]).toEqual([...predicted(load)]);
});
