/** The model over worker threads: one digest for any number of workers, and prompt aborts. */
import { describe, expect, test } from 'vitest';
import { Measurements } from '../../../reports/measurements.ts';
import { type ModelInput, type ModelResult, runModel } from '../../../sim/model/model.ts';
import { addModelResult } from '../../../sim/model/to-measurements.ts';
import { runTasks } from '../../../sim/parallel/pool.ts';
import fiveDatacentres from '../../../system-under-test/five-datacentres.json' with {
  type: 'json',
};
import type { Topology } from '../../../system-under-test/topology.ts';

const TOPOLOGY = fiveDatacentres as unknown as Topology;

const input = (overrides: Partial<ModelInput>): ModelInput => ({
  topology: TOPOLOGY,
  traffic: { users: 80_000_000, messagesPerDay: 1e9, textBytes: 150 },
  window: { fromUtc: '15:00', seconds: 4, warmupSeconds: 1 },
  faults: [{ kind: 'dc_loss', dc: 4, atSeconds: 1, forSeconds: 2.5 }],
  seed: 'parallel',
  workers: 2,
  columns: 17, // three tasks
  signal: new AbortController().signal,
  ...overrides,
});

/** Worker threads of this process, as its diagnostic report lists them. */
const workerThreads = (): number =>
  (process.report.getReport() as unknown as { workers: unknown[] }).workers.length;

describe('the model on worker threads', () => {
  let result: ModelResult;

  test('the digest is the same for 1, 2 and 3 workers, and another for another seed', async () => {
    const progress: number[] = [];
    result = await runModel(input({ workers: 1, onProgress: ({ done }) => progress.push(done) }));
    expect(progress).toEqual([8 / 17, 16 / 17, 1]);
    for (const workers of [2, 3]) {
      expect((await runModel(input({ workers }))).digest).toBe(result.digest);
    }
    expect((await runModel(input({ seed: 'other' }))).digest).not.toBe(result.digest);
  }, 60_000);

  test('the result: every message, nothing lost, the fault fired and healed', () => {
    expect(result.messages).toBeGreaterThan(40_000);
    expect(result.simulated).toBeGreaterThan(result.messages);
    expect([result.writesLost, result.writesDoubled, result.orderViolations]).toEqual([0, 0, 0]);
    expect(result.faults).toEqual([
      { fault: input({}).faults[0], firedAtSeconds: 1, healedAtSeconds: 3.5 },
    ]);
    expect(result.notes.join('\n')).toContain('48 without a time zone');
  });

  test('as measurements: the same counts under the names of the catalogue', () => {
    const measurements = new Measurements({ windowSeconds: 4 });
    addModelResult(result, measurements);
    const count = (metric: 'messages_offered' | 'messages_sent' | 'messages_delivered'): number =>
      measurements.summary(metric, {})!.count;
    expect(count('messages_offered')).toBe(result.messages);
    expect(count('messages_sent')).toBe(result.messages);
    expect(count('messages_delivered')).toBe(result.messages);
    const delivery = measurements.summary('delivery_latency', {})!;
    expect(delivery.count).toBe(result.messages);
    expect(
      delivery.max / (Math.max(...result.tally.perSeries.filter((_, i) => i % 2)) / 1000),
    ).toBeCloseTo(1, 1);
    const same = measurements.summary('delivery_latency', { path: 'same_dc', dc: '1' })!;
    expect(same.p50).toBeGreaterThan(20);
    expect(same.p99).toBeLessThan(100);
    const queued = measurements.summary('writes_queued', { dc: '4' })!;
    expect(queued.count).toBe(measurements.summary('ack_latency', { ack: 'queued' })!.count);
    expect(queued.count).toBeGreaterThan(0);
    expect(measurements.summary('writes_queued', { dc: '1' })!.count).toBe(0);
    expect(measurements.summary('writes_lost', {})!.count).toBe(0);
    expect(measurements.summary('backlog', { dc: '4' })!).toMatchObject({ last: 0 });
    expect(measurements.summary('backlog', { dc: '4' })!.max).toBeGreaterThan(100);
    expect(measurements.summary('drain_time', { dc: '4' })!.max).toBeGreaterThan(0);
  });

  test('an abort ends it at once with its reason, and leaves no thread', async () => {
    const before = workerThreads();
    const controller = new AbortController();
    const reason = new Error('interrupted');
    let during = before;
    const long = input({
      // Tasks of several seconds each: waiting for one to end would show.
      traffic: { users: 80_000_000, messagesPerDay: 5e9, textBytes: 150 },
      window: { fromUtc: '15:00', seconds: 1200, warmupSeconds: 1 },
      columns: 17,
      signal: controller.signal,
    });
    const running = runModel(long);
    let abortedAt = 0;
    const abortOnceRunning = (): void => {
      during = workerThreads();
      if (during < before + 2) {
        setImmediate(abortOnceRunning);
        return;
      }
      abortedAt = performance.now();
      controller.abort(reason);
    };
    setImmediate(abortOnceRunning);
    await expect(running).rejects.toBe(reason);
    expect(performance.now() - abortedAt).toBeLessThan(2000);
    expect(during).toBe(before + 2);
    expect(workerThreads()).toBe(before);
    await expect(runModel(long)).rejects.toBe(reason); // aborted before it begins
  }, 30_000);

  test('wrong numbers of workers and failing tasks are errors, not hangs', async () => {
    for (const workers of [0, 1.5, 1000, Number.NaN]) {
      await expect(runModel(input({ workers }))).rejects.toThrow('use 1 to 256');
    }
    const failing = runTasks({
      worker: 'column-worker',
      tasks: [{}, {}, {}],
      workers: 2,
      signal: new AbortController().signal,
      onResult: () => {},
    });
    await expect(failing).rejects.toThrow(TypeError);
  });
});
