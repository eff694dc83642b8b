/**
 * The group-commit curve by itself: so many appends of a message's size at once through the real
 * commit log into the real store, one round after the other, until all are durable.
 */
import { type Calibration, quantileOf } from '../../sim/model/calibration.ts';
import { addMessage, type Box } from '../../system-under-test/datacenter/boxes.ts';
import { CommitLog } from '../../system-under-test/datacenter/commit-log.ts';
import { boxPartition } from '../../system-under-test/datacenter/keys.ts';
import type { StoreWrite } from '../../system-under-test/environment/index.ts';
import { openLevelStore } from '../../system-under-test/live/level-store.ts';
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';

const APPENDS = [1, 2, 4, 8, 16, 32, 64, 128];
const WARM_ROUNDS = 20;
const DC = 1;

/** `folder` does not exist yet; it is the caller's to remove. */
export async function groupCommitCurve(
  folder: string,
  rounds: number,
  textBytes: number,
  signal: AbortSignal,
): Promise<Calibration['groupCommit']> {
  const store = await openLevelStore(folder);
  try {
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    const commits = new CommitLog({
      store,
      clock: createNodeClock(),
      nextStreamNumber: 1,
      onRecord: () => {},
      onFatal: (error) => failed.reject(error),
    });
    const boxes = Array.from({ length: 2 * Math.max(...APPENDS) }, (_, i) => emptyBox(i * 8 + DC));
    const text = 'x'.repeat(Math.max(1, Math.round(textBytes)));
    const curve: Calibration['groupCommit'] = [];
    for (const appends of APPENDS) {
      const took: number[] = [];
      for (let round = -WARM_ROUNDS; round < rounds; round++) {
        signal.throwIfAborted();
        const startMs = performance.now();
        const done = Array.from({ length: appends }, (_, i) =>
          commits.append(messageWrites(boxes[2 * i]!, boxes[2 * i + 1]!, text)),
        );
        await Promise.race([Promise.all(done), failed.promise]);
        if (round >= 0) took.push((performance.now() - startMs) * 1000);
      }
      const sorted = Float64Array.from(took).sort();
      const at = (p: number): number => Math.round(quantileOf(sorted, p));
      curve.push({ appends, count: rounds, p50Us: at(0.5), p90Us: at(0.9), p99Us: at(0.99) });
    }
    return curve;
  } finally {
    await store.close();
  }
}

/** What a message writes into both boxes. */
function messageWrites(from: Box, to: Box, text: string): StoreWrite[] {
  const fields = { peer: to.userId, out: true, date: 1, text, entities: [] };
  const mine = addMessage(from, fields, `${from.pts}`.padStart(16, '0'));
  const theirs = addMessage(to, { ...fields, peer: from.userId, out: false }, '');
  return [...mine.writes, ...theirs.writes];
}

function emptyBox(userId: number): Box {
  const counters = { pts: 0, lastId: 0, unread: 0, pins: 0 };
  const partition = boxPartition(DC, userId);
  return { userId, partition, ...counters, randomIds: new Map(), readInbox: new Map() };
}
