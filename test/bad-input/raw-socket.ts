/**
 * A client that does exactly what a test says, right or wrong: bytes on a real socket, and, once it
 * has a key, envelopes with whatever is wrong with them.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';
import { createNodeRandomness } from '../../system-under-test/live/node-randomness.ts';
import type { AuthKey } from '../../system-under-test/mtproto/auth-key.ts';
import { readInt64 } from '../../system-under-test/mtproto/bytes.ts';
import {
  CONTAINER_ID,
  containerBytes,
  type Message,
  readContainer,
  writeContainer,
} from '../../system-under-test/mtproto/container.ts';
import { EnvelopeCipher, PaddingSource } from '../../system-under-test/mtproto/envelope.ts';
import { exchangeKeys } from '../../system-under-test/mtproto/handshake-client.ts';
import { MessageIdSource } from '../../system-under-test/mtproto/message-id.ts';
import { openPlain, sealPlain } from '../../system-under-test/mtproto/plain-message.ts';
import type { RsaPublicKey } from '../../system-under-test/mtproto/rsa.ts';
import {
  frame,
  framingOf,
  PacketDecoder,
  transportErrorOf,
} from '../../system-under-test/mtproto/transport.ts';
import { constructorId, SERVICE_ID } from '../../system-under-test/schema/service-messages.ts';
import { type AnyTl, decodeResult, decodeTl } from '../../system-under-test/schema/tl.ts';
import { soon } from './small-cluster.ts';
import { crypto } from './well-behaved.ts';

const FRAMING = framingOf('intermediate');
const clock = createNodeClock();
const randomness = createNodeRandomness();

export class RawSocket {
  readonly socket: Socket;
  /** Bytes received so far. */
  received: Uint8Array = new Uint8Array(0);
  isClosed = false;

  static async open(port: number): Promise<RawSocket> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawSocket(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.received = Uint8Array.from(Buffer.concat([this.received, bytes as Buffer]));
    });
    // A reset is an end too: the other side had not read all that was sent.
    socket.on('error', () => {});
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        this.isClosed = true;
      });
    }
  }

  write(...parts: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** The other side has hung up within a second or so. */
  async closed(): Promise<void> {
    await soon(() => {
      if (!this.isClosed) throw new Error(`still open; received ${this.received.length} bytes`);
    }, 3_000);
    this.socket.destroy();
  }
}

/** Intermediate packets on a socket: first the tag. */
export class RawClient {
  readonly raw: RawSocket;
  readonly packets: Uint8Array[] = [];
  readonly messages: Message[] = [];
  readonly sessionId: bigint = readInt64(randomness.bytes(8));
  readonly #ids = new MessageIdSource();
  readonly #decoder = new PacketDecoder(FRAMING);
  readonly #padding = new PaddingSource(randomness);
  #cipher: EnvelopeCipher | undefined;
  #seqNo = 0;
  salt = 0n;

  static async open(port: number): Promise<RawClient> {
    return new RawClient(await RawSocket.open(port));
  }

  /** With a key of its own that nobody has signed in with. */
  static async withKey(port: number, rsaKey: RsaPublicKey, dc: number): Promise<RawClient> {
    const client = await RawClient.open(port);
    const { authKey } = await exchangeKeys({
      ...{ crypto, clock, randomness, rsaPublicKeys: [rsaKey], dc },
      ask: (body) => client.ask(body),
    });
    client.use(authKey);
    return client;
  }

  private constructor(raw: RawSocket) {
    this.raw = raw;
    raw.write(FRAMING.tag);
    raw.socket.on('data', (bytes) => {
      this.#decoder.push(Uint8Array.from(bytes as Buffer), (packet) => {
        this.#packet(packet);
        return true;
      });
    });
  }

  use(authKey: AuthKey): void {
    this.#cipher = new EnvelopeCipher(crypto, authKey.key, 'client');
    this.salt = readInt64(authKey.firstSalt);
  }

  packet(bytes: Uint8Array): void {
    this.raw.write(frame(FRAMING, [bytes]));
  }

  async ask(body: Uint8Array): Promise<Uint8Array> {
    const count = this.packets.length;
    this.packet(sealPlain(this.nextId(), body));
    const answer = await soon(() => {
      const packet = this.packets[count];
      if (!packet) throw new Error('no answer to a plain message');
      return openPlain(packet);
    });
    return answer ?? new Uint8Array(0);
  }

  /** `seconds` from now. */
  nextId(seconds = 0): bigint {
    if (seconds === 0) return this.#ids.next(clock.wallMs(), 0n);
    return new MessageIdSource().next(clock.wallMs() + seconds * 1000, 0n);
  }

  /** A packet around one message; what is not given is right. */
  seal(
    body: Uint8Array,
    given: { messageId?: bigint; seqNo?: number; salt?: bigint } = {},
  ): Uint8Array {
    if (!this.#cipher) throw new Error('no key yet');
    const { messageId = this.nextId(), salt = this.salt } = given;
    const seqNo = given.seqNo ?? this.#seqNo++ * 2 + 1;
    const head = { salt, sessionId: this.sessionId, messageId, seqNo };
    const fill = (plain: Uint8Array, at: number): void => plain.set(body, at);
    return this.#cipher.seal(head, body.length, fill, this.#padding);
  }

  /** Sends one message and gives its msg_id. */
  send(
    body: Uint8Array,
    given: { messageId?: bigint; seqNo?: number; salt?: bigint } = {},
  ): bigint {
    const messageId = given.messageId ?? this.nextId();
    this.packet(this.seal(body, { ...given, messageId }));
    return messageId;
  }

  /** `count` is what the container says, whatever it holds. */
  sendContainer(messages: readonly Message[], count = messages.length): bigint {
    const body = new Uint8Array(containerBytes(messages));
    writeContainer(body, 0, messages);
    new DataView(body.buffer).setUint32(4, count, true);
    return this.send(body, { seqNo: 0 });
  }

  get transportError(): number | undefined {
    const last = this.packets.at(-1);
    return last && transportErrorOf(last);
  }

  /** Everything that was answered to one request. */
  answers(requestId: bigint, method = 'help.getNearestDc'): unknown[] {
    return this.messages
      .filter(({ body }) => constructorId(body) === SERVICE_ID.rpcResult)
      .filter(({ body }) => readInt64(body, 4) === requestId)
      .map(({ body }) => decodeResult(method, body.subarray(12)));
  }

  async answer(requestId: bigint, timeoutMs = 2_000): Promise<unknown> {
    return soon(() => {
      const [answer] = this.answers(requestId);
      if (answer === undefined) throw new Error('no answer');
      return answer;
    }, timeoutMs);
  }

  /** Service messages of one kind. */
  notices<K extends AnyTl['_']>(kind: K): Extract<AnyTl, { _: K }>[] {
    return this.messages
      .filter(({ body }) => constructorId(body) !== SERVICE_ID.rpcResult)
      .map(({ body }) => decodeTl(body))
      .filter((object): object is Extract<AnyTl, { _: K }> => object._ === kind);
  }

  #packet(packet: Uint8Array): void {
    this.packets.push(packet);
    const envelope = packet.length > 4 ? this.#cipher?.open(packet) : undefined;
    if (!envelope) return;
    const isContainer = constructorId(envelope.body) === CONTAINER_ID;
    this.messages.push(...((isContainer ? readContainer(envelope.body) : [envelope]) ?? []));
  }
}
