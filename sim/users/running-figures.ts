/**
 * Measurements of a run while it goes on, from what clients saw so far. What is still under way is
 * in no latency yet, and a sample stands at the moment of its arrival; measure.ts reckons all anew
 * at the end, each message at the moment it was due. Paths are the same in both.
 */
import { Measurements } from '../../reports/measurements.ts';
import type { MetricName } from '../../reports/metrics.ts';
import type { WatchedLoad } from './crowd-view.ts';
import type { DisturbanceTracker } from './disturbance-tracker.ts';

/** What is known before the end; `backlog` is added by the world. */
export const RUNNING_METRICS: readonly MetricName[] = [
  ...(['messages_offered', 'ack_latency', 'writes_queued'] as const),
  ...(['delivery_latency', 'messages_delivered', 'backlog'] as const),
];

export class RunningFigures {
  readonly measurements: Measurements;

  /** To be made once the load has started: times count from the window's start. */
  constructor(crowd: WatchedLoad, tracker: DisturbanceTracker, windowSeconds: number) {
    const measurements = new Measurements({ windowSeconds });
    this.measurements = measurements;
    const { ledger, windowStartMs } = crowd;
    const at = (ms: number): number => Math.max(0, (ms - windowStartMs) / 1000);
    const home = (index: number): number => crowd.person(index).homeDc;
    crowd.onDue = (sender, dueMs) =>
      measurements.add('messages_offered', 1, { dc: String(home(sender)) }, at(dueMs));
    ledger.onAcked = ({ measured, ack, ackedMs, dueMs, sender }) => {
      if (!measured || ack === undefined || ackedMs === undefined) return;
      const dc = String(home(sender));
      measurements.record('ack_latency', ackedMs - dueMs, { ack, dc }, at(ackedMs));
      if (ack === 'queued') measurements.add('writes_queued', 1, { dc }, at(ackedMs));
    };
    ledger.onDelivered = ({ measured, deliveredMs, dueMs, sender, recipient }) => {
      if (!measured || deliveredMs === undefined) return;
      const [from, to] = [home(sender), home(recipient)];
      const calm = from === to ? 'same_dc' : 'cross_dc';
      const path = tracker.disturbed(from, to, dueMs, deliveredMs) ? 'outage' : calm;
      const tags = { path, dc: String(to) };
      measurements.record('delivery_latency', deliveredMs - dueMs, tags, at(deliveredMs));
      measurements.add('messages_delivered', 1, tags, at(deliveredMs));
    };
  }
}
