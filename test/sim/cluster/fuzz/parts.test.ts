/** Worlds from seeds, limits, histories, and how outcomes come together. */
import { describe, expect, test } from 'vitest';
import { FAULT_KINDS, faultPlanProblems } from '../../../../chaos/plan.ts';
import { DRAWN_KINDS } from '../../../../sim/cluster/fuzz/draw-faults.ts';
import { brokenPromise } from '../../../../sim/cluster/fuzz/facts.ts';
import { parseHistory } from '../../../../sim/cluster/fuzz/history.ts';
import type { WorldOutcome } from '../../../../sim/cluster/fuzz/run-world.ts';
import { Series } from '../../../../sim/cluster/fuzz/series.ts';
import { withLimits } from '../../../../sim/cluster/fuzz/small-limits.ts';
import { drawWorld } from '../../../../sim/cluster/fuzz/world.ts';
import { Ledger } from '../../../../sim/users/ledger.ts';
import { LIMITS } from '../../../../system-under-test/datacenter/limits.ts';
import topology from '../../../../system-under-test/five-datacentres.json' with { type: 'json' };

describe('worlds', () => {
  const worlds = Array.from({ length: 400 }, (_, index) => drawWorld(`parts-${index}`, topology));

  test('are right, all different, and the same for the same seed', () => {
    for (const world of worlds) {
      expect(faultPlanProblems(world, [1, 2, 3, 4, 5], world.windowSeconds)).toEqual([]);
    }
    expect(new Set(worlds.map((world) => JSON.stringify(world))).size).toBe(400);
    expect(drawWorld('parts-7', topology)).toEqual(worlds[7]);
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
  const history = { schema: 1, quincunx: '0', failure, digest: '', world };

  test('comes back as it was', () => {
    expect(parseHistory(JSON.stringify(history), topology)).toEqual({ history });
  });

  test.each<[string, object, string]>([
    ['another schema', { schema: 2 }, 'schema: 2 is not 1'],
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
    series.add(1, 'a-1', outcome({ faultsFired: { pause: 2 }, states: ['x', 'y'] }));
    series.addStuck(2, 'a-2');
    expect(series.result()).toMatchObject({
      seeds: 3,
      messages: 4,
      faultsFired: { pause: 3 },
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
