/**
 * From the shared book of a load to measurements. Nothing is left out: what did not arrive counts
 * in the latencies with the time that was waited for it, what was not sent as late as that.
 */
import type { Measurements } from '../../reports/measurements.ts';
import { disorderedIn, type OrderedMessage } from '../../sim/users/chat-order.ts';
import { ACKS, type LoadBook, REFUSED } from '../../sim/users/load-book.ts';

export interface BookTimes {
  /** Start of the load, ms of the common clock. */
  readonly startMs: number;
  /** Messages due earlier after the start are warm-up. */
  readonly warmupMs: number;
  /** When nobody listened any more. */
  readonly endMs: number;
  /**
   * It was ended before its time: what is under way then is in no latency and counts as lost
   * nowhere, and what would have been due later is not there. Default: it came to its end.
   */
  readonly endedEarly?: boolean;
}

export interface BookFigures {
  /** Of the window. */
  readonly offered: number;
  readonly sent: number;
  /** Sent, and never arrived; of the window. */
  readonly missing: number;
  /** Of the whole load: what must not happen, with the number of the message. */
  readonly lost: readonly number[];
  readonly disordered: readonly number[];
  readonly doubled: readonly number[];
}

/** `acknowledges`: only what was acknowledged can be lost; otherwise what was sent. */
export function measureBook(
  book: LoadBook,
  { startMs, warmupMs, endMs, endedEarly = false }: BookTimes,
  acknowledges: boolean,
  measurements: Measurements,
): BookFigures {
  let [offered, sent, missing, copies] = [0, 0, 0, 0];
  const [lost, disordered, doubled]: [number[], number[], number[]] = [[], [], []];
  for (let n = 0; n < book.count; n++) {
    const [sentMs, arrivedMs] = [book.sentMs[n]!, book.arrivedMs[n]!];
    if (endedEarly && startMs + book.dueMs[n]! > endMs) continue;
    const ackedMs = book.ackedMs[n]!;
    const isDue = acknowledges ? ackedMs > 0 : sentMs > 0 && book.refused[n] === REFUSED.no;
    if (isDue && arrivedMs === 0 && !endedEarly) lost.push(n);
    if (book.disordered[n] === 1) disordered.push(n);
    if (book.copies[n]! > 0) doubled.push(n);
    copies += book.copies[n]!;
    if (book.dueMs[n]! < warmupMs) continue;
    const dueMs = startMs + book.dueMs[n]!;
    const at = (ms: number): number => Math.max(0, (ms - startMs - warmupMs) / 1_000);
    offered++;
    measurements.add('messages_offered', 1, {}, at(dueMs));
    const lagMs = book.lagMs[n]! >= 0 ? book.lagMs[n]! : Math.max(0, endMs - dueMs);
    measurements.record('generator_lag', lagMs, {}, at(dueMs));
    if (sentMs === 0) measurements.add('messages_unsent', 1, {}, at(dueMs));
    else {
      sent++;
      measurements.add('messages_sent', 1, {}, at(sentMs));
    }
    if (book.refused[n] === REFUSED.byBackend) {
      measurements.add('messages_given_up', 1, {}, at(dueMs));
      continue;
    }
    if (acknowledges && sentMs > 0 && !(endedEarly && ackedMs === 0)) {
      const ms = (ackedMs === 0 ? endMs : ackedMs) - dueMs;
      const ack = ACKS[book.ack[n]!] ?? 'stored';
      measurements.record('ack_latency', Math.max(0, ms), { ack }, at(dueMs));
    }
    if (arrivedMs > 0) measurements.add('messages_delivered', 1, {}, at(arrivedMs));
    else if (endedEarly) continue;
    else if (sentMs > 0) missing++;
    const ms = (arrivedMs === 0 ? endMs : arrivedMs) - dueMs;
    measurements.record('delivery_latency', Math.max(0, ms), {}, at(dueMs));
  }
  for (const n of disorderedIn(numberedIn(book))) disordered.push(n);
  const end = measurements.windowSeconds;
  measurements.add('messages_unsent', 0, {}, end);
  measurements.add('messages_given_up', 0, {}, end);
  measurements.add('writes_lost', lost.length, {}, end);
  measurements.add('writes_doubled', copies, {}, end);
  measurements.add('order_violations', disordered.length, {}, end);
  return { offered, sent, missing, lost, disordered, doubled };
}

/** Messages whose number in their recipient's box is known: order is judged by it. */
function numberedIn(book: LoadBook): OrderedMessage[] {
  const messages: OrderedMessage[] = [];
  for (let n = 0; n < book.count; n++) {
    if (book.arrivedId[n] === 0) continue;
    messages.push({
      ...{ id: n, sender: book.sender[n]!, recipient: book.recipient[n]! },
      sentMs: book.sentMs[n] || undefined,
      ackedMs: book.ackedMs[n] || undefined,
      deliveredId: book.arrivedId[n]!,
    });
  }
  return messages;
}
