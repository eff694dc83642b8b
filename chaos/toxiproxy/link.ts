/**
 * One direction of one connection: from a source socket through the toxics to a destination. With
 * no toxic it is a pipe with back-pressure. Nothing here waits: a toxic is added, changed or
 * removed at once, whatever the reader at the other end does, and no byte is lost by it.
 */
import type { Socket } from 'node:net';
import { LIMITS } from './limits.ts';
import type { RandomStream } from './random.ts';
import type { Direction, ToxicSettings } from './toxic-settings.ts';
import type { End, Port, Stage } from './toxics/toxic.ts';

/** Bytes in flight over all links of a server. */
export interface TotalBytes {
  used: number;
}

export interface LinkOptions {
  readonly direction: Direction;
  readonly source: Socket;
  readonly destination: Socket;
  readonly total: TotalBytes;
  /** The random stream for a purpose ("toxicity" or "draws") of a toxic on this link. */
  readonly random: (toxic: string, purpose: string) => RandomStream;
  /** The end has come through the toxics. */
  readonly onEnd: (end: End) => void;
}

interface Slot {
  readonly name: string;
  readonly stage: Stage;
  /** Where the stage's bytes go: moved when its neighbours change. */
  next: Port;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #sink: Port;
  #slots: Slot[] = [];
  #head: Port;
  #paused = false;
  #ended = false;
  #endPassed = false;
  #stopped = false;
  #countedBytes = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    const { destination } = options;
    this.#sink = {
      take: (bytes) => {
        if (destination.writable) destination.write(bytes);
      },
      end: (end) => {
        if (this.#endPassed || this.#stopped) return;
        this.#endPassed = true;
        options.onEnd(end);
      },
    };
    this.#head = this.#sink;
  }

  get direction(): Direction {
    return this.#options.direction;
  }

  /** The end has reached the destination. */
  get endPassed(): boolean {
    return this.#endPassed;
  }

  /** Starts to read the source. */
  open(): void {
    const { source, destination } = this.#options;
    source.on('data', this.#onData);
    source.on('end', () => this.end('fin'));
    destination.on('drain', () => this.#regulate());
    this.#regulate();
  }

  /** The source has ended; also called when it broke. Later calls change nothing. */
  end(end: End): void {
    if (this.#ended || this.#stopped) return;
    this.#ended = true;
    this.#head.end(end);
  }

  /** Adds a toxic behind the others, if its toxicity takes hold of this connection. */
  add(toxic: ToxicSettings): void {
    // One draw for each link and toxic, whenever it is made: a share of 0.2 stays within the
    // connections of a share of 0.3, and an update does not shuffle them.
    if (this.#options.random(toxic.name, 'toxicity')() >= toxic.toxicity) return;
    const slot: { name: string; stage?: Stage; next: Port } = {
      name: toxic.name,
      next: this.#sink,
    };
    slot.stage = toxic.kind.start(toxic.attributes, {
      port: {
        take: (bytes, atMs) => slot.next.take(bytes, atMs),
        end: (end) => slot.next.end(end),
      },
      random: this.#options.random(toxic.name, 'draws'),
      settled: () => this.#regulate(),
    });
    this.#slots.push(slot as Slot);
    this.#join();
  }

  /** `order` holds the names of this direction's toxics: a newly affected link keeps to it. */
  update(toxic: ToxicSettings, order: readonly string[]): void {
    const slot = this.#slots.find((candidate) => candidate.name === toxic.name);
    if (slot && this.#options.random(toxic.name, 'toxicity')() < toxic.toxicity) {
      slot.stage.update(toxic.attributes);
    } else if (slot) {
      this.remove(toxic.name);
    } else {
      this.add(toxic);
      this.#slots.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
      this.#join();
    }
    this.#regulate();
  }

  remove(name: string): void {
    const index = this.#slots.findIndex((slot) => slot.name === name);
    if (index < 0) return;
    const [slot] = this.#slots.splice(index, 1);
    slot!.stage.release();
    slot!.stage.stop();
    this.#join();
    this.#regulate();
  }

  /** The destination is gone: what is held goes nowhere, and the source is read to its end. */
  abandon(): void {
    for (const slot of this.#slots) slot.stage.stop();
    this.#slots = [];
    this.#join();
    this.#regulate();
  }

  /** The connection is gone: no timer is left. */
  stop(): void {
    this.#stopped = true;
    for (const slot of this.#slots) slot.stage.stop();
    this.#slots = [];
    this.#options.total.used -= this.#countedBytes;
    this.#countedBytes = 0;
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#slots.length === 0) {
      const { destination } = this.#options;
      if (destination.writable && !destination.write(bytes)) this.#pause();
      return;
    }
    this.#head.take(bytes, performance.now());
    this.#regulate();
  };

  #join(): void {
    this.#slots.forEach((slot, index) => {
      slot.next = this.#slots[index + 1]?.stage ?? this.#sink;
    });
    this.#head = this.#slots[0]?.stage ?? this.#sink;
  }

  /** Lets the source go on, or not: by what the destination and each toxic still hold. */
  #regulate(): void {
    if (this.#stopped) return;
    const { destination, total } = this.#options;
    const crowded = total.used > LIMITS.totalBytesMax;
    let heldBytes = 0;
    // A destination that is gone takes everything: its source must be read to see its end.
    let full = destination.writable && destination.writableNeedDrain;
    for (const { stage } of this.#slots) {
      heldBytes += stage.heldBytes;
      const max = crowded
        ? Math.min(stage.heldBytesMax, LIMITS.crowdedBytesMax)
        : stage.heldBytesMax;
      full ||= stage.heldBytes > max;
    }
    heldBytes += this.#slots.length > 0 ? destination.writableLength : 0;
    total.used += heldBytes - this.#countedBytes;
    this.#countedBytes = heldBytes;
    if (full) this.#pause();
    else if (this.#paused) {
      this.#paused = false;
      this.#options.source.resume();
    }
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#options.source.pause();
  }
}
