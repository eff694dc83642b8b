/**
 * The cluster world under drawn faults: seeds hold their promises, the same seed is the same run,
 * and a bug put in on purpose is found, with a command that shows it again. To look at a seed that
 * fails here: `quincunx fuzz --seed <base> --from <number> --seeds 1`, as the failure says.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { type FuzzOptions, fuzz } from '../../../sim/cluster/fuzz.ts';
import { VirtualCluster } from '../../../sim/cluster/virtual-cluster.ts';
import { VirtualLoop } from '../../../sim/cluster/virtual-loop.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { loadCrypto, type MtprotoCrypto } from '../../../system-under-test/mtproto/crypto.ts';

let options: FuzzOptions;
let crypto: MtprotoCrypto;

beforeAll(async () => {
  crypto = await loadCrypto();
  const topology = fiveDatacentres;
  options = { topology, crypto, base: 'suite', from: 0, seeds: 1, stopAtFirst: false };
});

describe('fuzzing the cluster', () => {
  test('the same seed is the same run, another is another', { timeout: 60_000 }, async () => {
    const first = await fuzz(options);
    const again = await fuzz(options);
    const other = await fuzz({ ...options, from: 1 });
    expect(again).toEqual(first);
    expect(first.events).toBeGreaterThan(1_000);
    expect(other.digest).not.toBe(first.digest);
  });

  test('fifteen seeds hold, with every kind of fault', { timeout: 60_000 }, async () => {
    const result = await fuzz({ ...options, from: 2, seeds: 15 });
    expect(result.failures).toEqual([]);
    expect(result.seeds).toBe(15);
    expect(Object.keys(result.faultsFired).sort()).toEqual([
      'dc_crash',
      'dc_loss',
      'partition',
      'slow_link',
    ]);
  });
});

test('a copy that differs in one byte is seen', async () => {
  const loop = new VirtualLoop({ seed: 'copies' });
  const cluster = new VirtualCluster({
    loop,
    topology: options.topology,
    crypto,
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
