/**
 * One datacentre: opens what is on its disk, listens to its users and to the other DCs, and wires
 * the roles together. `start` resolves when users can be served; `stop` ends everything in order.
 */
import type { Environment, StoreWrite } from '../environment/index.ts';
import type { MtprotoCrypto } from '../mtproto/crypto.ts';
import type { RsaKey } from '../mtproto/rsa.ts';
import { decodeTl, encodeTl, type tl } from '../schema/tl.ts';
import type { ServiceContext } from '../services/context.ts';
import type { DcAddress } from '../services/help.ts';
import { type Located, locate, moveHome } from '../services/moving.ts';
import { SignInCodes } from '../services/sign-in-codes.ts';
import { dcIds, type Topology } from '../topology.ts';
import { Admission } from './admission.ts';
import type { Comparison } from './anti-entropy.ts';
import { Audience } from './audience.ts';
import { Backbone, type Inbound } from './backbone.ts';
import { BoxReader } from './box-reader.ts';
import { Boxes } from './boxes.ts';
import { ChannelBoxes } from './channel-boxes.ts';
import { ChannelReader } from './channel-reader.ts';
import { checked, DamagedEntryError } from './checked-store.ts';
import { CommitLog } from './commit-log.ts';
import { Delivery } from './delivery.ts';
import { Directory } from './directory.ts';
import { DrainPacer } from './drain-pacer.ts';
import { Freshness } from './freshness.ts';
import { Front } from './front.ts';
import { type GuardedStore, guardedStore } from './guarded-store.ts';
import { Holds } from './holds.ts';
import { Homes } from './homes.ts';
import { HotLogs } from './hot-log.ts';
import { FORGET_IDENTITY, OutdatedDiskError } from './identity.ts';
import { InboundWork } from './inbound-work.ts';
import { outboxPartition, STREAM_PARTITION, takenPartition } from './keys.ts';
import { Lanes } from './lanes.ts';
import { LIMITS, type Limits } from './limits.ts';
import { NumberedLog } from './numbered-log.ts';
import { OldWays } from './old-ways.ts';
import { Outbox, outboxOf } from './outbox.ts';
import { LinkDownError, type LinkStuck } from './outgoing-link.ts';
import { PeerCalls, Peers } from './peer-calls.ts';
import { Popularity } from './popularity.ts';
import { type QueueView, viewQueues } from './queues.ts';
import { recoverDisk } from './recovery.ts';
import { mendBeforeService } from './recovery-mend.ts';
import { RecoveryProgress, type RecoveryState } from './recovery-progress.ts';
import { Repair } from './repair.ts';
import { Router } from './router.ts';
import { SelfDrain } from './self-drain.ts';

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
  /** All DCs of the cluster are new: nobody can know anything of this one. */
  readonly newCluster?: boolean;
  /** The disk has lost something: what is there again so far. */
  readonly onRecovery?: (state: RecoveryState) => void;
  /** Other values for limits of replication and repair, for worlds that must reach them. */
  readonly limits?: Partial<Limits>;
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
  /** DCs of whose domains there is no usable copy here, for now: a snapshot is under way. */
  readonly notWhole: readonly number[];
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
  readonly #audience: Audience;
  readonly #hotLogs: HotLogs;
  readonly #popularity: Popularity;
  readonly #backbone: Backbone;
  readonly #router: Router;
  /** The gateway lets users in beside it. */
  readonly front: Front;
  readonly #repair: Repair;
  readonly #context: ServiceContext;
  readonly #oldWays: OldWays;
  readonly #freshness: Freshness;
  readonly #holds: Holds;
  readonly #pacer: DrainPacer;
  readonly #admission: Admission;
  readonly #work: InboundWork;
  readonly #calls = new PeerCalls();
  #selfDrain: SelfDrain | undefined;
  #stopped = false;
  #failed = false;

  /** Recovers the disk (recovery.ts: can take long), serves. Rejects if an address is in use. */
  static async start(given: DatacenterOptions): Promise<Datacenter> {
    if (given.secret.length < SECRET_BYTES_MIN) throw new Error('the secret is too short');
    const store = guardedStore(checked(given.environment.store));
    const environment = { ...given.environment, store: store.checked };
    const { dc, secret, peers, newCluster } = given;
    const recovery = {
      dc,
      others: dcIds(given.topology).filter((other) => other !== dc),
      environment,
      secret,
      limits: { ...LIMITS, ...given.limits },
      listen: given.listen.backbone,
      peers,
      newCluster: newCluster === true,
      progress: new RecoveryProgress(dcIds(given.topology).length, given.onRecovery),
    };
    let restored = false;
    for (;;) {
      try {
        const recovered = await recoverDisk(recovery);
        restored ||= recovered.restored;
        const listen = { ...given.listen, backbone: recovered.listen };
        const datacenter = await Datacenter.#open({ ...given, environment, listen }, store);
        await datacenter.#serve(store, restored ? recovery.progress : undefined);
        return datacenter;
      } catch (error) {
        if (!(error instanceof DamagedEntryError)) throw error;
        await mendBeforeService(recovery, error);
      }
    }
  }

  /** Reads what it must know. Rejects with `DamagedEntryError` where the disk is damaged. */
  static async #open(options: DatacenterOptions, store: GuardedStore): Promise<Datacenter> {
    const others = dcIds(options.topology).filter((dc) => dc !== options.dc);
    const stream = await NumberedLog.open(store.checked, STREAM_PARTITION);
    const outboxes = new Map<number, Outbox>();
    for (const dc of dcIds(options.topology)) {
      const outbox = new Outbox(dc, await NumberedLog.open(store.checked, outboxPartition(dc)));
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
    const homes = new Homes(options.dc);
    await homes.open(store, dcIds(options.topology));
    const datacenter = new Datacenter(options, store, stream, outboxes, directory, homes);
    for (const dc of others) {
      const inbound = await datacenter.#work.open(dc);
      datacenter.#inbounds.set(dc, inbound);
      datacenter.#freshness.open(dc, inbound.streamDurable);
      await datacenter.#repair.open(dc);
    }
    await datacenter.#openSelf();
    datacenter.#oldWays.look();
    return datacenter;
  }

  async #serve(store: GuardedStore, restored: RecoveryProgress | undefined): Promise<void> {
    store.guard((partition, keys) => this.#repair.mender.mend(partition, keys));
    await this.#backbone.listen();
    this.#backbone.dial();
    this.#repair.start();
    if (restored) await this.#repair.copiesWhole(restored);
    await this.front.listen();
  }

  private constructor(
    options: DatacenterOptions,
    store: GuardedStore,
    stream: NumberedLog,
    outboxes: ReadonlyMap<number, Outbox>,
    directory: Directory,
    homes: Homes,
  ) {
    const { environment, dc, secret } = options;
    const { clock, log, network, randomness } = environment;
    this.#o = options;
    this.#stream = stream;
    this.#outboxes = outboxes;
    this.#commits = new CommitLog({
      store: store.checked,
      clock,
      alsoRecorded: takenPartition(dc),
      nextStreamNumber: stream.last + 1,
      onRecord: (number, record, eager) => {
        stream.committed(number, record, eager);
        this.#repair.recorded();
      },
      onFatal: (error) => this.#fatal(error),
    });
    const others = dcIds(options.topology).filter((other) => other !== dc);
    this.#freshness = new Freshness(clock, (of, position) => this.#backbone.want(of, position));
    this.#holds = new Holds(clock, others);
    this.#pacer = new DrainPacer(clock);
    this.#delivery = new Delivery(dc, (userId) => homes.of(userId), {
      push: (to, userId, except, body) => this.#backbone.link(to)?.push(userId, except, body),
      attach: (to, userId) => this.#backbone.link(to)?.attach([userId], false),
      detach: (to, userId) => this.#backbone.link(to)?.detach([userId]),
    });
    this.#hotLogs = new HotLogs(store);
    this.#popularity = new Popularity(clock);
    const channels = new ChannelReader(store, homes, this.#hotLogs);
    this.#audience = new Audience({
      dc,
      homes,
      freshness: this.#freshness,
      delivery: this.#delivery,
      channelsOf: (userId) => channels.heardBy(userId),
      clock,
      hears: (channelId, userId) => channels.hears(channelId, userId),
      links: {
        interest: (to, ids) => this.#backbone.link(to)?.interest(ids),
        disinterest: (to, ids) => this.#backbone.link(to)?.disinterest(ids),
        post: (to, channelId, senderId, except, body) =>
          this.#backbone.link(to)?.post(channelId, senderId, except, body),
        evict: (to, channelId, userId) => this.#backbone.link(to)?.evict(channelId, userId),
      },
    });
    const context: ServiceContext = {
      ...(environment.trace && { trace: environment.trace }),
      dc,
      topology: options.topology,
      clock,
      randomness,
      log,
      commits: this.#commits,
      boxes: new Boxes(store, dc),
      reader: new BoxReader(store, homes),
      channels: new ChannelBoxes(store, dc, clock),
      channelReader: channels,
      hotLogs: this.#hotLogs,
      popularity: this.#popularity,
      directory,
      homes,
      freshness: this.#freshness,
      holds: this.#holds,
      delivery: this.#delivery,
      audience: this.#audience,
      lanes: new Lanes(),
      outboxes,
      linkedToAll: () => this.#backbone.linksUp().length === others.length,
      ask: async (to, actor, method) => {
        const link = this.#backbone.link(to);
        if (!link) throw new LinkDownError(`there is no link to DC ${to}`);
        const { body } = await link.request(actor.userId, actor.authKeyId, encodeTl(method));
        return decodeTl(body) as tl.TlObject;
      },
    };
    const peers = new Peers((to) => this.#backbone.link(to));
    this.#context = context;
    this.#oldWays = new OldWays({
      dc,
      clock,
      homes,
      outboxes,
      inbounds: this.#inbounds,
      peers,
      calls: this.#calls,
    });
    homes.onChange = (userId, from, to) => {
      this.#delivery.homeChanged(userId, from, to);
      this.#oldWays.look();
    };
    this.#repair = new Repair({
      dc,
      others,
      store: store.checked,
      outboxes,
      clock,
      log,
      limits: { ...LIMITS, ...options.limits },
      stream,
      commits: this.#commits,
      freshness: this.#freshness,
      calls: this.#calls,
      peers,
      inbounds: this.#inbounds,
      absorb: (of, writes) => this.#work.absorb(of, writes),
      resume: (of) => this.#backbone.resume(of),
    });
    this.#work = new InboundWork({
      context,
      store,
      execute: (actor, body) => this.#router.forwarded(actor, body),
      calls: this.#calls,
      copies: this.#repair.copies,
      pacer: this.#pacer,
      position: () => stream.last,
      signedOut: (authKeyId) => this.front.endSessionsOf(authKeyId),
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
      outboxes: new Map(others.map((to) => [to, outboxOf(outboxes, to).log])),
      inbounds: this.#inbounds,
      handlers: this.#work,
      onState: (to, up) => this.#linkState(to, up),
      onAcknowledged: (to, streamNumber, outboxNumber) =>
        this.#acknowledged(to, streamNumber, outboxNumber),
      queuedFor: (to) => outboxOf(outboxes, to).queuedUsers(),
      onPosition: (of, position) => this.#freshness.heard(of, position),
      onStuck: (to, why) => this.#stuck(to, why),
      onLost: (to, first, last) => this.#repair.outboxLost(to, first, last),
    });
    for (const [to, outbox] of outboxes) {
      outbox.onQueued = (userId, number) => {
        homes.sentTo(to, userId, number);
        this.#backbone.link(to)?.tellQueued(userId, number);
      };
    }
    this.#admission = new Admission({
      clock,
      randomness,
      pending: () => this.#commits.pending,
    });
    this.#router = new Router(context, this.#backbone, log, this.#admission);
    this.front = new Front({
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
    return { clients: this.front.address, backbone: this.#backbone.address };
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
      sessions: this.front.openSessions,
      stream: this.#stream.last,
      applied,
      notWhole: this.#repair.copies.notWhole,
      totals: {
        ...this.#commits.totals,
        ...this.#delivery.totals,
        ...this.#router.totals,
        ...this.#pacer.totals,
        ...this.#audience.totals,
        ...this.#hotLogs.totals,
        ...this.#popularity.totals,
        ...this.#admission.totals,
        ...this.#repair.totals,
        ...this.#context.channels.totals,
      },
    };
  }

  /** Whose number it is, and where they are at home; its DC of birth knows for sure. */
  locate(phone: string): Promise<Located | undefined> {
    return locate(this.#context, phone);
  }

  /** Moves the home of a user of this DC: resolves when decided, or rejects with `RpcError`. */
  moveHome(userId: number, to: number): Promise<void> {
    return moveHome(this.#context, userId, to);
  }

  /** Reads the whole disk through, and puts right what is damaged as far as can be done now. */
  scrubNow(): Promise<void> {
    return this.#repair.scrubNow();
  }

  /** Compares every copy here with its master, and has repaired what differs. */
  compareNow(): Promise<Comparison> {
    return this.#repair.compareNow();
  }

  /** Every queue and its limit, for status pages and for checkers. */
  queues(): QueueView[] {
    return viewQueues(this.#commits, this.#outboxes, this.#backbone);
  }

  /** Ends listeners, links and sessions. What was acknowledged is on disk already. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#selfDrain?.stop();
    this.#oldWays.stop();
    this.#repair.stop();
    await this.front.stop();
    await this.#backbone.stop();
    await this.#commits.idle();
  }

  #linkState(to: number, up: boolean): void {
    const link = this.#backbone.link(to);
    this.#repair.linkChanged();
    if (!up || !link) return;
    // The other side must know for whom it should send pushes here.
    link.attach(this.#delivery.guestsFrom(to), true);
    this.#audience.linkUp(to);
    // Pushes to our users there may have been lost while the link was down: they must look.
    const look = encodeTl({ _: 'updatesTooLong' });
    for (const userId of this.#delivery.usersAt(to)) link.push(userId, '', look);
  }

  /** What this DC holds back for its own users until their earlier writes have come in. */
  async #openSelf(): Promise<void> {
    const { dc, environment } = this.#o;
    const outbox = outboxOf(this.#outboxes, dc);
    this.#selfDrain = new SelfDrain({
      outbox,
      inbound: await this.#work.open(dc),
      holds: this.#holds,
      clock: environment.clock,
      onAcknowledged: (number) => {
        outbox.acknowledged(number);
        this.#forget(outbox.log.trim(number));
      },
      onLost: (number) => this.#repair.outboxLost(dc, number, number),
    });
  }

  #acknowledged(to: number, streamNumber: number, outboxNumber: number): void {
    const outbox = outboxOf(this.#outboxes, to);
    outbox.acknowledged(outboxNumber);
    this.#forget(outbox.log.trim(outboxNumber));
    this.#repair.acknowledged(to, streamNumber);
  }

  /** Not awaited: forgetting late does no harm, and a failing store is fatal by itself. */
  #forget(trims: readonly StoreWrite[]): void {
    if (trims.length > 0) this.#commits.appendLater(trims).catch(() => {});
  }

  #stuck(to: number, why: LinkStuck): void {
    const { log } = this.#o.environment;
    log.write('warn', 'link_stuck', { to, log: why.log, kind: why.kind });
    if (why.kind !== 'peer_is_ahead' || this.#stopped) return;
    const error = new OutdatedDiskError(`DC ${to} has more of this DC than its disk: ${why.text}`);
    const forgotten = this.#commits.append([], [FORGET_IDENTITY]);
    forgotten.then(
      () => this.#fatal(error),
      () => {}, // a failing store is fatal by itself
    );
  }

  #fatal(error: Error): void {
    if (this.#stopped || this.#failed) return;
    this.#failed = true; // what fails after it, fails because of it
    this.#o.environment.log.write('error', 'datacenter_failed', { why: error.message });
    this.#o.onFatal(error);
  }
}
