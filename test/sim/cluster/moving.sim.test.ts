/**
 * Homes that move while everyone writes and datacentres fail: nothing is lost, doubled or out of
 * order, whoever wrote from wherever, and in the end everything is where the user now is.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../../chaos/plan.ts';
import type { HomeMove } from '../../../sim/cluster/home-moves.ts';
import { type ClusterRun, runCluster } from '../../../sim/cluster/run-cluster.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import { loadCrypto, type MtprotoCrypto } from '../../../system-under-test/mtproto/crypto.ts';
import type { Topology } from '../../../system-under-test/topology.ts';

let crypto: MtprotoCrypto;
beforeAll(async () => {
  crypto = await loadCrypto();
});

const PEOPLE = 10;
const WINDOW_SECONDS = 16;
const PER_SECOND = 30;

interface Seen {
  readonly run: ClusterRun;
  /** Entries in each DC's own boxes of the person that moved first, at the end of the window. */
  readonly left: () => readonly number[];
}

async function runWith(
  seed: string,
  moves: readonly HomeMove[],
  faults: readonly Fault[],
): Promise<Seen> {
  let left: readonly number[] = [];
  const run = await runCluster({
    topology: fiveDatacentres as unknown as Topology,
    people: Array.from({ length: PEOPLE }, (_, index) => {
      const homeDc = 1 + (index % 5);
      const phone = `99966${homeDc}${String(Math.floor(index / 5)).padStart(4, '0')}`;
      return { index, homeDc, phone, name: `user ${index}` };
    }),
    messages: Array.from({ length: PER_SECOND * WINDOW_SECONDS }, (_, index) => ({
      dueMs: (index * 1000) / PER_SECOND,
      sender: index % PEOPLE,
      recipient: (index + 1 + (Math.floor(index / PEOPLE) % (PEOPLE - 1))) % PEOPLE,
      textBytes: 40,
    })),
    moves,
    warmupSeconds: 0,
    windowSeconds: WINDOW_SECONDS,
    faults,
    seed,
    crypto,
    lookEveryMs: 700,
    onSecond: (_at, cluster) => {
      const disks = cluster.disks();
      // Person 0 is the first user of DC 1: id 9.
      left = [1, 2, 3, 4, 5].map((dc) => disks.get(dc)?.durable(`d${dc}/box/9`).length ?? 0);
    },
  });
  expect(run.crowd.ledger.violations).toEqual([]);
  expect(run.waiting).toEqual([]);
  return { run, left: () => left };
}

test('a home moves while everyone writes', async () => {
  const { run, left } = await runWith('calm', [{ atSeconds: 4, user: 0, to: 3 }], []);
  expect(run.moves).toBe(1);
  const [old, , now] = left();
  expect(old).toBe(0);
  expect(now).toBeGreaterThan((2 * run.crowd.ledger.entries.length) / PEOPLE);
});

test('from one to the next, and back to where it began', async () => {
  const there = [2, 5, 1].map((to, index) => ({ atSeconds: 2 + index * 0.3, user: 0, to }));
  const { run, left } = await runWith('around', there, []);
  expect(run.moves).toBe(3);
  expect(left().map((entries) => entries > 0)).toEqual([true, false, false, false, false]);
});

test('many homes at once, between the same datacentres', async () => {
  const moves = Array.from({ length: PEOPLE }, (_, user) => ({
    atSeconds: 3 + (user % 3) * 0.05,
    user,
    to: 1 + ((user + 2) % 5),
  }));
  expect((await runWith('many', moves, [])).run.moves).toBe(PEOPLE);
});

describe('while a datacentre', () => {
  const moves: readonly HomeMove[] = [
    { atSeconds: 3, user: 0, to: 3 },
    { atSeconds: 3, user: 1, to: 3 },
    { atSeconds: 3.1, user: 2, to: 1 },
    { atSeconds: 6, user: 3, to: 1 },
  ];
  const cases: readonly (readonly [what: string, dc: number, atSeconds: number])[] = [
    ['that it moves from crashes in the middle', 1, 3.02],
    ['that it moves to crashes in the middle', 3, 3.05],
    ['that it moves to crashes just afterwards', 3, 3.3],
    ['of somebody else crashes', 4, 3.05],
  ];
  test.each(cases)('%s', async (what, dc, atSeconds) => {
    const faults: Fault[] = [{ kind: 'dc_crash', dc, atSeconds, forSeconds: 2 }];
    const { run } = await runWith(what, moves, faults);
    expect(run.moves).toBe(moves.length);
    expect(run.faults[0]?.firedAtSeconds).toBeDefined();
  });

  test.each(['a', 'b', 'c'])('is cut off now and then (seed %s)', async (seed) => {
    const faults: Fault[] = [
      { kind: 'flapping_link', a: 1, b: 3, downMs: 400, upMs: 700, atSeconds: 2, forSeconds: 8 },
      { kind: 'cut_mid_frame', a: 1, b: 3, atSeconds: 3, forSeconds: 1 },
    ];
    const { run } = await runWith(`cut-${seed}`, moves, faults);
    expect(run.moves).toBe(moves.length);
  });
});
