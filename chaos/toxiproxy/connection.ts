/**
 * One proxied connection: the client's socket, the dial to the upstream, a link each way.
 *
 * On purpose unlike the real server: a FIN is passed on as a FIN (half-open connections work), and
 * an RST as an RST.
 */
import { connect, type Socket } from 'node:net';
import { type Address, formatAddress } from './address.ts';
import type { DecisionLog } from './extensions/decision-log.ts';
import type { ToxicMeter, Traffic } from './extensions/meters.ts';
import { LIMITS } from './limits.ts';
import { type Fuse, Link, type TotalBytes } from './link.ts';
import { randomStream } from './random.ts';
import type { Direction, ToxicSettings } from './toxic-settings.ts';
import type { End } from './toxics/toxic.ts';

export interface ConnectionOptions {
  readonly client: Socket;
  readonly upstream: Address;
  /** Names of the random streams: seed, proxy. */
  readonly seed: string;
  readonly proxy: string;
  /** Counts the proxy's connections from 1. */
  readonly number: number;
  readonly total: TotalBytes;
  readonly decisions: DecisionLog;
  readonly traffic: Readonly<Record<Direction, Traffic>>;
  readonly meterOf: (toxic: ToxicSettings) => ToxicMeter;
  /** The toxics in force when the upstream has answered. */
  readonly toxics: () => readonly ToxicSettings[];
  readonly onDialFailed: (reason: string) => void;
  readonly onClosed: () => void;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #dialTimer: NodeJS.Timeout;
  #links: Link[] = [];
  /** Sockets that broke rather than ended. */
  readonly #broken = new Set<Socket>();
  readonly #fuse: Fuse = { leftBytes: Number.POSITIVE_INFINITY, blown: false };
  #openSockets = 2;
  #onCut = (): void => {};

  /** `client` must be paused. Dials at once, and reads nothing before the upstream answers. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#server = connect({ ...options.upstream, allowHalfOpen: true, noDelay: true });
    this.#dialTimer = setTimeout(
      () => this.#server.destroy(new Error(`no answer within ${LIMITS.dialMs} ms`)),
      LIMITS.dialMs,
    );
    this.#server.once('connect', () => this.#open());
    this.#watch(this.#client, this.#server);
    this.#watch(this.#server, this.#client);
  }

  add(toxic: ToxicSettings): void {
    this.#link(toxic.direction)?.add(toxic);
  }

  update(toxic: ToxicSettings, order: readonly string[]): void {
    this.#link(toxic.direction)?.update(toxic, order);
  }

  remove(toxic: ToxicSettings): void {
    this.#link(toxic.direction)?.remove(toxic.name);
  }

  /** Bytes that a toxic holds on this connection. */
  heldBytesOf(toxic: ToxicSettings): number {
    return this.#link(toxic.direction)?.heldBytesOf(toxic.name) ?? 0;
  }

  /** Both sides get an RST after so many further bytes, counted over both directions. */
  cutAfter(bytes: number, onCut: () => void): void {
    if (this.#fuse.blown) return;
    this.#fuse.leftBytes = bytes;
    this.#onCut = onCut;
  }

  /** It is not to be cut any more, if it is not too late. */
  spare(): void {
    if (!this.#fuse.blown) this.#fuse.leftBytes = Number.POSITIVE_INFINITY;
  }

  get number(): number {
    return this.#options.number;
  }

  /** Closes both sides now; what was under way is lost. */
  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #link(direction: Direction): Link | undefined {
    return this.#links.find((link) => link.direction === direction);
  }

  #open(): void {
    clearTimeout(this.#dialTimer);
    this.#links = [
      this.#newLink('upstream', this.#client, this.#server),
      this.#newLink('downstream', this.#server, this.#client),
    ];
    for (const toxic of this.#options.toxics()) this.add(toxic);
    for (const link of this.#links) link.open();
    this.#client.resume();
  }

  #newLink(direction: Direction, source: Socket, destination: Socket): Link {
    const { seed, proxy, number, total, decisions, traffic, meterOf } = this.#options;
    return new Link({
      ...{ direction, source, destination, total, decisions, meterOf, proxy },
      connection: number,
      traffic: traffic[direction],
      fuse: this.#fuse,
      onCut: () => {
        this.#onCut();
        source.resetAndDestroy();
        destination.resetAndDestroy();
      },
      random: (toxic, purpose) => randomStream(seed, proxy, number, direction, toxic, purpose),
      onEnd: (end) => this.#finish(end, source, destination),
    });
  }

  /** The end of one direction, toxics included. */
  #finish(end: End, source: Socket, destination: Socket): void {
    if (end === 'reset' || this.#broken.has(source)) {
      source.resetAndDestroy();
      destination.resetAndDestroy();
    } else if (end === 'close') {
      source.destroy();
      destination.destroySoon();
    } else if (source.destroyed) {
      // Gone in both directions while its FIN was held back: nobody is left to half-open for.
      destination.destroySoon();
    } else {
      destination.end();
    }
  }

  #watch(socket: Socket, other: Socket): void {
    let reason = '';
    socket.on('error', (error) => {
      reason = error.message;
      this.#broken.add(socket);
    });
    socket.on('close', () => {
      this.#openSockets--;
      if (this.#links.length === 0) {
        // Still dialling, or the dial failed: there is nothing to flush.
        clearTimeout(this.#dialTimer);
        if (socket === this.#server && this.#broken.has(socket)) {
          this.#options.onDialFailed(`dial ${formatAddress(this.#options.upstream)}: ${reason}`);
        }
        other.destroy();
      } else if (!other.destroyed) {
        this.#onOneClosed(socket, other);
      }
      if (this.#openSockets === 0) {
        for (const link of this.#links) link.stop();
        this.#options.onClosed();
      }
    });
  }

  /** One side is gone. What it sent still goes out; what the other sends goes nowhere. */
  #onOneClosed(socket: Socket, other: Socket): void {
    const [up, down] = this.#links as [Link, Link];
    const [outgoing, incoming] = socket === this.#client ? [up, down] : [down, up];
    incoming.abandon();
    if (outgoing.endPassed) {
      // The other side has its FIN already, and what it writes from now on would be refused.
      if (this.#broken.has(socket)) other.resetAndDestroy();
      else other.destroySoon();
      return;
    }
    outgoing.end('reset');
  }
}
