/**
 * From what clients saw to measurements. A message belongs to the path `outage` when the home DC
 * of its sender or recipient was out, or still catching up, at any time between due and delivered.
 */
import { type FaultRecord, lostDc } from '../../chaos/plan.ts';
import type { Measurements } from '../../reports/measurements.ts';
import type { Path } from '../../reports/metrics.ts';
import type { CrowdView } from './crowd-view.ts';
import type { LedgerEntry } from './ledger.ts';

/** A stretch in which a pair of home DCs could not be served as usual; monotonic ms. */
export interface Disturbance {
  readonly fault: FaultRecord['fault'];
  readonly fromMs: number;
  readonly healedMs: number;
  /** All its users are back and nothing waits any more. */
  readonly untilMs: number;
}

export function disturbs(fault: FaultRecord['fault'], sender: number, recipient: number): boolean {
  switch (fault.kind) {
    case 'dc_loss':
    case 'dc_crash':
    case 'slow_dc':
    case 'clients_cut':
    case 'disk_slow':
    case 'disk_full':
    case 'bit_rot':
    case 'torn_write':
    case 'clock_skew':
    case 'clock_jump':
    case 'pause':
    case 'wipe':
      return fault.dc === sender || fault.dc === recipient;
    case 'rolling_restart':
      return true;
    case 'partition': {
      const side = (dc: number): number => fault.groups.findIndex((group) => group.includes(dc));
      return side(sender) >= 0 && side(recipient) >= 0 && side(sender) !== side(recipient);
    }
    case 'slow_link':
    case 'jitter':
      return fault.from === sender && fault.to === recipient;
    // A stream that loses one direction stands still, or breaks, in both.
    case 'one_way_cut':
    case 'lossy_link':
      return isPair(fault.from, fault.to, sender, recipient);
    case 'flapping_link':
    case 'cut_mid_frame':
      return isPair(fault.a, fault.b, sender, recipient);
  }
}

/** Both pairs name the same two DCs, in either order. */
function isPair(a: number, b: number, sender: number, recipient: number): boolean {
  return (a === sender && b === recipient) || (b === sender && a === recipient);
}

/** Who wrote to whom, as far as it is measured: a crowd, or what another generator recorded. */
export interface Measured {
  readonly windowStartMs: number;
  person(index: number): { readonly homeDc: number };
  readonly ledger: { readonly entries: readonly LedgerEntry[] };
}

/** `whole`: the run came to its end, so what was queued has drained. */
export function measureLedger(
  crowd: Measured,
  disturbances: readonly Disturbance[],
  measurements: Measurements,
  whole = true,
): void {
  const startMs = crowd.windowStartMs;
  const home = (index: number): number => crowd.person(index).homeDc;
  const at = (ms: number): number => Math.max(0, (ms - startMs) / 1000);
  const drain = new Map<Disturbance, number>();
  for (const entry of crowd.ledger.entries) {
    const [from, to] = [home(entry.sender), home(entry.recipient)];
    for (const each of disturbances) {
      if (entry.dueMs >= each.healedMs || !disturbs(each.fault, from, to)) continue;
      const settledMs = Math.max(entry.storedMs ?? 0, entry.deliveredMs ?? 0);
      drain.set(each, Math.max(drain.get(each) ?? 0, settledMs - each.healedMs, 0));
    }
    if (!entry.measured) continue;
    const sender = { dc: String(from) };
    measurements.add('messages_offered', 1, sender, at(entry.dueMs));
    if (entry.sentMs !== undefined) {
      measurements.add('messages_sent', 1, sender, at(entry.sentMs));
    }
    if (entry.ackedMs !== undefined && entry.ack) {
      const tags = { ack: entry.ack, ...sender };
      measurements.record('ack_latency', entry.ackedMs - entry.dueMs, tags, at(entry.dueMs));
      if (entry.ack === 'queued') measurements.add('writes_queued', 1, sender, at(entry.ackedMs));
    }
    if (entry.deliveredMs === undefined) continue;
    const tags = { path: pathOf(entry, from, to, disturbances), dc: String(to) };
    const latencyMs = entry.deliveredMs - entry.dueMs;
    measurements.record('delivery_latency', latencyMs, tags, at(entry.dueMs));
    measurements.add('messages_delivered', 1, tags, at(entry.deliveredMs));
  }
  for (const each of whole ? disturbances : []) {
    const dc = lostDc(each.fault);
    if (dc === undefined) continue;
    const seconds = (drain.get(each) ?? 0) / 1000;
    const tags = { dc: String(dc) };
    measurements.gauge('drain_time', seconds, tags, at(each.healedMs + seconds * 1000));
  }
}

function pathOf(
  entry: LedgerEntry,
  from: number,
  to: number,
  disturbances: readonly Disturbance[],
): Path {
  const endMs = entry.deliveredMs ?? Number.POSITIVE_INFINITY;
  for (const each of disturbances) {
    if (entry.dueMs <= each.untilMs && endMs >= each.fromMs && disturbs(each.fault, from, to)) {
      return 'outage';
    }
  }
  return from === to ? 'same_dc' : 'cross_dc';
}

/** Outcome of the comparison of every box with what senders were told. */
export function measureAudit(
  crowd: CrowdView,
  measurements: Measurements,
  atSeconds: number,
): void {
  const lost = crowd.ledger.count('lost') + crowd.ledger.count('replica');
  measurements.add('writes_lost', lost, {}, atSeconds);
  measurements.add('writes_doubled', crowd.ledger.count('doubled'), {}, atSeconds);
  const order = crowd.ledger.count('order') + crowd.ledger.count('dense');
  measurements.add('order_violations', order, {}, atSeconds);
}
