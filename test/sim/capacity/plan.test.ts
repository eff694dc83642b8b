import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comparePlans } from '../../../sim/capacity/compare.ts';
import { PLAN_DOCUMENT } from '../../../sim/capacity/document.ts';
import { FIELDS, valuesOf } from '../../../sim/capacity/inputs.ts';
import { lossStates } from '../../../sim/capacity/losses.ts';
import { evaluate, stateOutcomes, worldFor } from '../../../sim/capacity/model.ts';
import { SLOTS, sum } from '../../../sim/capacity/planet.ts';
import { triangularQuantile } from '../../../sim/capacity/quantity.ts';
import { ROLES } from '../../../sim/capacity/settings.ts';
import { slowestMs } from '../../../sim/capacity/solver.ts';
import { PLANET as planet, planFrom, profileSource, sourceOf } from './planning.ts';

const source = profileSource('a-800m');
const values = valuesOf(source.inputs);

describe('the document', () => {
  test('is the same every time, and as its schema says', () => {
    const plan = planFrom(source, { samples: 20 });
    expect(planFrom(source, { samples: 20 })).toEqual(plan);
    expect(PLAN_DOCUMENT.parse(plan)).toEqual(plan);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  test('a figure reads no other inputs than its formula says', () => {
    // Without intervals there is no tornado to draw, which takes most of the time.
    const points = [...source.inputs].map(([path, quantity]) => {
      const { mode } = quantity;
      return [path, { ...quantity, low: mode, high: mode }] as const;
    });
    const base = planFrom({ ...source, inputs: new Map(points) });
    for (const [path, quantity] of points) {
      const { min, max } = FIELDS.get(path)!;
      const factor = quantity.mode === 0 ? 0 : 1.7;
      const moved = Math.min(max, Math.max(min, quantity.mode * factor || 1));
      if (moved === quantity.mode) continue;
      const same = { low: moved, mode: moved, high: moved };
      const inputs = new Map([...points, [path, { ...quantity, ...same }]]);
      const plan = planFrom({ ...source, inputs });
      for (const [id, { value, uses }] of Object.entries(plan.figures)) {
        if (value !== base.figures[id]!.value) {
          expect([...uses, ...base.figures[id]!.uses], `${id} depends on ${path}`).toContain(path);
        }
      }
    }
  }, 30_000);

  test('says how well each figure is known, by the weakest of what it reads', () => {
    const { figures } = planFrom(source);
    expect(figures['load.mean']!.restsOn).toBe('given');
    expect(figures['fleet.publishedCores']!.restsOn).toBe('published');
    expect(figures['cost.month']!.restsOn).toBe('assumed');
  });
});

describe('losses', () => {
  test.each(['nearest', 'spread'] as const)('nobody is lost with a datacentre: %s', (failover) => {
    for (const state of lossStates(planet, failover)) {
      expect(sum(state.users)).toBeCloseTo(1, 9);
      for (let slot = 0; slot < SLOTS; slot += 7) {
        const row = slot * planet.dcCount;
        const sends = sum(state.sends.subarray(row, row + planet.dcCount));
        expect(sends).toBeCloseTo(sum(planet.wave.subarray(row, row + planet.dcCount)), 9);
      }
      for (const dc of state.lost) {
        for (const load of [state.sends, state.received, state.applied, state.mastered]) {
          expect(load[dc]).toBe(0);
        }
      }
    }
  });

  test('nothing, each, and each pair', () => {
    expect(lossStates(planet, 'nearest').map(({ lost }) => lost.length)).toEqual([
      0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    ]);
  });
});

describe('a sized fleet', () => {
  test.each([0, 1, 2] as const)('bears %d losses, and with less it does not', (survive) => {
    const world = worldFor(planet, { ...source.settings, survive });
    const outcome = evaluate(world, values);
    const limit = values.sizing.utilisationMax;
    const worst = (fleet: typeof outcome.fleet): number =>
      Math.max(
        ...stateOutcomes(world, evaluate(world, values, fleet), 0.99)
          .filter(({ state }) => state.lost.length <= survive)
          .map(({ busy }) => busy.utilisation),
      );
    expect(worst(outcome.fleet)).toBeLessThanOrEqual(limit + 1e-9);
    for (const [dc, counts] of outcome.fleet.entries()) {
      for (const role of ROLES) {
        if (counts[role] === 1 || outcome.bindings![dc]![role] === 'disk') continue;
        const less = outcome.fleet.map((row, i) =>
          i === dc ? { ...row, [role]: row[role] - 1 } : row,
        );
        expect(worst(less), `${role} of ${dc}`).toBeGreaterThan(limit);
      }
    }
  });

  test('more load never needs fewer servers', () => {
    const world = worldFor(planet, source.settings);
    const servers = (messagesPerDay: number): number => {
      const traffic = { ...values.traffic, messagesPerDay };
      const { fleet } = evaluate(world, { ...values, traffic });
      return sum(fleet.flatMap((counts) => ROLES.map((role) => counts[role])));
    };
    const rate = fc.double({ min: 1e6, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(rate, rate, (a, b) => {
        expect(servers(Math.min(a, b))).toBeLessThanOrEqual(servers(Math.max(a, b)));
      }),
      { numRuns: 30 },
    );
  });
});

describe('a fleet solved for a promise', () => {
  // Slow services, so that waiting matters as much as the path.
  const slow = valuesOf(
    profileSource('a-800m', ['service.gap=200', 'storage.spaceFactor=0.05']).inputs,
  );

  test.each([
    { path: 'same_dc', quantile: 0.99, limitMs: 100 },
    { path: 'same_dc', quantile: 0.999, limitMs: 130 },
    { path: 'cross_dc', quantile: 0.99, limitMs: 230 },
  ] as const)('$path $quantile under $limitMs ms: holds, and with less it does not', (target) => {
    const world = worldFor(planet, source.settings, target);
    const { solution, fleet, peaks } = evaluate(world, slow);
    expect(solution).toMatchObject({ possible: true });
    expect(solution!.reachedMs).toBeLessThan(target.limitMs);
    expect(solution!.reachedMs).toBeGreaterThan(solution!.floorMs);
    for (const [i, state] of world.states.slice(0, 6).entries()) {
      const ms = slowestMs(slow, planet, peaks[i]!, fleet, target, state.lost);
      expect(ms).toBeLessThan(target.limitMs);
    }
    const thinner = fleet.map((counts) => ({ ...counts, front: Math.floor(counts.front * 0.97) }));
    const ms = slowestMs(slow, planet, peaks[1]!, thinner, target, [0]);
    expect(ms).toBeGreaterThan(solution!.reachedMs * 0.98);
  });

  test('what no fleet can keep is said with its floor', () => {
    const target = { path: 'same_dc', quantile: 0.99, limitMs: 30 } as const;
    const plan = planFrom(source, { target });
    expect(plan.verdict).toBe('broken');
    expect(plan.answers[0]!.answer).toMatch(/without any waiting same_dc p99 is 5\d(\.\d)? ms/);
  });
});

describe('a given fleet', () => {
  const fleet = (servers: number): string =>
    [1, 2, 3, 4, 5]
      .map((id) => `  "${id}": { front: ${servers}, router: 9, store: 700, media: 3000 }`)
      .join('\n');

  test('is judged, not sized', () => {
    const enough = planFrom(sourceOf(`fleet:\n${fleet(150)}`));
    expect(enough.verdict).toBe('held');
    expect(enough.figures['fleet.servers']!.value).toBe(5 * (150 + 9 + 700 + 3000));
    const few = planFrom(sourceOf(`fleet:\n${fleet(30)}`));
    expect(few.verdict).toBe('broken');
    expect(few.answers[0]!.answer).toMatch(/^no: .*front connections/);
  });

  test('a fleet that holds today breaks where the plan says', () => {
    const plan = planFrom(sourceOf(`fleet:\n${fleet(150)}`));
    const first = plan.tables['breaksLost']!.rows.find(
      // Links that are not given grow with the load.
      ({ multiple, what }) => multiple !== null && what !== 'backbone link',
    )!;
    const at = (factor: number) => {
      const grown = sourceOf(`fleet:\n${fleet(150)}`, [
        `traffic.messagesPerDay=${55e9 * Number(first['multiple']) * factor}`,
        `traffic.dailyUsers=${440e6 * Number(first['multiple']) * factor}`,
        `traffic.botCallsPerDay=${15e9 * Number(first['multiple']) * factor}`,
        'supergroups.bursts=2',
      ]);
      return planFrom(grown).verdict;
    };
    expect([at(0.98), at(1.02)]).toEqual(['held', 'broken']);
  });
});

describe('uncertainty', () => {
  test('triangular law: its mean and its ends', () => {
    const law = { low: 2, mode: 3, high: 10, from: 'assumed', source: 'a test' } as const;
    const draws = Array.from({ length: 2000 }, (_, i) => triangularQuantile(law, (i + 0.5) / 2000));
    expect(sum(draws) / 2000).toBeCloseTo(5, 3);
    expect([draws[0]! >= 2, draws.at(-1)! <= 10]).toEqual([true, true]);
  });

  test('the seed decides; more losses are never borne more often', () => {
    const held = (seed: string) => {
      const { figures, tables } = planFrom(source, { samples: 40, seed });
      const shares = [0, 1, 2].map((losses) => figures[`risk.holds${losses}`]!.value!);
      return { shares, spread: tables['uncertainty']!.rows };
    };
    const [one, again, other] = [held('one'), held('one'), held('other')];
    expect(one).toEqual(again);
    expect(one.spread).not.toEqual(other.spread);
    expect(one.shares[0]).toBeGreaterThanOrEqual(one.shares[1]!);
    expect(one.shares[1]).toBeGreaterThanOrEqual(one.shares[2]!);
  });
});

test('two plans side by side', () => {
  const a = planFrom(source);
  const b = planFrom(profileSource('a-800m', ['traffic.mediaShare=0.15']));
  const { figures, inputs } = comparePlans(a, b);
  const media = figures.find(({ id }) => id === 'stored.mediaPerDay');
  expect(media).toMatchObject({ a: 16.5e15, b: 8.25e15, difference: -8.25e15, ratio: 0.5 });
  expect(inputs.map(({ id }) => id)).toEqual(['traffic.mediaShare']);
});
