/**
 * The live world under the load of the real k6, whole: looked at while it runs, and ended early. In
 * CI k6 must be there; on a person's machine its absence is told.
 */
import { expect, test } from 'vitest';
import { scenario } from '../../../scenarios/define.ts';
import { run } from '../../../scenarios/k6/k6-world.ts';
import { findK6, INSTALL_K6 } from '../../../scenarios/k6/run-k6.ts';
import type { Look } from '../../../scenarios/worlds/world.ts';
import { runWorld } from '../worlds/run-world.ts';
import { smallOutage } from '../worlds/small-outage.ts';

const missing = findK6() === undefined;
if (missing && !process.env['CI']) console.warn(`skipped: no k6; ${INSTALL_K6}`);

test.runIf(!missing || process.env['CI'])(
  'looks show faults, paths and backlogs; ended early, it has what was measured',
  { timeout: 120_000 },
  async () => {
    const ramped = scenario({
      ...smallOutage,
      window: { ...smallOutage.window, warmupSeconds: 2 },
      worlds: { live: { ...smallOutage.worlds.live, rampSeconds: 2 } },
    });
    const end = new AbortController();
    const looks: Look[] = [];
    const result = await runWorld(run, ramped, {
      observe: (look) => {
        looks.push(look);
        if (look.atSeconds >= 6) end.abort();
      },
      endNow: end.signal,
    });
    expect(result.endedEarly).toBe(true);
    expect(result.faults).toHaveLength(1);
    expect(result.faults[0]!.healedAtSeconds).toBeLessThan(10);
    const seen = looks.filter(({ atSeconds }) => atSeconds >= 0);
    // Three looks a second and more, and the fault in force in many of them.
    expect(seen.length).toBeGreaterThan(3 * 6);
    expect(seen.filter(({ inForce }) => inForce.length > 0).length).toBeGreaterThan(5);
    const { measurements } = seen.at(-1)!;
    expect(measurements.summary('backlog')?.max).toBeGreaterThan(0);
    const delivered = measurements.summary('messages_delivered')?.count ?? 0;
    const rate = ramped.worlds.live.messagesPerSecond;
    expect(delivered).toBeGreaterThan(rate * 3);
    // In the end there is a little more, and nothing less: the same messages, by the same paths.
    const atEnd = result.measurements.summary('delivery_latency', { path: 'same_dc' })?.count;
    const then = measurements.summary('delivery_latency', { path: 'same_dc' })?.count ?? 0;
    expect(atEnd).toBeGreaterThanOrEqual(then);
    expect(atEnd).toBeLessThan(then + 2 * rate);
    expect(result.measurements.summary('writes_lost')).toBeUndefined();
    // A busy machine may void it; that it ended early is no reason.
    expect(result.voidReasons.filter((why) => !/late|busy|did not begin/.test(why))).toEqual([]);
  },
);
