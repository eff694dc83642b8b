/**
 * The server's end of one client connection: bytes to packets, packets to the key exchange or to
 * sessions, and everything that sessions have to send in one write a turn. Whatever is wrong with a
 * client ends in a transport error or a closed connection, never in an exception.
 */
import type { Timer } from '../environment/clock.ts';
import type { Connection } from '../environment/network.ts';
import type { AuthKey } from './auth-key.ts';
import { hex, int64Bytes, readInt64 } from './bytes.ts';
import { containerBytes, groupMessages, writeContainer } from './container.ts';
import { EnvelopeCipher, PaddingSource } from './envelope.ts';
import { HandshakeServer } from './handshake-server.ts';
import { MESSAGE_KIND, MessageIdSource } from './message-id.ts';
import type { Outgoing } from './outbox.ts';
import { isPlain, openPlain, sealPlain } from './plain-message.ts';
import { ServerSalts } from './salts.ts';
import type { ServerHost } from './server-api.ts';
import { LiveSession, type SessionCarrier } from './server-session.ts';
import {
  frame,
  PacketDecoder,
  TRANSPORT_ERROR,
  TransportError,
  transportErrorPacket,
} from './transport.ts';

export type { AuthKey } from './auth-key.ts';
export { DEFAULT_LIMITS, type ServerLimits } from './limits.ts';
export type { RpcCall, ServerHost, ServerSession } from './server-api.ts';
export { SessionTable } from './session-table.ts';

/** An auth key that this connection uses, with what is derived from it. */
interface KnownKey {
  readonly authKey: AuthKey;
  /** auth_key_id as it stands at the beginning of a packet. */
  readonly number: bigint;
  readonly cipher: EnvelopeCipher;
  readonly salts: ServerSalts;
}

export class ServerConnection implements SessionCarrier {
  readonly #host: ServerHost;
  readonly #connection: Connection;
  readonly #decoder = new PacketDecoder();
  readonly #padding: PaddingSource;
  readonly #plainIds = new MessageIdSource();
  /** Usually one; another after a key exchange on a connection that was used before. */
  readonly #keys = new Map<bigint, KnownKey>();
  readonly #sessions = new Map<LiveSession, KnownKey>();
  #lastSession: LiveSession | undefined;
  #handshake: HandshakeServer | undefined;
  /** Sessions whose outbox is to be emptied at the end of this turn. */
  readonly #dirty = new Set<LiveSession>();
  #flushScheduled = false;
  /** Packets that wait while a key is looked up, exchanged or stored. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isBusy = false;
  #isClosing = false;
  #isClosed = false;
  #lastPacketMs: number;
  #disconnectAtMs = Number.POSITIVE_INFINITY;
  #hasPacket = false;
  #timer: Timer | undefined;

  constructor(host: ServerHost, connection: Connection) {
    this.#host = host;
    this.#connection = connection;
    this.#padding = new PaddingSource(host.randomness);
    this.#lastPacketMs = host.clock.monotonicMs();
    connection.setHandlers({
      onData: (bytes) => this.#receive(bytes),
      onClose: () => this.#closed(),
    });
    this.#watch();
  }

  /** Closes after what waits was sent. The sessions live on in the table. */
  close(): void {
    this.endSoon();
  }

  schedule(session: LiveSession): void {
    this.#dirty.add(session);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  released(session: LiveSession): void {
    this.#sessions.delete(session);
    this.#dirty.delete(session);
    if (this.#lastSession === session) this.#lastSession = undefined;
  }

  endSoon(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#flush();
    this.#hangUp();
  }

  disconnectAfter(seconds: number): void {
    const nowMs = this.#host.clock.monotonicMs();
    this.#disconnectAtMs = seconds > 0 ? nowMs + seconds * 1000 : Number.POSITIVE_INFINITY;
    this.#watch();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosing) return;
    try {
      this.#decoder.push(bytes, (packet) => {
        this.#packet(packet);
        return !this.#isClosing;
      });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      this.#destroy();
    }
  }

  #packet(packet: Uint8Array): void {
    if (!this.#hasPacket) {
      this.#hasPacket = true;
      this.#lastPacketMs = this.#host.clock.monotonicMs();
      this.#watch();
    }
    this.#lastPacketMs = this.#host.clock.monotonicMs();
    if (!this.#isBusy) {
      this.#dispatch(packet);
      return;
    }
    this.#waiting.push(packet);
    this.#waitingBytes += packet.length;
    const { waitingPacketsMax, waitingBytesMax } = this.#host.limits;
    if (this.#waiting.length > waitingPacketsMax || this.#waitingBytes > waitingBytesMax) {
      this.#destroy();
    }
  }

  #dispatch(packet: Uint8Array): void {
    if (packet.length < 8) {
      this.#refuse(TRANSPORT_ERROR.unknownKey);
      return;
    }
    if (isPlain(packet)) {
      this.#busyWith(this.#exchangeKeys(packet));
      return;
    }
    const number = readInt64(packet);
    const known = this.#keys.get(number);
    if (known !== undefined) {
      this.#encrypted(known, packet);
      return;
    }
    const found = this.#host.findAuthKey(hex(packet.subarray(0, 8)));
    if (found instanceof Promise) {
      this.#busyWith(found.then((authKey) => this.#withKey(authKey, number, packet)));
    } else this.#withKey(found, number, packet);
  }

  #withKey(authKey: AuthKey | undefined, number: bigint, packet: Uint8Array): void {
    if (authKey === undefined) this.#refuse(TRANSPORT_ERROR.unknownKey);
    else this.#encrypted(this.#learn(authKey, number), packet);
  }

  #learn(authKey: AuthKey, number: bigint): KnownKey {
    const { crypto, saltSecret } = this.#host;
    const cipher = new EnvelopeCipher(crypto, authKey.key, 'server');
    const known = { authKey, number, cipher, salts: new ServerSalts(saltSecret, authKey) };
    this.#keys.set(number, known);
    return known;
  }

  /** Packets wait until `work` is done, and are then taken in order. */
  #busyWith(work: Promise<void>): void {
    this.#isBusy = true;
    const done = (): void => {
      this.#isBusy = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      for (const packet of waiting) if (!this.#isClosing) this.#packet(packet);
    };
    work.then(done, () => this.#destroy());
  }

  async #exchangeKeys(packet: Uint8Array): Promise<void> {
    const body = openPlain(packet);
    if (body === undefined) {
      this.#refuse(TRANSPORT_ERROR.unknownKey);
      return;
    }
    this.#handshake ??= new HandshakeServer(
      {
        crypto: this.#host.crypto,
        clock: this.#host.clock,
        randomness: this.#host.randomness,
        rsaKeys: this.#host.rsaKeys,
        dc: this.#host.dc,
        isTaken: async (id) => (await this.#host.findAuthKey(id)) !== undefined,
      },
      this.#host.limits.handshakesPerConnectionMax,
    );
    const step = await this.#handshake.step(body);
    if (this.#isClosing) return;
    if (step.kind === 'refuse') {
      this.#refuse(step.code);
      return;
    }
    if (step.authKey !== undefined) {
      await this.#host.saveAuthKey(step.authKey);
      this.#learn(step.authKey, readInt64(Buffer.from(step.authKey.id, 'hex')));
    }
    const messageId = this.#plainIds.next(this.#host.clock.wallMs(), MESSAGE_KIND.serverAnswer);
    this.#write([sealPlain(messageId, step.body)]);
  }

  #encrypted(known: KnownKey, packet: Uint8Array): void {
    const expiresAtMs = known.authKey.expiresAtMs;
    const isExpired = expiresAtMs !== undefined && expiresAtMs <= this.#host.clock.wallMs();
    const envelope = isExpired ? undefined : known.cipher.open(packet);
    if (envelope === undefined) {
      this.#refuse(TRANSPORT_ERROR.unknownKey);
      return;
    }
    const session = this.#session(known, envelope.sessionId);
    if (session === undefined) this.#refuse(TRANSPORT_ERROR.flood);
    else session.receive(envelope);
  }

  /** The session, carried by this connection from now on; undefined when there are too many. */
  #session(known: KnownKey, number: bigint): LiveSession | undefined {
    const last = this.#lastSession;
    if (last?.sessionNumber === number && last.authKey.id === known.authKey.id) return last;
    const { sessions, limits } = this.#host;
    const id = hex(int64Bytes(number));
    let session = sessions.find(known.authKey.id, id);
    if (session === undefined || !this.#sessions.has(session)) {
      if (this.#sessions.size >= limits.sessionsPerConnectionMax) return undefined;
      if (session === undefined) {
        session = new LiveSession(this.#host, known.authKey, known.salts, { number, hex: id });
        if (!sessions.add(session)) return undefined;
      }
      this.#sessions.set(session, known);
      session.attach(this);
    }
    this.#lastSession = session;
    return session;
  }

  #flush(): void {
    const packets: Uint8Array[] = [];
    for (const session of this.#dirty) {
      const known = this.#sessions.get(session);
      if (known !== undefined) this.#collect(session, known, packets);
    }
    this.#dirty.clear();
    this.#flushScheduled = false;
    if (packets.length > 0) this.#write(packets);
  }

  #collect(session: LiveSession, known: KnownKey, packets: Uint8Array[]): void {
    session.flushAcks();
    for (const group of groupMessages(session.outbox.takeWaiting())) {
      packets.push(this.#seal(session, known, group));
    }
  }

  #seal(session: LiveSession, known: KnownKey, group: readonly Outgoing[]): Uint8Array {
    const nowMs = this.#host.clock.wallMs();
    const salt = known.salts.current(nowMs);
    const sessionId = session.sessionNumber;
    const [only] = group;
    if (group.length === 1 && only !== undefined) {
      const { messageId, seqNo, body } = only;
      const head = { salt, sessionId, messageId, seqNo };
      return known.cipher.seal(
        head,
        body.length,
        (plain, at) => plain.set(body, at),
        this.#padding,
      );
    }
    const container = session.outbox.containerHead(nowMs, MESSAGE_KIND.serverAnswer);
    return known.cipher.seal(
      { salt, sessionId, ...container },
      containerBytes(group),
      (plain, at) => writeContainer(plain, at, group),
      this.#padding,
    );
  }

  #write(packets: readonly Uint8Array[]): void {
    const framing = this.#decoder.framing;
    if (framing === undefined || this.#isClosed) return;
    const bytes = frame(framing, packets);
    if (this.#connection.bufferedBytes + bytes.length > this.#host.limits.bufferedBytesMax) {
      this.#destroy();
      return;
    }
    this.#connection.write(bytes);
  }

  /** A transport error, and the end. */
  #refuse(code: number): void {
    if (this.#isClosing) return;
    this.#write([transportErrorPacket(code)]);
    this.#isClosing = true;
    this.#hangUp();
  }

  /** Ends our side; a client that then keeps its own open, or reads nothing, is cut off. */
  #hangUp(): void {
    this.#connection.end();
    this.#timer?.cancel();
    if (this.#isClosed) return;
    const { clock, limits } = this.#host;
    this.#timer = clock.after(limits.hangUpTimeoutMs, () => this.#connection.destroy());
  }

  #destroy(): void {
    this.#isClosing = true;
    this.#connection.destroy();
  }

  #closed(): void {
    this.#isClosing = true;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#waiting = [];
    for (const session of [...this.#sessions.keys()]) session.detach(this);
    this.#sessions.clear();
  }

  /** Sets the timer for whichever deadline comes next. */
  #watch(): void {
    if (this.#isClosing) return;
    this.#timer?.cancel();
    const delayMs = Math.max(0, this.#deadlineMs() - this.#host.clock.monotonicMs());
    this.#timer = this.#host.clock.after(delayMs, () => {
      if (this.#isClosing) return;
      if (this.#host.clock.monotonicMs() >= this.#deadlineMs()) this.#destroy();
      else this.#watch();
    });
  }

  #deadlineMs(): number {
    const { handshakeTimeoutMs, idleTimeoutMs } = this.#host.limits;
    const silenceMs = this.#hasPacket ? idleTimeoutMs : handshakeTimeoutMs;
    return Math.min(this.#lastPacketMs + silenceMs, this.#disconnectAtMs);
  }
}
