/** The cluster world through the same door as the command line. */
import { describe, expect, test } from 'vitest';
import type { Measurements } from '../../../reports/measurements.ts';
import { evaluateSlos } from '../../../reports/slo.ts';
import { run } from '../../../scenarios/worlds/cluster.ts';
import { runWorld } from './run-world.ts';
import { smallOutage } from './small-outage.ts';

describe('the cluster world', () => {
  test('loses a DC, keeps every promise, and is the same bits twice', async () => {
    const first = await runWorld(run, smallOutage);
    const second = await runWorld(run, smallOutage);
    expect(second.digest).toBe(first.digest);
    expect(second.measurements.toJSON()).toEqual(first.measurements.toJSON());
    expect(first.voidReasons).toEqual([]);
    expect(first.faults).toHaveLength(1);
    expect(first.faults[0]?.firedAtSeconds).toBeCloseTo(3, 6);
    expect(first.faults[0]?.healedAtSeconds).toBeCloseTo(7, 6);
    const slos = evaluateSlos(smallOutage.slos, first.measurements);
    expect(slos.filter((slo) => slo.verdict !== 'held')).toEqual([]);
    expect(first.measurements.summary('writes_queued', {})?.count).toBeGreaterThan(0);
    const outage = first.measurements.summary('delivery_latency', { path: 'outage' });
    expect(outage?.max).toBeGreaterThan(1000);
    expect(first.measurements.summary('messages_delivered', {})?.count).toBe(first.messages);
  });

  test('figures while it runs file each message under the path that it has in the end', async () => {
    let seen: Measurements | undefined;
    const { measurements } = await runWorld(run, smallOutage, {
      observe: (look) => {
        seen = look.measurements;
      },
    });
    const counts = (of: Measurements | undefined) =>
      (['same_dc', 'cross_dc', 'outage'] as const).map(
        (path) => of?.summary('delivery_latency', { path })?.count,
      );
    expect(counts(seen)).toEqual(counts(measurements));
    expect(counts(seen)[2]).toBeGreaterThan(0);
  });

  test('ends when it should: faults heal, and nothing is claimed of what was under way', async () => {
    const end = new AbortController();
    const result = await runWorld(run, smallOutage, {
      observe: ({ atSeconds }) => atSeconds >= 5 && end.abort(),
      endNow: end.signal,
    });
    expect(result).toMatchObject({ endedEarly: true, voidReasons: [] });
    expect(result.faults).toMatchObject([{ firedAtSeconds: 3, healedAtSeconds: 5 }]);
    const { measurements } = result;
    expect(measurements.summary('writes_lost')).toBeUndefined();
    expect(measurements.summary('drain_time')).toBeUndefined();
    const offered = measurements.summary('messages_offered')?.count ?? 0;
    expect(offered).toBeGreaterThan(0);
    expect(offered).toBeLessThan(smallOutage.worlds.cluster.messagesPerSecond * 7);
  });

  test('another seed is another run', async () => {
    const first = await runWorld(run, smallOutage, { seed: 'a' });
    const second = await runWorld(run, smallOutage, { seed: 'b' });
    expect(second.digest).not.toBe(first.digest);
  });

  test('stops when it is told to', async () => {
    const controller = new AbortController();
    const started = runWorld(run, smallOutage, {
      signal: controller.signal,
      progress: ({ phase }) => phase === 'load' && controller.abort(new Error('told to stop')),
    });
    await expect(started).rejects.toThrow('told to stop');
  });
});
