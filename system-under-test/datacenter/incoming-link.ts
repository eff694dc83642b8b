/**
 * The accepting side of a backbone link, and what a DC remembers of each other DC that dials it:
 * how much of its stream and outbox was taken, and how much of that is durable.
 */
import type { Clock, Connection, Log } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import { LIMITS } from './limits.ts';
import {
  encodeFrame,
  FrameDecoder,
  HOLD,
  helloIsGenuine,
  type LinkFrame,
  LinkProtocolError,
} from './link-frames.ts';
import { type OutboxItem, unpackOutboxItem } from './records.ts';

/** What the rest of the DC does with what arrives. */
export interface IncomingHandlers {
  /**
   * Take one record of another DC's stream; resolves when it is durable here. In order. Throws at
   * once, before anything is taken, when the record is not one that this DC may send.
   */
  applyStream(from: number, number: number, record: Uint8Array): Promise<void>;
  /**
   * Take one item of another DC's outbox. The outer promise resolves when the next may be taken,
   * the inner one when this one is durable.
   */
  applyOutbox(from: number, number: number, item: OutboxItem): Promise<{ durable: Promise<void> }>;
  /** Carries a user's request out at home; worthless after `remainingMs`. */
  execute(
    userId: number,
    authKeyId: string,
    body: Uint8Array,
    remainingMs: number,
  ): Promise<Uint8Array>;
  /** Answers another DC's own question (peer-calls.ts). */
  call(from: number, name: string, body: Uint8Array): Promise<Uint8Array>;
  /** Last durable record of this DC's own stream. */
  position(): number;
  /** The other DC's stream has reached this record. */
  heard(from: number, position: number): void;
  push(
    from: number,
    userId: number,
    exceptAuthKeyId: string,
    body: Uint8Array,
    position: number,
  ): void;
  interest(from: number, channelIds: readonly number[]): void;
  disinterest(from: number, channelIds: readonly number[]): void;
  post(
    from: number,
    channelId: number,
    senderId: number,
    exceptAuthKeyId: string,
    body: Uint8Array,
    position: number,
  ): void;
  evict(from: number, channelId: number, userId: number, position: number): void;
  /** The other DC's link came up, its stream being there. */
  at(from: number, position: number): void;
  /** Whose writes wait at the other DC. */
  queued(from: number, userIds: readonly number[], numbers: readonly number[], more: boolean): void;
  attach(from: number, userIds: readonly number[], again: boolean): void;
  detach(from: number, userIds: readonly number[]): void;
  /** The other DC's stream cannot go on from where this DC is: it must take a snapshot. */
  cannotResume(from: number): void;
  /** Entries of the other DC's outbox up to this one are gone: resolves when that is durable. */
  skipOutbox(from: number, number: number): Promise<void>;
  /** The other DC's link is gone, and its sessions with it as far as we know. */
  lost(from: number): void;
  /** Everything up to this number is durable here. */
  streamDurable(from: number, number: number): void;
  outboxDurable(from: number, number: number): void;
  /** A write that must succeed did not: the DC has to stop. */
  fatal(error: Error): void;
}

/** What was taken from one other DC, whatever connection it came through. */
export class Inbound {
  readonly from: number;
  readonly #handlers: IncomingHandlers;
  streamTaken: number;
  streamDurable: number;
  outboxTaken: number;
  outboxDurable: number;
  /** The other DC must not send its stream: a snapshot is being taken, or about to be. */
  held = false;
  #chain: Promise<unknown> = Promise.resolve();
  /** Called when something more is durable. */
  onDurable: (() => void) | undefined;

  constructor(from: number, stream: number, outbox: number, handlers: IncomingHandlers) {
    this.from = from;
    this.streamTaken = this.streamDurable = stream;
    this.outboxTaken = this.outboxDurable = outbox;
    this.#handlers = handlers;
  }

  takeStream(number: number, record: Uint8Array): void {
    if (this.held) return; // on its way when the stream was put on hold
    if (number <= this.streamTaken) return; // sent again after a reconnect
    if (number !== this.streamTaken + 1) throw new LinkProtocolError(`stream skips to ${number}`);
    const applied = this.#handlers.applyStream(this.from, number, record);
    // Only now: a record that was refused is still to come, from a DC that is in its right mind.
    this.streamTaken = number;
    applied.then(
      () => {
        this.streamDurable = Math.max(this.streamDurable, number);
        this.#handlers.streamDurable(this.from, this.streamDurable);
        this.onDurable?.();
      },
      (error: Error) => this.#handlers.fatal(error),
    );
  }

  /** The stream goes on behind this record, all that came before being durable in another way. */
  startAt(number: number): void {
    this.held = false;
    this.streamTaken = this.streamDurable = number;
    this.#handlers.streamDurable(this.from, number);
    this.onDurable?.();
  }

  skipOutbox(number: number): void {
    if (number <= this.outboxTaken) return;
    this.outboxTaken = number;
    const skipped = this.#chain.then(() => this.#handlers.skipOutbox(this.from, number));
    this.#chain = skipped;
    skipped.then(
      () => {
        this.outboxDurable = Math.max(this.outboxDurable, number);
        this.#handlers.outboxDurable(this.from, this.outboxDurable);
        this.onDurable?.();
      },
      (error: Error) => this.#handlers.fatal(error),
    );
  }

  takeOutbox(number: number, bytes: Uint8Array): void {
    if (number <= this.outboxTaken) return;
    if (number !== this.outboxTaken + 1) throw new LinkProtocolError(`outbox skips to ${number}`);
    const item = unpackOutboxItem(bytes);
    this.outboxTaken = number;
    const taken = this.#chain.then(() => this.#handlers.applyOutbox(this.from, number, item));
    this.#chain = taken;
    taken
      .then(({ durable }) => durable)
      .then(
        () => {
          // Appends become durable in order; what each does afterwards may take longer or shorter.
          this.outboxDurable = Math.max(this.outboxDurable, number);
          this.#handlers.outboxDurable(this.from, this.outboxDurable);
          this.onDurable?.();
        },
        (error: Error) => this.#handlers.fatal(error),
      );
  }
}

export interface IncomingLinkOptions {
  readonly self: number;
  readonly secret: Uint8Array;
  readonly nonce: Uint8Array;
  readonly clock: Clock;
  readonly log: Log;
  readonly handlers: IncomingHandlers;
  /** Undefined for a DC that is not in the topology. */
  readonly inboundOf: (from: number) => Inbound | undefined;
  /** Calls are answered and nothing is taken: the DC is not in service yet. */
  readonly callsOnly?: boolean;
  /** A newer connection of the same DC replaces an older one. */
  readonly onHello: (from: number, link: IncomingLink) => void;
  readonly onEnd: (link: IncomingLink) => void;
}

export class IncomingLink {
  readonly #o: IncomingLinkOptions;
  readonly #connection: Connection;
  readonly #decoder: FrameDecoder;
  #inbound: Inbound | undefined;
  #closed = false;
  #ackTimer = false;
  #ackedStream = -1;
  #ackedOutbox = -1;
  #heardAt: number;

  constructor(options: IncomingLinkOptions, connection: Connection) {
    this.#o = options;
    this.#connection = connection;
    this.#heardAt = options.clock.monotonicMs();
    const decoder = new FrameDecoder(LIMITS.linkHelloBytesMax);
    this.#decoder = decoder;
    connection.setHandlers({
      onData: (bytes) => {
        this.#heardAt = options.clock.monotonicMs();
        try {
          for (const frame of decoder.push(bytes)) this.#receive(frame);
        } catch (error) {
          options.log.write('warn', 'link_protocol_error', { why: (error as Error).message });
          connection.destroy();
        }
      },
      onClose: () => this.#end(),
    });
    this.#send(['challenge', options.nonce]);
    options.clock.after(LIMITS.linkSilenceMs, () => this.#watch());
  }

  close(): void {
    this.#connection.destroy();
    this.#end();
  }

  #watch(): void {
    if (this.#closed) return;
    const silentMs = this.#o.clock.monotonicMs() - this.#heardAt;
    if (!this.#inbound || silentMs > LIMITS.linkSilenceMs) this.close();
    else this.#o.clock.after(LIMITS.linkPingMs, () => this.#watch());
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#o.onEnd(this);
    if (!this.#inbound) return;
    this.#inbound.onDurable = undefined;
    this.#o.handlers.lost(this.#inbound.from);
  }

  #receive(frame: LinkFrame): void {
    if (this.#closed) return;
    const inbound = this.#inbound;
    if (frame[0] === 'hello') {
      this.#hello(frame);
      return;
    }
    if (!inbound) throw new LinkProtocolError(`${frame[0]} before hello`);
    const { handlers } = this.#o;
    switch (frame[0]) {
      case 'stream':
        inbound.takeStream(frame[1], frame[2]);
        break;
      case 'outbox':
        inbound.takeOutbox(frame[1], frame[2]);
        break;
      case 'request':
        this.#answer(frame[1], handlers.execute(frame[2], frame[3], frame[4], frame[5]));
        break;
      case 'call':
        this.#answer(frame[1], handlers.call(inbound.from, frame[2], frame[3]));
        break;
      case 'push':
        handlers.push(inbound.from, frame[1], frame[2], frame[3], frame[4]);
        break;
      case 'interest':
        handlers.interest(inbound.from, frame[1]);
        break;
      case 'disinterest':
        handlers.disinterest(inbound.from, frame[1]);
        break;
      case 'post':
        handlers.post(inbound.from, frame[1], frame[2], frame[3], frame[4], frame[5]);
        break;
      case 'evict':
        handlers.evict(inbound.from, frame[1], frame[2], frame[3]);
        break;
      case 'at':
        handlers.at(inbound.from, frame[1]);
        break;
      case 'queued':
        handlers.queued(inbound.from, frame[1], frame[2], frame[3]);
        break;
      case 'attach':
        handlers.attach(inbound.from, frame[1], frame[2]);
        break;
      case 'detach':
        handlers.detach(inbound.from, frame[1]);
        break;
      case 'snapshot':
        handlers.cannotResume(inbound.from);
        break;
      case 'skip':
        inbound.skipOutbox(frame[1]);
        break;
      case 'ping':
        this.#send(['pong', handlers.position()]);
        break;
      default:
        throw new LinkProtocolError(`unexpected frame ${frame[0]}`);
    }
  }

  #hello(frame: LinkFrame & readonly ['hello', ...unknown[]]): void {
    const from = frame[1];
    const inbound = this.#o.inboundOf(from);
    const genuine = helloIsGenuine(this.#o.secret, this.#o.nonce, frame);
    if (this.#inbound || !inbound || frame[2] !== this.#o.self || !genuine) {
      throw new LinkProtocolError('hello refused');
    }
    this.#o.onHello(from, this);
    this.#inbound = inbound;
    this.#decoder.frameBytesMax = LIMITS.linkFrameBytesMax;
    inbound.onDurable = () => this.#scheduleAck();
    this.#send([
      'welcome',
      this.#o.callsOnly || inbound.held ? HOLD : inbound.streamTaken,
      this.#o.callsOnly ? HOLD : inbound.outboxTaken,
      inbound.streamDurable,
      inbound.outboxDurable,
    ]);
  }

  /** Asks the other side for its stream up to this record now. */
  want(position: number): void {
    if (this.#inbound) this.#send(['want', position]);
  }

  /** The other side may send its stream from where this DC is now. */
  resume(): void {
    if (this.#inbound) this.#send(['resume', this.#inbound.streamTaken]);
  }

  #answer(id: number, working: Promise<Uint8Array>): void {
    working.then(
      (answer) => this.#send(['response', id, answer, this.#o.handlers.position()]),
      (error: Error) => {
        if (error instanceof RpcError) this.#send(['error', id, error.code, error.text]);
        else {
          this.#o.log.write('error', 'request_failed', { why: error.message });
          this.#send(['error', id, 500, 'INTERNAL']);
        }
      },
    );
  }

  #scheduleAck(): void {
    if (this.#ackTimer || this.#closed) return;
    this.#ackTimer = true;
    this.#o.clock.after(LIMITS.linkAckDelayMs, () => {
      this.#ackTimer = false;
      const inbound = this.#inbound;
      if (!inbound || this.#closed) return;
      const { streamDurable, outboxDurable } = inbound;
      if (streamDurable === this.#ackedStream && outboxDurable === this.#ackedOutbox) return;
      this.#ackedStream = streamDurable;
      this.#ackedOutbox = outboxDurable;
      this.#send(['ack', streamDurable, outboxDurable]);
    });
  }

  #send(frame: LinkFrame): void {
    if (!this.#closed) this.#connection.write(encodeFrame(frame));
  }
}
