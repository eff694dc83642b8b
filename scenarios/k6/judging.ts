/**
 * What k6's samples mean for the verdict: the measurements, whether they can be believed, and
 * whether k6's own thresholds say the same as our judge.
 */
import type { FaultRecord } from '../../chaos/plan.ts';
import type { Measurements } from '../../reports/measurements.ts';
import { evaluateSlos } from '../../reports/slo.ts';
import { parseSelection, seriesKey } from '../../reports/tags.ts';
import type { LedgerEntry } from '../../sim/users/ledger.ts';
import { type Disturbance, disturbs, measureLedger } from '../../sim/users/measure.ts';
import type { Scenario } from '../define.ts';
import { iterationsOf } from './due.ts';
import { disordered, type K6Ledger, lostOf } from './k6-ledger.ts';
import type { ScriptPlan } from './plan.ts';
import type { K6Outcome } from './run-k6.ts';

/** What must hold for latencies to be believed; the lag as in the live world. */
const TRUST = { lagP99Ms: 50, startMs: 250, missingShare: 0.01 };
/** After a fault has healed, devices come back within so long (assumed). */
export const RETURN_MS = 2_000;

/**
 * Everything k6 recorded, as the other worlds record it. `whole`: it came to its end, in which
 * every box is looked through.
 */
export function measureK6(
  ledger: K6Ledger,
  entries: readonly LedgerEntry[],
  disturbances: readonly Disturbance[],
  people: readonly { readonly homeDc: number }[],
  measurements: Measurements,
  whole = true,
): void {
  const person = (index: number) => ({ homeDc: people[index]?.homeDc ?? 0 });
  const measured = { windowStartMs: 0, person, ledger: { entries } };
  measureLedger(measured, disturbances, measurements, whole);
  for (const { lagMs, atSeconds } of ledger.lags) {
    measurements.record('generator_lag', lagMs, {}, atSeconds);
  }
  if (!whole) return;
  const end = measurements.windowSeconds;
  measurements.add('writes_lost', lostOf(entries).length, {}, end);
  measurements.add('writes_doubled', ledger.totals.writes_doubled, {}, end);
  measurements.add('order_violations', disordered(entries), {}, end);
}

/** When each fault was felt; until what was due before it healed has arrived. */
export function disturbancesOf(
  records: readonly FaultRecord[],
  entries: readonly LedgerEntry[],
  homeOf: (user: number) => number,
): Disturbance[] {
  return records.flatMap(({ fault, firedAtSeconds, healedAtSeconds }) => {
    if (firedAtSeconds === undefined) return [];
    const healedMs = (healedAtSeconds ?? fault.atSeconds + fault.forSeconds) * 1_000;
    let untilMs = healedMs + RETURN_MS;
    for (const entry of entries) {
      if (entry.dueMs >= healedMs) continue;
      if (!disturbs(fault, homeOf(entry.sender), homeOf(entry.recipient))) continue;
      untilMs = Math.max(untilMs, entry.storedMs ?? 0, entry.deliveredMs ?? 0);
    }
    return [{ fault, fromMs: firedAtSeconds * 1_000, healedMs, untilMs }];
  });
}

/** Why latencies of this run would be k6's own, or no latencies of all messages. */
export function distrust(
  ledger: K6Ledger,
  plan: ScriptPlan,
  measurements: Measurements,
  startAtMs: number,
  whole = true,
): string[] {
  const { totals, windowStartMs } = ledger;
  const reasons: string[] = [];
  const say = (count: number, what: string): unknown =>
    count > 0 && reasons.push(`${count} ${what}`);
  say(
    totals.dropped_iterations,
    'messages were never sent: k6 had no free VU (dropped_iterations)',
  );
  say(totals.messages_given_up, 'messages were given up: nobody acknowledged them in time');
  // One that was ended breaks off what it was doing.
  const errors = whole ? totals.script_errors : 0;
  say(errors, 'exceptions in the script, or boxes that could not be read in the end');
  const planned = iterationsOf(plan.schedule);
  const missing = whole ? planned - ledger.entries.length : 0;
  if (missing > planned * TRUST.missingShare) say(missing, `of ${planned} messages were not sent`);
  const lag = measurements.summary('generator_lag', {});
  if (lag && lag.p99 > TRUST.lagP99Ms) {
    const late = `p99 ${lag.p99.toFixed(0)} ms, trusted up to ${TRUST.lagP99Ms} ms`;
    reasons.push(`k6 was late: ${late}`);
  }
  const startedMs =
    windowStartMs === undefined ? undefined : windowStartMs - plan.warmupSeconds * 1_000;
  if (startedMs === undefined || Math.abs(startedMs - startAtMs) > TRUST.startMs) {
    const by = startedMs === undefined ? 'never' : `${Math.round(startedMs - startAtMs)} ms off`;
    reasons.push(`the load did not begin when the faults counted from: ${by}`);
  }
  return reasons;
}

/**
 * SLOs that k6 found broken and we do not. With faults, k6 knows the paths of messages only
 * roughly, so those of one path are left out.
 */
export function disagreements(
  scenario: Scenario,
  broken: K6Outcome['broken'],
  measurements: Measurements,
): string[] {
  const ours = evaluateSlos(scenario.slos, measurements);
  return Object.entries(broken).flatMap(([key, texts]) => {
    const { metric = '', tags = {} } = parseSelection(key) ?? {};
    if (scenario.faults.length > 0 && tags['path'] !== undefined) return [];
    const same = ours.filter((each) => each.metric === seriesKey(metric, tags));
    if (same.length === 0 || same.some(({ verdict }) => verdict !== 'held')) return [];
    return [`k6 says that ${key} ${texts.join(', ')} is broken, and we that it holds`];
  });
}
