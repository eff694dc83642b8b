/**
 * Measurements of a run while it goes on, from what clients saw so far. What is still under way is
 * in no latency yet, and the path `outage` is told from what is going on when a message arrives;
 * measure.ts reckons both anew, in full, at the end.
 */
import { Measurements } from '../../reports/measurements.ts';
import type { CrowdView } from './crowd-view.ts';
import type { DisturbanceTracker } from './disturbance-tracker.ts';

export class RunningFigures {
  readonly measurements: Measurements;

  /** To be made once the load has started: times count from the window's start. */
  constructor(crowd: CrowdView, tracker: DisturbanceTracker, windowSeconds: number) {
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
      const path = tracker.disturbs(from, to) ? 'outage' : calm;
      const tags = { path, dc: String(to) };
      measurements.record('delivery_latency', deliveredMs - dueMs, tags, at(deliveredMs));
      measurements.add('messages_delivered', 1, tags, at(deliveredMs));
    };
  }
}
