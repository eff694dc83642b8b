/** When a run of k6 proves nothing, and how its samples become the measurements of every world. */
import { expect, test } from 'vitest';
import type { FaultRecord } from '../../../chaos/plan.ts';
import { Measurements } from '../../../reports/measurements.ts';
import { scenario } from '../../../scenarios/define.ts';
import {
  disagreements,
  distrust,
  disturbancesOf,
  measureK6,
} from '../../../scenarios/k6/judging.ts';
import { K6Ledger } from '../../../scenarios/k6/k6-ledger.ts';
import { type ScriptPlan, scriptPlan } from '../../../scenarios/k6/plan.ts';

const calm = scenario({
  name: 'calm',
  title: 'Nothing breaks',
  traffic: { users: 800e6, messagesPerDay: 55e9 },
  window: { fromUtc: '17:00', seconds: 10, warmupSeconds: 0 },
  slos: { 'delivery_latency{path:same_dc}': ['p(50)<100ms'], writes_lost: ['count==0'] },
});
const schedule = { constant: true, startRate: 1_000, stages: [{ seconds: 10, rate: 1_000 }] };
const plan: ScriptPlan = { ...scriptPlan(calm, '1'), schedule };
const START_MS = 1_000_000;
const people = [{ homeDc: 1 }, { homeDc: 1 }, { homeDc: 3 }];

const line = (metric: string, value: number, metadata = {}, tags = {}): string =>
  JSON.stringify({ metric, type: 'Point', data: { value, tags, metadata } });

/** Ten messages, one a second, each acknowledged and delivered after 50 ms. */
function tenMessages(lagMs = 1, pairs = [[0, 1]] as [number, number][]): K6Ledger {
  const ledger = new K6Ledger(pairs);
  ledger.take(line('window_start', START_MS));
  for (let n = 0; n < 10; n++) {
    const about = { n: String(n), at: String(n * 1_000) };
    ledger.take(line('generator_lag', lagMs, about));
    ledger.take(line('ack_latency', 50, about, { ack: 'stored' }));
    ledger.take(line('delivery_latency', 50, { ...about, id: String(n + 1) }));
  }
  return ledger;
}

function measured(ledger: K6Ledger): Measurements {
  const measurements = new Measurements({ windowSeconds: 10 });
  measureK6(ledger, ledger.entries, [], people, measurements);
  return measurements;
}

test('a run that went as planned is believed', () => {
  const ledger = tenMessages();
  const measurements = measured(ledger);
  expect(distrust(ledger, plan, measurements, START_MS)).toEqual([]);
  expect(measurements.summary('delivery_latency', { path: 'same_dc' })?.count).toBe(10);
  for (const name of ['writes_lost', 'writes_doubled', 'order_violations'] as const) {
    expect(measurements.summary(name, {})?.count).toBe(0);
  }
});

test.each([
  ['dropped_iterations', '3 messages were never sent'],
  ['script_errors', '3 exceptions in the script'],
  ['messages_given_up', '3 messages were given up'],
])('%s void it', (metric, why) => {
  const ledger = tenMessages();
  ledger.take(line(metric, 3));
  expect(distrust(ledger, plan, measured(ledger), START_MS).join()).toContain(why);
});

test('so do a late k6, a late start, and messages that are missing', () => {
  const late = tenMessages(60);
  expect(distrust(late, plan, measured(late), START_MS).join()).toContain('k6 was late: p99 60 ms');
  const ledger = tenMessages();
  const off = distrust(ledger, plan, measured(ledger), START_MS - 400);
  expect(off).toEqual(['the load did not begin when the faults counted from: 400 ms off']);
  const longer = { ...schedule, stages: [{ seconds: 20, rate: 1_000 }] };
  const missing = distrust(ledger, { ...plan, schedule: longer }, measured(ledger), START_MS);
  expect(missing).toEqual(['10 of 20 messages were not sent']);
  const empty = new K6Ledger([[0, 1]]);
  expect(distrust(empty, plan, measured(empty), START_MS).join()).toContain(': never');
});

test('an SLO that k6 finds broken and we do not is told, but for paths under faults', () => {
  const measurements = measured(tenMessages());
  const broken = { 'delivery_latency{path:same_dc}': ['p(50)<100'], script_errors: ['count==0'] };
  expect(disagreements(calm, broken, measurements)).toEqual([
    'k6 says that delivery_latency{path:same_dc} p(50)<100 is broken, and we that it holds',
  ]);
  const { topology: _, ...fields } = calm;
  const faults = [{ kind: 'dc_loss', dc: 3, atSeconds: 2, forSeconds: 3 }] as const;
  expect(disagreements(scenario({ ...fields, faults }), broken, measurements)).toEqual([]);
  const lost = { writes_lost: ['count==0'] };
  expect(disagreements(scenario({ ...fields, faults }), lost, measurements)).toHaveLength(1);
});

test('an outage lasts until what was due before its end has arrived', () => {
  const ledger = tenMessages(1, [
    [0, 1],
    [0, 2],
  ]);
  ledger.take(line('delivery_latency', 9_000, { n: '3', at: '3000', id: '4' }));
  const fault = { kind: 'dc_loss', dc: 3, atSeconds: 2, forSeconds: 3 } as const;
  const records: FaultRecord[] = [{ fault, firedAtSeconds: 2.1, healedAtSeconds: 5.2 }];
  const found = disturbancesOf(records, ledger.entries, (user) => people[user]?.homeDc ?? 0);
  expect(found).toEqual([{ fault, fromMs: 2_100, healedMs: 5_200, untilMs: 12_000 }]);
  expect(disturbancesOf([{ fault }], ledger.entries, () => 3)).toEqual([]);
});
