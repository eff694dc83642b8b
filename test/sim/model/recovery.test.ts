/** A DC that comes back slowly, guests for whom no DC is far, and a measured access law. */
import { describe, expect, test } from 'vitest';
import { Column } from '../../../sim/model/column.ts';
import { disturbancesOf } from '../../../sim/model/disturbances.ts';
import { BUCKET_COUNT, bucketMiddle } from '../../../sim/model/latency-buckets.ts';
import type { ServiceTimes } from '../../../sim/model/service-times.ts';
import { modelTables } from '../../../sim/model/tables.ts';
import { ACKNOWLEDGED, DELIVERED, Tally, tallyShape } from '../../../sim/model/tally.ts';
import { oneWayMs } from '../../../system-under-test/topology.ts';
import { planet, TOPOLOGY } from './planet.ts';

const LOSS = { kind: 'dc_loss', dc: 3, atSeconds: 2, forSeconds: 3 } as const;
const ALWAYS_10_MS = { quantilesUs: [10_000, 10_000] };

function run(service: Partial<ServiceTimes>, faults = [LOSS]) {
  const plan = planet({ faults, seconds: 10, rate: 100, service });
  const tally = new Tally(tallyShape(plan));
  new Column(plan, modelTables(plan), tally, 0).run();
  return { plan, tally };
}

/** Median of acknowledgements (0 stored, 1 queued) to people of a DC by index, ms. */
function ackMedianMs(tally: Tally, kind: number, dc: number): number {
  const { cells, dcCount } = tally.shape;
  const counts = new Float64Array(BUCKET_COUNT);
  const first = ((3 + kind) * dcCount + dc) * cells * BUCKET_COUNT;
  for (let i = 0; i < cells * BUCKET_COUNT; i++) {
    counts[i % BUCKET_COUNT]! += tally.latency[first + i]!;
  }
  let left = counts.reduce((sum, n) => sum + n, 0) / 2;
  const bucket = counts.findIndex((n) => {
    left -= n;
    return left <= 0;
  });
  return bucketMiddle(bucket) / 1000;
}

describe('a slow return', () => {
  test('lengthens the loss by the restart, and silence on links by the dialling', () => {
    const oneWayUs = new Float64Array(9).fill(1000);
    const recovery = { restartMs: 700, redialMs: 200 };
    const { losses, closures, cutUntilUs } = disturbancesOf(TOPOLOGY, [LOSS], oneWayUs, recovery);
    expect(losses).toEqual([{ dc: 2, fromUs: 2e6, toUs: 5.7e6 }]);
    expect(cutUntilUs[2]).toBe(5.7e6);
    expect(closures[2 * 3]).toEqual([{ fromUs: 2e6, toUs: 5.9e6 }]);
    expect(closures[2]).toEqual([{ fromUs: 2e6 - 1000, toUs: 5.9e6 }]);
  });

  test('makes more wait, later, and loses nothing', () => {
    const [quick, slow] = [run({}), run({ restartMs: 1000, redialMs: 500 })];
    const waited = ({ tally }: typeof quick): number =>
      tally.waitingIn.reduce((sum, n) => sum + n, 0);
    // 1.5 s more of 100 messages a second that DC 3's people send, and of what others send them.
    expect(waited(slow) - waited(quick)).toBeGreaterThan(150);
    expect(slow.tally.perSettled[2]! - quick.tally.perSettled[2]!).toBeGreaterThan(1.2e6);
    for (const { tally } of [quick, slow]) {
      expect(tally.pairs(DELIVERED)).toEqual(tally.pairs(ACKNOWLEDGED));
      expect(tally.orderViolations).toBe(0);
    }
  });

  test('is over only when the last guest is home', () => {
    const outage = ({ tally }: ReturnType<typeof run>): number =>
      tally.delivered.reduce((sum, n, i) => sum + (Math.floor(i / 3) % 3 === 2 ? n : 0), 0);
    // Everyone is elsewhere well before the return: who is still on the way ends an incident, too.
    const soon = { detectMs: 10, reconnectSpreadMs: 10 };
    const more = outage(run({ ...soon, guestStayMs: 2000 })) - outage(run(soon));
    expect(more).toBeGreaterThan(200);
  });
});

describe('guests', () => {
  test('have the way to their host on top, as much of it as is told', () => {
    const service = { access: ALWAYS_10_MS, detectMs: 10, reconnectSpreadMs: 10 };
    const wayMs = oneWayMs(TOPOLOGY, 3, 2);
    const far = ackMedianMs(run({ ...service, guestWayShare: 1 }).tally, 1, 2);
    const half = ackMedianMs(run({ ...service, guestWayShare: 0.5 }).tally, 1, 2);
    const near = ackMedianMs(run({ ...service, guestWayShare: 0 }).tally, 1, 2);
    expect((far - near) / (2 * wayMs)).toBeCloseTo(1, 1);
    expect((half - near) / wayMs).toBeCloseTo(1, 1);
    expect(near).toBeLessThan(30);
  });

  test('a measured access law takes the place of the topology’s', () => {
    const { tally } = run({ access: { quantilesUs: [50_000, 50_000] } }, []);
    expect(ackMedianMs(tally, 0, 0)).toBeGreaterThan(100);
    expect(ackMedianMs(tally, 0, 0)).toBeLessThan(110);
  });
});
