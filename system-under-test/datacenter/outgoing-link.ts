/**
 * The dialling side of a backbone link: keeps a connection to one other DC, sends it this DC's
 * replication stream and outbox from where the other side stands, forwards requests, and notices
 * when the other side is gone.
 */
import type { Clock, Connection, Log, Network, Timer } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import { LIMITS } from './limits.ts';
import { encodeFrame, FrameDecoder, HOLD, helloMac, type LinkFrame } from './link-frames.ts';
import type { NumberedLog } from './numbered-log.ts';
import { Pump } from './pump.ts';

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
  /** Users whose writes wait in the outbox, with the number of each one's last. */
  readonly queued: () => Iterable<readonly [userId: number, number: number]>;
  /** The other side's stream has reached this record. */
  readonly onPosition: (position: number) => void;
  /** The link came up or went down. */
  readonly onState: (up: boolean) => void;
  /** The other side holds these numbers durably. */
  readonly onAcknowledged: (stream: number, outbox: number) => void;
  /** The other side cannot go on from this DC's log: it lacks, or has, more than this disk. */
  readonly onStuck: (why: LinkStuck) => void;
  /** Entries of the outbox up to this one were not sent and are gone. */
  readonly onLost: (fromNumber: number, toNumber: number) => void;
  /** For questions only: neither log is sent, and the link never counts as up. */
  readonly callsOnly?: boolean;
}

/** Why a link cannot carry a log on. */
export interface LinkStuck {
  readonly kind: 'peer_is_ahead' | 'cannot_resume';
  readonly log: 'stream' | 'outbox';
  readonly text: string;
}

/** What another DC answered. */
export interface PeerAnswer {
  readonly body: Uint8Array;
  /** Last record of its stream that the answer may rest on. */
  readonly position: number;
}

/** The request may or may not have been carried out. */
export class LinkDownError extends Error {
  override name = 'LinkDownError';
}

interface Forwarded {
  readonly resolve: (answer: PeerAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

export class OutgoingLink {
  readonly #o: OutgoingLinkOptions;
  #connection: Connection | undefined;
  /** The other side has said welcome: calls may go. */
  #open = false;
  #up = false;
  #stopped = false;
  #backoffMs: number = LIMITS.linkBackoffMinMs;
  #heardAt = 0;
  #timer: Timer | undefined;
  /** Number of the newest attempt to connect; older ones do not count any more. */
  #attempt = 0;
  readonly #forwarded = new Map<number, Forwarded>();
  #nextRequest = 1;
  #streamPump: Pump | undefined;
  #outboxPump: Pump | undefined;
  readonly #unsubscribe: (() => void)[];

  constructor(options: OutgoingLinkOptions) {
    this.#o = options;
    this.#unsubscribe = [
      options.stream.onCommitted(() => this.#streamPump?.run()),
      options.outbox.onCommitted(() => this.#outboxPump?.run()),
    ];
    void this.#dial();
  }

  get up(): boolean {
    return this.#up;
  }

  /** Bytes that wait in the socket, and questions without an answer yet. */
  get load(): { readonly bufferedBytes: number; readonly asked: number } {
    return {
      bufferedBytes: this.#connection?.bufferedBytes ?? 0,
      asked: this.#forwarded.size,
    };
  }

  /** Calls can be made, though the other side may not be in service. */
  get open(): boolean {
    return this.#open;
  }

  get to(): number {
    return this.#o.to;
  }

  /**
   * Asks the other DC to carry out a user's request. Rejects with `RpcError` as the other side
   * says, or with `LinkDownError` when it is in doubt whether it was carried out.
   */
  request(userId: number, authKeyId: string, body: Uint8Array): Promise<PeerAnswer> {
    if (!this.#up) return this.#outOfReach();
    return this.#ask(LIMITS.forwardMs, LIMITS.forwardsPendingMax, (id) => [
      'request',
      id,
      userId,
      authKeyId,
      body,
      LIMITS.forwardMs,
    ]);
  }

  /** Asks the other DC for something of its own. Rejects like `request`. */
  call(name: string, body: Uint8Array): Promise<PeerAnswer> {
    return this.#ask(LIMITS.peerCallMs, LIMITS.peerCallsPendingMax, (id) => [
      'call',
      id,
      name,
      body,
    ]);
  }

  #outOfReach(): Promise<never> {
    return Promise.reject(new LinkDownError(`DC ${this.#o.to} is out of reach`));
  }

  #ask(ms: number, pendingMax: number, frame: (id: number) => LinkFrame): Promise<PeerAnswer> {
    if (!this.#open) return this.#outOfReach();
    if (this.#forwarded.size >= pendingMax) {
      return Promise.reject(new RpcError(503, 'BACKBONE_BUSY'));
    }
    return new Promise((resolve, reject) => {
      const id = this.#nextRequest++;
      const timer = this.#o.clock.after(ms, () => {
        this.#forwarded.delete(id);
        reject(new LinkDownError(`DC ${this.#o.to} did not answer in ${ms} ms`));
      });
      this.#forwarded.set(id, { resolve, reject, timer });
      this.#send(frame(id));
    });
  }

  /** Best effort: what is not delivered is found by the client with getDifference. */
  push(userId: number, exceptAuthKeyId: string, body: Uint8Array): void {
    if (this.#up) this.#send(['push', userId, exceptAuthKeyId, body, this.#o.stream.last]);
  }

  attach(userIds: readonly number[], again: boolean): void {
    if (this.#up && userIds.length > 0) this.#send(['attach', userIds, again]);
  }

  detach(userIds: readonly number[]): void {
    if (this.#up) this.#send(['detach', userIds]);
  }

  interest(channelIds: readonly number[]): void {
    if (this.#up && channelIds.length > 0) this.#send(['interest', channelIds]);
  }

  disinterest(channelIds: readonly number[]): void {
    if (this.#up) this.#send(['disinterest', channelIds]);
  }

  /** Best effort, once for all members that the other DC holds sessions of. */
  post(channelId: number, senderId: number, exceptAuthKeyId: string, body: Uint8Array): void {
    if (!this.#up) return;
    this.#send(['post', channelId, senderId, exceptAuthKeyId, body, this.#o.stream.last]);
  }

  evict(channelId: number, userId: number): void {
    if (this.#up) this.#send(['evict', channelId, userId, this.#o.stream.last]);
  }

  /** A write of this user waits here from now on, under this number of the outbox. */
  tellQueued(userId: number, number: number): void {
    if (this.#up) this.#send(['queued', [userId], [number], false]);
  }

  stop(): void {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#timer?.cancel();
    this.#connection?.destroy();
    this.#down();
  }

  async #dial(): Promise<void> {
    const attempt = ++this.#attempt;
    try {
      const connection = await this.#o.network.connect(this.#o.address, LIMITS.linkConnectMs);
      if (this.#stopped || attempt !== this.#attempt) return connection.destroy();
      this.#attend(connection);
    } catch {
      if (attempt === this.#attempt) this.#retry();
    }
  }

  /**
   * The other DC has just been heard from: no need to wait any longer before trying again, nor for
   * an attempt that began when it was out of reach.
   */
  redial(): void {
    if (this.#connection || this.#stopped) return;
    this.#backoffMs = LIMITS.linkBackoffMinMs;
    this.#timer?.cancel();
    void this.#dial();
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
        this.#streamPump?.run();
        this.#outboxPump?.run();
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
    if (this.#open) this.#send(['ping']);
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
        this.#streamPump?.acknowledged(frame[1]);
        this.#outboxPump?.acknowledged(frame[2]);
        this.#o.onAcknowledged(frame[1], frame[2]);
        return;
      case 'response':
      case 'error': {
        const waiting = this.#forwarded.get(frame[1]);
        if (!waiting) return;
        this.#forwarded.delete(frame[1]);
        waiting.timer.cancel();
        if (frame[0] === 'response') {
          this.#o.onPosition(frame[3]);
          waiting.resolve({ body: frame[2], position: frame[3] });
        } else waiting.reject(new RpcError(frame[2], frame[3]));
        return;
      }
      case 'want':
        this.#streamPump?.want(frame[1]);
        return;
      case 'resume':
        if (this.#up) this.#sendStream(frame[1]);
        return;
      case 'pong':
        this.#o.onPosition(frame[1]);
        return;
      default:
        throw new Error(`unexpected frame ${frame[0]}`);
    }
  }

  #welcome(frame: LinkFrame & readonly ['welcome', ...unknown[]]): void {
    const [, streamTaken, outboxTaken, streamDurable, outboxDurable] = frame;
    const { stream, outbox, to, log, onStuck, callsOnly } = this.#o;
    this.#backoffMs = LIMITS.linkBackoffMinMs;
    this.#open = true;
    if (callsOnly || outboxTaken === HOLD) {
      this.#o.onState(false);
      return;
    }
    if (streamTaken > stream.last || outboxTaken > outbox.last) {
      // This disk has forgotten what it once sent. Going on would reuse numbers that the other
      // side has taken, and it would drop new entries as repeats: better no link than that.
      const text = `it has stream ${streamTaken} and outbox ${outboxTaken}; this disk ends at ${stream.last} and ${outbox.last}`;
      log.write('error', 'link_peer_is_ahead', { to, why: text });
      const which = streamTaken > stream.last ? 'stream' : 'outbox';
      onStuck({ kind: 'peer_is_ahead', log: which, text });
      this.#connection?.destroy();
      return;
    }
    this.#up = true;
    log.write('info', 'link_up', { to });
    this.#tellAllQueued();
    this.#o.onAcknowledged(streamDurable, outboxDurable);
    this.#o.onState(true);
    if (streamTaken !== HOLD) this.#sendStream(streamTaken);
    this.#sendOutbox(outboxTaken);
  }

  #sendStream(taken: number): void {
    const { stream, clock, log, onStuck, to } = this.#o;
    this.#streamPump?.stop();
    this.#streamPump = new Pump({
      log: stream,
      taken,
      clock,
      patienceMs: LIMITS.streamPatienceMs,
      send: this.#sender('stream'),
      stuck: (text) => {
        log.write('warn', 'link_cannot_resume', { to, log: 'stream', why: text });
        onStuck({ kind: 'cannot_resume', log: 'stream', text });
        this.#send(['snapshot']);
      },
    });
    this.#streamPump.run();
  }

  #sendOutbox(outboxTaken: number): void {
    const { outbox, clock, log, onStuck, onLost, to } = this.#o;
    let taken = outboxTaken;
    const skip = (number: number): void => {
      onLost(taken + 1, number);
      this.#send(['skip', number]);
    };
    if (taken + 1 < outbox.oldest) {
      skip(outbox.oldest - 1);
      taken = outbox.oldest - 1;
    }
    this.#outboxPump?.stop();
    this.#outboxPump = new Pump({
      log: outbox,
      taken,
      clock,
      patienceMs: 0,
      send: this.#sender('outbox'),
      skip: (number, damaged) => {
        taken = number - 1;
        if (damaged) skip(number);
        else this.#send(['skip', number]);
      },
      stuck: (text) => {
        log.write('error', 'link_cannot_resume', { to, log: 'outbox', why: text });
        onStuck({ kind: 'cannot_resume', log: 'outbox', text });
      },
    });
    this.#outboxPump.run();
  }

  /** Sends entries as long as this connection lives. */
  #sender(which: 'stream' | 'outbox'): (number: number, value: Uint8Array) => void {
    const connection = this.#connection;
    return (number, value) => {
      if (this.#connection === connection) this.#send([which, number, value]);
    };
  }

  /** Before any entry: home must hold back newer writes of these users until theirs are there. */
  #tellAllQueued(): void {
    let userIds: number[] = [];
    let numbers: number[] = [];
    for (const [userId, number] of this.#o.queued()) {
      if (userIds.length >= LIMITS.queuedUsersPerFrameMax) {
        this.#send(['queued', userIds, numbers, true]);
        [userIds, numbers] = [[], []];
      }
      userIds.push(userId);
      numbers.push(number);
    }
    this.#send(['queued', userIds, numbers, false]);
    this.#send(['at', this.#o.stream.last]);
  }

  #down(): void {
    this.#streamPump?.stop();
    this.#outboxPump?.stop();
    this.#streamPump = this.#outboxPump = undefined;
    const wasOpen = this.#open;
    this.#open = false;
    const waiting = [...this.#forwarded.values()];
    this.#forwarded.clear();
    for (const each of waiting) {
      each.timer.cancel();
      each.reject(new LinkDownError(`the link to DC ${this.#o.to} broke`));
    }
    if (this.#up) this.#o.log.write('warn', 'link_down', { to: this.#o.to });
    this.#up = false;
    if (wasOpen) this.#o.onState(false);
  }

  #send(frame: LinkFrame): void {
    this.#connection?.write(encodeFrame(frame));
  }
}
