/**
 * All links of one DC: it dials every other DC and accepts every other DC's dial-in.
 */
import type { Clock, Listener, Log, Network, Randomness } from '../environment/index.ts';
import { Inbound, type IncomingHandlers, IncomingLink } from './incoming-link.ts';
import type { NumberedLog } from './numbered-log.ts';
import { type LinkStuck, OutgoingLink } from './outgoing-link.ts';

export interface BackboneOptions {
  readonly self: number;
  readonly listen: string;
  /** Where each other DC is dialled. */
  readonly peers: ReadonlyMap<number, string>;
  readonly secret: Uint8Array;
  readonly clock: Clock;
  readonly network: Network;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly stream: NumberedLog;
  readonly outboxes: ReadonlyMap<number, NumberedLog>;
  readonly inbounds: ReadonlyMap<number, Inbound>;
  readonly handlers: IncomingHandlers;
  readonly onState: (dc: number, up: boolean) => void;
  readonly onAcknowledged: (dc: number, stream: number, outbox: number) => void;
  /** Users whose writes wait for a DC, with the number of each one's last. */
  readonly queuedFor: (dc: number) => Iterable<readonly [userId: number, number: number]>;
  /** Another DC's stream has reached this record. */
  readonly onPosition: (dc: number, position: number) => void;
  readonly onStuck: (dc: number, why: LinkStuck) => void;
  readonly onLost: (dc: number, fromNumber: number, toNumber: number) => void;
  /** Links for questions only, in both directions: this DC is not in service yet. */
  readonly callsOnly?: boolean;
}

const NONCE_BYTES = 32;

export class Backbone {
  readonly #o: BackboneOptions;
  readonly #outgoing = new Map<number, OutgoingLink>();
  /** Connections that were accepted, and those of them that have said who they are. */
  readonly #accepted = new Set<IncomingLink>();
  readonly #incoming = new Map<number, IncomingLink>();
  #stopped = false;
  #listener: Listener | undefined;

  constructor(options: BackboneOptions) {
    this.#o = options;
  }

  get address(): string {
    if (!this.#listener) throw new Error('the backbone is not listening yet');
    return this.#listener.address;
  }

  /** Starts to accept other DCs. */
  async listen(): Promise<void> {
    const o = this.#o;
    this.#listener = await o.network.listen(o.listen, (connection) => {
      if (this.#stopped) return connection.destroy();
      const incoming = new IncomingLink(
        {
          self: o.self,
          secret: o.secret,
          nonce: o.randomness.bytes(NONCE_BYTES),
          clock: o.clock,
          log: o.log,
          handlers: o.handlers,
          inboundOf: (from) => o.inbounds.get(from),
          callsOnly: o.callsOnly === true,
          onHello: (from, link) => {
            const older = this.#incoming.get(from);
            this.#incoming.set(from, link);
            older?.close();
            this.#outgoing.get(from)?.redial();
          },
          onEnd: (link) => void this.#accepted.delete(link),
        },
        connection,
      );
      this.#accepted.add(incoming);
    });
  }

  /** Starts to dial the other DCs; they are retried until `stop`. */
  dial(): void {
    const o = this.#o;
    for (const [to, address] of o.peers) {
      const outbox = o.outboxes.get(to);
      if (!outbox) throw new Error(`no outbox for DC ${to}`);
      this.#outgoing.set(
        to,
        new OutgoingLink({
          from: o.self,
          to,
          address,
          secret: o.secret,
          clock: o.clock,
          network: o.network,
          log: o.log,
          stream: o.stream,
          outbox,
          onState: (up) => o.onState(to, up),
          onAcknowledged: (stream, acked) => o.onAcknowledged(to, stream, acked),
          queued: () => o.queuedFor(to),
          onPosition: (position) => o.onPosition(to, position),
          onStuck: (why) => o.onStuck(to, why),
          onLost: (first, last) => o.onLost(to, first, last),
          callsOnly: o.callsOnly === true,
        }),
      );
    }
  }

  link(dc: number): OutgoingLink | undefined {
    return this.#outgoing.get(dc);
  }

  /** Asks another DC to send its stream up to this record now, if its link is up. */
  want(dc: number, position: number): void {
    this.#incoming.get(dc)?.want(position);
  }

  /** Lets another DC send its stream from where this DC is now. */
  resume(dc: number): void {
    this.#incoming.get(dc)?.resume();
  }

  linksUp(): number[] {
    return [...this.#outgoing.values()].filter((link) => link.up).map((link) => link.to);
  }

  async stop(): Promise<void> {
    for (const link of this.#outgoing.values()) link.stop();
    this.#stopped = true;
    for (const link of [...this.#accepted]) link.close();
    await this.#listener?.close();
  }
}

export { Inbound, type IncomingHandlers };
