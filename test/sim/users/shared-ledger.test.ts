/** The ledger over shared memory does what the plain one does, whoever writes. */
import { describe, expect, test } from 'vitest';
import { Ledger } from '../../../sim/users/ledger.ts';
import { BOOK_MESSAGES_MAX, bookOf, messagesOf, sharedBook } from '../../../sim/users/load-book.ts';
import { SharedLedger } from '../../../sim/users/shared-ledger.ts';

const START_MS = 5_000;
const WARMUP_MS = 100;
const messages = Array.from({ length: 40 }, (_, n) => ({
  dueMs: n * 10,
  sender: n % 5,
  recipient: (n + 1) % 5,
  textBytes: 20,
}));

/** Two threads' ledgers, and a third one that only looks. */
function threads() {
  const shared = sharedBook(messages);
  let nowMs = START_MS;
  const ledgerOf = (own: Uint32Array) =>
    new SharedLedger({
      ...{ book: bookOf(shared), own, startMs: () => START_MS, warmupMs: WARMUP_MS },
      nowMs: () => nowMs,
    });
  const book = bookOf(shared);
  const parts = [0, 1].map((part) => messagesOf(book, part, 2));
  const at = (ms: number): void => {
    nowMs = ms;
  };
  return { parts, book, at, senders: parts.map(ledgerOf), onlooker: ledgerOf(new Uint32Array()) };
}

describe('a ledger over shared memory', () => {
  test('every message is of one thread, in the order of its time', () => {
    const { parts } = threads();
    const all = parts.flatMap((part) => [...part]);
    expect(all.toSorted((a, b) => a - b)).toEqual(messages.map((_, n) => n));
    for (const part of parts) expect([...part]).toEqual([...part].toSorted((a, b) => a - b));
    expect(new Set([...parts[0]!].map((n) => messages[n]!.sender % 2))).toEqual(new Set([0]));
  });

  test('what one thread writes, the others read; nothing has happened before', () => {
    const { senders, onlooker, parts, book, at } = threads();
    expect(onlooker.entries.every(({ sentMs, refused }) => sentMs === refused)).toBe(true);
    const n = parts[1]![3]!;
    for (let k = 0; k < 4; k++) {
      at(START_MS + 400);
      senders[1]!.add(0, 0, START_MS + messages[parts[1]![k]!]!.dueMs);
    }
    expect(book.lagMs[n]).toBe(400 - messages[n]!.dueMs);
    const entry = senders[1]!.entries[n]!;
    entry.sentMs ??= 6_000.5;
    entry.sentMs ??= 7_000;
    senders[1]!.acked(entry, 'queued', 6_100);
    senders[1]!.acked(entry, 'stored', 6_200);
    senders[0]!.delivered(Ledger.textOf(n, 20), entry.recipient, 17, 6_300);
    expect(onlooker.entries[n]).toMatchObject({
      ...{ id: n, sender: messages[n]!.sender, dueMs: START_MS + messages[n]!.dueMs },
      ...{ sentMs: 6_000.5, ackedMs: 6_100, ack: 'queued', storedMs: 6_200 },
      ...{ deliveredMs: 6_300, deliveredId: 17, measured: messages[n]!.dueMs >= WARMUP_MS },
    });
    expect(onlooker.unsettled()).toHaveLength(messages.length - 1);
  });

  test('violations are seen across threads', () => {
    const { senders, parts } = threads();
    const n = parts[0]![0]!;
    senders[0]!.acked(senders[0]!.entries[n]!, 'stored', 6_000);
    senders[1]!.auditBox(messages[n]!.recipient, []);
    expect(senders[1]!.count('lost')).toBe(1);
    expect(senders[0]!.count('lost')).toBe(0);
  });

  test('more than its messages no thread can send', () => {
    const { onlooker } = threads();
    expect(() => onlooker.add(0, 1, START_MS)).toThrow('no message of this thread');
    const many = { length: BOOK_MESSAGES_MAX + 1 } as unknown as typeof messages;
    expect(() => sharedBook(many)).toThrow('use a rate and a window of at most 10,000,000');
  });
});
