import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../chaos/plan.ts';
import { runFaults } from '../../../sim/cluster/faults.ts';
import { hear, LATENCY_MS, type SmallWorld, smallWorld } from './world.ts';

const dcOf = (node: string): number | undefined => {
  const match = /^dc (\d)$/.exec(node);
  return match ? Number(match[1]) : undefined;
};

/** A world in which DCs 1 to 3 listen, and a user; `reach` says how long a connect takes. */
async function world(faults: readonly Fault[]) {
  const small: SmallWorld = smallWorld();
  const { loop, network } = small;
  const happened: string[] = [];
  const start = async (dc: number): Promise<void> => {
    await network
      .forNode(`dc ${dc}`)
      .listen(`dc${dc}`, (connection) => void hear(loop, connection));
  };
  for (const dc of [1, 2, 3]) await start(dc);
  const run = runFaults({ faults }, loop, network, {
    crash(dc) {
      happened.push(`crash ${dc} at ${loop.nowMs()}`);
      network.crash(`dc ${dc}`);
    },
    restart(dc) {
      happened.push(`restart ${dc} at ${loop.nowMs()}`);
      void start(dc);
    },
    dcOf,
  });
  const reach = async (node: string, dc: number): Promise<number | string> => {
    const startMs = loop.nowMs();
    try {
      const connection = await loop.settle(network.forNode(node).connect(`dc${dc}`, 200));
      connection.destroy();
      return loop.nowMs() - startMs;
    } catch (error) {
      return (error as Error).message;
    }
  };
  return { loop, run, reach, happened };
}

const SILENCE = 'dc2 did not answer within 200 ms';

describe('dc_loss', () => {
  it('takes the DC off every link, then brings back the links and the DC', async () => {
    const { loop, run, reach, happened } = await world([
      { kind: 'dc_loss', dc: 2, atSeconds: 1, forSeconds: 2 },
    ]);
    expect(await reach('dc 1', 2)).toBe(2 * LATENCY_MS);
    expect(run.records()[0]).not.toHaveProperty('firedAtSeconds');
    await loop.run(1000);
    expect(await reach('dc 1', 2)).toBe(SILENCE);
    expect(await reach('user 9', 2)).toBe(SILENCE);
    expect(await reach('dc 1', 3)).toBe(2 * LATENCY_MS);
    expect(run.records()[0]).toMatchObject({ firedAtSeconds: 1 });
    expect(run.records()[0]).not.toHaveProperty('healedAtSeconds');
    await loop.run(3000);
    expect(await reach('user 9', 2)).toBe(2 * LATENCY_MS);
    expect(happened).toEqual(['crash 2 at 1000', 'restart 2 at 3000']);
    expect(run.records()[0]).toMatchObject({ firedAtSeconds: 1, healedAtSeconds: 3 });
  });

  it('of one DC twice at once restarts it when the last has healed', async () => {
    const { loop, happened, reach } = await world([
      { kind: 'dc_loss', dc: 2, atSeconds: 1, forSeconds: 2 },
      { kind: 'dc_loss', dc: 2, atSeconds: 2, forSeconds: 2 },
    ]);
    await loop.run(3500);
    expect(await reach('dc 1', 2)).toBe(SILENCE);
    await loop.run(5000);
    expect(happened).toEqual(['crash 2 at 1000', 'restart 2 at 4000']);
  });
});

describe('partition', () => {
  it('cuts the backbone between its sides only', async () => {
    const { loop, reach } = await world([
      { kind: 'partition', groups: [[1, 3], [2]], atSeconds: 1, forSeconds: 5 },
    ]);
    await loop.run(1000);
    expect(await reach('dc 1', 2)).toBe(SILENCE);
    expect(await reach('dc 3', 2)).toBe(SILENCE);
    expect(await reach('dc 1', 3)).toBe(2 * LATENCY_MS);
    expect(await reach('user 9', 2)).toBe(2 * LATENCY_MS);
    await loop.run(6000);
    expect(await reach('dc 1', 2)).toBe(2 * LATENCY_MS);
  });
});

describe('slow_link', () => {
  it('slows one direction, and two of them add up', async () => {
    const { loop, reach } = await world([
      { kind: 'slow_link', from: 1, to: 2, addedMs: 30, atSeconds: 1, forSeconds: 2 },
      { kind: 'slow_link', from: 1, to: 2, addedMs: 5, atSeconds: 2, forSeconds: 3 },
    ]);
    await loop.run(1000);
    expect(await reach('dc 1', 2)).toBe(2 * LATENCY_MS + 30);
    expect(await reach('dc 1', 3)).toBe(2 * LATENCY_MS);
    await loop.run(2000);
    expect(await reach('dc 1', 2)).toBe(2 * LATENCY_MS + 35);
    await loop.run(5000);
    expect(await reach('dc 1', 2)).toBe(2 * LATENCY_MS);
  });
});

describe('stop', () => {
  it('heals what has fired and drops what has not', async () => {
    const { loop, run, reach, happened } = await world([
      { kind: 'dc_loss', dc: 2, atSeconds: 1, forSeconds: 20 },
      { kind: 'dc_loss', dc: 3, atSeconds: 5, forSeconds: 1 },
    ]);
    await loop.run(2000);
    run.stop();
    run.stop();
    expect(await reach('dc 1', 2)).toBe(2 * LATENCY_MS);
    await loop.run(30_000);
    expect(happened).toEqual(['crash 2 at 1000', 'restart 2 at 2000']);
    expect(run.records()[0]).toMatchObject({ firedAtSeconds: 1, healedAtSeconds: 2 });
    expect(run.records()[1]).not.toHaveProperty('firedAtSeconds');
  });
});
