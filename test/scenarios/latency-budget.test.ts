import { describe, expect, test } from 'vitest';
import { modelBudget } from '../../scenarios/latency-budget.ts';
import { loadScenario } from '../../scenarios/load.ts';
import { loadInput } from '../../scenarios/load-input.ts';
import { DEFAULT_SERVICE_TIMES } from '../../sim/model/service-times.ts';
import { loadOf } from '../../sim/traffic/scenario-load.ts';

const outage = await loadScenario('short-outage', process.cwd());
const load = loadOf(loadInput(outage, '1'));
const meanOfPath = (budget: ReturnType<typeof modelBudget>, path: string): number =>
  budget!.paths.find((one) => one.path === path)!.hops.reduce((sum, { meanMs }) => sum + meanMs, 0);

describe('the latency budget of the model', () => {
  const budget = modelBudget(outage, load, DEFAULT_SERVICE_TIMES);

  test('between datacentres there is the way, and a second log', () => {
    expect(budget!.paths.map(({ path, hops }) => [path, hops.length])).toEqual([
      ...[['same_dc', 6] as const, ['cross_dc', 9] as const],
    ]);
    for (const { hops } of budget!.paths) {
      for (const { name, meanMs, waitMs } of hops) {
        expect(waitMs, name).toBeGreaterThanOrEqual(0);
        expect(waitMs, name).toBeLessThanOrEqual(meanMs);
      }
    }
  });

  test('adds up to what the model measures in calm, within 3 %', async () => {
    const { run } = await import('../../scenarios/worlds/flow.ts');
    const calm = { ...outage, faults: [] };
    const { measurements } = await run(calm, {
      ...{ seed: '1', workers: 1, signal: new AbortController().signal, progress: () => undefined },
      ...{ toxiproxy: 'embedded', scratch: '' },
    });
    for (const path of ['same_dc', 'cross_dc'] as const) {
      const measured = measurements.summary('delivery_latency', { path })!.mean;
      expect(Math.abs(meanOfPath(budget, path) / measured - 1), path).toBeLessThan(0.03);
    }
  });

  test('a slower disk is in the hop of the log, and in the push of more that it synced together', () => {
    const sync = { meanUs: 3000, sigma: 0.5 };
    const slower = modelBudget(outage, load, { ...DEFAULT_SERVICE_TIMES, sync });
    const [before, after] = [budget, slower].map((one) => one!.paths[0]!.hops);
    const changed = after!.filter(({ meanMs }, i) => Math.abs(meanMs - before![i]!.meanMs) > 0.1);
    expect(changed.map(({ name }) => name)).toEqual(['log, synced', 'push']);
  });

  test('none where a station is full', () => {
    const front = { meanUs: 60_000, sigma: 0.5 };
    expect(modelBudget(outage, load, { ...DEFAULT_SERVICE_TIMES, front })).toBeUndefined();
  });
});
