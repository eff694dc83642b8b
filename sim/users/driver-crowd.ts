/**
 * One thread's users of a backend behind a driver: connects them, sends what is due when it is due
 * (open workload: nobody waits for an answer), and writes into the shared book what was sent and
 * what arrived. Loss, repeats and order are told by the recipients, from the messages' numbers.
 */
import type { Clock, Timer } from '../../system-under-test/environment/index.ts';
import type { Driver, DriverConnection, DriverEvents, DriverUser } from './driver.ts';
import { ACKS, type LoadBook, REFUSED } from './load-book.ts';
import { numbered, numberIn } from './message-text.ts';

export interface DriverCrowdOptions {
  readonly driver: Driver;
  /** Of the driver's setup. */
  readonly data: unknown;
  /** By user: the datacentre that serves them, 0 for none, as the driver tells it. */
  readonly places: Uint8Array;
  /** Of this thread. */
  readonly users: readonly DriverUser[];
  readonly book: LoadBook;
  /** Numbers of the messages that these users send, by time. */
  readonly own: Uint32Array;
  /** See message-text.ts. */
  readonly run: string;
  readonly clock: Clock;
  /** At least `bytes` ASCII characters to fill message `n` with. */
  readonly wordsOf: (n: number, bytes: number) => string;
}

const CONNECTS_AT_ONCE = 32;
/** A user whose connection broke tries again after so long, twice as long each time. */
const RETRY_MS = { first: 250, most: 2_000 };
/** Messages that a user without a connection keeps; what is due beyond them is not sent. */
const KEPT_MAX = 10_000;
/** Sent in one go; then what has arrived has its turn. */
const BURST_MAX = 256;
const REASONS_MAX = 20;
/** Boxes that are read at the same time, and how long one may take. */
const BOXES_AT_ONCE = 16;
const BOX_MS = 30_000;

interface Device {
  readonly user: DriverUser;
  connection: DriverConnection | undefined;
  /** Due while there was no connection. */
  kept: number[] | undefined;
  retryMs: number;
}

export class DriverCrowd {
  readonly #o: DriverCrowdOptions;
  readonly #devices = new Map<number, Device>();
  readonly #timers = new Set<Timer>();
  /** Newest message by chat: sender and recipient in one number. */
  readonly #newest = new Map<number, number>();
  readonly #reasons = new Map<string, number>();
  #startMs = 0;
  #next = 0;
  #stopped = false;
  /** Messages that reached somebody who is not their recipient. */
  strays = 0;

  constructor(options: DriverCrowdOptions) {
    this.#o = options;
    for (const user of options.users) {
      const retryMs = RETRY_MS.first;
      this.#devices.set(user.index, { user, connection: undefined, kept: undefined, retryMs });
    }
  }

  /** Everyone connects; rejects with the first reason why somebody cannot. */
  async arrive(progress: (connected: number) => void): Promise<void> {
    const waiting = [...this.#devices.values()];
    let connected = 0;
    const worker = async (): Promise<void> => {
      for (let device = waiting.shift(); device; device = waiting.shift()) {
        try {
          await this.#connect(device);
        } catch (error) {
          const { index, target } = device.user;
          throw new Error(`user ${index} cannot connect to ${target}: ${reasonOf(error)}`);
        }
        progress(++connected);
      }
    };
    await Promise.all(Array.from({ length: CONNECTS_AT_ONCE }, worker));
  }

  /** Times of messages count from `startMs`, which may lie ahead. */
  start(startMs: number): void {
    this.#startMs = startMs;
    this.#sendDue();
  }

  /** Everything that is due was handed on, and nobody keeps anything. */
  get allSent(): boolean {
    if (this.#next < this.#o.own.length) return false;
    for (const { kept } of this.#devices.values()) if (kept !== undefined) return false;
    return true;
  }

  /** Why messages were not sent and connections broke, with how often. */
  get reasons(): [why: string, count: number][] {
    return [...this.#reasons];
  }

  /**
   * Has every box read, where the driver can: what arrives then was missed before. Returns why some
   * could not be read.
   */
  async readBoxes(progress: (read: number) => void): Promise<string[]> {
    const waiting = [...this.#devices.values()];
    const problems: string[] = [];
    let read = 0;
    const worker = async (): Promise<void> => {
      for (let device = waiting.shift(); device; device = waiting.shift()) {
        try {
          await this.#within(BOX_MS, device.connection?.readBox?.());
        } catch (error) {
          problems.push(`the box of user ${device.user.index}: ${reasonOf(error)}`);
        }
        progress(++read);
      }
    };
    await Promise.all(Array.from({ length: BOXES_AT_ONCE }, worker));
    return problems;
  }

  /** Closes all connections. What is still kept counts as not sent. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    for (const { connection, kept } of this.#devices.values()) {
      for (const n of kept ?? []) this.#o.book.refused[n] = REFUSED.noConnection;
      connection?.close();
    }
  }

  async #connect(device: Device): Promise<void> {
    const { driver, data, places, book, clock } = this.#o;
    const { user } = device;
    let over = false;
    const events: DriverEvents = {
      arrived: (text, id) => this.#arrived(user.index, text, id),
      acked: (n, how = 'stored') => {
        if (book.ackedMs[n] === 0) {
          book.ackedMs[n] = clock.monotonicMs();
          book.ack[n] = ACKS.indexOf(how);
        }
        if (how === 'stored') events.stored(n);
      },
      stored: (n) => {
        if (book.storedMs[n] === 0) book.storedMs[n] = clock.monotonicMs();
      },
      servedBy: (dc) => {
        places[user.index] = dc;
      },
      refused: (n, why) => {
        this.#say(`refused: ${why}`);
        book.refused[n] = REFUSED.byBackend;
      },
      closed: (why) => {
        if (over) return;
        over = true;
        this.#lost(device, why);
      },
    };
    const connection = await driver.connect(user, events, data);
    if (over) throw new Error('the connection broke at once');
    if (this.#stopped) {
      connection.close();
      return;
    }
    device.connection = connection;
    device.retryMs = RETRY_MS.first;
    const { kept } = device;
    device.kept = undefined;
    for (const n of kept ?? []) this.#send(n);
  }

  #lost(device: Device, why: string): void {
    const hadConnection = device.connection !== undefined;
    device.connection = undefined;
    if (this.#stopped || !hadConnection) return;
    this.#say(`connection lost: ${why}`);
    this.#connectLater(device);
  }

  #connectLater(device: Device): void {
    if (this.#stopped) return;
    this.#after(device.retryMs, () => {
      device.retryMs = Math.min(RETRY_MS.most, device.retryMs * 2);
      this.#connect(device).catch((error: unknown) => {
        this.#say(`cannot connect again: ${reasonOf(error)}`);
        this.#connectLater(device);
      });
    });
  }

  #sendDue(): void {
    if (this.#stopped) return;
    const { own, book, clock } = this.#o;
    for (let burst = 0; this.#next < own.length; burst++) {
      const n = own[this.#next]!;
      const lagMs = clock.monotonicMs() - this.#startMs - book.dueMs[n]!;
      if (lagMs < 0 || burst === BURST_MAX) {
        this.#after(Math.max(0, -lagMs), () => this.#sendDue());
        return;
      }
      this.#next++;
      book.lagMs[n] = lagMs;
      this.#send(n);
    }
  }

  #send(n: number): void {
    const { book, run, wordsOf, clock } = this.#o;
    const device = this.#devices.get(book.sender[n]!)!;
    const { connection } = device;
    if (!connection) {
      device.kept ??= [];
      if (device.kept.length < KEPT_MAX) device.kept.push(n);
      else book.refused[n] = REFUSED.noConnection;
      return;
    }
    const bytes = book.textBytes[n]!;
    const text = numbered(n, run, bytes, wordsOf(n, bytes));
    book.sentMs[n] = clock.monotonicMs();
    try {
      connection.send({ n, to: book.recipient[n]!, text });
    } catch (error) {
      book.sentMs[n] = 0;
      book.refused[n] = REFUSED.byDriver;
      this.#say(`not sent: ${reasonOf(error)}`);
    }
  }

  #arrived(recipient: number, text: string, id: number | undefined): void {
    const { book, run, clock } = this.#o;
    const n = numberIn(text, run);
    if (n < 0 || n >= book.count) return;
    if (book.recipient[n] !== recipient) {
      this.strays++;
      return;
    }
    if (book.arrivedMs[n] !== 0) {
      const again = id !== undefined && book.arrivedId[n] === id;
      if (!again && book.copies[n]! < 255) book.copies[n]!++;
      return;
    }
    book.arrivedMs[n] = clock.monotonicMs();
    if (id !== undefined) {
      book.arrivedId[n] = id; // by which its order is judged in the end
      return;
    }
    const chat = book.sender[n]! * 2 ** 26 + recipient;
    const newest = this.#newest.get(chat) ?? -1;
    if (n < newest) book.disordered[n] = 1;
    else this.#newest.set(chat, n);
  }

  #within(ms: number, work: Promise<void> | undefined): Promise<void> {
    if (work === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const late = new Error(`was not read within ${ms / 1_000} s`);
      const timer = this.#o.clock.after(ms, () => reject(late));
      work.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #after(ms: number, run: () => void): void {
    const timer = this.#o.clock.after(ms, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  #say(why: string): void {
    if (this.#reasons.size >= REASONS_MAX && !this.#reasons.has(why)) return;
    this.#reasons.set(why, (this.#reasons.get(why) ?? 0) + 1);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
