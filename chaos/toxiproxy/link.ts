/**
 * One direction of one connection: from a source socket through the toxics to a destination. With
 * no toxic it is a pipe with back-pressure. Nothing here waits: a toxic is added, changed or
 * removed at once, whatever the reader at the other end does, and no byte is lost by it.
 */
import type { Socket } from 'node:net';
import { CountedDraws, type Decider, type DecisionLog } from './extensions/decision-log.ts';
import type { ToxicMeter, Traffic } from './extensions/meters.ts';
import { LIMITS } from './limits.ts';
import type { RandomStream } from './random.ts';
import type { Direction, ToxicSettings } from './toxic-settings.ts';
import type { End, Port, Stage } from './toxics/toxic.ts';

/** Bytes in flight over all links of a server. */
export interface TotalBytes {
  used: number;
}

/** After how many further bytes, in either direction, a connection breaks. Infinity: never. */
export interface Fuse {
  leftBytes: number;
  /** It has broken, or is about to: nothing more passes. */
  blown: boolean;
}

export interface LinkOptions {
  readonly direction: Direction;
  readonly source: Socket;
  readonly destination: Socket;
  readonly total: TotalBytes;
  /** The random stream for a purpose ("toxicity" or "draws") of a toxic on this link. */
  readonly random: (toxic: string, purpose: string) => RandomStream;
  readonly proxy: string;
  /** The connection's number. */
  readonly connection: number;
  readonly decisions: DecisionLog;
  readonly traffic: Traffic;
  readonly meterOf: (toxic: ToxicSettings) => ToxicMeter;
  readonly fuse: Fuse;
  /** The fuse has blown, and what went before is written. */
  readonly onCut: () => void;
  /** The end has come through the toxics. */
  readonly onEnd: (end: End) => void;
}

/** A toxic at work on this link: counts what goes in and what comes out. */
class Slot implements Port {
  readonly name: string;
  readonly draws: CountedDraws;
  readonly stage: Stage;
  readonly #meter: ToxicMeter;
  /** Where the stage's bytes go: moved when its neighbours change. */
  next: Port;

  constructor(
    toxic: ToxicSettings,
    next: Port,
    draws: CountedDraws,
    meter: ToxicMeter,
    settled: () => void,
  ) {
    this.name = toxic.name;
    this.next = next;
    this.draws = draws;
    this.#meter = meter;
    const port: Port = {
      take: (bytes, atMs) => {
        meter.bytesOut += bytes.length;
        this.next.take(bytes, atMs);
      },
      end: (end) => this.next.end(end),
    };
    meter.connections++;
    this.stage = toxic.kind.start(toxic.attributes, { port, random: draws.next, settled, meter });
  }

  take(bytes: Buffer, atMs: number): void {
    this.#meter.chunks++;
    this.#meter.bytesIn += bytes.length;
    this.stage.take(bytes, atMs);
  }

  end(end: End): void {
    this.stage.end(end);
  }
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
    this.#sink = {
      take: (bytes) => void this.#deliver(bytes),
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
    if (!this.#takes(toxic)) return;
    const draws = new CountedDraws(() => this.#options.random(toxic.name, 'draws'));
    const meter = this.#options.meterOf(toxic);
    this.#slots.push(new Slot(toxic, this.#sink, draws, meter, () => this.#regulate()));
    this.#join();
  }

  /** `order` holds the names of this direction's toxics: a newly affected link keeps to it. */
  update(toxic: ToxicSettings, order: readonly string[]): void {
    const slot = this.#slots.find((candidate) => candidate.name === toxic.name);
    if (slot && this.#takes(toxic)) {
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
    this.#retire(slot!);
    this.#join();
    this.#regulate();
  }

  /** The destination is gone: what is held goes nowhere, and the source is read to its end. */
  abandon(): void {
    for (const slot of this.#slots) this.#retire(slot);
    this.#slots = [];
    this.#join();
    this.#regulate();
  }

  /** The connection is gone: no timer is left. */
  stop(): void {
    this.#stopped = true;
    for (const slot of this.#slots) this.#retire(slot);
    this.#slots = [];
    this.#options.total.used -= this.#countedBytes;
    this.#countedBytes = 0;
  }

  /** Bytes that the toxic with this name holds here. */
  heldBytesOf(name: string): number {
    return this.#slots.find((slot) => slot.name === name)?.stage.heldBytes ?? 0;
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#options.traffic.receivedBytes += bytes.length;
    if (this.#slots.length === 0) {
      if (!this.#deliver(bytes)) this.#pause();
      return;
    }
    this.#head.take(bytes, performance.now());
    this.#regulate();
  };

  /** Writes to the destination; false when it asks to wait. */
  #deliver(bytes: Buffer): boolean {
    const { destination, fuse, traffic } = this.#options;
    // A destination that is gone takes everything: its source must be read to see its end.
    if (!destination.writable) return true;
    if (bytes.length >= fuse.leftBytes) return this.#blow(bytes.subarray(0, fuse.leftBytes));
    fuse.leftBytes -= bytes.length;
    traffic.sentBytes += bytes.length;
    return destination.write(bytes);
  }

  /** Breaks the connection behind these last bytes. */
  #blow(last: Buffer): boolean {
    const { destination, fuse, traffic, onCut } = this.#options;
    if (fuse.blown) return false;
    fuse.blown = true;
    fuse.leftBytes = 0;
    // Behind a reader that does not read, the last bytes would wait for ever.
    if (last.length === 0 || destination.writableLength > 0) {
      onCut();
      return false;
    }
    traffic.sentBytes += last.length;
    destination.write(last, onCut);
    return false;
  }

  /**
   * One draw for each link and toxic, whenever it is made: a share of 0.2 stays within the
   * connections of a share of 0.3, and an update does not shuffle them.
   */
  #takes(toxic: ToxicSettings): boolean {
    if (toxic.toxicity >= 1) return true;
    const draw = this.#options.random(toxic.name, 'toxicity')();
    const taken = draw < toxic.toxicity;
    this.#options.decisions.add({ ...this.#decider(toxic.name), kind: 'toxicity', draw, taken });
    return taken;
  }

  #retire(slot: Slot): void {
    slot.stage.stop();
    const drawn = slot.draws.summary();
    if (drawn === undefined) return;
    this.#options.decisions.add({ ...this.#decider(slot.name), kind: 'draws', ...drawn });
  }

  #decider(toxic: string): Decider {
    const { proxy, connection, direction: stream } = this.#options;
    return { proxy, connection, stream, toxic };
  }

  #join(): void {
    this.#slots.forEach((slot, index) => {
      slot.next = this.#slots[index + 1] ?? this.#sink;
    });
    this.#head = this.#slots[0] ?? this.#sink;
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
