/**
 * Promises beyond "nothing is lost": home keeps the order of clients that know nothing of queues,
 * a session is never shown anything older than it has seen, copies are used when they are fresh.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../../chaos/plan.ts';
import { type ClusterRun, runCluster } from '../../../sim/cluster/run-cluster.ts';
import type { CrowdPerson, DueMessage } from '../../../sim/users/crowd.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { loadCrypto, type MtprotoCrypto } from '../../../system-under-test/mtproto/crypto.ts';
import type { Topology } from '../../../system-under-test/topology.ts';

let crypto: MtprotoCrypto;
beforeAll(async () => {
  crypto = await loadCrypto();
});

const WINDOW_SECONDS = 20;

/** Two users at each DC; everyone writes to everyone in turn. */
function people(plain: boolean): CrowdPerson[] {
  return Array.from({ length: 10 }, (_, index) => {
    const homeDc = 1 + (index % 5);
    const phone = `99966${homeDc}${String(Math.floor(index / 5)).padStart(4, '0')}`;
    return { index, homeDc, phone, name: `user ${index}`, plain };
  });
}

function messages(perSecond: number): DueMessage[] {
  return Array.from({ length: perSecond * WINDOW_SECONDS }, (_, index) => ({
    dueMs: (index * 1000) / perSecond,
    sender: index % 10,
    recipient: (index + 1 + (Math.floor(index / 10) % 9)) % 10,
    textBytes: 40,
  }));
}

interface Seen {
  readonly run: ClusterRun;
  /** Sums over the DCs of the last look at each. */
  readonly totals: Record<string, number>;
}

async function runWith(seed: string, faults: readonly Fault[], plain: boolean): Promise<Seen> {
  const totals: Record<string, number> = {};
  const run = await runCluster({
    topology: fiveDatacentres as unknown as Topology,
    people: people(plain),
    messages: messages(30),
    warmupSeconds: 0,
    windowSeconds: WINDOW_SECONDS,
    faults,
    seed,
    crypto,
    lookEveryMs: 600,
    onSecond: (_at, cluster) => {
      for (const name of Object.keys(totals)) totals[name] = 0;
      for (const dc of [1, 2, 3, 4, 5]) {
        for (const [name, value] of Object.entries(cluster.datacenter(dc)?.status().totals ?? {})) {
          totals[name] = (totals[name] ?? 0) + value;
        }
      }
    },
  });
  expect(run.crowd.ledger.violations).toEqual([]);
  expect(run.unsettled).toBe(0);
  return { run, totals };
}

describe('clients that know nothing of queues', () => {
  test.each(['a', 'b', 'c'])('keep their order when home comes back (seed %s)', async (seed) => {
    const faults: Fault[] = [{ kind: 'dc_loss', dc: 3, atSeconds: 4, forSeconds: 6 }];
    const { run, totals } = await runWith(`plain-${seed}`, faults, true);
    const queued = run.crowd.ledger.entries.filter((entry) => entry.ack === 'queued');
    expect(queued.length).toBeGreaterThan(10);
    expect(totals['heldBack']).toBeGreaterThan(0);
  });
});

test('a device away from home is served by a copy as fresh as what it has seen', async () => {
  // Its devices cannot reach DC 3, but the other DCs can: everyone of DC 3 is a traveller.
  const faults: Fault[] = [{ kind: 'clients_cut', dc: 3, atSeconds: 2, forSeconds: 14 }];
  const { run, totals } = await runWith('travellers', faults, false);
  expect(totals['fromReplica']).toBeGreaterThan(10);
  expect(totals['forwarded']).toBeGreaterThan(10);
  const { looks, marked } = run.crowd.looks;
  expect(looks).toBeGreaterThan(100);
  expect(marked).toBeLessThan(looks / 10);
  expect(totals['readsStale']).toBe(0);
});
