/**
 * One connection of the virtual network: two ends and the bytes between them. Behaves as TCP does
 * towards its users: bytes arrive whole and in order or the stream dies; a cut shorter than the
 * retransmission time-out only delays; an end whose node died answers with a reset, if it can.
 *
 * Each direction numbers its segments. What a cut swallows is kept by the sender and sent again
 * once the link is back; what overtook it waits at the receiver.
 */
import type { Connection, ConnectionHandlers } from '../../system-under-test/environment/index.ts';
import { intBelow, uniform32 } from '../core/draws.ts';
import type { WordSource } from '../core/xoshiro.ts';
import type { PauseGate } from './pause-gate.ts';
import { checksumOf } from './trace-digest.ts';
import { addedDelayMs, countDrop, type Link, losesPacket } from './virtual-links.ts';
import type { ScheduledEvent, VirtualLoop } from './virtual-loop.ts';

/** How streams behave. Byte limits are those of a Linux socket in its usual state. */
export interface StreamCharacter {
  /** Largest chunk that one event carries. */
  readonly segmentBytesMax: number;
  /** Bytes handed on and not yet acknowledged, at most; the rest counts as `bufferedBytes`. */
  readonly sendBufferBytes: number;
  /** A chunk is delivered in two parts with this probability: receivers must not rely on chunks. */
  readonly splitChance: number;
  /** After a cut has healed, the first retransmission comes within this time. */
  readonly retransmitDelayMsMax: number;
  /** A lost packet is sent again after this time, which doubles each time it is lost again. */
  readonly retransmitFirstMs: number;
  /** A stream that a cut has held up for this long closes at both ends, idle or not. */
  readonly retransmitTimeoutMs: number;
}

export const STREAM_DEFAULT: StreamCharacter = {
  segmentBytesMax: 64 * 1024,
  sendBufferBytes: 256 * 1024,
  splitChance: 1 / 16,
  retransmitDelayMsMax: 200, // TCP_RTO_MIN on Linux
  retransmitFirstMs: 200,
  retransmitTimeoutMs: 15_000, // TCP_USER_TIMEOUT as servers set it; Linux alone waits 15 minutes
};

export interface StreamWorld {
  readonly loop: VirtualLoop;
  readonly random: WordSource;
  readonly character: StreamCharacter;
  /** A stream was given up because a packet had been lost too often. */
  readonly onGivenUp: () => void;
}

/** `open` carries the client's side of the handshake, `end` the half-close. */
type SegmentKind = 'open' | 'data' | 'end';

interface Segment {
  readonly number: number;
  readonly kind: SegmentKind;
  readonly bytes: Uint8Array;
}

/** A reset to come from somewhere on the way, in the middle of what an end receives. */
export interface Severance {
  /** So many bytes still get through. */
  bytesLeft: number;
  readonly onSevered: () => void;
}

const NO_BYTES = new Uint8Array(0);

export class StreamEnd implements Connection {
  readonly remote: string;
  /** The link that carries what this end writes. */
  readonly link: Link;
  readonly #world: StreamWorld;
  /** Called once, when this end no longer belongs to its node. */
  readonly #release: (end: StreamEnd) => void;
  #peer: StreamEnd | undefined;
  #handlers: ConnectionHandlers | undefined;
  /** Runs at the server's end when the handshake is complete; false refuses. */
  #onOpen: (() => boolean) | undefined;
  /** Of the process that this end belongs to, if that can be stopped. */
  readonly #gate: PauseGate | undefined;
  /** Undefined unless a fault waits for what this end receives. */
  severance: Severance | undefined;

  // Sending.
  #queued: Uint8Array[] = [];
  #queuedBytes = 0;
  #inFlightBytes = 0;
  #nextNumber = 0;
  #lastArrivalMs = 0;
  #flushing = false;
  /** Swallowed by a cut, to be sent again. */
  #lost: Segment[] = [];
  /** Arrived, but the acknowledgement was swallowed by a cut. */
  #unacknowledgedBytes = 0;
  #resume: ScheduledEvent | undefined;

  // Receiving.
  #expected = 0;
  readonly #early = new Map<number, Segment>();

  // Closing.
  #ending = false;
  #endSent = false;
  #endReceived = false;
  #closed = false;
  /** The process is gone: nothing is called any more, and the rest of the world gets resets. */
  #dead = false;

  constructor(
    world: StreamWorld,
    link: Link,
    remote: string,
    release: (end: StreamEnd) => void,
    gate: PauseGate | undefined,
    onOpen?: () => boolean,
  ) {
    this.#world = world;
    this.link = link;
    this.remote = remote;
    this.#release = release;
    this.#gate = gate;
    this.#onOpen = onOpen;
  }

  get bufferedBytes(): number {
    return this.#queuedBytes;
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  write(bytes: Uint8Array): void {
    if (this.#closed || this.#ending || bytes.length === 0) return;
    this.#queued.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#flushSoon();
  }

  end(): void {
    if (this.#closed || this.#ending) return;
    this.#ending = true;
    this.#flushSoon();
  }

  destroy(): void {
    if (this.#closed) return;
    // What was handed on is still carried, then the other end hears of the close.
    if (!this.#endSent) this.#send('end', NO_BYTES);
    this.#close();
  }

  // --- for the network ---

  /** Joins two ends. */
  static pair(client: StreamEnd, server: StreamEnd): void {
    client.#peer = server;
    server.#peer = client;
  }

  /** The client's end tells the server's end that the handshake is complete. */
  open(): void {
    this.#send('open', NO_BYTES);
  }

  /** The node died: this end falls silent, and its system resets the other end if the way is up. */
  die(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#handlers = undefined;
    this.#resume?.cancel();
    this.#lost = [];
    if (!this.#closed) this.#reset();
    this.#close();
  }

  /** Closes this end without a word to the other one. */
  abort(): void {
    this.#close();
  }

  /** A link works again: what was swallowed on it is sent again a little later. */
  resume(): void {
    if (this.#resume || !this.#canResume()) return;
    const { loop, random, character } = this.#world;
    const delayMs = uniform32(random) * character.retransmitDelayMsMax;
    this.#resume = loop.schedule(delayMs, 'retransmit', this.link.label, () => {
      this.#resume = undefined;
      if (this.link.state === 'up') {
        const lost = this.#lost;
        this.#lost = [];
        for (const segment of lost) this.#transmit(segment);
      }
      if (this.#peer?.link.state === 'up') {
        this.#inFlightBytes -= this.#unacknowledgedBytes;
        this.#unacknowledgedBytes = 0;
      }
      this.#flush();
    });
  }

  #canResume(): boolean {
    return (
      (this.#lost.length > 0 && this.link.state === 'up') ||
      (this.#unacknowledgedBytes > 0 && this.#peer?.link.state === 'up')
    );
  }

  // --- sending ---

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#closed) return;
    const { character, random } = this.#world;
    const hadQueued = this.#queuedBytes > 0;
    while (this.#queuedBytes > 0) {
      const room = character.sendBufferBytes - this.#inFlightBytes;
      if (room <= 0) break;
      const bytes = this.#takeQueued(Math.min(room, character.segmentBytesMax));
      if (bytes.length > 1 && uniform32(random) < character.splitChance) {
        const at = 1 + intBelow(random, bytes.length - 1);
        this.#send('data', bytes.subarray(0, at));
        this.#send('data', bytes.subarray(at));
      } else {
        this.#send('data', bytes);
      }
    }
    if (this.#queuedBytes > 0) return;
    if (this.#ending && !this.#endSent) {
      this.#endSent = true;
      this.#send('end', NO_BYTES);
      this.#closeIfDone();
    } else if (hadQueued && !this.#ending) {
      if (this.#gate?.paused) this.#gate.hold(() => this.#handlers?.onDrain?.());
      else this.#handlers?.onDrain?.();
    }
  }

  /** The first bytes of the queue, at most `limit`, in one array. */
  #takeQueued(limit: number): Uint8Array {
    const first = this.#queued[0]!;
    if (first.length >= limit || this.#queued.length === 1) {
      const bytes = first.length <= limit ? first : first.subarray(0, limit);
      if (first.length <= limit) this.#queued.shift();
      else this.#queued[0] = first.subarray(limit);
      this.#queuedBytes -= bytes.length;
      return bytes;
    }
    const total = Math.min(limit, this.#queuedBytes);
    const bytes = new Uint8Array(total);
    let filled = 0;
    let used = 0;
    while (filled < total) {
      const next = this.#queued[used]!;
      const part = next.subarray(0, total - filled);
      bytes.set(part, filled);
      filled += part.length;
      if (part.length === next.length) used++;
      else this.#queued[used] = next.subarray(part.length);
    }
    this.#queued.splice(0, used);
    this.#queuedBytes -= total;
    return bytes;
  }

  #send(kind: SegmentKind, bytes: Uint8Array): void {
    this.#inFlightBytes += bytes.length;
    this.#transmit({ number: this.#nextNumber++, kind, bytes });
  }

  #transmit(segment: Segment): void {
    if (this.link.fates === undefined) this.#carry(segment, 0);
    else this.#attempt(segment, this.#world.character.retransmitFirstMs, 0);
  }

  /**
   * Sends over a link with fates: again after `retryMs` if it is lost, as long as the stream may
   * live. What left later waits at the receiver meanwhile.
   */
  #attempt(segment: Segment, retryMs: number, waitedMs: number): void {
    if (!losesPacket(this.link)) {
      this.#carry(segment, addedDelayMs(this.link));
      return;
    }
    const { loop, character } = this.#world;
    const leftMs = character.retransmitTimeoutMs - waitedMs;
    if (retryMs > leftMs) {
      loop.schedule(leftMs, 'stream time-out', this.link.label, () => this.#giveUp());
      return;
    }
    loop.schedule(retryMs, 'retransmit', this.link.label, () => {
      // A dead node's system may be dead as well: nobody sends this again.
      if (!this.#dead) this.#attempt(segment, retryMs * 2, waitedMs + retryMs);
    });
  }

  /** One segment was lost again and again: in the end both ends notice. */
  #giveUp(): void {
    const peer = this.#peer!;
    if (this.#closed && peer.#closed) return;
    this.#world.onGivenUp();
    this.abort();
    peer.abort();
  }

  /** On its way, at last. */
  #carry(segment: Segment, fatedMs: number): void {
    const peer = this.#peer!;
    this.#world.loop.schedule(
      this.#arrivalDelayMs(segment.bytes.length, fatedMs),
      segment.kind,
      this.link.label,
      () => this.#arrive(peer, segment),
      checksumOf(segment.bytes),
    );
  }

  /** When `bytes` that leave now arrive; never before what left earlier. */
  #arrivalDelayMs(bytes: number, fatedMs: number): number {
    const { link } = this;
    const { loop, random } = this.#world;
    const { latencyMs, jitterMs = 0, bytesPerSecond } = link.character;
    const nowMs = loop.nowMs();
    let leavesMs = nowMs;
    if (bytesPerSecond !== undefined) {
      leavesMs = Math.max(nowMs, link.busyUntilMs) + (bytes / bytesPerSecond) * 1000;
      link.busyUntilMs = leavesMs;
    }
    const wayMs = latencyMs + fatedMs + (jitterMs > 0 ? uniform32(random) * jitterMs : 0);
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, leavesMs + wayMs);
    return this.#lastArrivalMs - nowMs;
  }

  #arrive(peer: StreamEnd, segment: Segment): void {
    const { link } = this;
    if (link.state !== 'up') {
      countDrop(link);
      // A dead node's system is dead as well where its links are cut: nobody sends this again.
      if (!this.#dead) this.#lost.push(segment);
      return;
    }
    link.chunks++;
    link.bytes += segment.bytes.length;
    // Nobody reads: it waits in the receiver's socket, and fills the sender's window.
    if (peer.#gate?.paused) peer.#gate.hold(() => this.#handOver(peer, segment));
    else this.#handOver(peer, segment);
  }

  #handOver(peer: StreamEnd, segment: Segment): void {
    this.#acknowledge(peer, segment.bytes.length);
    peer.#receive(segment);
  }

  /** Makes room for more. An acknowledgement costs an event only where somebody waits for it. */
  #acknowledge(peer: StreamEnd, bytes: number): void {
    if (bytes === 0) return;
    if (peer.link.state !== 'up') {
      this.#unacknowledgedBytes += bytes;
    } else if (this.#queuedBytes === 0) {
      this.#inFlightBytes -= bytes;
    } else {
      const delayMs = peer.link.character.latencyMs + addedDelayMs(peer.link);
      this.#world.loop.schedule(delayMs, 'acknowledge', peer.link.label, () => {
        this.#inFlightBytes -= bytes;
        this.#flush();
      });
    }
  }

  // --- receiving ---

  #receive(segment: Segment): void {
    if (this.#closed) {
      // Nobody is here any more: the answer is a reset, unless both sides have said their end.
      if (segment.kind !== 'end' || this.#dead) this.#reset();
      return;
    }
    if (segment.number !== this.#expected) {
      this.#early.set(segment.number, segment);
      return;
    }
    let next: Segment | undefined = segment;
    while (next && !this.#closed) {
      this.#early.delete(next.number);
      this.#expected++;
      this.#accept(next);
      next = this.#early.get(this.#expected);
    }
  }

  #accept(segment: Segment): void {
    switch (segment.kind) {
      case 'open':
        if (!this.#onOpen?.()) {
          this.#reset();
          this.#close();
        }
        return;
      case 'data':
        if (this.severance !== undefined && this.#sever(segment.bytes, this.severance)) return;
        this.#handlersNow().onData(segment.bytes);
        return;
      case 'end':
        this.#endReceived = true;
        this.#ending = true;
        if (this.#endSent) this.#closeIfDone();
        else this.#flush();
    }
  }

  /** Cuts the stream inside of these bytes if it is time; never at their end. */
  #sever(bytes: Uint8Array, severance: Severance): boolean {
    severance.bytesLeft -= bytes.length;
    if (severance.bytesLeft > 0 || bytes.length < 2) return false;
    const kept = Math.max(1, Math.min(bytes.length - 1, bytes.length + severance.bytesLeft));
    this.#handlersNow().onData(bytes.subarray(0, kept));
    this.#reset();
    this.#close();
    severance.onSevered();
    return true;
  }

  #handlersNow(): ConnectionHandlers {
    if (!this.#handlers) {
      throw new Error(
        `connection ${this.link.label}: setHandlers was not called in the turn it was received in`,
      );
    }
    return this.#handlers;
  }

  // --- closing ---

  /** A reset travels behind what was sent, is never repeated, and may be lost. */
  #reset(): void {
    const peer = this.#peer!;
    if (losesPacket(this.link)) return;
    const delayMs = this.#arrivalDelayMs(0, addedDelayMs(this.link));
    this.#world.loop.schedule(delayMs, 'reset', this.link.label, () => {
      if (this.link.state === 'cut') countDrop(this.link);
      else peer.#close();
    });
  }

  #closeIfDone(): void {
    if (this.#endSent && this.#endReceived) this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queued = [];
    this.#queuedBytes = 0;
    this.#early.clear();
    this.#release(this);
    if (this.#dead) return;
    const tell = (): void => this.#handlers?.onClose();
    this.#world.loop.schedule(0, 'close', this.link.label, () => {
      if (this.#gate?.paused) this.#gate.hold(tell);
      else tell();
    });
  }
}
