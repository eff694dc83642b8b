/** Drills through the worlds: what becomes of faults, of aborts, and of no steady state. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import type { DrillInput } from '../../../chaos/drill.ts';
import { Measurements } from '../../../reports/measurements.ts';
import { checkDrill, type DrillLoad, runDrill } from '../../../scenarios/drills/run-drill.ts';
import { loadWorld } from '../../../scenarios/run.ts';
import type { World, WorldOptions } from '../../../scenarios/worlds/world.ts';

vi.setConfig({ testTimeout: 60_000 });

const scratch = mkdtempSync(join(tmpdir(), 'quincunx-drill-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const size = { users: 60, messagesPerSecond: 40 };
const LOAD: DrillLoad = { worlds: { cluster: size, live: size } };
const DRILL: DrillInput = {
  name: 'test',
  title: 'a test',
  steadyState: { seconds: 6, slos: { delivery_latency: ['p(50)<1s'] } },
  faults: [{ kind: 'dc_loss', dc: 4, atSeconds: 0, forSeconds: 6 }],
  recoverySeconds: 12,
  slos: { writes_lost: ['count==0'], order_violations: ['count==0'] },
};

function options(seed = 'drill'): WorldOptions {
  const { signal } = new AbortController();
  return { seed, workers: 1, signal, progress: () => {}, toxiproxy: 'embedded', scratch };
}

async function drill(world: 'cluster' | 'live', change: Partial<DrillInput> = {}) {
  const checked = checkDrill({ ...DRILL, ...change }, LOAD);
  return runDrill(checked, await loadWorld(world, 'events'), options());
}

test('cluster: a loss that is stood, with the steady state before and after', async () => {
  const result = await drill('cluster');
  expect(result.verdict).toBe('held');
  expect(result.drill?.steps.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['steady state', 'held'],
    ['recovered', 'held'],
  ]);
  expect(result.faults).toMatchObject([{ firedAtSeconds: 8, healedAtSeconds: 14 }]);
  expect(result.drill?.blast).toHaveLength(1);
  expect((await drill('cluster')).digest).toBe(result.digest);
});

test('cluster: an abort condition undoes everything at once, and the run goes on', async () => {
  const result = await drill('cluster', {
    faults: [
      { kind: 'dc_loss', dc: 4, atSeconds: 0, forSeconds: 30 },
      { kind: 'slow_link', from: 1, to: 2, addedMs: 50, atSeconds: 28, forSeconds: 5 },
    ],
    abortWhen: [{ metric: 'backlog', is: 'max>=3', overSeconds: 1, forSeconds: 1 }],
  });
  expect(result.verdict).toBe('broken');
  const [, aborted, back] = result.drill?.steps ?? [];
  expect(aborted).toMatchObject({ name: 'aborted', verdict: 'broken' });
  expect(aborted?.why).toMatch(/^backlog max>=3: \d+ messages/);
  expect(back).toMatchObject({ name: 'rolled back' });
  expect(back!.atSeconds - aborted!.atSeconds).toBeLessThan(2);
  // What was planned for later never came, and is not held against the run.
  expect(result.faults).toHaveLength(1);
  expect(result.faults[0]!.healedAtSeconds).toBeLessThan(30);
  expect(result.voidReasons).toEqual([]);
  expect(result.slos.map(({ verdict }) => verdict)).toEqual(['held', 'held']);
});

test('cluster: without the steady state nothing is broken, and that is no verdict', async () => {
  const result = await drill('cluster', {
    steadyState: { seconds: 6, slos: { delivery_latency: ['p(50)<1ms'] } },
  });
  expect(result.verdict).toBe('undecided');
  expect(result.faults).toEqual([]);
  expect(result.voidReasons[0]).toMatch(/^the steady state was not there, so nothing was broken/);
});

test('that it did not recover is not known where the disk stalled', async () => {
  const slow = (slowReasons: readonly string[]): World => {
    return ({ window, faults }, { observe }) => {
      const measurements = new Measurements({ windowSeconds: window.seconds });
      for (let second = 0; second < window.seconds; second++) {
        const ms = second < 7 ? 100 : 5_000;
        measurements.record('delivery_latency', ms, { path: 'same_dc', dc: '1' }, second, 100);
      }
      for (const metric of ['writes_lost', 'order_violations'] as const) {
        measurements.add(metric, 0, {}, window.seconds);
      }
      observe?.({ atSeconds: 7, measurements, inForce: [] });
      return Promise.resolve({
        ...{ world: 'live', measurements, digest: '', messages: 100, wallSeconds: 1 },
        ...{ voidReasons: [], notes: [], slowReasons },
        faults: faults.map((fault) => {
          return { fault, firedAtSeconds: fault.atSeconds, healedAtSeconds: fault.atSeconds + 6 };
        }),
      });
    };
  };
  const checked = checkDrill(DRILL, LOAD);
  const broken = await runDrill(checked, slow([]), options());
  expect(broken.verdict).toBe('broken');
  const unknown = await runDrill(checked, slow(['the disk stalled']), options());
  expect(unknown.verdict).toBe('undecided');
  const step = unknown.drill?.steps.find(({ name }) => name === 'recovered');
  expect(step).toMatchObject({ verdict: 'undecided' });
  expect(step?.why).toMatch(/5,?000.*; the disk stalled$/);
});

test('live: processes stand still, clocks jump, disks fill up, and all is well in the end', async () => {
  const result = await drill('live', {
    faults: [
      { kind: 'clock_jump', dc: 1, ms: 60_000, atSeconds: 0, forSeconds: 8 },
      { kind: 'one_way_cut', from: 3, to: 4, atSeconds: 0, forSeconds: 5 },
      { kind: 'disk_full', dc: 5, atSeconds: 1, forSeconds: 5 },
      { kind: 'pause', dc: 2, atSeconds: 8, forSeconds: 4 },
      { kind: 'rolling_restart', pauseBetweenMs: 500, atSeconds: 14, forSeconds: 20 },
    ],
    blastRadius: { dcsLostMax: 2 },
    recoverySeconds: 15,
  });
  const told = JSON.stringify([result.drill?.steps, result.faults, result.voidReasons]);
  // A busy machine may void the run; what was broken must be whole again all the same.
  const problems = result.voidReasons.filter((reason) => !/late|busy|stalled/.test(reason));
  expect(problems, told).toEqual([]);
  for (const { description, firedAtSeconds, healedAtSeconds } of result.faults) {
    expect([description, firedAtSeconds, healedAtSeconds], told).not.toContain(undefined);
  }
  for (const { metric, verdict } of result.slos) expect([metric, verdict], told).toContain('held');
}, 180_000);
