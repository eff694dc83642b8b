/**
 * First in, first out, each entry at its own time: what latency and bandwidth share. One timer for
 * the whole queue; entries due at the same time go in one turn.
 */
import { Alarm } from '../alarm.ts';
import { LIMITS } from '../limits.ts';
import type { End, StageHost } from './toxic.ts';

interface Entry {
  readonly bytes: Buffer;
  readonly dueMs: number;
  /** When it came. */
  readonly atMs: number;
}

export class DelayQueue {
  readonly #host: StageHost;
  readonly #alarm = new Alarm(() => this.#ring());
  #entries: Entry[] = [];
  /** Entries before this index have gone. */
  #first = 0;
  #end: End | undefined;
  heldBytes = 0;
  /** Since when something has been waiting. */
  #busySinceMs = 0;

  constructor(host: StageHost) {
    this.#host = host;
  }

  /** When the last entry is due; -Infinity when there is none. */
  get lastDueMs(): number {
    return this.#entries.at(-1)?.dueMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Entries must come in the order of their due times. Infinity holds until `release`. */
  push(bytes: Buffer, dueMs: number, atMs: number): void {
    this.#entries.push({ bytes, dueMs, atMs });
    this.heldBytes += bytes.length + LIMITS.chunkOverheadBytes;
    if (this.#entries.length > 1) return;
    this.#busySinceMs = atMs;
    this.#alarm.set(dueMs);
  }

  /** The end follows the last entry without a delay of its own. */
  end(end: End): void {
    if (this.#entries.length === 0) this.#host.port.end(end);
    else this.#end = end;
  }

  /** Hands on everything now, in order. */
  release(): void {
    this.#handOn(Number.POSITIVE_INFINITY);
  }

  /** Takes everything out, in order, to be queued anew. */
  takeAll(): Buffer[] {
    const bytes = this.#entries.slice(this.#first).map((entry) => entry.bytes);
    this.stop();
    return bytes;
  }

  stop(): void {
    this.#alarm.cancel();
    this.#entries = [];
    this.#first = 0;
    this.heldBytes = 0;
  }

  #ring(): void {
    this.#handOn(performance.now());
    this.#host.settled();
  }

  #handOn(untilMs: number): void {
    const { meter, port } = this.#host;
    const nowMs = performance.now();
    while (this.#first < this.#entries.length) {
      const { bytes, dueMs, atMs } = this.#entries[this.#first]!;
      if (dueMs > untilMs) break;
      this.#first++;
      this.heldBytes -= bytes.length + LIMITS.chunkOverheadBytes;
      if (dueMs <= nowMs) {
        meter.delayed(dueMs - atMs, nowMs - atMs);
        meter.busyBytes += bytes.length;
      }
      port.take(bytes, Math.min(dueMs, nowMs));
    }
    if (this.#first === this.#entries.length) {
      if (this.#first > 0) meter.busyMs += nowMs - this.#busySinceMs;
      this.stop();
      if (this.#end !== undefined) {
        const end = this.#end;
        this.#end = undefined;
        port.end(end);
      }
      return;
    }
    // Compact now and then, so that a queue that never empties does not grow for ever.
    if (this.#first > 1_024 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    this.#alarm.set(this.#entries[this.#first]!.dueMs);
  }
}
