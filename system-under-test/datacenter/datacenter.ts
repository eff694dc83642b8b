/**
 * One datacentre: opens what is on its disk, listens to its users and to the other DCs, and wires
 * the roles together. `start` resolves when users can be served; `stop` ends everything in order.
 */
import type { Environment } from '../environment/index.ts';
import type { MtprotoCrypto } from '../mtproto/crypto.ts';
import type { RsaKey } from '../mtproto/rsa.ts';
import { decodeTl, encodeTl, type tl } from '../schema/tl.ts';
import type { ServiceContext } from '../services/context.ts';
import type { DcAddress } from '../services/help.ts';
import { SignInCodes } from '../services/sign-in-codes.ts';
import { dcIds, type Topology } from '../topology.ts';
import { Backbone, type Inbound } from './backbone.ts';
import { BoxReader } from './box-reader.ts';
import { Boxes } from './boxes.ts';
import { CommitLog } from './commit-log.ts';
import { Delivery } from './delivery.ts';
import { Directory } from './directory.ts';
import { Front } from './front.ts';
import { InboundWork } from './inbound-work.ts';
import { birthDcOf, outboxPartition, STREAM_PARTITION } from './keys.ts';
import { Lanes } from './lanes.ts';
import { NumberedLog } from './numbered-log.ts';
import { Outbox } from './outbox.ts';
import { LinkDownError } from './outgoing-link.ts';
import { Router } from './router.ts';

export interface DatacenterOptions {
  readonly dc: number;
  readonly topology: Topology;
  readonly environment: Environment;
  readonly crypto: MtprotoCrypto;
  readonly rsaKeys: readonly RsaKey[];
  /** Shared by all DCs of a cluster, at least 32 bytes: links, sealed keys, salts, hashes. */
  readonly secret: Uint8Array;
  readonly listen: { readonly clients: string; readonly backbone: string };
  /** Where every other DC is dialled. */
  readonly peers: ReadonlyMap<number, string>;
  /** Where clients reach each DC: the answer to help.getConfig. */
  readonly addresses: () => readonly DcAddress[];
  readonly testPhones: boolean;
  readonly deliverCode: (phone: string, code: string) => void;
  /** The store failed: the process must end and recover. */
  readonly onFatal: (error: Error) => void;
}

/** A view of a running DC, for status pages, harness and tests. */
export interface DatacenterStatus {
  readonly dc: number;
  readonly linksUp: readonly number[];
  /** Writes that wait durably here, by the DC that they wait for. */
  readonly backlog: Readonly<Record<number, number>>;
  readonly sessions: number;
  /** Last record of the own stream, and of each other DC's as far as applied here. */
  readonly stream: number;
  readonly applied: Readonly<Record<number, number>>;
  readonly totals: Readonly<Record<string, number>>;
}

const SECRET_BYTES_MIN = 32;

export class Datacenter {
  readonly #o: DatacenterOptions;
  readonly #commits: CommitLog;
  readonly #stream: NumberedLog;
  readonly #outboxes: ReadonlyMap<number, Outbox>;
  readonly #inbounds = new Map<number, Inbound>();
  readonly #delivery: Delivery;
  readonly #backbone: Backbone;
  readonly #router: Router;
  readonly #front: Front;
  readonly #acked = new Map<number, number>();
  #stopped = false;

  /** Opens the store's contents and starts to serve. Rejects when an address is in use. */
  static async start(options: DatacenterOptions): Promise<Datacenter> {
    if (options.secret.length < SECRET_BYTES_MIN) throw new Error('the secret is too short');
    const { store } = options.environment;
    const others = dcIds(options.topology).filter((dc) => dc !== options.dc);
    const stream = await NumberedLog.open(store, STREAM_PARTITION);
    const outboxes = new Map<number, Outbox>();
    for (const dc of others) {
      const outbox = new Outbox(dc, await NumberedLog.open(store, outboxPartition(dc)));
      await outbox.recover();
      outboxes.set(dc, outbox);
    }
    const directory = new Directory({
      store,
      dc: options.dc,
      dcs: dcIds(options.topology),
      secret: options.secret,
      randomness: options.environment.randomness,
    });
    await directory.open();
    const datacenter = new Datacenter(options, stream, outboxes, directory);
    for (const dc of others) {
      datacenter.#inbounds.set(dc, await datacenter.#work.open(dc));
    }
    await datacenter.#backbone.listen();
    datacenter.#backbone.dial();
    await datacenter.#front.listen();
    return datacenter;
  }

  readonly #work: InboundWork;

  private constructor(
    options: DatacenterOptions,
    stream: NumberedLog,
    outboxes: ReadonlyMap<number, Outbox>,
    directory: Directory,
  ) {
    const { environment, dc, secret } = options;
    const { clock, log, network, randomness, store } = environment;
    this.#o = options;
    this.#stream = stream;
    this.#outboxes = outboxes;
    this.#commits = new CommitLog({
      store,
      clock,
      nextStreamNumber: stream.last + 1,
      onRecord: (number, record) => stream.committed(number, record),
      onFatal: (error) => this.#fatal(error),
    });
    this.#delivery = new Delivery(dc, birthDcOf, {
      push: (to, userId, except, body) => this.#backbone.link(to)?.push(userId, except, body),
      attach: (to, userId) => this.#backbone.link(to)?.attach([userId], false),
      detach: (to, userId) => this.#backbone.link(to)?.detach([userId]),
    });
    const context: ServiceContext = {
      dc,
      topology: options.topology,
      clock,
      randomness,
      log,
      commits: this.#commits,
      boxes: new Boxes(store, dc),
      reader: new BoxReader(store),
      directory,
      delivery: this.#delivery,
      lanes: new Lanes(),
      outboxes,
      ask: async (to, actor, method) => {
        const link = this.#backbone.link(to);
        if (!link) throw new LinkDownError(`there is no link to DC ${to}`);
        const body = await link.request(actor.userId, actor.authKeyId, encodeTl(method));
        return decodeTl(body) as tl.TlObject;
      },
    };
    this.#work = new InboundWork({
      context,
      store,
      execute: (userId, authKeyId, body) => this.#router.forwarded(userId, authKeyId, body),
      signedOut: (authKeyId) => this.#front.endSessionsOf(authKeyId),
      fatal: (error) => this.#fatal(error),
    });
    this.#backbone = new Backbone({
      self: dc,
      listen: options.listen.backbone,
      peers: options.peers,
      secret,
      clock,
      network,
      randomness,
      log,
      stream,
      outboxes: new Map([...outboxes].map(([to, outbox]) => [to, outbox.log])),
      inbounds: this.#inbounds,
      handlers: this.#work,
      onState: (to, up) => this.#linkState(to, up),
      onAcknowledged: (to, streamNumber, outboxNumber) =>
        this.#acknowledged(to, streamNumber, outboxNumber),
    });
    this.#router = new Router(context, this.#backbone, log);
    this.#front = new Front({
      listen: options.listen.clients,
      environment,
      crypto: options.crypto,
      rsaKeys: options.rsaKeys,
      secret,
      context,
      codes: new SignInCodes({
        clock,
        randomness,
        testPhones: options.testPhones,
        deliver: options.deliverCode,
      }),
      router: this.#router,
      addresses: options.addresses,
    });
  }

  /** Where it really listens. */
  get addresses(): { readonly clients: string; readonly backbone: string } {
    return { clients: this.#front.address, backbone: this.#backbone.address };
  }

  status(): DatacenterStatus {
    const backlog: Record<number, number> = {};
    for (const [to, outbox] of this.#outboxes) backlog[to] = outbox.waiting;
    const applied: Record<number, number> = {};
    for (const [from, inbound] of this.#inbounds) applied[from] = inbound.streamDurable;
    return {
      dc: this.#o.dc,
      linksUp: this.#backbone.linksUp(),
      backlog,
      sessions: this.#front.openSessions,
      stream: this.#stream.last,
      applied,
      totals: { ...this.#commits.totals, ...this.#delivery.totals, ...this.#router.totals },
    };
  }

  /** Ends listeners, links and sessions. What was acknowledged is on disk already. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.#front.stop();
    await this.#backbone.stop();
    await this.#commits.idle();
  }

  #linkState(to: number, up: boolean): void {
    const link = this.#backbone.link(to);
    if (!up || !link) return;
    // The other side must know for whom it should send pushes here.
    link.attach(this.#delivery.guestsFrom(to), true);
    // Pushes to our users there may have been lost while the link was down: they must look.
    const look = encodeTl({ _: 'updatesTooLong' });
    for (const userId of this.#delivery.usersAt(to)) link.push(userId, '', look);
  }

  #acknowledged(to: number, streamNumber: number, outboxNumber: number): void {
    this.#acked.set(to, streamNumber);
    const outbox = this.#outboxes.get(to);
    outbox?.acknowledged(outboxNumber);
    const trims = outbox?.log.trim(outboxNumber) ?? [];
    if (this.#acked.size === this.#outboxes.size) {
      trims.push(...this.#stream.trim(Math.min(...this.#acked.values())));
    }
    // Not awaited: forgetting late does no harm, and a failing store is fatal by itself.
    if (trims.length > 0) this.#commits.appendLater(trims).catch(() => {});
  }

  #fatal(error: Error): void {
    if (this.#stopped) return;
    this.#o.environment.log.write('error', 'datacenter_failed', { why: error.message });
    this.#o.onFatal(error);
  }
}
