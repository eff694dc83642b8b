/**
 * Pending events of the virtual loop in the order (time, sequence): a binary heap with cancellation.
 * A cancelled event stays in the heap without its action until it surfaces or until more than half
 * of the heap is dead, so that time-outs which rarely fire cost no memory for long.
 */

export interface PendingEvent {
  readonly atUs: number;
  readonly sequence: number;
  readonly kind: string;
  readonly label: string;
  /** A number that goes into the trace with the event, such as a checksum of the bytes. */
  readonly detail: number;
  /** Undefined once cancelled or run. */
  run: (() => void) | undefined;
}

/** Below this size dead entries are not worth a rebuild. */
const COMPACT_MIN = 1024;

export class EventQueue {
  #heap: PendingEvent[] = [];
  #dead = 0;
  #sequence = 0;

  /** Events that are still going to happen. */
  get size(): number {
    return this.#heap.length - this.#dead;
  }

  add(atUs: number, kind: string, label: string, detail: number, run: () => void): PendingEvent {
    const event: PendingEvent = { atUs, sequence: this.#sequence++, kind, label, detail, run };
    this.#heap.push(event);
    this.#siftUp(this.#heap.length - 1);
    return event;
  }

  /** Cancelling an event that has run or was cancelled does nothing. */
  cancel(event: PendingEvent): void {
    if (event.run === undefined) return;
    event.run = undefined;
    this.#dead++;
    if (this.#dead > this.#heap.length / 2 && this.#heap.length > COMPACT_MIN) this.#compact();
  }

  /** The time of the next event, or undefined when nothing is pending. */
  nextAtUs(): number | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.run === undefined) {
      this.#removeFirst();
      this.#dead--;
    }
    return this.#heap[0]?.atUs;
  }

  /** Removes the next event; its action is handed over and the event counts as run. */
  take(): { event: PendingEvent; run: () => void } | undefined {
    if (this.nextAtUs() === undefined) return undefined;
    const event = this.#removeFirst();
    const run = event.run!;
    event.run = undefined;
    return { event, run };
  }

  #removeFirst(): PendingEvent {
    const first = this.#heap[0]!;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#siftDown(0);
    }
    return first;
  }

  #compact(): void {
    this.#heap = this.#heap.filter((event) => event.run !== undefined);
    this.#dead = 0;
    for (let index = (this.#heap.length >> 1) - 1; index >= 0; index--) this.#siftDown(index);
  }

  #siftUp(start: number): void {
    const heap = this.#heap;
    const moving = heap[start]!;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(moving, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = moving;
  }

  #siftDown(start: number): void {
    const heap = this.#heap;
    const moving = heap[start]!;
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, moving)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = moving;
  }
}

const isBefore = (a: PendingEvent, b: PendingEvent): boolean =>
  a.atUs < b.atUs || (a.atUs === b.atUs && a.sequence < b.sequence);
