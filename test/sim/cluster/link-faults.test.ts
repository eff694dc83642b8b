import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../chaos/plan.ts';
import { faultWorld, SILENCE } from './fault-world.ts';
import { bytesOf, type Heard, LATENCY_MS } from './world.ts';

const ROUND_TRIP_MS = 2 * LATENCY_MS;
const timed = { atSeconds: 1, forSeconds: 2 };

describe('one_way_cut', () => {
  it('swallows what goes one way, until it heals', async () => {
    const world = await faultWorld([{ kind: 'one_way_cut', from: 1, to: 2, ...timed }]);
    const { loop, run } = world;
    const { here, there } = await world.connect('dc 1', 2);
    await loop.run(1100);
    here.connection.write(bytesOf('lost for now'));
    there.connection.write(bytesOf('arrives'));
    await loop.run(2900);
    expect([here.text, there.text]).toEqual(['arrives', '']);
    expect(await world.reach('dc 2', 1)).toMatch('did not answer');
    await loop.run(4000);
    expect(there.text).toBe('lost for now');
    expect(run.records()[0]).toMatchObject({ firedAtSeconds: 1, healedAtSeconds: 3 });
    expect(run.records()[0]?.effects).toBeGreaterThanOrEqual(2);
  });
});

describe('flapping_link', () => {
  it('is down and up in turns, both ways, and up in the end', async () => {
    const world = await faultWorld([
      { kind: 'flapping_link', a: 1, b: 2, downMs: 300, upMs: 200, ...timed },
    ]);
    await world.connect('dc 1', 2);
    await world.connect('dc 3', 2);
    const statesAt = async (ms: number): Promise<string> => {
      await world.loop.run(ms);
      const stateOf = (a: number, b: number): string | undefined =>
        world.network.view().links.find((l) => l.from === `dc ${a}` && l.to === `dc ${b}`)?.state;
      return `${stateOf(1, 2)} ${stateOf(2, 1)} ${stateOf(3, 2)}`;
    };
    expect(await statesAt(999)).toBe('up up up');
    for (const start of [1000, 1500, 2000, 2500]) {
      expect(await statesAt(start + 1)).toBe('cut cut up');
      expect(await statesAt(start + 299)).toBe('cut cut up');
      expect(await statesAt(start + 301)).toBe('up up up');
      expect(await statesAt(start + 499)).toBe('up up up');
    }
    expect(await statesAt(3600)).toBe('up up up');
    expect(world.loop.pending).toBe(0);
  });

  it('heals while it is down', async () => {
    const world = await faultWorld([
      { kind: 'flapping_link', a: 1, b: 2, downMs: 5000, upMs: 10, ...timed },
    ]);
    await world.loop.run(1500);
    expect(await world.reach('dc 1', 2)).toBe(SILENCE);
    await world.loop.run(3000);
    expect(await world.reach('dc 1', 2)).toBe(ROUND_TRIP_MS);
    expect(world.run.records()[0]?.effects).toBe(1);
  });
});

describe('lossy_link', () => {
  it('stalls for 200 ms a loss and more, and keeps the order', async () => {
    const world = await faultWorld([
      { kind: 'lossy_link', from: 1, to: 2, lossShare: 0.1, atSeconds: 1, forSeconds: 60 },
    ]);
    const { loop } = world;
    const { here, there } = await world.connect('dc 1', 2);
    await loop.run(1000);
    let sent = '';
    let longestMs = 0;
    for (let index = 0; index < 100; index++) {
      const startMs = loop.nowMs();
      here.connection.write(bytesOf(`${index} `));
      sent += `${index} `;
      await loop.run(() => there.text === sent);
      const tookMs = loop.nowMs() - startMs;
      expect(tookMs === LATENCY_MS || tookMs >= LATENCY_MS + 200).toBe(true);
      longestMs = Math.max(longestMs, tookMs);
    }
    expect(longestMs).toBeGreaterThanOrEqual(LATENCY_MS + 200);
    const { effects } = world.run.records()[0]!;
    expect(effects).toBeGreaterThan(2);
    expect(effects).toBeLessThan(40);
  });

  it('holds up what follows, and delivers it all once the link is well', async () => {
    const world = await faultWorld([
      { kind: 'lossy_link', from: 1, to: 2, lossShare: 1, atSeconds: 1, forSeconds: 0.5 },
    ]);
    const { loop } = world;
    const { here, there } = await world.connect('dc 1', 2);
    await loop.run(1000);
    here.connection.write(bytesOf('lost,'));
    await loop.run(1550);
    here.connection.write(bytesOf('not lost'));
    // Tried at 1000, 1200 and 1600 ms: the third one gets through.
    await loop.run(1609);
    expect(there.text).toBe('');
    await loop.run(1611);
    expect(there.text).toBe('lost,not lost');
    expect(world.run.records()[0]).toMatchObject({ effects: 2, healedAtSeconds: 1.5 });
  });

  it('ends a stream of which nothing gets through, at both ends', async () => {
    const world = await faultWorld([
      { kind: 'lossy_link', from: 1, to: 2, lossShare: 1, atSeconds: 1, forSeconds: 60 },
    ]);
    const { loop } = world;
    const { here, there } = await world.connect('dc 1', 2);
    await loop.run(1000);
    here.connection.write(bytesOf('never'));
    there.connection.write(bytesOf('arrives'));
    await loop.run(() => here.closedAtMs !== undefined && there.closedAtMs !== undefined);
    // The time-out of this little world is 5 s.
    expect([here.closedAtMs, there.closedAtMs]).toEqual([6000, 6000]);
    expect([here.text, there.text]).toEqual(['arrives', '']);
    expect(world.network.view().streamsTimedOut).toBe(1);
    expect(await world.reach('dc 1', 2)).toBe(SILENCE);
  });
});

describe('cut_mid_frame', () => {
  const fault: Fault = { kind: 'cut_mid_frame', a: 1, b: 2, atSeconds: 1, forSeconds: 20 };
  const frame = new Uint8Array(40);
  const sendUntilClosed = async (
    { loop }: Awaited<ReturnType<typeof faultWorld>>,
    { here, there }: { here: Heard; there: Heard },
    framesMax: number,
  ): Promise<void> => {
    for (let count = 0; count < framesMax && here.closedAtMs === undefined; count++) {
      here.connection.write(frame);
      await loop.run(loop.nowMs() + 100);
    }
    expect(here.closedAtMs === undefined).toBe(there.closedAtMs === undefined);
  };

  it('resets each connection between the two inside of a frame, once', async () => {
    const world = await faultWorld([fault]);
    const pairs = [await world.connect('dc 1', 2), await world.connect('dc 2', 1)];
    const other = await world.connect('dc 3', 2);
    await world.loop.run(1100);
    for (const pair of pairs) await sendUntilClosed(world, pair, 20);
    await sendUntilClosed(world, other, 20);
    for (const { here, there } of pairs) {
      expect(here.closedAtMs).toBeDefined();
      expect(there.text.length % frame.length).not.toBe(0);
    }
    expect(other.here.closedAtMs).toBeUndefined();
    const again = await world.connect('dc 1', 2);
    await sendUntilClosed(world, again, 20);
    expect(again.here.closedAtMs).toBeUndefined();
    const [record] = world.run.records();
    expect(record?.effects).toBe(2);
    expect(record?.firedAtSeconds).toBeGreaterThan(1.1);
  });

  it('waits for a connection where there is none, but not for ever', async () => {
    const world = await faultWorld([fault, { ...fault, a: 2, b: 3, forSeconds: 3 }]);
    await world.loop.run(2000);
    const late = await world.connect('dc 2', 1);
    await sendUntilClosed(world, late, 20);
    expect(late.here.closedAtMs).toBeDefined();
    await world.loop.run(6000);
    const tooLate = await world.connect('dc 2', 3);
    await sendUntilClosed(world, tooLate, 20);
    expect(tooLate.here.closedAtMs).toBeUndefined();
    expect(world.run.records().map(({ effects }) => effects)).toEqual([1, undefined]);
  });
});

describe('jitter', () => {
  it('delays each packet of one direction by a drawn time, and never reorders', async () => {
    const world = await faultWorld([
      { kind: 'jitter', from: 1, to: 2, jitterMs: 100, atSeconds: 1, forSeconds: 60 },
    ]);
    const { loop } = world;
    const { here, there } = await world.connect('dc 1', 2);
    await loop.run(1000);
    const tookMs: number[] = [];
    let sent = '';
    for (let index = 0; index < 50; index++) {
      const startMs = loop.nowMs();
      here.connection.write(bytesOf(`${index} `));
      sent += `${index} `;
      await loop.run(() => there.text === sent);
      tookMs.push(loop.nowMs() - startMs);
    }
    expect(Math.min(...tookMs)).toBeGreaterThanOrEqual(LATENCY_MS);
    expect(Math.max(...tookMs)).toBeLessThanOrEqual(LATENCY_MS + 100);
    expect(Math.max(...tookMs) - Math.min(...tookMs)).toBeGreaterThan(60);
    for (let index = 0; index < 50; index++) {
      here.connection.write(bytesOf(`${index} `));
      sent += `${index} `;
      await loop.run(loop.nowMs() + 1);
    }
    await loop.run(() => there.text.length >= sent.length);
    expect(there.text).toBe(sent);
  });
});

describe('slow_dc', () => {
  it('slows all that comes from or goes to the DC, each way', async () => {
    const world = await faultWorld([{ kind: 'slow_dc', dc: 2, addedMs: 30, ...timed }]);
    await world.loop.run(1000);
    expect(await world.reach('dc 1', 2)).toBe(ROUND_TRIP_MS + 60);
    expect(await world.reach('dc 2', 3)).toBe(ROUND_TRIP_MS + 60);
    expect(await world.reach('user 4', 2)).toBe(ROUND_TRIP_MS + 60);
    expect(await world.reach('dc 1', 3)).toBe(ROUND_TRIP_MS);
    await world.loop.run(3000);
    expect(await world.reach('dc 1', 2)).toBe(ROUND_TRIP_MS);
  });
});

describe('clients_cut', () => {
  it('keeps devices from the DC, and leaves the backbone alone', async () => {
    const world = await faultWorld([{ kind: 'clients_cut', dc: 2, ...timed }]);
    await world.loop.run(1000);
    expect(await world.reach('user 4', 2)).toBe(SILENCE);
    expect(await world.reach('user 4', 3)).toBe(ROUND_TRIP_MS);
    expect(await world.reach('dc 1', 2)).toBe(ROUND_TRIP_MS);
    await world.loop.run(3000);
    expect(await world.reach('user 4', 2)).toBe(ROUND_TRIP_MS);
  });
});

it('a fault that met no traffic has not fired', async () => {
  const faults: readonly Fault[] = [
    { kind: 'partition', groups: [[1], [2]], ...timed },
    { kind: 'slow_link', from: 1, to: 2, addedMs: 5, ...timed },
    { kind: 'one_way_cut', from: 1, to: 2, ...timed },
    { kind: 'flapping_link', a: 1, b: 2, downMs: 10, upMs: 10, ...timed },
    { kind: 'lossy_link', from: 1, to: 2, lossShare: 1, ...timed },
    { kind: 'cut_mid_frame', a: 1, b: 2, ...timed },
    { kind: 'jitter', from: 1, to: 2, jitterMs: 5, ...timed },
    { kind: 'slow_dc', dc: 2, addedMs: 5, ...timed },
    { kind: 'clients_cut', dc: 2, ...timed },
  ];
  const world = await faultWorld(faults);
  await world.loop.run(1500);
  expect(await world.reach('dc 1', 3)).toBe(ROUND_TRIP_MS);
  await world.loop.run(5000);
  expect(world.run.records()).toEqual(faults.map((fault) => ({ fault })));
});

it('two cuts of one link both count what is swallowed', async () => {
  const world = await faultWorld([
    { kind: 'partition', groups: [[1], [2]], ...timed },
    { kind: 'one_way_cut', from: 1, to: 2, ...timed },
  ]);
  await world.loop.run(1000);
  expect(await world.reach('dc 1', 2)).toBe(SILENCE);
  expect(world.run.records().map(({ effects }) => effects)).toEqual([1, 1]);
});
