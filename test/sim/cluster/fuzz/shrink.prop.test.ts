/** Shrinking, against tests of worlds that need no run. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultPlanProblems } from '../../../../chaos/plan.ts';
import { shrink } from '../../../../sim/cluster/fuzz/shrink.ts';
import { drawWorld, type FuzzWorld } from '../../../../sim/cluster/fuzz/world.ts';
import { workloadProblems } from '../../../../sim/users/workload.ts';
import fiveDatacentres from '../../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};

const DCS = [1, 2, 3, 4, 5];
const seeds = fc.string({ minLength: 1, maxLength: 8 });

/** Counts the runs, and checks that every candidate is a world that can be run. */
function failingWhen(fails: (world: FuzzWorld) => boolean) {
  const count = { runs: 0 };
  const firstFailing = async (worlds: readonly FuzzWorld[]): Promise<number | undefined> => {
    for (const [index, world] of worlds.entries()) {
      count.runs++;
      expect(faultPlanProblems(world, DCS, world.windowSeconds)).toEqual([]);
      expect(workloadProblems(world.workload, world.people.length)).toEqual([]);
      for (const [place, person] of world.people.entries()) expect(person.index).toBe(place);
      for (const { sender, recipient, dueMs } of world.messages) {
        expect(Math.max(sender, recipient)).toBeLessThan(world.people.length);
        expect(dueMs).toBeGreaterThanOrEqual(0);
      }
      if (fails(world)) return index;
    }
    return undefined;
  };
  return { firstFailing, count };
}

describe('shrinking', () => {
  test('leaves the two messages and the fault that it takes', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.nat(), fc.nat(), async (seed, a, b) => {
        const world = drawWorld(seed, fiveDatacentres);
        const [one, other] = [a, b].map((each) => world.messages[each % world.messages.length]!);
        const fault = world.faults[a % Math.max(1, world.faults.length)]?.kind;
        const has = ({ messages }: FuzzWorld, bytes: number): boolean =>
          messages.some(({ textBytes }) => textBytes === bytes);
        const fails = (candidate: FuzzWorld): boolean =>
          has(candidate, one!.textBytes) &&
          has(candidate, other!.textBytes) &&
          (fault === undefined || candidate.faults.some(({ kind }) => kind === fault));
        const { firstFailing, count } = failingWhen(fails);
        const smallest = await shrink(world, firstFailing);
        expect(fails(smallest)).toBe(true);
        expect(smallest.messages.length).toBeLessThanOrEqual(2);
        expect(smallest.faults).toHaveLength(fault === undefined ? 0 : 1);
        expect(smallest.people.length).toBeLessThanOrEqual(4);
        expect(count.runs).toBeLessThan(3_000);
      }),
      { numRuns: 40 },
    );
  });

  test('leaves the operation that it takes, with its supergroup and those whom it names', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.nat(), async (seed, a) => {
        const world = drawWorld(seed, fiveDatacentres);
        const { operations } = world.workload;
        const needed = operations[a % Math.max(1, operations.length)];
        fc.pre(needed !== undefined);
        const phoneOf = ({ people }: FuzzWorld, user: number) => people[user]?.phone;
        const fails = (candidate: FuzzWorld): boolean =>
          candidate.workload.operations.some(
            ({ kind, user }) =>
              kind === needed!.kind && phoneOf(candidate, user) === phoneOf(world, needed!.user),
          );
        const { firstFailing, count } = failingWhen(fails);
        const smallest = await shrink(world, firstFailing);
        expect(smallest.workload.operations).toHaveLength(1);
        expect(smallest.workload.operations[0]!.kind).toBe(needed!.kind);
        const inChannel = 'channel' in needed! ? 1 : 0;
        expect(smallest.workload.channels).toHaveLength(inChannel);
        for (const { creator, members } of smallest.workload.channels) {
          expect(new Set([creator, ...members]).size).toBe(members.length + 1);
        }
        expect(smallest.messages.length).toBeLessThanOrEqual(1);
        expect(smallest.people.length).toBeLessThanOrEqual(6);
        expect(smallest.people.filter(({ plain }) => plain)).toEqual([]);
        expect(count.runs).toBeLessThan(3_000);
      }),
      // Found in CI: what is needed is done on the second device of a plain client.
      { numRuns: 40, examples: [['7z', 717977029]] },
    );
  });

  test('takes all operations away at once when none matters', async () => {
    const world = drawWorld('needless', fiveDatacentres);
    const { firstFailing } = failingWhen(({ messages }) => messages.length > 0);
    const { workload, people } = await shrink(world, firstFailing);
    expect(workload).toEqual({ channels: [], operations: [] });
    expect(people).toHaveLength(2);
  });

  test('gives the world itself back when nothing can be taken away', async () => {
    const world = drawWorld('whole', fiveDatacentres);
    const { firstFailing } = failingWhen((candidate) => candidate === world);
    expect(await shrink(world, firstFailing)).toBe(world);
  });

  test('tells of each step', async () => {
    const world = drawWorld('steps', fiveDatacentres);
    const sizes: number[] = [];
    await shrink(world, failingWhen(() => true).firstFailing, (smaller) => {
      sizes.push(smaller.messages.length);
    });
    expect(sizes.at(-1)).toBe(1);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });
});
