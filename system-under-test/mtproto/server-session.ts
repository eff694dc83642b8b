/**
 * One session of a client on the server: which messages it has received, what it answers, what it
 * is sent. It knows nothing of bytes on a wire; server-connection.ts opens envelopes for it and
 * takes what is in its outbox.
 */
import type { Timer } from '../environment/clock.ts';
import { internal, RpcError } from '../schema/errors.ts';
import { gunzipBounded } from '../schema/gzip.ts';
import { convertToLayer } from '../schema/layers.ts';
import { longOfBigInt } from '../schema/long.ts';
import {
  constructorId,
  decodeServiceRequest,
  encodeAck,
  encodeRpcResult,
  isServiceRequest,
  readGzipPacked,
  SERVICE_ID,
} from '../schema/service-messages.ts';
import { decodeMethod, encodeTl, type mtp } from '../schema/tl.ts';
import { TlError } from '../schema/tl-error.ts';
import { type InitInfo, type UnwrappedCall, unwrapCall } from '../schema/unwrap.ts';
import type { AuthKey } from './auth-key.ts';
import { CONTAINER_ID, COPY_ID, type Message, readContainer, readCopy } from './container.ts';
import type { Envelope } from './envelope.ts';
import { PROTOCOL } from './limits.ts';
import { BAD_MESSAGE, checkClientMessageId, MESSAGE_KIND, SeenMessages } from './message-id.ts';
import { Outbox } from './outbox.ts';
import { RpcCalls } from './rpc-calls.ts';
import type { ServerSalts } from './salts.ts';
import type { ServerHost, ServerSession } from './server-api.ts';
import { answerServiceRequest } from './service-requests.ts';

/** The connection that carries a session, as the session sees it. */
export interface SessionCarrier {
  /** Something waits in the outbox: take it in this turn. */
  schedule(session: LiveSession): void;
  /** The session has gone to another connection. */
  released(session: LiveSession): void;
  /** Close after what waits was sent. */
  endSoon(): void;
  /** Close `seconds` from now unless asked again; 0 or less: no longer. */
  disconnectAfter(seconds: number): void;
}

export class LiveSession implements ServerSession {
  readonly authKey: AuthKey;
  readonly sessionId: string;
  readonly sessionNumber: bigint;
  readonly host: ServerHost;
  readonly salts: ServerSalts;
  readonly outbox: Outbox;
  readonly seen: SeenMessages;
  readonly calls: RpcCalls;
  layer = 0;
  wantsUpdates = false;
  init: { readonly apiId: number; readonly info: InitInfo } | undefined;
  context: unknown;
  #carrier: SessionCarrier | undefined;
  #opened = false;
  #closed = false;
  #ackTimer: Timer | undefined;

  constructor(
    host: ServerHost,
    authKey: AuthKey,
    salts: ServerSalts,
    id: { readonly number: bigint; readonly hex: string },
  ) {
    this.host = host;
    this.authKey = authKey;
    this.salts = salts;
    this.sessionNumber = id.number;
    this.sessionId = id.hex;
    this.outbox = new Outbox(host.limits);
    this.seen = new SeenMessages(host.limits.seenMessagesMax);
    this.calls = new RpcCalls(this, host.limits.pendingCallsMax);
  }

  get connected(): boolean {
    return this.#carrier !== undefined;
  }

  get carrier(): SessionCarrier | undefined {
    return this.#carrier;
  }

  /** A connection carries the session from now on; what an earlier one may have lost goes again. */
  attach(carrier: SessionCarrier): void {
    if (this.#carrier === carrier) return;
    this.#carrier?.released(this);
    this.#carrier = carrier;
    this.host.sessions.attached(this);
    this.outbox.resendKept();
    if (this.outbox.takeLossy() && this.#opened) this.#announce(0n);
    if (this.outbox.hasWaiting) carrier.schedule(this);
  }

  detach(carrier: SessionCarrier): void {
    if (this.#carrier !== carrier) return;
    this.#carrier = undefined;
    this.host.sessions.detached(this);
  }

  sendUpdate(body: Uint8Array): void {
    this.send(convertToLayer(body, this.layer), MESSAGE_KIND.serverNotification, true);
  }

  close(): void {
    if (this.#closed) return;
    this.#carrier?.endSoon();
    this.host.sessions.drop(this);
  }

  /** Called by the table, once. */
  dropped(): void {
    this.#closed = true;
    this.#ackTimer?.cancel();
    this.#carrier?.released(this);
    this.#carrier = undefined;
    if (this.#opened) this.host.sessionClosed(this);
  }

  send(body: Uint8Array, kind: bigint, contentRelated: boolean, answers?: bigint): void {
    if (this.#closed) return;
    const message = { body, kind, contentRelated };
    const nowMs = this.host.clock.wallMs();
    this.outbox.add(answers === undefined ? message : { ...message, answers }, nowMs);
    if (this.#carrier !== undefined) this.#carrier.schedule(this);
    // Nobody reads it and it grows: a new session tells the client to fetch what it missed.
    else if (this.outbox.isOverfull) this.host.sessions.drop(this);
  }

  /** An answer that needs no acknowledgement. */
  sendService(object: mtp.TlObject): void {
    this.send(encodeTl(object), MESSAGE_KIND.serverAnswer, false);
  }

  sendResult(requestId: bigint, result: Uint8Array): void {
    this.send(encodeRpcResult(requestId, result), MESSAGE_KIND.serverAnswer, true, requestId);
  }

  sendError(requestId: bigint, error: RpcError): void {
    const body = { _: 'mt_rpc_error', errorCode: error.code, errorMessage: error.text } as const;
    this.sendResult(requestId, encodeTl(body));
  }

  /** An envelope from the client, opened and genuine. */
  receive(envelope: Envelope): void {
    const nowMs = this.host.clock.wallMs();
    if (this.outbox.aheadSeconds(nowMs) > PROTOCOL.messageAheadSecondsMax) {
      // This server's clock was set back. Ids must rise, so those of this session would go on in
      // the future, clients would follow them there, and be refused for it: a new session is due.
      this.close();
      return;
    }
    const code = checkClientMessageId(envelope.messageId, nowMs);
    if (code !== undefined) {
      this.#bad(envelope, code);
      return;
    }
    if (!this.salts.accepts(envelope.salt, nowMs)) {
      this.sendService({
        _: 'mt_bad_server_salt',
        badMsgId: longOfBigInt(envelope.messageId),
        badMsgSeqno: envelope.seqNo,
        errorCode: BAD_MESSAGE.badSalt,
        newServerSalt: longOfBigInt(this.salts.current(nowMs)),
      });
      return;
    }
    this.#message(envelope, envelope.body, envelope.messageId);
  }

  /** Acknowledgements travel with whatever goes next, or alone a little later. */
  acknowledge(messageId: bigint): void {
    this.outbox.addAck(messageId);
    if (this.outbox.acksDue >= this.host.limits.acksPendingMax) {
      this.flushAcks();
      return;
    }
    this.#ackTimer ??= this.host.clock.after(this.host.limits.ackDelayMs, () => {
      this.#ackTimer = undefined;
      this.flushAcks();
    });
  }

  flushAcks(): void {
    this.#ackTimer?.cancel();
    this.#ackTimer = undefined;
    const acks = this.outbox.takeAcks();
    if (acks.length > 0 && !this.#closed) {
      this.send(encodeAck(acks), MESSAGE_KIND.serverAnswer, false);
    }
  }

  /** `body` is the message's own, or what it unpacked to; `first` the lowest id in the envelope. */
  #message(message: Message, body: Uint8Array, first: bigint): void {
    const id = constructorId(body);
    if (id === CONTAINER_ID || id === COPY_ID) {
      this.#container(message, body, id);
      return;
    }
    if (id === SERVICE_ID.gzipPacked && body === message.body) {
      const unpacked = this.#unpack(message);
      if (unpacked !== undefined) this.#message(message, unpacked, first);
      return;
    }
    if (!this.#admit(message, id, first)) return;
    if (id !== undefined && isServiceRequest(id)) this.#service(message, body);
    else this.#call(message, body);
  }

  #container(message: Message, body: Uint8Array, id: number): void {
    const copy = id === COPY_ID ? readCopy(body) : undefined;
    const messages = id === COPY_ID ? copy && [copy] : readContainer(body);
    const isSound = messages?.every(
      (inner) => inner.messageId < message.messageId && (inner.messageId & 3n) === 0n,
    );
    if (messages === undefined || !isSound) {
      this.#bad(message, BAD_MESSAGE.badContainer);
      return;
    }
    if (message.seqNo % 2 !== 0) {
      this.#bad(message, BAD_MESSAGE.seqNoShouldBeEven);
      return;
    }
    // A container sent again is no error: its messages are recognised one by one.
    if (this.seen.check(message.messageId) === 'new') this.seen.add(message.messageId);
    let first = message.messageId;
    for (const inner of messages) if (inner.messageId < first) first = inner.messageId;
    for (const inner of messages) {
      const innerId = constructorId(inner.body);
      if (innerId === CONTAINER_ID || innerId === COPY_ID)
        this.#bad(inner, BAD_MESSAGE.badContainer);
      else this.#message(inner, inner.body, first);
      if (this.#closed) return;
    }
  }

  #unpack(message: Message): Uint8Array | undefined {
    try {
      return gunzipBounded(readGzipPacked(message.body));
    } catch (error) {
      if (!(error instanceof TlError)) throw error;
      if (this.#admit(message, SERVICE_ID.gzipPacked, message.messageId)) {
        this.sendError(message.messageId, new RpcError(400, 'INPUT_FETCH_ERROR'));
      }
      return undefined;
    }
  }

  /** Whether the message is new and in order. Repeats are acknowledged and answered again. */
  #admit(message: Message, id: number | undefined, first: bigint): boolean {
    const { messageId, seqNo } = message;
    const isContentRelated = (seqNo & 1) === 1;
    if (!isContentRelated && (id === undefined || !isServiceRequest(id))) {
      this.#bad(message, BAD_MESSAGE.seqNoShouldBeOdd);
      return false;
    }
    const seen = this.seen.check(messageId);
    if (seen === 'too_old') {
      this.#bad(message, BAD_MESSAGE.tooOld);
      return false;
    }
    if (seen === 'repeated') {
      if (this.outbox.resendAnswer(messageId)) this.#carrier?.schedule(this);
      else if (isContentRelated) this.acknowledge(messageId);
      return false;
    }
    this.seen.add(messageId);
    if (!this.#opened) this.#open(first);
    if (isContentRelated) this.acknowledge(messageId);
    return true;
  }

  #open(firstMessageId: bigint): void {
    this.#opened = true;
    this.#announce(firstMessageId);
    this.host.sessionOpened(this);
  }

  #announce(firstMessageId: bigint): void {
    const { clock, randomness } = this.host;
    const unique = new DataView(randomness.bytes(8).buffer).getBigInt64(0, true);
    const body = encodeTl({
      _: 'mt_new_session_created',
      firstMsgId: longOfBigInt(firstMessageId),
      uniqueId: longOfBigInt(unique),
      serverSalt: longOfBigInt(this.salts.current(clock.wallMs())),
    });
    this.send(body, MESSAGE_KIND.serverNotification, true);
  }

  #bad(message: Message, errorCode: number): void {
    this.sendService({
      _: 'mt_bad_msg_notification',
      badMsgId: longOfBigInt(message.messageId),
      badMsgSeqno: message.seqNo,
      errorCode,
    });
  }

  #service(message: Message, body: Uint8Array): void {
    try {
      answerServiceRequest(this, message.messageId, decodeServiceRequest(body));
    } catch (error) {
      if (!(error instanceof TlError)) throw error;
      this.sendError(message.messageId, new RpcError(400, 'INPUT_FETCH_ERROR'));
    }
  }

  #call(message: Message, body: Uint8Array): void {
    let call: UnwrappedCall;
    try {
      call = unwrapCall(decodeMethod(body));
    } catch (error) {
      this.sendError(message.messageId, callError(error));
      return;
    }
    if (call.layer !== undefined) this.layer = call.layer;
    if (call.initInfo !== undefined) {
      this.init = { apiId: call.apiId ?? 0, info: call.initInfo };
    }
    if (!call.withoutUpdates) this.wantsUpdates = true;
    this.calls.start(message.messageId, call);
  }
}

function callError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (!(error instanceof TlError)) throw error;
  switch (error.kind) {
    case 'unknown_method':
      return new RpcError(400, 'INPUT_METHOD_INVALID');
    case 'unknown_constructor':
      return new RpcError(400, 'INPUT_CONSTRUCTOR_INVALID');
    case 'malformed':
      return new RpcError(400, 'INPUT_FETCH_ERROR');
    case 'too_large':
      return new RpcError(400, 'INPUT_REQUEST_TOO_LONG');
    default:
      return internal();
  }
}
