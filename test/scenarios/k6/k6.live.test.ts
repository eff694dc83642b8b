/**
 * The real k6 against five real datacentres: its samples as our measurements, its verdict beside
 * ours. In CI it must be there; on a person's machine its absence is told.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { Measurements } from '../../../reports/measurements.ts';
import { evaluateSlos, overallVerdict } from '../../../reports/slo.ts';
import { type Scenario, scenario } from '../../../scenarios/define.ts';
import { bundleScript } from '../../../scenarios/k6/bundle.ts';
import type { K6Data } from '../../../scenarios/k6/data.ts';
import { iterationsOf } from '../../../scenarios/k6/due.ts';
import { disagreements, distrust, measureK6 } from '../../../scenarios/k6/judging.ts';
import { K6Ledger } from '../../../scenarios/k6/k6-ledger.ts';
import { type ScriptPlan, scriptPlan } from '../../../scenarios/k6/plan.ts';
import { prepareData } from '../../../scenarios/k6/prepare.ts';
import { findK6, INSTALL_K6, type K6Outcome, runK6 } from '../../../scenarios/k6/run-k6.ts';
import { startBehindProxies } from '../../../scenarios/worlds/behind-proxies.ts';
import { scaledLoad } from '../../../scenarios/worlds/load.ts';
import { linked, topology } from '../../system-under-test/live/five-processes.ts';

const path = findK6();
const RUN_MS = 60_000;
/** k6 makes its VUs meanwhile. */
const LEAD_MS = 3_000;

const small = (slos: Scenario['slos']): Scenario =>
  scenario({
    name: 'small',
    title: 'Some people write to each other for a few seconds',
    traffic: { users: 800e6, messagesPerDay: 55e9 },
    window: { fromUtc: '17:00', seconds: 4, warmupSeconds: 1 },
    worlds: { live: { users: 40, messagesPerSecond: 60 } },
    slos,
  });

if (path !== undefined) {
  describe('the real k6', () => withK6(path));
} else if (process.env['CI']) {
  it('is there, as CI must have it', () => {
    throw new Error(`it is missing; install it with: ${INSTALL_K6}`);
  });
} else {
  it('real k6', (context) => {
    const line = `no k6 here: the script is not run; ${INSTALL_K6}`;
    process.stderr.write(`${line}\n`);
    context.skip(line);
  });
}

function withK6(program: string): void {
  let folder: string;
  let data: K6Data;
  const undo: (() => Promise<void>)[] = [];
  const { signal } = new AbortController();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quincunx-k6-'));
    const { cluster, gateways } = await startBehindProxies(
      {
        ...{ topology, toxiproxy: 'embedded', seed: 'k6', dataFolder: join(folder, 'live') },
        ...{ testPhones: true, geographicLatency: true, gateway: true },
      },
      (undoOne) => undo.push(undoOne),
    );
    await linked(cluster);
    const any = small({ writes_lost: ['count==0'] });
    const { people, messages } = scaledLoad(any, any.worlds.live, '1');
    data = await prepareData({
      gateways: new Map([...gateways].map(([dc, { proxied }]) => [dc, proxied])),
      ...{ people, messages, signal, progress: () => {} },
    });
  }, RUN_MS);

  afterAll(async () => {
    for (const each of undo.toReversed()) await each();
    await rm(folder, { recursive: true });
  });

  interface Judged {
    readonly outcome: K6Outcome;
    readonly measurements: Measurements;
    readonly reasons: readonly string[];
    readonly verdict: string;
  }

  async function runIt(chosen: Scenario, more: Partial<ScriptPlan> = {}): Promise<Judged> {
    const plan = { ...scriptPlan(chosen, '1'), connectSeconds: 1, drainSeconds: 1, ...more };
    const own = await mkdtemp(join(folder, 'run-'));
    await mkdir(own, { recursive: true });
    const startAtMs = Date.now() + LEAD_MS;
    const script = await bundleScript(plan);
    const outcome = await runK6({ path: program, folder: own, script, data, startAtMs, signal });
    const { seconds } = chosen.window;
    const measurements = new Measurements({ windowSeconds: seconds });
    const people = data.users.map(({ dc }) => ({ homeDc: dc }));
    measureK6(outcome.ledger, outcome.ledger.entries, [], people, measurements);
    const reasons = [
      ...distrust(outcome.ledger, plan, measurements, startAtMs),
      ...disagreements(chosen, outcome.broken, measurements),
    ];
    return {
      ...{ outcome, measurements, reasons },
      verdict: overallVerdict(evaluateSlos(chosen.slos, measurements)),
    };
  }

  test('sends what is due when it is due, and all of it arrives once', {
    timeout: RUN_MS,
  }, async () => {
    const chosen = small({
      delivery_latency: ['p(90)<5s'],
      ack_latency: ['p(90)<5s'],
      writes_lost: ['count==0'],
      writes_doubled: ['count==0'],
      order_violations: ['count==0'],
    });
    const { outcome, measurements, verdict } = await runIt(chosen);
    expect(outcome).toMatchObject({ exitCode: 0, broken: {} });
    expect(verdict).toBe('held');
    const planned = iterationsOf(scriptPlan(chosen, '1').schedule);
    const { entries, totals } = outcome.ledger;
    // At the very end k6 may start one or two more: its timer and its deadline race.
    expect(Math.abs(entries.length - planned)).toBeLessThanOrEqual(2);
    expect(totals).toMatchObject({ dropped_iterations: 0, script_errors: 0, writes_doubled: 0 });
    const measured = entries.filter((entry) => entry.measured);
    expect(measurements.summary('delivery_latency', {})?.count).toBe(measured.length);
    expect(measurements.summary('messages_delivered', {})?.count).toBe(measured.length);
    // Were the moments that messages are due at not k6's own, they would be early or late.
    const lag = measurements.summary('generator_lag', {});
    expect(lag?.p50).toBeGreaterThan(0);
    expect(lag?.p50).toBeLessThan(10);
    // Through the proxies nothing can be faster than the way to the datacentre and back.
    const ways = topology.access.medianMs - 3 * topology.access.jitterMs;
    expect(measurements.summary('ack_latency', {})?.min).toBeGreaterThan(ways);
  });

  test('what is broken or not known is 99 for k6, and so for us', { timeout: RUN_MS }, async () => {
    const chosen = small({ delivery_latency: ['p(50)<1ms'], ack_latency: ['p(99.9)<60s'] });
    const { outcome, measurements, verdict } = await runIt(chosen);
    expect(outcome.exitCode).toBe(99);
    expect(outcome.broken).toEqual({
      delivery_latency: ['p(50)<1'],
      ack_latency_samples: ['count>=3000'],
    });
    const verdicts = evaluateSlos(chosen.slos, measurements).map((slo) => slo.verdict);
    expect(verdicts).toEqual(['broken', 'undecided']);
    expect(verdict).toBe('broken');
    expect(measurements.summary('delivery_latency', {})?.min).toBeGreaterThan(1);
  });

  test('messages that k6 never sent are never a pass', { timeout: RUN_MS }, async () => {
    // One VU cannot keep up with sixty messages a second of a hundredth of a second and more each.
    const { outcome, reasons } = await runIt(small({ writes_lost: ['count==0'] }), { senders: 1 });
    expect(outcome.exitCode).toBe(99);
    expect(outcome.broken).toHaveProperty('dropped_iterations');
    expect(reasons.join('; ')).toMatch(/\d+ messages were never sent: k6 had no free VU/);
  });

  test('is looked at while it runs, and ends early with what it recorded', {
    timeout: RUN_MS,
  }, async () => {
    const chosen = small({ writes_lost: ['count==0'] });
    const plan = { ...scriptPlan(chosen, '1'), connectSeconds: 1, windowSeconds: 30 };
    const own = await mkdtemp(join(folder, 'run-'));
    const [startAtMs, end] = [Date.now() + LEAD_MS, new AbortController()];
    const ledger = new K6Ledger(data.pairs);
    const delays: number[] = [];
    // The window began a second after the load, by the clock of this machine.
    const windowStartMs = startAtMs + 1_000 * plan.warmupSeconds;
    ledger.onDelivered = ({ deliveredMs }) => {
      delays.push(Date.now() - windowStartMs - (deliveredMs ?? 0));
      if (delays.length === 120) end.abort();
    };
    const outcome = await runK6({
      ...{ path: program, folder: own, script: await bundleScript(plan), data, startAtMs },
      ...{ signal, endNow: end.signal, ledger },
    });
    expect(outcome.exitCode).toBe(105);
    expect(outcome.ledger).toBe(ledger);
    // What is lost cannot be told of what was under way; that is no reason to doubt the rest.
    const people = data.users.map(({ dc }) => ({ homeDc: dc }));
    const measurements = new Measurements({ windowSeconds: 30 });
    measureK6(ledger, ledger.entries, [], people, measurements, false);
    expect(distrust(ledger, plan, measurements, startAtMs, false)).toEqual([]);
    expect(measurements.summary('writes_lost')).toBeUndefined();
    expect(measurements.summary('delivery_latency')?.count).toBeGreaterThan(50);
    expect(measurements.summary('delivery_latency')?.count).toBeLessThan(600);
    // Told within about a second of its arrival, most of the time.
    expect(delays.toSorted((a, b) => a - b)[delays.length >> 1]).toBeLessThan(1_500);
  });

  test('a script that cannot run is an error with k6’s own words', {
    timeout: RUN_MS,
  }, async () => {
    const own = await mkdtemp(join(folder, 'run-'));
    const script = 'export default function () {}\nexport const options = { vus: "many" };';
    const run = runK6({ path: program, folder: own, script, data, startAtMs: 0, signal });
    await expect(run).rejects.toThrow(/k6 ended with 104: .*many/s);
  });

  test('an aborted run ends k6 and says why', { timeout: RUN_MS }, async () => {
    const own = await mkdtemp(join(folder, 'run-'));
    const controller = new AbortController();
    const script = await bundleScript(scriptPlan(small({ writes_lost: ['count==0'] }), '1'));
    const startAtMs = Date.now() + 30_000;
    const run = runK6({
      ...{ path: program, folder: own, script, data, startAtMs },
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(new Error('not any more')), 1_500);
    await expect(run).rejects.toThrow('not any more');
  });
}
