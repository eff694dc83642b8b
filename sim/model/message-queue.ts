/**
 * Messages in order of time between two stations: a ring on typed arrays, so that nothing is
 * allocated for a message. Grows by doubling up to a named limit.
 */

/** Most messages that may wait between two stations of one column: some 400 MB of them. */
export const QUEUE_LENGTH_MAX: number = 1 << 24;

interface Mark {
  readonly senderOf: (mark: number) => number;
  readonly recipientOf: (mark: number) => number;
  readonly of: (sender: number, recipient: number) => number;
  /** Acknowledged as queued by another DC than the sender's home. */
  readonly queued: number;
  /** Waited for a link or a DC that was out. */
  readonly waited: number;
}

/** A message's sender and recipient DC (by index) and flags, packed into one integer. */
export const MARK: Mark = {
  senderOf: (mark) => mark & 0xff,
  recipientOf: (mark) => (mark >>> 8) & 0xff,
  of: (sender, recipient) => sender | (recipient << 8),
  queued: 1 << 16,
  waited: 1 << 17,
};

export class MessageQueue {
  times: Float64Array = new Float64Array(256);
  dues: Float64Array = new Float64Array(256);
  serials: Uint32Array = new Uint32Array(256);
  marks: Uint32Array = new Uint32Array(256);
  mask = 255;
  /** Positions that only grow (unless something is put back); the slot is `position & mask`. */
  head = 0;
  tail = 0;

  get length(): number {
    return this.tail - this.head;
  }

  /** Time of the first message; Infinity when there is none. */
  headTime(): number {
    return this.head === this.tail ? Infinity : this.times[this.head & this.mask]!;
  }

  /** Appends; `time` must not be before that of the last message. */
  push(time: number, due: number, serial: number, mark: number): void {
    if (this.tail - this.head > this.mask) this.grow();
    const slot = this.tail++ & this.mask;
    this.times[slot] = time;
    this.dues[slot] = due;
    this.serials[slot] = serial;
    this.marks[slot] = mark;
  }

  /** Puts a message in front of all others. */
  putBack(time: number, due: number, serial: number, mark: number): void {
    if (this.tail - this.head > this.mask) this.grow();
    if (this.head === 0) {
      this.head += this.mask + 1;
      this.tail += this.mask + 1;
    }
    const slot = --this.head & this.mask;
    this.times[slot] = time;
    this.dues[slot] = due;
    this.serials[slot] = serial;
    this.marks[slot] = mark;
  }

  private grow(): void {
    const from = this.mask + 1;
    if (from >= QUEUE_LENGTH_MAX) {
      throw new RangeError(
        `model: more than ${QUEUE_LENGTH_MAX} messages wait in one queue of one column; ` +
          'the fleet cannot carry this load: offer less, or shorten the outage',
      );
    }
    const { times, dues, serials, marks } = this;
    this.times = new Float64Array(from * 2);
    this.dues = new Float64Array(from * 2);
    this.serials = new Uint32Array(from * 2);
    this.marks = new Uint32Array(from * 2);
    const count = this.tail - this.head;
    for (let i = 0; i < count; i++) {
      const slot = (this.head + i) & this.mask;
      this.times[i] = times[slot]!;
      this.dues[i] = dues[slot]!;
      this.serials[i] = serials[slot]!;
      this.marks[i] = marks[slot]!;
    }
    this.mask = from * 2 - 1;
    this.head = 0;
    this.tail = count;
  }
}
