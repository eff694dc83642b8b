/**
 * The client's end of a connection, light enough that a process holds thousands: key exchange,
 * calls, updates, acknowledgements. Reconnecting is its owner's business: a new ClientConnection
 * with the same key and session id goes on where this one ended.
 */
import type { Clock, Timer } from '../environment/clock.ts';
import type { Connection } from '../environment/network.ts';
import type { Randomness } from '../environment/randomness.ts';
import { gunzipBounded } from '../schema/gzip.ts';
import { bigIntOfLong, longOfBigInt } from '../schema/long.ts';
import {
  constructorId,
  encodeAck,
  readGzipPacked,
  SERVICE_ID,
} from '../schema/service-messages.ts';
import { type AnyTl, decodeTl, encodeTl, LAYER, type mtp, type tl } from '../schema/tl.ts';
import { TlError } from '../schema/tl-error.ts';
import type { AuthKey } from './auth-key.ts';
import { concat, readInt64 } from './bytes.ts';
import { ClientCalls, ConnectionLostError, type WaitingCall } from './client-calls.ts';
import {
  CONTAINER_ID,
  containerBytes,
  groupMessages,
  type Message,
  readContainer,
  writeContainer,
} from './container.ts';
import type { MtprotoCrypto, RsaPublicKey } from './crypto.ts';
import { EnvelopeCipher, PaddingSource } from './envelope.ts';
import { exchangeKeys } from './handshake-client.ts';
import {
  BAD_MESSAGE,
  MESSAGE_KIND,
  MessageIdSource,
  messageIdSeconds,
  SeenMessages,
  SeqNoSource,
} from './message-id.ts';
import { isPlain, openPlain, sealPlain } from './plain-message.ts';
import type { RsaScheme } from './rsa-schemes.ts';
import {
  type Framing,
  frame,
  framingOf,
  PacketDecoder,
  TransportError,
  type TransportName,
  transportErrorOf,
} from './transport.ts';

export { ConnectionLostError } from './client-calls.ts';

export interface ClientOptions {
  readonly crypto: MtprotoCrypto;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly rsaPublicKeys: readonly RsaPublicKey[];
  readonly connection: Connection;
  readonly transport: TransportName;
  readonly dc: number;
  /** Without one, `authorize` comes first. */
  readonly authKey?: AuthKey;
  /** 8 bytes; drawn when absent. The same again continues that session. */
  readonly sessionId?: Uint8Array;
  /** The server's salt, if one is known; a wrong one costs a round trip. */
  readonly salt?: bigint;
  readonly apiId?: number;
  readonly rsaScheme?: RsaScheme;
  onUpdate(update: tl.TypeUpdates): void;
  onClosed(): void;
  /** The server has no memory of earlier updates: fetch what was missed. */
  onNewSession?(): void;
}

const SEEN_MESSAGES = 128;
const ACKS_PENDING_MAX = 16;
const ACK_DELAY_MS = 5_000;

export class ClientConnection {
  readonly sessionId: Uint8Array;
  readonly #options: ClientOptions;
  readonly #framing: Framing;
  readonly #decoder: PacketDecoder;
  readonly #calls = new ClientCalls();
  readonly #seen = new SeenMessages(SEEN_MESSAGES);
  readonly #seqNos = new SeqNoSource();
  readonly #sessionNumber: bigint;
  readonly #padding: PaddingSource;
  #ids = new MessageIdSource();
  #authKey: AuthKey | undefined;
  #cipher: EnvelopeCipher | undefined;
  #salt: bigint;
  #serverTimeOffsetMs = 0;
  /** Calls of this turn, which go out together at its end. */
  #queue: WaitingCall[] = [];
  #flushScheduled = false;
  #acks: bigint[] = [];
  #ackTimer: Timer | undefined;
  /** The server knows our layer; until then every call says it. */
  #isInitialised = false;
  #hasWritten = false;
  #hasHeard = false;
  #isClosed = false;
  #transportError: number | undefined;
  /** The question of a key exchange that waits for its answer. */
  #plainAnswer: { resolve(body: Uint8Array): void; reject(error: Error): void } | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#framing = framingOf(options.transport);
    this.#decoder = new PacketDecoder(this.#framing);
    this.#padding = new PaddingSource(options.randomness);
    this.sessionId = options.sessionId ?? options.randomness.bytes(8);
    this.#sessionNumber = readInt64(this.sessionId);
    this.#salt = options.salt ?? 0n;
    if (options.authKey !== undefined) this.#useKey(options.authKey);
    options.connection.setHandlers({
      onData: (bytes) => this.#receive(bytes),
      onClose: () => this.#closed(),
    });
  }

  /** The salt to hand to the next connection of this session. */
  get salt(): bigint {
    return this.#salt;
  }

  /** Whether anything has come from the server: until then nobody may be there at all. */
  get hasHeard(): boolean {
    return this.#hasHeard;
  }

  get authKey(): AuthKey | undefined {
    return this.#authKey;
  }

  /** The key exchange. Rejects HandshakeError, or ConnectionLostError when the server hangs up. */
  async authorize(options: { expiresIn?: number } = {}): Promise<AuthKey> {
    const { crypto, clock, randomness, rsaPublicKeys, dc, rsaScheme } = this.#options;
    try {
      const { authKey, serverTimeOffsetSeconds } = await exchangeKeys({
        ...{ crypto, clock, randomness, rsaPublicKeys, dc, ...options },
        ...(rsaScheme === undefined ? {} : { scheme: rsaScheme }),
        ask: (body) => this.#ask(body),
      });
      // Within a second or so both clocks agree: the server accepts much more.
      if (Math.abs(serverTimeOffsetSeconds) > 1) {
        this.#serverTimeOffsetMs = serverTimeOffsetSeconds * 1000;
      }
      this.#useKey(authKey);
      return authKey;
    } catch (error) {
      this.close();
      throw error instanceof TlError ? new TransportError(error.message) : error;
    }
  }

  /** Rejects RpcError, or ConnectionLostError when the stream ends before the answer came. */
  call<R = unknown>(method: tl.RpcMethod): Promise<R> {
    const body = encodeTl(this.#isInitialised ? method : this.#withInit(method));
    return this.#enqueue(method._, body) as Promise<R>;
  }

  /** Resolves when the server has answered. */
  ping(): Promise<void> {
    const pingId = longOfBigInt(readInt64(this.#options.randomness.bytes(8)));
    return this.#enqueue('ping', encodeTl({ _: 'mt_ping', pingId })) as Promise<void>;
  }

  /** Ends now, whatever the other end does: calls without an answer are rejected. */
  close(): void {
    this.#options.connection.end();
    this.#closed();
  }

  #useKey(authKey: AuthKey): void {
    this.#authKey = authKey;
    this.#cipher = new EnvelopeCipher(this.#options.crypto, authKey.key, 'client');
    if (this.#salt === 0n) this.#salt = readInt64(authKey.firstSalt);
  }

  #withInit(query: tl.RpcMethod): tl.RpcMethod {
    const init = {
      _: 'initConnection',
      apiId: this.#options.apiId ?? 1,
      deviceModel: 'virtual user',
      systemVersion: '1',
      appVersion: '1',
      systemLangCode: 'en',
      langPack: '',
      langCode: 'en',
      query,
    } as const;
    return { _: 'invokeWithLayer', layer: LAYER, query: init } as unknown as tl.RpcMethod;
  }

  #enqueue(name: string, body: Uint8Array): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new ConnectionLostError(this.#transportError));
    if (this.#cipher === undefined) return Promise.reject(new Error('authorize comes first'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ name, body, attempts: 0, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #nowMs(): number {
    return this.#options.clock.wallMs() + this.#serverTimeOffsetMs;
  }

  #flush(): void {
    this.#flushScheduled = false;
    if (this.#isClosed || this.#cipher === undefined) return;
    const messages: Message[] = this.#queue.map((call) => {
      const messageId = this.#ids.next(this.#nowMs(), MESSAGE_KIND.client);
      this.#calls.sent(messageId, call);
      return { messageId, seqNo: this.#seqNos.next(true), body: call.body };
    });
    this.#queue = [];
    if (this.#acks.length > 0) {
      const messageId = this.#ids.next(this.#nowMs(), MESSAGE_KIND.client);
      messages.push({ messageId, seqNo: this.#seqNos.next(false), body: encodeAck(this.#acks) });
      this.#acks = [];
      this.#ackTimer?.cancel();
      this.#ackTimer = undefined;
    }
    const cipher = this.#cipher;
    const packets = groupMessages(messages).map((group) => this.#seal(cipher, group));
    if (packets.length > 0) this.#write(packets);
  }

  #seal(cipher: EnvelopeCipher, group: readonly Message[]): Uint8Array {
    const { salt, sessionId } = { salt: this.#salt, sessionId: this.#sessionNumber };
    const [only] = group;
    if (group.length === 1 && only !== undefined) {
      const { messageId, seqNo, body } = only;
      const head = { salt, sessionId, messageId, seqNo };
      return cipher.seal(head, body.length, (plain, at) => plain.set(body, at), this.#padding);
    }
    const messageId = this.#ids.next(this.#nowMs(), MESSAGE_KIND.client);
    this.#calls.sentContainer(
      messageId,
      group.map((message) => message.messageId),
    );
    return cipher.seal(
      { salt, sessionId, messageId, seqNo: this.#seqNos.next(false) },
      containerBytes(group),
      (plain, at) => writeContainer(plain, at, group),
      this.#padding,
    );
  }

  #write(packets: readonly Uint8Array[]): void {
    const bytes = frame(this.#framing, packets);
    this.#options.connection.write(this.#hasWritten ? bytes : concat(this.#framing.tag, bytes));
    this.#hasWritten = true;
  }

  #ask(body: Uint8Array): Promise<Uint8Array> {
    if (this.#isClosed) return Promise.reject(new ConnectionLostError(this.#transportError));
    return new Promise((resolve, reject) => {
      this.#plainAnswer = { resolve, reject };
      this.#write([sealPlain(this.#ids.next(this.#nowMs(), MESSAGE_KIND.client), body)]);
    });
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      this.#decoder.push(bytes, (packet) => this.#packet(packet));
    } catch (error) {
      if (!(error instanceof TransportError || error instanceof TlError)) throw error;
      this.#options.connection.destroy();
    }
  }

  /** False when the connection is of no use any more. */
  #packet(packet: Uint8Array): boolean {
    this.#transportError = transportErrorOf(packet);
    if (this.#transportError !== undefined) {
      this.#options.connection.destroy();
      return false;
    }
    if (isPlain(packet)) {
      const body = openPlain(packet);
      if (body !== undefined) this.#plainAnswer?.resolve(body);
      this.#plainAnswer = undefined;
      return true;
    }
    const envelope = this.#cipher?.open(packet);
    if (envelope === undefined || envelope.sessionId !== this.#sessionNumber) {
      throw new TransportError('a packet that was not meant for this session');
    }
    this.#hasHeard = true;
    this.#message(envelope, envelope.body, messageIdSeconds(envelope.messageId));
    return true;
  }

  /** `serverSeconds` is the server's time when it sent the envelope. */
  #message(message: Message, body: Uint8Array, serverSeconds: number): void {
    const id = constructorId(body);
    if (id === CONTAINER_ID) {
      for (const inner of readContainer(body) ?? [])
        this.#message(inner, inner.body, serverSeconds);
      return;
    }
    if (id === SERVICE_ID.gzipPacked) {
      this.#message(message, gunzipBounded(readGzipPacked(body)), serverSeconds);
      return;
    }
    if ((message.seqNo & 1) === 1) this.#acknowledge(message.messageId);
    if (this.#seen.check(message.messageId) !== 'new') return;
    this.#seen.add(message.messageId);
    if (id === SERVICE_ID.rpcResult) {
      const succeeded = this.#calls.result(readInt64(body, 4), body.subarray(12));
      if (succeeded) this.#isInitialised = true;
      return;
    }
    this.#object(decodeTl(body), serverSeconds);
  }

  #object(object: AnyTl, serverSeconds: number): void {
    switch (object._) {
      case 'mt_pong':
        this.#calls.pong(bigIntOfLong(object.msgId));
        break;
      case 'mt_new_session_created':
        this.#salt = bigIntOfLong(object.serverSalt);
        this.#options.onNewSession?.();
        break;
      case 'mt_bad_server_salt':
        this.#salt = bigIntOfLong(object.newServerSalt);
        this.#resend(bigIntOfLong(object.badMsgId));
        break;
      case 'mt_bad_msg_notification':
        this.#refused(object, serverSeconds);
        break;
      default:
        if (!object._.startsWith('mt_')) this.#options.onUpdate(object as tl.TypeUpdates);
    }
  }

  #refused(notice: mtp.RawMt_bad_msg_notification, serverSeconds: number): void {
    const messageId = bigIntOfLong(notice.badMsgId);
    switch (notice.errorCode) {
      case BAD_MESSAGE.idTooLow:
      case BAD_MESSAGE.idTooHigh:
        this.#serverTimeOffsetMs = serverSeconds * 1000 - this.#options.clock.wallMs();
        this.#ids = new MessageIdSource();
        this.#resend(messageId);
        break;
      case BAD_MESSAGE.tooOld:
        this.#resend(messageId);
        break;
      default:
        this.#calls.refused(messageId, notice.errorCode);
    }
  }

  #resend(messageId: bigint): void {
    this.#queue.unshift(...this.#calls.takeForResend(messageId));
    if (this.#queue.length > 0) this.#schedule();
  }

  #acknowledge(messageId: bigint): void {
    this.#acks.push(messageId);
    if (this.#acks.length >= ACKS_PENDING_MAX) {
      this.#schedule();
      return;
    }
    this.#ackTimer ??= this.#options.clock.after(ACK_DELAY_MS, () => {
      this.#ackTimer = undefined;
      if (this.#acks.length > 0) this.#schedule();
    });
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ackTimer?.cancel();
    const error = new ConnectionLostError(this.#transportError);
    this.#plainAnswer?.reject(error);
    this.#plainAnswer = undefined;
    this.#calls.rejectAll(error);
    for (const call of this.#queue) call.reject(error);
    this.#queue = [];
    this.#options.onClosed();
  }
}
