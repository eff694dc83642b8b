/**
 * Messages in order of time between two stations: a ring on typed arrays, so that nothing is
 * allocated for a message. Grows by doubling up to a named limit.
 */

/** Most messages that may wait between two stations of one column: some 400 MB of them. */
export const QUEUE_LENGTH_MAX: number = 1 << 24;

/** What a column carries, by what it costs; the other kinds of traffic are the hubs'. */
export const CARRIED = ['direct', 'group', 'bot', 'media'] as const;
export const GROUP = 1;
/** Devices that one copy of a message can go to. */
export const DEVICES_MAX = 0x7ff;

/**
 * What a message says of itself, in one word: sender's DC (8 bits), recipient's DC or a group's
 * number (8), flags, its kind (3) and how many devices it goes to (11).
 */
export const MARK: {
  readonly senderOf: (mark: number) => number;
  readonly recipientOf: (mark: number) => number;
  readonly kindOf: (mark: number) => number;
  readonly devicesOf: (mark: number) => number;
  readonly of: (sender: number, recipient: number, kind?: number, devices?: number) => number;
  /** Acknowledged as queued by another DC than the sender's home. */
  readonly queued: number;
  /** Waited for a link or a DC that was out. */
  readonly waited: number;
} = {
  senderOf: (mark) => mark & 0xff,
  recipientOf: (mark) => (mark >>> 8) & 0xff,
  kindOf: (mark) => (mark >>> 18) & 7,
  devicesOf: (mark) => mark >>> 21,
  of: (sender, recipient, kind = 0, devices = 1) =>
    (sender | (recipient << 8) | (kind << 18) | (devices << 21)) >>> 0,
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
    this.write(this.tail++ & this.mask, time, due, serial, mark);
  }

  /** Puts a message behind all that are not later. */
  insert(time: number, due: number, serial: number, mark: number): void {
    if (this.tail - this.head > this.mask) this.grow();
    let at = this.tail++;
    while (at > this.head && this.times[(at - 1) & this.mask]! > time) {
      const from = (at - 1) & this.mask;
      const { times, dues, serials, marks } = this;
      this.write(at & this.mask, times[from]!, dues[from]!, serials[from]!, marks[from]!);
      at--;
    }
    this.write(at & this.mask, time, due, serial, mark);
  }

  /** Puts a message in front of all others. */
  putBack(time: number, due: number, serial: number, mark: number): void {
    if (this.tail - this.head > this.mask) this.grow();
    if (this.head === 0) {
      this.head += this.mask + 1;
      this.tail += this.mask + 1;
    }
    this.write(--this.head & this.mask, time, due, serial, mark);
  }

  clear(): void {
    this.head = 0;
    this.tail = 0;
  }

  private write(slot: number, time: number, due: number, serial: number, mark: number): void {
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
      this.write(i, times[slot]!, dues[slot]!, serials[slot]!, marks[slot]!);
    }
    this.mask = from * 2 - 1;
    this.head = 0;
    this.tail = count;
  }
}
