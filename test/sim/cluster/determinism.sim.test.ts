/**
 * A little cluster of promise-based nodes that talk, write and crash under faults: the same seed
 * gives the same trace, another seed another one, and nothing acknowledged is ever lost.
 */
import { describe, expect, it } from 'vitest';
import type { FaultPlan } from '../../../chaos/plan.ts';
import { runFaults } from '../../../sim/cluster/faults.ts';
import { createVirtualMachine } from '../../../sim/cluster/virtual-machine.ts';
import type { Connection, Environment } from '../../../system-under-test/environment/index.ts';
import { bytesOf, smallWorld } from './world.ts';

const DCS = [1, 2, 3];
const nodeOf = (dc: number): string => `dc ${dc}`;
const addressOf = (dc: number): string => `dc${dc}:1`;

/** Stores what it is told, tells a random other now and then; notes what the disk acknowledged. */
function startNode(dc: number, environment: Environment, acknowledged: Set<string>): void {
  const { clock, network, randomness, store } = environment;
  const waiting: string[] = [];
  let writing = false;
  const flush = async (): Promise<void> => {
    if (writing || waiting.length === 0) return;
    writing = true;
    const keys = waiting.splice(0);
    await store.write(
      keys.map((key) => ({ kind: 'put', partition: 'heard', key, value: bytesOf(key) })),
    );
    for (const key of keys) acknowledged.add(`${dc} ${key}`);
    writing = false;
    await flush();
  };
  const hear = (connection: Connection): void => {
    let rest = '';
    connection.setHandlers({
      onData(bytes) {
        const lines = (rest + Buffer.from(bytes).toString()).split('\n');
        rest = lines.pop()!;
        waiting.push(...lines);
        void flush();
      },
      onClose() {},
    });
  };
  const talk = async (): Promise<void> => {
    const [target = 0, a, b, c] = randomness.bytes(4);
    const other = DCS[target % DCS.length]!;
    try {
      const connection = await network.connect(addressOf(other), 300);
      hear(connection);
      connection.write(bytesOf(`${dc}-${a}-${b}-${c}\n`));
      connection.end();
    } catch {
      // Unreachable just now: the next round goes elsewhere.
    }
    clock.after(1 + (a ?? 0) / 16, () => void talk());
  };
  void network.listen(addressOf(dc), hear).then(talk);
}

const plan: FaultPlan = {
  faults: [
    { kind: 'dc_loss', dc: 2, atSeconds: 1, forSeconds: 1 },
    { kind: 'partition', groups: [[1], [3]], atSeconds: 1.5, forSeconds: 1 },
    { kind: 'slow_link', from: 3, to: 2, addedMs: 80, atSeconds: 0.5, forSeconds: 3 },
    { kind: 'dc_loss', dc: 3, atSeconds: 3, forSeconds: 0.5 },
  ],
};

async function runCluster(seed: string) {
  const world = smallWorld(seed, 4);
  const { loop, network } = world;
  const acknowledged = new Set<string>();
  const machines = new Map(
    DCS.map((dc) => [dc, createVirtualMachine({ loop, network, node: nodeOf(dc) })]),
  );
  const start = (dc: number): void => startNode(dc, machines.get(dc)!.boot(), acknowledged);
  for (const dc of DCS) start(dc);
  const faults = runFaults(plan, loop, network, {
    crash: (dc) => machines.get(dc)!.crash(),
    restart: start,
    dcOf: (node) => DCS.find((dc) => nodeOf(dc) === node),
  });
  await loop.run(5000);
  const stored = new Set(
    DCS.flatMap((dc) =>
      machines
        .get(dc)!
        .disk.durable('heard')
        .map((entry) => `${dc} ${entry.key}`),
    ),
  );
  return { digest: loop.traceDigest, events: loop.events, acknowledged, stored, faults, network };
}

describe('a little cluster', () => {
  it('gives the same trace for the same seed and another for another', async () => {
    const first = await runCluster('one');
    const second = await runCluster('one');
    const other = await runCluster('two');
    expect(second.digest).toBe(first.digest);
    expect(second.events).toBe(first.events);
    expect(second.stored).toEqual(first.stored);
    expect(other.digest).not.toBe(first.digest);
    expect(first.events).toBeGreaterThan(2000);
  });

  it('loses nothing that a disk acknowledged, and every planned fault fires and heals', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { acknowledged, stored, faults } = await runCluster(`seed ${seed}`);
      expect(acknowledged.size).toBeGreaterThan(200);
      for (const key of acknowledged) expect(stored, `seed ${seed}`).toContain(key);
      for (const record of faults.records()) {
        expect(record.firedAtSeconds).toBe(record.fault.atSeconds);
        expect(record.healedAtSeconds).toBe(record.fault.atSeconds + record.fault.forSeconds);
      }
    }
  });
});
