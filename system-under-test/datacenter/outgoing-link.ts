/**
 * The dialling side of a backbone link: keeps a connection to one other DC, sends it this DC's
 * replication stream and outbox from where the other side stands, forwards requests, and notices
 * when the other side is gone.
 */
import type { Clock, Connection, Log, Network, Timer } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import { LIMITS } from './limits.ts';
import { encodeFrame, FrameDecoder, helloMac, type LinkFrame } from './link-frames.ts';
import type { NumberedLog } from './numbered-log.ts';

export interface OutgoingLinkOptions {
  readonly from: number;
  readonly to: number;
  readonly address: string;
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly network: Network;
  readonly log: Log;
  readonly stream: NumberedLog;
  readonly outbox: NumberedLog;
  /** The link came up or went down. */
  readonly onState: (up: boolean) => void;
  /** The other side holds these numbers durably. */
  readonly onAcknowledged: (stream: number, outbox: number) => void;
}

/** The request may or may not have been carried out. */
export class LinkDownError extends Error {
  override name = 'LinkDownError';
}

interface Forwarded {
  readonly resolve: (body: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

export class OutgoingLink {
  readonly #o: OutgoingLinkOptions;
  #connection: Connection | undefined;
  #up = false;
  #stopped = false;
  #backoffMs: number = LIMITS.linkBackoffMinMs;
  #heardAt = 0;
  #timer: Timer | undefined;
  readonly #forwarded = new Map<number, Forwarded>();
  #nextRequest = 1;
  #pumps: Pump[] = [];
  readonly #unsubscribe: (() => void)[];

  constructor(options: OutgoingLinkOptions) {
    this.#o = options;
    this.#unsubscribe = [
      options.stream.onCommitted(() => this.#pumps[0]?.run()),
      options.outbox.onCommitted(() => this.#pumps[1]?.run()),
    ];
    void this.#dial();
  }

  get up(): boolean {
    return this.#up;
  }

  get to(): number {
    return this.#o.to;
  }

  /**
   * Asks the other DC to carry out a user's request. Rejects with `RpcError` as the other side
   * says, or with `LinkDownError` when it is in doubt whether it was carried out.
   */
  request(userId: number, authKeyId: string, body: Uint8Array): Promise<Uint8Array> {
    if (!this.#up) return Promise.reject(new LinkDownError(`DC ${this.#o.to} is out of reach`));
    if (this.#forwarded.size >= LIMITS.forwardsPendingMax) {
      return Promise.reject(new RpcError(503, 'BACKBONE_BUSY'));
    }
    return new Promise((resolve, reject) => {
      const id = this.#nextRequest++;
      const timer = this.#o.clock.after(LIMITS.forwardMs, () => {
        this.#forwarded.delete(id);
        reject(new LinkDownError(`DC ${this.#o.to} did not answer in ${LIMITS.forwardMs} ms`));
      });
      this.#forwarded.set(id, { resolve, reject, timer });
      this.#send(['request', id, userId, authKeyId, body]);
    });
  }

  /** Best effort: what is not delivered is found by the client with getDifference. */
  push(userId: number, exceptAuthKeyId: string, body: Uint8Array): void {
    if (this.#up) this.#send(['push', userId, exceptAuthKeyId, body]);
  }

  attach(userIds: readonly number[], again: boolean): void {
    if (this.#up && userIds.length > 0) this.#send(['attach', userIds, again]);
  }

  detach(userIds: readonly number[]): void {
    if (this.#up) this.#send(['detach', userIds]);
  }

  stop(): void {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#timer?.cancel();
    this.#connection?.destroy();
    this.#down();
  }

  async #dial(): Promise<void> {
    try {
      const connection = await this.#o.network.connect(this.#o.address, LIMITS.linkConnectMs);
      if (this.#stopped) return connection.destroy();
      this.#attend(connection);
    } catch {
      this.#retry();
    }
  }

  #retry(): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timer = this.#o.clock.after(this.#backoffMs, () => void this.#dial());
    this.#backoffMs = Math.min(this.#backoffMs * 2, LIMITS.linkBackoffMaxMs);
  }

  #attend(connection: Connection): void {
    const decoder = new FrameDecoder();
    this.#connection = connection;
    this.#heardAt = this.#o.clock.monotonicMs();
    connection.setHandlers({
      onData: (bytes) => {
        this.#heardAt = this.#o.clock.monotonicMs();
        try {
          for (const frame of decoder.push(bytes)) this.#receive(frame);
        } catch (error) {
          this.#o.log.write('warn', 'link_protocol_error', {
            to: this.#o.to,
            why: (error as Error).message,
          });
          connection.destroy();
        }
      },
      onDrain: () => {
        for (const pump of this.#pumps) pump.run();
      },
      onClose: () => {
        if (this.#connection !== connection) return;
        this.#connection = undefined;
        this.#down();
        this.#retry();
      },
    });
    this.#timer?.cancel();
    this.#timer = this.#o.clock.after(LIMITS.linkPingMs, () => this.#beat(connection));
  }

  #beat(connection: Connection): void {
    if (this.#connection !== connection) return;
    const silentMs = this.#o.clock.monotonicMs() - this.#heardAt;
    if (silentMs > LIMITS.linkSilenceMs) {
      // A black hole: nobody says no. What was forwarded is in doubt from now on.
      connection.destroy();
      return;
    }
    if (connection.bufferedBytes > LIMITS.linkBufferedBytesMax) {
      connection.destroy();
      return;
    }
    if (this.#up) this.#send(['ping']);
    this.#timer = this.#o.clock.after(LIMITS.linkPingMs, () => this.#beat(connection));
  }

  #receive(frame: LinkFrame): void {
    switch (frame[0]) {
      case 'challenge': {
        const { secret, from, to } = this.#o;
        this.#send(['hello', from, to, helloMac(secret, frame[1], from, to)]);
        return;
      }
      case 'welcome':
        this.#welcome(frame);
        return;
      case 'ack':
        this.#pumps[0]?.acknowledged(frame[1]);
        this.#pumps[1]?.acknowledged(frame[2]);
        this.#o.onAcknowledged(frame[1], frame[2]);
        return;
      case 'response':
      case 'error': {
        const waiting = this.#forwarded.get(frame[1]);
        if (!waiting) return;
        this.#forwarded.delete(frame[1]);
        waiting.timer.cancel();
        if (frame[0] === 'response') waiting.resolve(frame[2]);
        else waiting.reject(new RpcError(frame[2], frame[3]));
        return;
      }
      case 'pong':
        return;
      default:
        throw new Error(`unexpected frame ${frame[0]}`);
    }
  }

  #welcome(frame: LinkFrame & readonly ['welcome', ...unknown[]]): void {
    const [, streamTaken, outboxTaken, streamDurable, outboxDurable] = frame;
    const { stream, outbox, to, log } = this.#o;
    if (streamTaken > stream.last || outboxTaken > outbox.last) {
      // This disk has forgotten what it once sent. Going on would reuse numbers that the other
      // side has taken, and it would drop new entries as repeats: better no link than that.
      const why = `it has stream ${streamTaken} and outbox ${outboxTaken}; this disk ends at ${stream.last} and ${outbox.last}`;
      log.write('error', 'link_peer_is_ahead', { to, why });
      this.#connection?.destroy();
      return;
    }
    this.#backoffMs = LIMITS.linkBackoffMinMs;
    const connection = this.#connection;
    const send = (frame: LinkFrame): void => {
      if (this.#connection === connection) this.#send(frame);
    };
    const pump = (log: NumberedLog, type: 'stream' | 'outbox', taken: number): Pump =>
      new Pump(
        log,
        taken,
        (number, value) => send([type, number, value]),
        (why) => {
          this.#o.log.write('error', 'link_cannot_resume', { to: this.#o.to, log: type, why });
        },
      );
    for (const old of this.#pumps) old.stop();
    this.#pumps = [
      pump(this.#o.stream, 'stream', streamTaken),
      pump(this.#o.outbox, 'outbox', outboxTaken),
    ];
    this.#up = true;
    this.#o.log.write('info', 'link_up', { to: this.#o.to });
    this.#o.onAcknowledged(streamDurable, outboxDurable);
    this.#o.onState(true);
    for (const each of this.#pumps) each.run();
  }

  #down(): void {
    for (const pump of this.#pumps) pump.stop();
    this.#pumps = [];
    const waiting = [...this.#forwarded.values()];
    this.#forwarded.clear();
    for (const each of waiting) {
      each.timer.cancel();
      each.reject(new LinkDownError(`the link to DC ${this.#o.to} broke`));
    }
    if (!this.#up) return;
    this.#up = false;
    this.#o.log.write('warn', 'link_down', { to: this.#o.to });
    this.#o.onState(false);
  }

  #send(frame: LinkFrame): void {
    this.#connection?.write(encodeFrame(frame));
  }
}

/** Sends one numbered log in order, never more than a window ahead of the acknowledgements. */
class Pump {
  readonly #log: NumberedLog;
  readonly #send: (number: number, value: Uint8Array) => void;
  readonly #stuck: (why: string) => void;
  #next: number;
  #running = false;
  #stopped = false;
  /** Sizes of what is sent and not acknowledged; the first belongs to `#firstInFlight`. */
  #inFlight: number[] = [];
  #firstInFlight: number;
  #bytesInFlight = 0;

  constructor(
    log: NumberedLog,
    applied: number,
    send: (number: number, value: Uint8Array) => void,
    stuck: (why: string) => void,
  ) {
    this.#log = log;
    this.#next = applied + 1;
    this.#firstInFlight = applied + 1;
    this.#send = send;
    this.#stuck = stuck;
  }

  stop(): void {
    this.#stopped = true;
  }

  acknowledged(number: number): void {
    let count = 0;
    while (this.#firstInFlight + count <= number && count < this.#inFlight.length) {
      this.#bytesInFlight -= this.#inFlight[count]!;
      count++;
    }
    if (count === 0) return;
    this.#inFlight.splice(0, count);
    this.#firstInFlight += count;
    this.run();
  }

  run(): void {
    if (this.#running || this.#stopped) return;
    this.#sendFromMemory();
    if (this.#next > this.#log.last || this.#full()) return;
    this.#running = true;
    this.#catchUp().then(
      () => {
        this.#running = false;
        this.run(); // something may have become durable after the last look
      },
      (error: Error) => {
        this.#stopped = true;
        this.#stuck(error.message);
      },
    );
  }

  #full(): boolean {
    return this.#bytesInFlight >= LIMITS.linkWindowBytes;
  }

  #sendFromMemory(): void {
    while (this.#next <= this.#log.last && !this.#full()) {
      const value = this.#log.peek(this.#next);
      if (!value) return;
      this.#sendOne(value);
    }
  }

  async #catchUp(): Promise<void> {
    while (!this.#stopped && this.#next <= this.#log.last && !this.#full()) {
      const entries = await this.#log.read(this.#next);
      if (this.#stopped) return;
      if (entries[0]?.number !== this.#next) {
        this.#stopped = true;
        this.#stuck(`entry ${this.#next} is no longer kept; the oldest is ${this.#log.oldest}`);
        return;
      }
      for (const entry of entries) {
        if (this.#full()) return;
        if (entry.number === this.#next) this.#sendOne(entry.value);
      }
      this.#sendFromMemory();
    }
  }

  #sendOne(value: Uint8Array): void {
    this.#inFlight.push(value.length + 32);
    this.#bytesInFlight += value.length + 32;
    this.#send(this.#next++, value);
  }
}
