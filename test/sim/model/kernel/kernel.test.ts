/** The kernel gives what the plain code gives, bit for bit, whatever happens. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../chaos/plan.ts';
import { type Engine, runColumns } from '../../../../sim/model/column-range.ts';
import type { ModelPlan } from '../../../../sim/model/plan.ts';
import { Tally, tallyShape } from '../../../../sim/model/tally.ts';
import { ALL_DIRECT } from '../../../../sim/traffic/kinds.ts';
import { planet, sum } from '../planet.ts';

function tallyOf(plan: ModelPlan, engine: Engine): Tally {
  const tally = new Tally(tallyShape(plan));
  tally.add(runColumns({ plan, from: 0, to: plan.columns }, engine));
  return tally;
}

function expectSame(plan: ModelPlan): Tally {
  const plain = tallyOf(plan, 'plain');
  const fast = tallyOf(plan, 'wasm');
  for (const field of ['offered', 'delivered', 'perPair', 'perSeries', 'perKind'] as const) {
    expect([...fast[field]], field).toEqual([...plain[field]]);
  }
  expect(fast.orderViolations).toBe(plain.orderViolations);
  expect(fast.digest()).toBe(plain.digest());
  return plain;
}

const mix = { ...ALL_DIRECT, direct: 0.4, group: 0.3, bot: 0.1, media: 0.2 };
const wave = (second: number): number => 1 + 0.5 * ((second % 7) / 7);

describe('the kernel and the plain code agree', () => {
  test('on a quiet minute', () => {
    const tally = expectSame(planet({ seconds: 60 }));
    expect(sum(tally.offered)).toBeGreaterThan(100_000);
  });
  test('on all kinds of messages, changing rates and several servers', () => {
    const fleet = { front: [1, 2, 3], router: [2, 1, 4], delivery: [3, 2, 1] };
    expectSame(planet({ seconds: 30, mix, fleet, times: wave, rate: 800 }));
  });
  test('on a loss, a cut and a slow link, one after the other', () => {
    const faults: Fault[] = [
      { kind: 'dc_loss', dc: 2, atSeconds: 6.1, forSeconds: 3 },
      { kind: 'partition', groups: [[1], [2, 3]], atSeconds: 30, forSeconds: 2 },
      { kind: 'slow_link', from: 1, to: 3, addedMs: 300, atSeconds: 45, forSeconds: 5 },
    ];
    const tally = expectSame(planet({ seconds: 70, mix, faults }));
    expect(sum(tally.queued)).toBeGreaterThan(100);
  });
  test('on overload, refusals and retries', () => {
    const service = { front: { meanUs: 2000, sigma: 0.5 } };
    const times = (second: number): number => (second >= 20 && second < 26 ? 2 : 0.5);
    const tally = expectSame(planet({ seconds: 60, rate: 450, service, times }));
    expect(sum(tally.refused)).toBeGreaterThan(500);
  });
  test('on drawn planets', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.string({ minLength: 1, maxLength: 6 }),
          rate: fc.integer({ min: 0, max: 900 }),
          seconds: fc.integer({ min: 3, max: 25 }),
          losses: fc.array(
            fc.record({ dc: fc.integer({ min: 1, max: 3 }), at: fc.nat(20), for: fc.nat(8) }),
            { maxLength: 2 },
          ),
          servers: fc.integer({ min: 1, max: 4 }),
        }),
        ({ seed, rate, seconds, losses, servers }) => {
          const faults = losses
            .filter(({ at, for: length }) => length > 0 && at + length <= seconds)
            .map(({ dc, at, for: length }): Fault => {
              return { kind: 'dc_loss', dc, atSeconds: at, forSeconds: length };
            });
          const each = [servers, 1, servers];
          const fleet = { front: each, router: [1, 1, servers], delivery: each };
          expectSame(planet({ seed, rate, seconds, faults, fleet, mix }));
        },
      ),
      {
        numRuns: 15,
        // Found here: what arrives just after an incident was due during it.
        examples: [
          [{ seed: ' ', rate: 5, seconds: 5, losses: [{ dc: 1, at: 0, for: 1 }], servers: 1 }],
        ],
      },
    );
  });
});
