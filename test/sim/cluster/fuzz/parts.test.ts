/** Worlds from seeds, limits, histories, and how outcomes come together. */
import { describe, expect, test } from 'vitest';
import { FAULT_KINDS, faultPlanProblems } from '../../../../chaos/plan.ts';
import { DRAWN_KINDS } from '../../../../sim/cluster/fuzz/draw-faults.ts';
import { DRAWN_OPERATIONS } from '../../../../sim/cluster/fuzz/draw-workload.ts';
import { brokenPromise } from '../../../../sim/cluster/fuzz/facts.ts';
import { parseHistory } from '../../../../sim/cluster/fuzz/history.ts';
import type { WorldOutcome } from '../../../../sim/cluster/fuzz/run-world.ts';
import { Series } from '../../../../sim/cluster/fuzz/series.ts';
import { withLimits } from '../../../../sim/cluster/fuzz/small-limits.ts';
import { drawWorld } from '../../../../sim/cluster/fuzz/world.ts';
import { Ledger } from '../../../../sim/users/ledger.ts';
import { NO_WORKLOAD, OPERATION_KINDS, workloadProblems } from '../../../../sim/users/workload.ts';
import { LIMITS } from '../../../../system-under-test/datacenter/limits.ts';
import topology from '../../../../system-under-test/five-datacentres.json' with { type: 'json' };

describe('worlds', () => {
  const worlds = Array.from({ length: 400 }, (_, index) => drawWorld(`parts-${index}`, topology));

  test('are right, all different, and the same for the same seed', () => {
    for (const world of worlds) {
      expect(faultPlanProblems(world, [1, 2, 3, 4, 5], world.windowSeconds)).toEqual([]);
      expect(workloadProblems(world.workload, world.people.length)).toEqual([]);
    }
    expect(new Set(worlds.map((world) => JSON.stringify(world))).size).toBe(400);
    expect(drawWorld('parts-7', topology)).toEqual(worlds[7]);
  });

  test('have supergroups of 3 to 20 members or none, and every kind of operation', () => {
    expect([...DRAWN_OPERATIONS].sort()).toEqual([...OPERATION_KINDS].sort());
    const workloads = worlds.map(({ workload }) => workload);
    const counts = workloads.map(({ channels }) => channels.length);
    expect([...new Set(counts)].sort()).toEqual([0, 1, 2, 3]);
    const members = workloads.flatMap(({ channels }) => channels.map((each) => each.members));
    const sizes = members.map((each) => each.length + 1);
    expect(Math.min(...sizes)).toBe(3);
    expect(Math.max(...sizes)).toBeGreaterThan(15);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(20);
    for (const each of members) expect(new Set(each).size).toBe(each.length);
    const kinds = new Set(
      workloads.flatMap(({ operations }) => operations.map(({ kind }) => kind)),
    );
    expect([...kinds].sort()).toEqual([...OPERATION_KINDS].sort());
    expect(workloads.some(({ operations }) => operations.length === 0)).toBe(true);
    for (const { operations } of workloads) {
      const dues = operations.map(({ dueMs }) => dueMs);
      expect(dues).toEqual(dues.toSorted((a, b) => a - b));
    }
  });

  test('have people with second devices, and plain ones where no link is cut', () => {
    const cuts = new Set(['partition', 'one_way_cut', 'flapping_link', 'cut_mid_frame']);
    const has = (flag: 'plain' | 'secondDevice') =>
      worlds.filter(({ people }) => people.some((person) => person[flag] === true));
    expect(has('secondDevice').length).toBeGreaterThan(50);
    expect(has('plain').length).toBeGreaterThan(50);
    for (const { faults } of has('plain')) {
      expect(faults.filter(({ kind }) => cuts.has(kind))).toEqual([]);
      const crashed = faults.flatMap((fault) => (fault.kind === 'dc_crash' ? [fault.dc] : []));
      expect(new Set(crashed).size).toBe(crashed.length);
    }
  });

  test('have every kind of fault, calm ones among them, and limits of their own', () => {
    const kinds = new Set(worlds.flatMap(({ faults }) => faults.map(({ kind }) => kind)));
    expect([...kinds].sort()).toEqual([...DRAWN_KINDS].sort());
    expect(FAULT_KINDS).toEqual(expect.arrayContaining([...DRAWN_KINDS]));
    expect(worlds.some(({ faults }) => faults.length === 0)).toBe(true);
    const limited = worlds.filter(({ limits }) => Object.keys(limits).length > 0).length;
    expect(limited).toBeGreaterThan(100);
    expect(limited).toBeLessThan(300);
  });
});

test('limits are lowered for a run, and are back after it, also when it throws', async () => {
  const before = { ...LIMITS };
  const seen = await withLimits({ boxesCachedMax: 1 }, async () => LIMITS.boxesCachedMax as number);
  expect(seen).toBe(1);
  const failing = withLimits({ boxesCachedMax: 1 }, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(LIMITS).toEqual(before);
});

describe('a history', () => {
  const world = drawWorld('history', topology);
  const failure = { invariant: 'lost', text: 'message 1 is gone', virtualSeconds: 3 };
  const history = { schema: 2, quincunx: '0', failure, digest: '', world };

  test('comes back as it was', () => {
    expect(parseHistory(JSON.stringify(history), topology)).toEqual({ history });
  });

  test('of a version that knew nothing but messages has no workload', () => {
    const { workload, ...messagesOnly } = world;
    expect(workload).toBeDefined();
    const old = JSON.stringify({ ...history, schema: 1, world: messagesOnly });
    const read = { ...history, world: { ...world, workload: NO_WORKLOAD } };
    expect(parseHistory(old, topology)).toEqual({ history: read });
  });

  test.each<[string, object, string]>([
    ['another schema', { schema: 3 }, 'schema: 3 is not 1 or 2'],
    ['no workload', { world: { ...world, workload: undefined } }, 'world.workload.channels: use'],
    [
      'an unknown operation',
      { world: { ...world, workload: { channels: [], operations: [{ kind: 'shout' }] } } },
      'world.workload.operations[0]: kind is none of post,',
    ],
    [
      'a channel of nobody',
      { world: { ...world, workload: { channels: [{ creator: 99 }], operations: [] } } },
      'world.workload.channels[0]: use { creator, members }',
    ],
    [
      'an operation in no channel',
      {
        world: {
          ...world,
          workload: {
            channels: [],
            operations: [{ kind: 'join', dueMs: 1, user: 0, channel: 0 }],
          },
        },
      },
      'world.workload.operations[0]: use { kind, dueMs, user, channel }',
    ],
    ['no world', { world: 7 }, 'world: is missing'],
    [
      'a fault of nowhere',
      { world: { ...world, faults: [{ kind: 'dc_loss', dc: 9 }] } },
      'faults[0]',
    ],
    ['nobody', { world: { ...world, people: [] } }, 'people: use 1 to'],
    ['a stranger', { world: { ...world, messages: [{ sender: 99 }] } }, 'messages[0]'],
    ['an unknown limit', { world: { ...world, limits: { speed: 1 } } }, 'limits.speed'],
    ['a wrong limit', { world: { ...world, limits: { boxesCachedMax: -1 } } }, 'above 0'],
  ])('with %s is refused, with the reason', (_, change, reason) => {
    const parsed = parseHistory(JSON.stringify({ ...history, ...change }), topology);
    expect('problems' in parsed && parsed.problems.join('\n')).toContain(reason);
  });

  test('that is no JSON is refused', () => {
    expect(parseHistory('{', topology)).toMatchObject({ problems: [expect.any(String)] });
  });
});

describe('a series', () => {
  const outcome = (more: Partial<WorldOutcome>): WorldOutcome => ({
    digest: 'd',
    messages: 2,
    operations: {},
    events: 3,
    virtualSeconds: 4,
    faultsFired: {},
    faultsPlanned: {},
    states: [],
    failure: undefined,
    ...more,
  });

  test('adds up', () => {
    const series = new Series();
    series.add(0, 'a-0', outcome({ faultsFired: { pause: 1 }, states: ['x'] }));
    series.add(
      1,
      'a-1',
      outcome({ faultsFired: { pause: 2 }, operations: { post: 5 }, states: ['x', 'y'] }),
    );
    series.addStuck(2, 'a-2');
    expect(series.result()).toMatchObject({
      seeds: 3,
      messages: 4,
      faultsFired: { pause: 3 },
      operations: { post: 5 },
      statesCovered: 2,
      failures: [{ number: 2, seed: 'a-2', invariant: 'endless' }],
    });
  });

  test('says when a kind of fault is planned again and again and never strikes', () => {
    const series = new Series();
    for (let seed = 0; seed < 40; seed++) {
      series.add(seed, `b-${seed}`, outcome({ faultsPlanned: { jitter: 1 } }));
    }
    expect(series.result().failures).toMatchObject([
      { invariant: 'harness', text: 'jitter was planned 30 times and never struck', number: 29 },
    ]);
  });
});

test('the facts behind a broken promise: what was said, and what is seen', () => {
  const ledger = new Ledger();
  const entry = ledger.add(3, 4, 0, true);
  entry.sentMs = 1_000;
  ledger.acked(entry, 'stored', 1_500);
  const text = "message 0, acknowledged, is not in its recipient's box";
  const failure = { invariant: 'lost', text, virtualSeconds: 9 };
  const broken = brokenPromise(failure, 8, ledger.entries, (ms) => ms / 1_000);
  expect(broken).toEqual({
    invariant: 'lost',
    text,
    messages: [0],
    facts: [
      {
        lane: { kind: 'device', user: 3 },
        atSeconds: 1.5,
        text: 'user 3 is told that message 0 is stored',
      },
      { lane: { kind: 'device', user: 4 }, atSeconds: 8, text },
    ],
  });
});
