/**
 * Flow against events on the same small planet: the two fidelities check each other. Backlogs and
 * drain times within 15 %, mean latencies within 10 % (most within 2 %).
 */
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../chaos/plan.ts';
import { PATHS, type Path } from '../../../../reports/metrics.ts';
import { BUCKET_COUNT, bucketMiddle } from '../../../../sim/model/latency-buckets.ts';
import { DEFAULT_SERVICE_TIMES } from '../../../../sim/model/service-times.ts';
import { GIVEN_UP, PATH_COUNT, type Tally } from '../../../../sim/model/tally.ts';
import { latencyOf, type PlanetOptions, planet, run, sum } from '../planet.ts';
import { count, DCS, type FlowPlanet, flowPlanet } from './flow-planet.ts';

async function both(options: PlanetOptions): Promise<{ tally: Tally; flow: FlowPlanet }> {
  const { faults, seconds, rate, service, mix, fleet, times } = options;
  const flow = await flowPlanet({
    ...(faults ? { faults } : {}),
    ...(seconds ? { seconds } : {}),
    ...(rate ? { rate } : {}),
    ...(service ? { service } : {}),
    ...(mix ? { mix } : {}),
    ...(fleet ? { fleet } : {}),
    ...(times ? { times } : {}),
  });
  return { tally: run(planet(options)), flow };
}

/** Flow over events, of the mean latency of a path to a DC (by index). */
function meanRatio({ tally, flow }: Awaited<ReturnType<typeof both>>, path: Path, dc: number) {
  const events = latencyOf(tally, PATHS.indexOf(path) * DCS + dc);
  const tags = { path, dc: String(dc + 1) };
  return flow.measurements.summary('delivery_latency', tags)!.mean / events.meanMs;
}

function expectNear(ratio: number, tolerance: number): void {
  expect(ratio).toBeGreaterThan(1 - tolerance);
  expect(ratio).toBeLessThan(1 + tolerance);
}

/** Of deliveries within DC `dc`, ms. */
function quantileOf(tally: Tally, dc: number, share: number): number {
  const size = tally.latency.length / (tally.perSeries.length / 2);
  const counts = new Float64Array(BUCKET_COUNT);
  tally.latency.subarray(dc * size, (dc + 1) * size).forEach((n, entry) => {
    counts[entry % BUCKET_COUNT]! += n;
  });
  let left = share * sum(counts);
  const bucket = counts.findIndex((n) => {
    left -= n;
    return left <= 0;
  });
  return bucketMiddle(bucket) / 1000;
}

/** By cell: how many wait for a DC at the end of it. */
function backlogOf(tally: Tally, dc: number): number[] {
  let waiting = 0;
  return Array.from({ length: tally.countCells }, (_, cell) => {
    waiting += tally.waitingIn[cell * DCS + dc]! - tally.waitingOut[cell * DCS + dc]!;
    return waiting;
  });
}

describe.each([60, 400, 1200, 2500, 3200])('calm, %d messages a second and column', (rate) => {
  test('mean latencies of every path and acknowledgement', async () => {
    const runs = await both({ rate, seconds: rate < 100 ? 60 : 20 });
    const { tally, flow } = runs;
    for (let dc = 0; dc < DCS; dc++) {
      expectNear(meanRatio(runs, 'same_dc', dc), 0.02);
      expectNear(meanRatio(runs, 'cross_dc', dc), 0.02);
      const acks = latencyOf(tally, PATH_COUNT * DCS + dc).meanMs;
      const tags = { ack: 'stored', dc: String(dc + 1) };
      expectNear(flow.measurements.summary('ack_latency', tags)!.mean / acks, 0.02);
    }
    const offered = count(flow.measurements, 'messages_offered');
    expect(Math.abs(offered - sum(tally.offered))).toBeLessThan(4 * Math.sqrt(offered));
  });
});

describe('a DC is lost for 10 of 40 s', () => {
  const fault: Fault = { kind: 'dc_loss', dc: 2, atSeconds: 6.1, forSeconds: 10 };
  const [lost, far] = [1, 2];
  const ready = both({ seconds: 40, faults: [fault] });

  test('greatest backlog and drain time', async () => {
    const { tally, flow } = await ready;
    const peak = Math.max(...backlogOf(tally, lost));
    expectNear(flow.measurements.summary('backlog', { dc: '2' })!.max / peak, 0.05);
    const drained = tally.perDc[lost]! / 1e6 - 16.1;
    expectNear(flow.measurements.summary('drain_time', { dc: '2' })!.max / drained, 0.15);
    // And once it has drained, nothing waits any more.
    expect(flow.measurements.summary('backlog', { dc: '2' })!.last).toBe(0);
    const devices = { dc: '2', station: 'devices' } as const;
    expect(flow.measurements.summary('queue_depth', devices)!.last).toBe(0);
  });
  test('writes acknowledged as queued, how many and how late', async () => {
    const { tally, flow } = await ready;
    expectNear(count(flow.measurements, 'writes_queued', { dc: '2' }) / sum(tally.queued), 0.05);
    const events = latencyOf(tally, (PATH_COUNT + 1) * DCS + lost).meanMs;
    const tags = { ack: 'queued', dc: '2' };
    expectNear(flow.measurements.summary('ack_latency', tags)!.mean / events, 0.1);
  });
  test('deliveries on the path outage, and those it does not touch', async () => {
    const runs = await ready;
    for (let dc = 0; dc < DCS; dc++) expectNear(meanRatio(runs, 'outage', dc), 0.1);
    expectNear(meanRatio(runs, 'same_dc', far), 0.02);
    expectNear(meanRatio(runs, 'same_dc', 0), 0.02);
  });
  test('percentiles of what it does not touch', async () => {
    const { tally, flow } = await ready;
    const events = quantileOf(tally, far, 0.99);
    const tags = { path: 'same_dc', dc: '3' } as const;
    expectNear(flow.measurements.percentile('delivery_latency', 99, tags)! / events, 0.05);
    const median = quantileOf(tally, far, 0.5);
    expectNear(flow.measurements.percentile('delivery_latency', 50, tags)! / median, 0.05);
  });
});

test('two DCs are lost, one while the other is: backlogs and drain times of both', async () => {
  const faults: Fault[] = [
    { kind: 'dc_loss', dc: 2, atSeconds: 6.1, forSeconds: 20 },
    { kind: 'dc_loss', dc: 1, atSeconds: 12, forSeconds: 20 },
  ];
  const { tally, flow } = await both({ seconds: 60, faults });
  for (const [dc, back] of [
    [0, 32],
    [1, 26.1],
  ] as const) {
    const tags = { dc: String(dc + 1) };
    const peak = Math.max(...backlogOf(tally, dc));
    expectNear(flow.measurements.summary('backlog', tags)!.max / peak, 0.05);
    const drained = tally.perDc[dc]! / 1e6 - back;
    expectNear(flow.measurements.summary('drain_time', tags)!.max / drained, 0.15);
  }
  expect(sum(tally.queued) / count(flow.measurements, 'writes_queued')).toBeCloseTo(1, 1);
});

test('a DC that takes a second to start and 1.5 s to be linked again; guests are near', async () => {
  const service = { restartMs: 1000, redialMs: 1500, guestWayShare: 0.2 };
  const faults: Fault[] = [{ kind: 'dc_loss', dc: 2, atSeconds: 6.1, forSeconds: 10 }];
  const runs = await both({
    ...{ seconds: 45, faults, service },
  });
  const { tally, flow } = runs;
  const peak = Math.max(...backlogOf(tally, 1));
  // Some 190 wait: 7 % is one standard deviation.
  expectNear(flow.measurements.summary('backlog', { dc: '2' })!.max / peak, 0.1);
  const drained = tally.perDc[1]! / 1e6 - 17.1;
  expectNear(flow.measurements.summary('drain_time', { dc: '2' })!.max / drained, 0.15);
  for (let dc = 0; dc < DCS; dc++) expectNear(meanRatio(runs, 'outage', dc), 0.1);
  const events = latencyOf(tally, (PATH_COUNT + 1) * DCS + 1).meanMs;
  const queued = flow.measurements.summary('ack_latency', { ack: 'queued', dc: '2' })!.mean;
  expectNear(queued / events, 0.1);
});

test('a partition: what waits on its links', async () => {
  const groups = [[1], [2, 3]] as const;
  const faults: Fault[] = [{ kind: 'partition', groups, atSeconds: 5, forSeconds: 8 }];
  const runs = await both({ seconds: 30, faults });
  for (let dc = 0; dc < DCS; dc++) {
    const peak = Math.max(...backlogOf(runs.tally, dc));
    expectNear(runs.flow.measurements.summary('backlog', { dc: String(dc + 1) })!.max / peak, 0.1);
    expectNear(meanRatio(runs, 'outage', dc), 0.1);
    expectNear(meanRatio(runs, 'cross_dc', dc), 0.02);
  }
});

test('twice the load that fits, for ten seconds: refusals, repeats and latencies', async () => {
  const times = (second: number): number => (second >= 10 && second < 20 ? 2.5 : 1);
  const runs = await both({ seconds: 40, rate: 2000, times });
  for (let dc = 0; dc < DCS; dc++) expectNear(meanRatio(runs, 'same_dc', dc), 0.1);
  const refused = sum(runs.tally.refused);
  expectNear(count(runs.flow.measurements, 'requests_refused') / refused, 0.2);
});

test('messages to groups: as many deliveries, as late', async () => {
  const mix = { direct: 0.5, group: 0.3, supergroup: 0, channel: 0, bot: 0.1, media: 0.2 };
  const runs = await both({ seconds: 30, rate: 600, mix });
  // Of each home's 256 drawn groups only some are large, so the tolerance is theirs.
  const delivered = count(runs.flow.measurements, 'messages_delivered');
  expectNear(delivered / sum(runs.tally.delivered), 0.15);
  for (let dc = 0; dc < DCS; dc++) {
    expectNear(meanRatio(runs, 'same_dc', dc), 0.05);
    expectNear(meanRatio(runs, 'cross_dc', dc), 0.05);
  }
});

test('several servers of each role, front servers at 77 %', async () => {
  const three = [3, 3, 3];
  const fleet = { front: three, router: three, delivery: three };
  const runs = await both({ rate: 9000, seconds: 8, fleet });
  for (let dc = 0; dc < DCS; dc++) {
    // Flow is 0.7 ms above: it lets what one sync made durable wait as if for one worker.
    expectNear(meanRatio(runs, 'same_dc', dc), 0.03);
    expectNear(meanRatio(runs, 'cross_dc', dc), 0.02);
  }
});

test('a slow link: how late what crosses it is, and nothing else', async () => {
  const faults: Fault[] = [
    { kind: 'slow_link', from: 1, to: 3, addedMs: 300, atSeconds: 4, forSeconds: 12 },
  ];
  const runs = await both({ seconds: 20, faults });
  for (let dc = 0; dc < DCS; dc++) {
    expectNear(meanRatio(runs, 'same_dc', dc), 0.02);
    expectNear(meanRatio(runs, 'cross_dc', dc), 0.02);
  }
});

test('two and a half times what fits, for 20 s: refusals, and roughly what is given up', async () => {
  const admission = { ...DEFAULT_SERVICE_TIMES.admission, attemptsMax: 3 };
  const times = (second: number): number => (second >= 5 && second < 25 ? 2.5 : 0.5);
  const runs = await both({ rate: 2000, seconds: 40, times, service: { admission } });
  expectNear(count(runs.flow.measurements, 'requests_refused') / sum(runs.tally.refused), 0.15);
  // Flow's back-off is exponential, so that it knows less well who was refused three times.
  const gaveUp = sum(runs.tally.pairs(GIVEN_UP));
  expect(gaveUp).toBeGreaterThan(10_000);
  expectNear(count(runs.flow.measurements, 'messages_given_up') / gaveUp, 0.3);
  for (let dc = 0; dc < DCS; dc++) expectNear(meanRatio(runs, 'same_dc', dc), 0.15);
});
