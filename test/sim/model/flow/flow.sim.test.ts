/** Whole flows: conservation, closed forms by hand, every kind of fault, overload, long windows. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../chaos/plan.ts';
import { DEFAULT_FLOW_SETTINGS } from '../../../../sim/model/flow/settings.ts';
import { DEFAULT_SERVICE_TIMES, meanOf } from '../../../../sim/model/service-times.ts';
import { oneWayMs } from '../../../../system-under-test/topology.ts';
import { TOPOLOGY } from '../planet.ts';
import { COLUMNS, count, DCS, type FlowPlanetOptions, flowPlanet } from './flow-planet.ts';

const PER_DC = 400 * COLUMNS;
const loss = (dc: number, atSeconds: number, forSeconds: number): Fault => ({
  kind: 'dc_loss',
  ...{ dc, atSeconds, forSeconds },
});

describe('an even load without faults', () => {
  const ready = flowPlanet({ seconds: 20 });

  test('counts are exact, and nothing is out of the ordinary', async () => {
    const { result, measurements } = await ready;
    const offered = PER_DC * DCS * 20;
    for (const metric of ['messages_offered', 'messages_sent', 'messages_delivered'] as const) {
      expect(count(measurements, metric)).toBe(offered);
    }
    expect(result.messages).toBe(offered);
    for (const metric of ['writes_queued', 'writes_lost', 'requests_refused'] as const) {
      expect(measurements.summary(metric)!.count).toBe(0);
    }
    expect(result.leftWaiting).toBe(0);
    expect(result.steps).toEqual({ disturbed: 0, steady: 20 });
  });
  test('utilisations are load over capacity, and last as long as the window', async () => {
    const { measurements } = await ready;
    const { front, router, delivery } = DEFAULT_SERVICE_TIMES;
    for (const [station, law] of Object.entries({ front, router, delivery })) {
      const { max, last } = measurements.summary('utilisation', { station, dc: '2' })!;
      expect(max).toBeCloseTo((400 * meanOf(law)) / 1e6, 5);
      expect(last).toBe(max);
    }
    // A tenth of 800 messages a second of 400 bytes on 40 Mbit/s.
    const link = measurements.summary('utilisation', { station: 'link', dc: '1' })!;
    expect(link.max).toBeCloseTo((80 * 400 * 8) / 40e6, 5);
  });
  test('a copy is behind by the way, two commits and the wait for company', async () => {
    const { measurements } = await ready;
    const { waitMs, lateMs } = DEFAULT_FLOW_SETTINGS.replication;
    const { max } = measurements.summary('staleness', { home: '1', dc: '3' })!;
    const least = oneWayMs(TOPOLOGY, 1, 3) + waitMs + lateMs + 2;
    expect(max * 1000).toBeGreaterThan(least);
    expect(max * 1000).toBeLessThan(least + 2);
  });
  test('storage and cost by hand', async () => {
    const { result, measurements } = await ready;
    const { recordBytes } = DEFAULT_FLOW_SETTINGS.storage;
    const bytes = PER_DC * DCS * 20 * 2 * (recordBytes + 150);
    expect(measurements.summary('storage_bytes', { dc: '1' })!.last).toBe(bytes);
    expect(result.stored).toEqual({ textBytes: bytes, mediaBytes: 0 });
    const { coreMonth, backboneGb } = DEFAULT_FLOW_SETTINGS.prices;
    const months = 20 / (30.4375 * 86_400);
    // Front, router, log and delivery: two cores each in three DCs.
    const cores = 4 * COLUMNS * DCS * months * coreMonth;
    const links = ((0.2 * PER_DC * DCS * 20 * 400) / 1e9) * backboneGb;
    expect(result.usd / (cores + links)).toBeCloseTo(1, 4); // 20 s of storage cost next to nothing
    const ofLinks = measurements.summary('cost', { station: 'link' })!.last;
    expect(Math.abs(ofLinks - links)).toBeLessThan(0.03); // rounded to cents in each DC
  });
});

test('a disturbed step says what a steady second does where nothing waits', async () => {
  // Every step of this run is a disturbed one, for a link that is slower by a millionth.
  const slow: Fault = {
    ...{ kind: 'slow_link', from: 1, to: 3 },
    ...{ addedMs: 1e-6, atSeconds: 0, forSeconds: 20 },
  };
  const mix = { direct: 0.5, group: 0.2, supergroup: 0.002, channel: 0, bot: 0.3, media: 0.298 };
  const settings = { mediaServers: 4 };
  const calm = await flowPlanet({ seconds: 20, rate: 200, mix, settings });
  const same = await flowPlanet({ seconds: 20, rate: 200, mix, settings, faults: [slow] });
  expect(same.result.steps).toEqual({ disturbed: 20, steady: 0 });
  for (const { metric, tags } of calm.measurements.recorded()) {
    const [expected, got] = [
      calm.measurements.summary(metric, tags),
      same.measurements.summary(metric, tags),
    ];
    if (expected?.kind === 'trend' && got?.kind === 'trend') {
      expect(Math.abs(got.count - expected.count)).toBeLessThanOrEqual(1);
      expect(got.mean / expected.mean).toBeCloseTo(1, 3);
      expect(got.p99 / expected.p99).toBeCloseTo(1, 2);
    } else if (expected?.kind === 'gauge' && got?.kind === 'gauge') {
      expect(got.last).toBeCloseTo(expected.last, 3);
    } else if (expected?.kind === 'counter' && got?.kind === 'counter') {
      expect(Math.abs(got.count - expected.count)).toBeLessThanOrEqual(1);
    }
  }
});

describe('a DC is lost', () => {
  const [at, lasts] = [6, 10];
  const ready = flowPlanet({ seconds: 40, faults: [loss(2, at, lasts)] });
  const { front, delivery, writeDrainShare, deliveryDrainShare } = DEFAULT_SERVICE_TIMES;
  const writes = PER_DC; // of its own people, a second
  const into = 2 * 0.1 * PER_DC; // from the two other DCs

  test('the backlog is what came during the outage, and drains as fast as it may', async () => {
    const { result, measurements } = await ready;
    const { max } = measurements.summary('backlog', { dc: '2' })!;
    expect(max / ((writes + into) * lasts)).toBeCloseTo(1, 2);
    // Writes of 10 s at 70 % of the front servers, while new ones come; copies drain faster.
    const rate = (COLUMNS * writeDrainShare * 1e6) / meanOf(front);
    const drain = (writes * lasts) / (rate - writes);
    const paced = (COLUMNS * deliveryDrainShare * 1e6) / meanOf(delivery) / (DCS - 1);
    expect((into * lasts) / 2 / (paced - into / 2)).toBeLessThan(drain);
    const drained = measurements.summary('drain_time', { dc: '2' })!.max;
    expect(Math.abs(drained - drain)).toBeLessThan(0.25);
    expect(result.faults).toEqual([
      { fault: loss(2, at, lasts), firedAtSeconds: at, healedAtSeconds: at + lasts },
    ]);
  });
  test('nothing is lost, and nobody else feels it', async () => {
    const { result, measurements } = await ready;
    const offered = PER_DC * DCS * 40;
    expect(Math.abs(count(measurements, 'messages_delivered') - offered)).toBeLessThanOrEqual(9);
    expect(Math.abs(count(measurements, 'messages_sent') - offered)).toBeLessThanOrEqual(3);
    expect([count(measurements, 'writes_lost'), result.leftWaiting]).toEqual([0, 0]);
    const calm = await flowPlanet({ seconds: 40 });
    const tags = { path: 'same_dc', dc: '3' } as const;
    const far = measurements.summary('delivery_latency', tags)!;
    expect(far.mean).toBeCloseTo(calm.measurements.summary('delivery_latency', tags)!.mean, 1);
  });
  test('devices hold back what is due until they have noticed and come back', async () => {
    const { measurements } = await ready;
    const { detectMs, reconnectSpreadMs } = DEFAULT_SERVICE_TIMES;
    // All of the silence, and of the spread on average half: the integral of those not connected.
    const held = measurements.summary('queue_depth', { dc: '2', station: 'devices' })!.max;
    expect(held).toBeGreaterThan((writes * detectMs) / 1000);
    expect(held).toBeLessThan((writes * (detectMs + reconnectSpreadMs)) / 1000);
    const queued = count(measurements, 'writes_queued', { dc: '2' });
    expect(queued).toBeGreaterThan(writes * lasts);
    expect(count(measurements, 'writes_queued')).toBe(queued);
    // Copies at the lost DC are as old as the outage when it returns.
    const stale = measurements.summary('staleness', { home: '1', dc: '2' })!.max;
    expect(stale).toBeGreaterThan(lasts - 1);
    expect(stale).toBeLessThan(lasts + 0.5);
  });
});

test('three hours out: what waits so long is counted like the rest', async () => {
  const seconds = 15_000;
  const { result, measurements } = await flowPlanet({ seconds, faults: [loss(2, 100, 10_800)] });
  expect(Math.abs(count(measurements, 'messages_delivered') - result.messages)).toBeLessThan(9);
  const { max } = measurements.summary('delivery_latency', { path: 'outage' })!;
  expect(max / 1000).toBeGreaterThan(10_700);
  expect(measurements.summary('delivery_latency', { path: 'same_dc' })!.max).toBeLessThan(150);
}, 30_000);

test('when every DC is out devices wait; all of it is delivered in the end', async () => {
  const faults = [1, 2, 3].map((dc) => loss(dc, 5, 10 + dc));
  const { result, measurements } = await flowPlanet({ seconds: 60, faults });
  const offered = PER_DC * DCS * 60;
  expect(Math.abs(count(measurements, 'messages_delivered') - offered)).toBeLessThanOrEqual(9);
  expect(result.faults.every(({ healedAtSeconds }) => healedAtSeconds !== undefined)).toBe(true);
  const held = measurements.summary('queue_depth', { station: 'devices', dc: '1' })!.max;
  expect(held).toBeGreaterThan(PER_DC * 10);
});

describe('faults without a difference have not fired', () => {
  test('a slow link that carries nothing', async () => {
    const slow: Fault = {
      ...{ kind: 'slow_link', from: 1, to: 3 },
      ...{ addedMs: 100, atSeconds: 1, forSeconds: 2 },
    };
    const quiet = { faults: [slow], times: () => 0 };
    expect((await flowPlanet(quiet)).result.faults).toEqual([{ fault: slow }]);
    const { result, measurements } = await flowPlanet({ faults: [slow] });
    expect(result.faults[0]!.healedAtSeconds).toBe(3);
    const to = (dc: string): number =>
      measurements.summary('delivery_latency', { path: 'cross_dc', dc })!.max;
    expect(to('3')).toBeGreaterThan(100 + oneWayMs(TOPOLOGY, 1, 3));
    expect(to('1')).toBeLessThan(oneWayMs(TOPOLOGY, 3, 1) + 200);
  });
  test('a partition holds copies, not writes', async () => {
    const groups = [[1], [2, 3]] as const;
    const partition: Fault = { kind: 'partition', groups, atSeconds: 3, forSeconds: 4 };
    const { result, measurements } = await flowPlanet({ seconds: 20, faults: [partition] });
    expect(result.faults[0]!.healedAtSeconds).toBe(7);
    expect(count(measurements, 'writes_queued')).toBe(0);
    const { max } = measurements.summary('backlog', { dc: '1' })!;
    expect(max / (2 * 0.1 * PER_DC * 4)).toBeCloseTo(1, 2);
    expect(measurements.summary('drain_time', { dc: '1' })!.max).toBeGreaterThan(0.1);
  });
});

describe('more than the front servers can take', () => {
  const capacity = 1e6 / meanOf(DEFAULT_SERVICE_TIMES.front); // of one column
  const storm = (second: number): number => (second >= 5 && second < 25 ? 1.6 : 0.5);
  const run = (refusalFront: number): ReturnType<typeof flowPlanet> =>
    flowPlanet({ seconds: 60, rate: capacity, times: storm, settings: { refusalFront } });

  test('what would wait too long is refused, comes back, and is done or given up', async () => {
    const { result, measurements } = await run(0);
    const refused = count(measurements, 'requests_refused');
    const givenUp = count(measurements, 'messages_given_up');
    expect(refused).toBeGreaterThan(capacity);
    expect(Math.abs(refused - count(measurements, 'requests_repeated') - givenUp)).toBeLessThan(10);
    const done = count(measurements, 'messages_delivered') + givenUp;
    expect(Math.abs(done - result.messages)).toBeLessThan(10);
    expect(measurements.summary('utilisation', { station: 'front' })!.max).toBeCloseTo(1, 6);
    const { shedAfterMs } = DEFAULT_SERVICE_TIMES.admission;
    const waiting = measurements.summary('queue_depth', { station: 'front' })!.max;
    expect(waiting / (COLUMNS * capacity)).toBeGreaterThan(shedAfterMs / 1000 - 0.3);
    expect(waiting / (COLUMNS * capacity)).toBeLessThan(shedAfterMs / 1000 + 1.1);
  });
  test('a pool of R devices with back-off b repeats R / b a second', async () => {
    const { measurements } = await run(0);
    const { retryMs } = DEFAULT_SERVICE_TIMES.admission;
    const repeats = measurements.timeline('requests_repeated', { dc: '1' });
    const pool = measurements.timeline('queue_depth', { dc: '1', station: 'devices' });
    // At first all back off for the shortest time; later the pool holds those who wait longer.
    const at = repeats.findIndex(({ count: n }) => n > 100);
    const ratio = repeats[at]!.count / (pool[at - 1]!.value! / (retryMs / 1000));
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(1.5);
  });
  test('refusals that cost something make it worse', async () => {
    const [free, dear] = [await run(0), await run(0.3)];
    const givenUp = [free, dear].map(({ measurements }) =>
      count(measurements, 'messages_given_up'),
    );
    expect(givenUp[1]!).toBeGreaterThan(givenUp[0]! * 1.5);
  });
});

describe('delivery workers and links that are too slow', () => {
  test('a backlog grows by what does not fit, and drains after it', async () => {
    const limit = 1e6 / meanOf(DEFAULT_SERVICE_TIMES.delivery);
    const service = { front: { meanUs: 50, sigma: 0 } };
    const times = (second: number): number => (second < 10 ? 1.2 : 0.2);
    const { measurements } = await flowPlanet({ seconds: 30, rate: limit, service, times });
    const depth = measurements.summary('queue_depth', { station: 'delivery', dc: '1' })!;
    expect(depth.max / (0.2 * limit * COLUMNS * 10)).toBeCloseTo(1, 2);
    expect(depth.last).toBe(0);
    // The last message of the storm waits for all of the backlog: a sixth of 12 s.
    const { max } = measurements.summary('delivery_latency', { path: 'same_dc', dc: '1' })!;
    expect(max / 1000).toBeGreaterThan(1.5);
    expect(max / 1000).toBeLessThan(3);
  });
  test('a link at a third of what it should carry', async () => {
    const service = { linkBitsPerSecond: (80 * 400 * 8) / 3 };
    const { measurements } = await flowPlanet({ seconds: 30, service });
    const { max } = measurements.summary('backlog', { dc: '3' })!;
    expect(max / (2 * 80 * (2 / 3) * 30)).toBeCloseTo(1, 2);
  });
});

test('whatever breaks, and however much is due, every message is somewhere', async () => {
  const dc = fc.integer({ min: 1, max: DCS });
  const time = {
    atSeconds: fc.integer({ min: 0, max: 250 }),
    forSeconds: fc.integer({ min: 1, max: 150 }),
  };
  const fault = fc.oneof(
    fc.record({ kind: fc.constantFrom('dc_loss' as const, 'dc_crash' as const), dc, ...time }),
    fc.record({
      ...{ kind: fc.constant('partition' as const), ...time },
      groups: dc.map((one) => [[one], [1, 2, 3].filter((other) => other !== one)] as const),
    }),
    fc.record({
      ...{ kind: fc.constant('slow_link' as const), ...time },
      ...{ from: fc.constant(1), to: fc.constant(2), addedMs: fc.integer({ min: 1, max: 900 }) },
    }),
  );
  const options = fc.record({
    faults: fc.array(fault, { maxLength: 5 }),
    rate: fc.integer({ min: 1, max: 5000 }),
    refusalFront: fc.constantFrom(0, 0.2),
    group: fc.constantFrom(0, 0.3),
  });
  await fc.assert(
    fc.asyncProperty(options, async ({ faults, rate, refusalFront, group }) => {
      // A run that loses track of a message throws.
      const quarters = faults.map((one) => ({
        ...one,
        ...{ atSeconds: one.atSeconds / 10, forSeconds: one.forSeconds / 10 },
      }));
      const { result, measurements } = await flowPlanet({
        ...{ seconds: 41, rate, faults: quarters as Fault[], settings: { refusalFront } },
        mix: { direct: 1 - group, group, supergroup: 0, channel: 0, bot: 0, media: 0 },
      });
      expect(result.leftWaiting).toBe(0);
      const answered =
        measurements.summary('ack_latency')!.count + count(measurements, 'messages_given_up');
      expect(Math.abs(answered - result.messages)).toBeLessThan(20);
      expect(count(measurements, 'writes_lost') + count(measurements, 'writes_doubled')).toBe(0);
    }),
    { numRuns: 60, seed: 5 },
  );
}, 30_000);

describe('long windows', () => {
  test('thirty days: exact counts, and no more points than a chart has', async () => {
    const seconds = 30 * 86_400;
    let breaths = 0;
    const breathe = (): Promise<void> => {
      breaths++;
      return Promise.resolve();
    };
    // A wave of a day in steps of an hour, between half and one and a half.
    const times = (second: number): number => 0.5 + (Math.floor(second / 3600) % 24) / 23;
    const { result, measurements } = await flowPlanet({ seconds, times, breathe });
    expect(result.messages).toBe(PER_DC * DCS * seconds);
    expect(count(measurements, 'messages_delivered')).toBe(PER_DC * DCS * seconds);
    expect(measurements.timeline('messages_offered').length).toBe(1800);
    expect(measurements.summary('utilisation', { station: 'front' })!.max).toBeCloseTo(
      (1.5 * 400 * meanOf(DEFAULT_SERVICE_TIMES.front)) / 1e6,
      5,
    );
    expect(breaths).toBeGreaterThan(100);
  }, 30_000);
  test('a signal ends it', async () => {
    const controller = new AbortController();
    const breathe = (): Promise<void> => {
      controller.abort(new Error('enough'));
      return Promise.resolve();
    };
    const long = flowPlanet({ seconds: 30 * 86_400, signal: controller.signal, breathe });
    await expect(long).rejects.toThrow('enough');
  });
});

describe('determinism', () => {
  const options: FlowPlanetOptions = { seconds: 30, faults: [loss(1, 3, 5)] };
  test('the same twice, and however often it breathes; another seed or fault is another', async () => {
    const digest = async (more: FlowPlanetOptions = {}): Promise<string> =>
      (await flowPlanet({ ...options, ...more })).result.digest;
    const first = await digest();
    expect(await digest()).toBe(first);
    expect(await digest({ breathe: () => new Promise((done) => setImmediate(done)) })).toBe(first);
    expect(await digest({ seed: 'other' })).not.toBe(first);
    expect(await digest({ faults: [] })).not.toBe(first);
    expect(await digest({ rate: 401 })).not.toBe(first);
  });
});

test('everything that is wrong is said at once', async () => {
  const settings = { refusalFront: 2, mediaServers: 0 };
  const wrong = flowPlanet({ seconds: 1e9, faults: [loss(9, 0, 1)], settings });
  await expect(wrong).rejects.toThrow(
    /refusalFront: 2 .*mediaServers: 0 .*a window of 1000000000 s.*there is no DC 9/,
  );
});
