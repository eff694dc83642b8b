/** The queues of a datacentre and their limits, for status pages and for checkers. */
import type { Backbone } from './backbone.ts';
import type { CommitLog } from './commit-log.ts';
import { LIMITS } from './limits.ts';
import type { Outbox } from './outbox.ts';

/** A queue: how much waits in it, and how much may. */
export interface QueueView {
  readonly name: string;
  readonly size: number;
  readonly max: number;
}

export function viewQueues(
  commits: CommitLog,
  outboxes: ReadonlyMap<number, Outbox>,
  backbone: Backbone,
): QueueView[] {
  const queues: QueueView[] = [
    { name: 'appends', size: commits.pending, max: LIMITS.appendsPendingMax },
  ];
  for (const [to, outbox] of outboxes) {
    queues.push({ name: `outbox ${to}`, size: outbox.waiting, max: LIMITS.outboxEntriesMax });
    const load = backbone.link(to)?.load;
    if (!load) continue;
    const bytesMax = LIMITS.linkBufferedBytesMax + LIMITS.linkFrameBytesMax;
    queues.push({ name: `link ${to} bytes`, size: load.bufferedBytes, max: bytesMax });
    queues.push({ name: `link ${to} asked`, size: load.asked, max: LIMITS.forwardsPendingMax });
  }
  return queues;
}
