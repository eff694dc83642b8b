/**
 * Packets in a byte stream [core.telegram.org/mtproto/mtproto-transports]. The client chooses the
 * framing with its first bytes, the server recognises it. One framing is one file; this one holds
 * what they share: recognition, reassembly without copying twice, and transport errors.
 */
import { abridged } from './framing-abridged.ts';
import { intermediate } from './framing-intermediate.ts';
import { PACKET_BYTES_MAX } from './limits.ts';

export interface Framing {
  readonly name: string;
  /** What a client sends before its first packet, and a server recognises the framing by. */
  readonly tag: Uint8Array;
  /** The next frame's header, or undefined while it is incomplete. */
  header(bytes: Uint8Array): FrameHeader | undefined;
  /** How many bytes the header in front of a packet takes. */
  headerBytes(packetBytes: number): number;
  writeHeader(target: Uint8Array, at: number, packetBytes: number): void;
}

export interface FrameHeader {
  readonly headerBytes: number;
  readonly packetBytes: number;
  /** The client asks for a quick acknowledgement; it does without if there is none. */
  readonly quickAck: boolean;
}

export type TransportName = 'abridged' | 'intermediate';

const FRAMINGS: Readonly<Record<TransportName, Framing>> = { abridged, intermediate };
const TAG_BYTES_MAX = 4;

/** Sent instead of a packet, as a negative number [mtproto-transports#transport-errors]. */
export const TRANSPORT_ERROR = { unknownKey: -404, flood: -429, wrongDatacentre: -444 } as const;

/** The stream makes no sense; the connection must be closed. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
}

export function framingOf(name: TransportName): Framing {
  return FRAMINGS[name];
}

/** The framing that a stream begins with, undefined while that is not clear yet. */
function recognise(start: Uint8Array): Framing | undefined {
  for (const framing of Object.values(FRAMINGS)) {
    if (framing.tag.every((byte, i) => start[i] === byte)) return framing;
  }
  if (start.length < TAG_BYTES_MAX) return undefined;
  throw new TransportError('the stream begins like no transport that is served here');
}

/** All packets as one array, ready for one write. */
export function frame(framing: Framing, packets: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const packet of packets) length += framing.headerBytes(packet.length) + packet.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const packet of packets) {
    framing.writeHeader(bytes, at, packet.length);
    at += framing.headerBytes(packet.length);
    bytes.set(packet, at);
    at += packet.length;
  }
  return bytes;
}

export function transportErrorPacket(code: number): Uint8Array {
  const packet = new Uint8Array(4);
  new DataView(packet.buffer).setInt32(0, code, true);
  return packet;
}

/** The code in a packet, or undefined when it is an ordinary one. */
export function transportErrorOf(packet: Uint8Array): number | undefined {
  if (packet.length !== 4) return undefined;
  return new DataView(packet.buffer, packet.byteOffset, 4).getInt32(0, true);
}

/**
 * Chunks in, packets out. A packet that arrives whole is not copied; one that arrives in pieces is
 * gathered in an array that doubles, so that even single bytes cost linear time and memory.
 */
export class PacketDecoder {
  #framing: Framing | undefined;
  /** What has arrived and is no packet yet: the first `#length` bytes. */
  #buffer: Uint8Array = new Uint8Array(0);
  #length = 0;
  /** Whether `#buffer` is ours to write to, and not a chunk that was handed in. */
  #owned = false;
  /** Nothing can be done before this many bytes are here. */
  #needed = 1;

  /** A client knows its framing; a server finds it out (undefined). */
  constructor(framing?: Framing) {
    this.#framing = framing;
  }

  /** Known from the first bytes on. */
  get framing(): Framing | undefined {
    return this.#framing;
  }

  /**
   * Calls `accept` for each packet that is complete, until it returns false. Throws
   * `TransportError` for oversized frames and for streams that are none.
   */
  push(chunk: Uint8Array, accept: (packet: Uint8Array) => boolean): void {
    let rest = this.#length === 0 ? chunk : this.#append(chunk);
    if (rest.length < this.#needed) {
      this.#keep(rest);
      return;
    }
    if (this.#framing === undefined) {
      this.#framing = recognise(rest);
      rest = rest.subarray(this.#framing?.tag.length ?? 0);
    }
    this.#needed = 1;
    while (this.#framing !== undefined && rest.length > 0) {
      const header = this.#framing.header(rest);
      if (header === undefined) break;
      const { headerBytes, packetBytes } = header;
      if (packetBytes > PACKET_BYTES_MAX) {
        throw new TransportError(`a packet of ${packetBytes} bytes; at most ${PACKET_BYTES_MAX}`);
      }
      const frameBytes = headerBytes + packetBytes;
      if (rest.length < frameBytes) {
        this.#needed = frameBytes;
        break;
      }
      const packet = rest.subarray(headerBytes, frameBytes);
      rest = rest.subarray(frameBytes);
      if (!accept(packet)) {
        rest = rest.subarray(rest.length);
        break;
      }
    }
    this.#keep(rest);
  }

  #keep(rest: Uint8Array): void {
    // A view of the gathering array's beginning stays where it is and goes on growing there.
    const inPlace =
      rest.buffer === this.#buffer.buffer && rest.byteOffset === this.#buffer.byteOffset;
    if (!inPlace || rest.length === 0) {
      this.#buffer = rest;
      this.#owned = false;
    }
    this.#length = rest.length;
  }

  #append(chunk: Uint8Array): Uint8Array {
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length || !this.#owned) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#length));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
      this.#owned = true;
    }
    this.#buffer.set(chunk, this.#length);
    return this.#buffer.subarray(0, length);
  }
}
