/** The fuzzer on worker threads: one result for any number of them, planted bugs, stuck threads. */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { drawWorld } from '../../../sim/cluster/fuzz/world.ts';
import { PLANTED } from '../../../sim/cluster/planted/index.ts';
import {
  type FuzzPool,
  fuzzSeries,
  openFuzzPool,
  recordWorld,
  replayWorld,
  searchPlanted,
  shrinkWorld,
} from '../../../sim/parallel/fuzz.ts';
import { moduleUrl } from '../../../sim/parallel/plant.ts';
import topology from '../../../system-under-test/five-datacentres.json' with { type: 'json' };

const SLOW_MS = 60_000;
const pools: FuzzPool[] = [];
const never = new AbortController().signal;

function open(workers: number, planted?: string, signal: AbortSignal = never): FuzzPool {
  const bug = PLANTED.find(({ name }) => name === planted);
  const pool = openFuzzPool({ topology, workers, signal, ...(bug ? { planted: bug } : {}) });
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

const SERIES = { base: 'threads', from: 0, seeds: 6, twiceEvery: 4, stopAtFirst: false };

test(
  'the result is the same for one worker and for three',
  async () => {
    const one = await fuzzSeries(open(1), SERIES);
    expect(await fuzzSeries(open(3), SERIES)).toEqual(one);
    expect(one.seeds).toBe(6);
    const other = await fuzzSeries(open(2), { ...SERIES, from: 6 });
    expect(other.digest).not.toBe(one.digest);
  },
  SLOW_MS,
);

test(
  'an abort ends the series with what was found so far',
  async () => {
    const controller = new AbortController();
    const pool = open(2, undefined, controller.signal);
    let seen = 0;
    const onSeed = (): void => {
      seen++;
      if (seen === 2) controller.abort(new Error('enough'));
    };
    const result = await fuzzSeries(pool, { ...SERIES, seeds: 1_000_000, onSeed });
    expect(result.seeds).toBe(seen);
    expect(seen).toBeLessThan(10);
  },
  SLOW_MS,
);

describe('a planted bug', () => {
  test(
    'is found where the healthy backend holds, shrunk, recorded and replayed',
    async () => {
      const name = 'repeats-are-new';
      const bug = PLANTED.find((each) => each.name === name)!;
      const pool = open(2, name);
      const options = { base: 'planted', from: 0, seeds: 200 };
      const search = await searchPlanted(open(1), pool, bug, options);
      const { found } = search;
      expect(found?.invariant).toBe('doubled');
      const world = drawWorld(found!.seed, topology);
      const shrunk = await shrinkWorld(pool, world, 'doubled', 10, () => {});
      expect(shrunk.world.messages.length).toBeLessThan(world.messages.length);
      const { outcome, timeline } = await recordWorld(pool, shrunk.world);
      expect(outcome.failure?.invariant).toBe('doubled');
      expect(timeline.broken?.facts.length).toBeGreaterThan(0);
      expect(timeline.messages).toHaveLength(shrunk.world.messages.length);
      // As a file would bring it.
      const again = JSON.parse(JSON.stringify(shrunk.world));
      expect(await replayWorld(pool, again)).toEqual(outcome);
      expect((await replayWorld(open(1), again)).failure).toBeUndefined();
    },
    2 * SLOW_MS,
  );

  test(
    'that fits no line stops the search with the reason',
    async () => {
      const [some] = PLANTED;
      const pool = openFuzzPool({
        topology,
        workers: 1,
        signal: never,
        planted: { ...some!, name: 'gone', find: 'this line is not there' },
      });
      pools.push(pool);
      await expect(fuzzSeries(pool, SERIES)).rejects.toThrow("planted bug gone: 'this line is");
    },
    SLOW_MS,
  );

  test(
    'in a module that is never loaded stops it too',
    async () => {
      const pool = openFuzzPool({
        topology,
        workers: 1,
        signal: never,
        planted: { ...PLANTED[0]!, name: 'idle', file: 'reports/results.ts' },
      });
      pools.push(pool);
      await expect(fuzzSeries(pool, SERIES)).rejects.toThrow('was loaded 0 times');
    },
    SLOW_MS,
  );

  test('lies where the backend lies', () => {
    expect(fileURLToPath(moduleUrl('sim/parallel/plant.ts'))).toMatch(
      /\/sim\/parallel\/plant\.ts$/,
    );
  });
});
