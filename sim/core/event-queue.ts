/**
 * Pending events ordered by (time, order of insertion), so that events of one instant run in the
 * order in which they were scheduled. A binary heap on typed arrays: 4-ary heaps and calendar
 * queues measured no faster here.
 */

/** Most events that may be pending at once. */
export const PENDING_EVENTS_MAX: number = 1 << 22;

/** Names a scheduled event so that it can be cancelled. */
export type Ticket = number;

export interface DueEvent<T> {
  readonly timeUs: number;
  readonly payload: T;
}

export class EventQueue<T> {
  private times = new Float64Array(64);
  private sequences = new Float64Array(64);
  private slots = new Uint32Array(64);
  private heapSize = 0;
  private readonly payloads: (T | undefined)[] = [];
  /** Sequence of the event that lives in a slot, or -1 when it was cancelled or has run. */
  private readonly owners: number[] = [];
  private readonly freeSlots: number[] = [];
  private nextSequence = 0;
  private live = 0;

  /** Events pending, cancelled ones not counted. */
  get size(): number {
    return this.live;
  }

  /** Schedules an event; `timeUs` is a whole, non-negative number of microseconds. */
  push(timeUs: number, payload: T): Ticket {
    if (!Number.isSafeInteger(timeUs) || timeUs < 0) {
      throw new RangeError(`event queue: ${timeUs} is not a whole number of microseconds`);
    }
    if (this.heapSize >= PENDING_EVENTS_MAX) {
      throw new RangeError(`event queue: more than ${PENDING_EVENTS_MAX} events are pending`);
    }
    const slot = this.freeSlots.pop() ?? this.payloads.length;
    const sequence = this.nextSequence++;
    this.payloads[slot] = payload;
    this.owners[slot] = sequence;
    if (this.heapSize === this.times.length) this.grow();
    this.live++;
    this.siftUp(this.heapSize++, timeUs, sequence, slot);
    return sequence * PENDING_EVENTS_MAX + slot;
  }

  /** Takes back an event; false where it has run or was cancelled before. */
  cancel(ticket: Ticket): boolean {
    const slot = ticket % PENDING_EVENTS_MAX;
    if (this.owners[slot] !== Math.floor(ticket / PENDING_EVENTS_MAX)) return false;
    this.owners[slot] = -1;
    this.payloads[slot] = undefined;
    this.live--;
    return true;
  }

  /** When the next event is due, or undefined when none is pending. */
  peekTimeUs(): number | undefined {
    this.dropCancelled();
    return this.heapSize === 0 ? undefined : this.times[0];
  }

  pop(): DueEvent<T> | undefined {
    this.dropCancelled();
    if (this.heapSize === 0) return undefined;
    const slot = this.slots[0]!;
    const due = { timeUs: this.times[0]!, payload: this.payloads[slot] as T };
    this.payloads[slot] = undefined;
    this.live--;
    this.removeRoot();
    return due;
  }

  private dropCancelled(): void {
    while (this.heapSize > 0 && this.owners[this.slots[0]!] !== this.sequences[0]) {
      this.removeRoot();
    }
  }

  private removeRoot(): void {
    const slot = this.slots[0]!;
    this.owners[slot] = -1;
    this.freeSlots.push(slot);
    const last = --this.heapSize;
    if (last > 0) this.siftDown(this.times[last]!, this.sequences[last]!, this.slots[last]!);
  }

  private siftUp(from: number, time: number, sequence: number, slot: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.isBefore(parent, time, sequence)) break;
      this.move(parent, at);
      at = parent;
    }
    this.place(at, time, sequence, slot);
  }

  private siftDown(time: number, sequence: number, slot: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.heapSize) break;
      const right = child + 1;
      if (
        right < this.heapSize &&
        this.isBefore(right, this.times[child]!, this.sequences[child]!)
      ) {
        child = right;
      }
      if (!this.isBefore(child, time, sequence)) break;
      this.move(child, at);
      at = child;
    }
    this.place(at, time, sequence, slot);
  }

  private isBefore(at: number, time: number, sequence: number): boolean {
    const other = this.times[at]!;
    return other < time || (other === time && this.sequences[at]! < sequence);
  }

  private move(from: number, to: number): void {
    this.place(to, this.times[from]!, this.sequences[from]!, this.slots[from]!);
  }

  private place(at: number, time: number, sequence: number, slot: number): void {
    this.times[at] = time;
    this.sequences[at] = sequence;
    this.slots[at] = slot;
  }

  private grow(): void {
    const larger = <A extends Float64Array | Uint32Array>(into: A, from: A): A => {
      into.set(from);
      return into;
    };
    const length = this.times.length * 2;
    this.times = larger(new Float64Array(length), this.times);
    this.sequences = larger(new Float64Array(length), this.sequences);
    this.slots = larger(new Uint32Array(length), this.slots);
  }
}
