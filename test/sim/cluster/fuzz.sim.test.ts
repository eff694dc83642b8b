/**
 * The cluster world under drawn faults: seeds hold their promises, the same seed is the same run,
 * and recording a run does not change it. To look at a seed that fails here: `quincunx fuzz --seed
 * suite --from <number> --seeds 1`.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { RunRecorder } from '../../../sim/cluster/fuzz/record.ts';
import { type FuzzContext, runSeed, runWorld } from '../../../sim/cluster/fuzz/run-world.ts';
import { Series } from '../../../sim/cluster/fuzz/series.ts';
import { drawWorld } from '../../../sim/cluster/fuzz/world.ts';
import { VirtualCluster } from '../../../sim/cluster/virtual-cluster.ts';
import { VirtualLoop } from '../../../sim/cluster/virtual-loop.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { loadCrypto } from '../../../system-under-test/mtproto/crypto.ts';

const topology = fiveDatacentres;
let context: FuzzContext;

beforeAll(async () => {
  context = { topology, crypto: await loadCrypto() };
});

describe('fuzzing the cluster', () => {
  test('the same seed is the same run, another is another', { timeout: 60_000 }, async () => {
    const first = await runSeed('suite-0', context, true);
    expect(first.failure).toBeUndefined(); // "determinism" if the two runs had differed
    const other = await runSeed('suite-1', context, false);
    expect(first.events).toBeGreaterThan(1_000);
    expect(other.digest).not.toBe(first.digest);
  });

  test('ten seeds hold, with many kinds of faults and situations', {
    timeout: 60_000,
  }, async () => {
    const series = new Series();
    for (let number = 2; number < 12; number++) {
      const seed = `suite-${number}`;
      series.add(number, seed, await runSeed(seed, context, false));
    }
    const result = series.result();
    expect(result.failures).toEqual([]);
    expect(result.seeds).toBe(10);
    expect(Object.keys(result.faultsFired).length).toBeGreaterThan(4);
    expect(result.statesCovered).toBeGreaterThan(30);
  });

  test('recording a run does not change it', { timeout: 60_000 }, async () => {
    const world = drawWorld('suite-3', topology);
    const recorder = new RunRecorder(world, topology);
    const recorded = await runWorld(world, context, recorder);
    const plain = await runWorld(world, context);
    expect(recorded).toEqual(plain);
    const timeline = recorder.finish(undefined);
    expect(timeline.messages).toHaveLength(world.messages.length);
    expect(timeline.faults).toHaveLength(world.faults.length);
    expect(timeline.connections.length).toBeGreaterThanOrEqual(world.people.length);
    const shown = timeline.messages.filter(
      ({ deliveredSeconds }) => deliveredSeconds !== undefined,
    );
    expect(shown).toHaveLength(world.messages.length);
  });
});

test('a copy that differs in one byte is seen', async () => {
  const loop = new VirtualLoop({ seed: 'copies' });
  const cluster = new VirtualCluster({
    loop,
    topology,
    crypto: context.crypto,
    homeOfUser: () => 1,
  });
  const key = { id: '00', key: new Uint8Array(256), firstSalt: new Uint8Array(8), createdAtMs: 0 };
  await loop.settle(
    cluster.start(new Map([[2, [{ phone: '9996620001', firstName: 'one', key }]]])),
  );
  // The account is on the disk of its home, and nowhere else yet.
  expect(cluster.replicated).toBe(false);
  expect(cluster.replicaDifferences()).toHaveLength(4);
  expect(cluster.replicaDifferences()[0]).toContain('the copy of DC 2 at DC 1 differs in');
  await loop.run(() => cluster.replicated);
  expect(cluster.replicaDifferences()).toEqual([]);
  cluster.crash(4);
  expect(cluster.replicated).toBe(false);
});
