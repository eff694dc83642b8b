/** What a driver tells of messages, and what stands in the book then. */
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Driver, DriverEvents } from '../../../sim/users/driver.ts';
import { DriverCrowd } from '../../../sim/users/driver-crowd.ts';
import { ACKS, bookOf, type LoadBook, sharedBook } from '../../../sim/users/load-book.ts';
import type { Clock } from '../../../system-under-test/environment/index.ts';

const RUN = '0badcafe';
const text = (n: number): string => `q${n} ${RUN} words`;

/** Stands still but for who sets it; timers run when it passes them. */
class HandClock implements Clock {
  nowMs = 100;
  readonly #timers = new Set<{ atMs: number; run: () => void }>();
  wallMs = (): number => this.nowMs;
  monotonicMs = (): number => this.nowMs;
  after(delayMs: number, run: () => void): { cancel(): void } {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }
  pass(ms: number): void {
    this.nowMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.atMs <= this.nowMs && this.#timers.delete(timer)) timer.run();
    }
  }
}

let clock: HandClock;
let book: LoadBook;
let hears: DriverEvents[];
let sent: string[];
let handed: unknown;
let places: Uint8Array;
let readBox: (() => Promise<void>) | undefined;

const driver: Driver = {
  connect({ index }, events, data) {
    hears[index] = events;
    handed = data;
    return Promise.resolve({
      send: (message) => sent.push(`${index} to ${message.to}: ${message.text}`),
      ...(readBox ? { readBox } : {}),
      close: () => {},
    });
  },
};

async function crowdOf(): Promise<DriverCrowd> {
  const crowd = new DriverCrowd({
    ...{ driver, data: { token: 'abc' }, book, places, run: RUN, clock },
    users: [0, 1].map((index) => ({ index, name: `user ${index}`, target: '' })),
    own: Uint32Array.from([0, 1, 2]),
    wordsOf: (_, bytes) => 'words'.padEnd(bytes, ' '),
  });
  await crowd.arrive(() => {});
  crowd.start(clock.nowMs);
  return crowd;
}

beforeEach(() => {
  clock = new HandClock();
  const due = { sender: 0, recipient: 1, textBytes: 20 };
  book = bookOf(sharedBook([0, 10, 20].map((dueMs) => ({ ...due, dueMs }))));
  [hears, sent, places, readBox] = [[], [], new Uint8Array(2), undefined];
});

describe('a crowd behind a driver', () => {
  test('hands on what setup returned, and sends what is due when it is due', async () => {
    await crowdOf();
    expect(handed).toEqual({ token: 'abc' });
    expect(sent).toEqual([`0 to 1: q0 ${RUN} words`.padEnd('0 to 1: '.length + 20)]);
    clock.pass(25);
    expect(sent).toHaveLength(3);
    expect([...book.sentMs]).toEqual([100, 125, 125]);
    expect([...book.lagMs]).toEqual([0, 15, 5]);
  });

  test('an acknowledgement counts once, as it was first; stored may come later', async () => {
    await crowdOf();
    hears[0]!.acked(0);
    hears[0]!.acked(1, 'queued');
    clock.pass(50);
    hears[0]!.acked(0, 'queued');
    hears[0]!.stored(1);
    expect([...book.ackedMs]).toEqual([100, 100, 0]);
    expect([...book.ack].map((how) => ACKS[how])).toEqual(['stored', 'queued', undefined]);
    expect([...book.storedMs]).toEqual([100, 150, 0]);
  });

  test('with an id in the box the same one may come again, and another is a copy', async () => {
    await crowdOf();
    hears[1]!.arrived(text(1), 8);
    hears[1]!.arrived(text(1), 8);
    hears[1]!.arrived(text(0), 7);
    expect([...book.copies]).toEqual([0, 0, 0]);
    hears[1]!.arrived(text(1), 9);
    expect([...book.copies]).toEqual([0, 1, 0]);
    expect([...book.arrivedId]).toEqual([7, 8, 0]);
    // By ids it is in order, whatever came first.
    expect([...book.disordered]).toEqual([0, 0, 0]);
  });

  test('without ids the moments of arrival are its order, and each repeat is a copy', async () => {
    await crowdOf();
    for (const n of [1, 0, 0]) hears[1]!.arrived(text(n));
    expect([...book.disordered]).toEqual([1, 0, 0]);
    expect([...book.copies]).toEqual([1, 0, 0]);
  });

  test('who serves a user is known', async () => {
    await crowdOf();
    hears[1]!.servedBy(4);
    expect([...places]).toEqual([0, 4]);
  });
});

describe('boxes in the end', () => {
  test('are read where the driver can; what they show has arrived', async () => {
    readBox = () => Promise.resolve(hears[1]!.arrived(text(2), 5));
    const crowd = await crowdOf();
    const read: number[] = [];
    expect(await crowd.readBoxes((count) => read.push(count))).toEqual([]);
    expect(read).toEqual([1, 2]);
    expect(book.arrivedId[2]).toBe(5);
  });

  test('that cannot be read, or not in time, are told with their user', async () => {
    let reads = 0;
    readBox = () => (reads++ === 0 ? Promise.reject(new Error('gone')) : new Promise(() => {}));
    const crowd = await crowdOf();
    const problems = crowd.readBoxes(() => {});
    await setImmediate(); // the one that fails has failed
    clock.pass(30_001);
    expect(await problems).toEqual([
      'the box of user 0: gone',
      'the box of user 1: was not read within 30 s',
    ]);
  });

  test('are nothing to a driver without them', async () => {
    const crowd = await crowdOf();
    expect(await crowd.readBoxes(() => {})).toEqual([]);
  });
});
