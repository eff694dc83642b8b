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
}

export class DelayQueue {
  readonly #host: StageHost;
  readonly #alarm = new Alarm(() => this.#ring());
  #entries: Entry[] = [];
  /** Entries before this index have gone. */
  #first = 0;
  #end: End | undefined;
  heldBytes = 0;

  constructor(host: StageHost) {
    this.#host = host;
  }

  /** When the last entry is due; -Infinity when there is none. */
  get lastDueMs(): number {
    return this.#entries.at(-1)?.dueMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Entries must come in the order of their due times. Infinity holds until `release`. */
  push(bytes: Buffer, dueMs: number): void {
    this.#entries.push({ bytes, dueMs });
    this.heldBytes += bytes.length + LIMITS.chunkOverheadBytes;
    if (this.#entries.length === 1) this.#alarm.set(dueMs);
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
    while (this.#first < this.#entries.length) {
      const entry = this.#entries[this.#first]!;
      if (entry.dueMs > untilMs) break;
      this.#first++;
      this.heldBytes -= entry.bytes.length + LIMITS.chunkOverheadBytes;
      this.#host.port.take(entry.bytes, Math.min(entry.dueMs, performance.now()));
    }
    if (this.#first === this.#entries.length) {
      this.stop();
      if (this.#end !== undefined) {
        const end = this.#end;
        this.#end = undefined;
        this.#host.port.end(end);
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
