/**
 * What a DC does with what other DCs send it: applies their streams to its replicas, carries out
 * the items of their outboxes exactly once, answers forwarded requests, passes pushes on.
 */
import type { Store, StoreWrite } from '../environment/index.ts';
import { mayPass, RpcError } from '../schema/errors.ts';
import { decodeMethod, decodeTl, encodeTl, type tl } from '../schema/tl.ts';
import { TlError } from '../schema/tl-error.ts';
import type { Actor, ServiceContext } from '../services/context.ts';
import { tellChanged, tellRefused } from '../services/degraded.ts';
import { takeChange } from '../services/edits.ts';
import { HomeMovedError, stageFor } from '../services/effects.ts';
import { takeMembership } from '../services/memberships.ts';
import { takeDelivery } from '../services/messages.ts';
import { takeAdoption } from '../services/moving.ts';
import { takeRead } from '../services/read-receipts.ts';
import { logOut } from '../services/sign-in.ts';
import { runWrite } from '../services/table.ts';
import { getWithDamage } from './damaged-ranges.ts';
import type { DrainPacer } from './drain-pacer.ts';
import { DataDamagedError } from './guarded-store.ts';
import type { MovedMarker } from './homes.ts';
import { Inbound, type IncomingHandlers } from './incoming-link.ts';
import {
  APPLIED_PARTITION,
  accountsPartition,
  appliedKey,
  isChannelId,
  MOVED_KEYS,
  movedUserOf,
  positionValue,
  takenKey,
  takenPartition,
} from './keys.ts';
import { LIMITS } from './limits.ts';
import type { StagedItem } from './outbox.ts';
import type { PeerCalls } from './peer-calls.ts';
import { type OutboxItem, type Predecessor, pack, unpack, unpackStreamRecord } from './records.ts';

export interface InboundWorkOptions {
  readonly context: ServiceContext;
  readonly store: Store;
  readonly execute: (actor: Actor, body: Uint8Array) => Promise<Uint8Array>;
  readonly calls: PeerCalls;
  readonly pacer: DrainPacer;
  /** Last durable record of the own stream. */
  readonly position: () => number;
  readonly signedOut: (authKeyId: string) => void;
  readonly fatal: (error: Error) => void;
  readonly copies: CopyKeeper;
}

/** What keeps the copies of other DCs' domains whole (snapshot-pull.ts). */
export interface CopyKeeper {
  /** The other DC's stream cannot go on from where this DC is. */
  cannotResume(from: number): void;
  /** Its stream is applied up to this record, durably. */
  applied(from: number, number: number): void;
  /** Its link came up, its stream being there. */
  at(from: number, position: number): void;
}

export class InboundWork implements IncomingHandlers {
  readonly #o: InboundWorkOptions;

  constructor(options: InboundWorkOptions) {
    this.#o = options;
  }

  /** Where this DC stands with what another one sends. */
  async open(from: number): Promise<Inbound> {
    const { store, context } = this.#o;
    const [stream, outbox] = await Promise.all([
      getWithDamage(store, APPLIED_PARTITION, appliedKey(from)),
      store.get(takenPartition(context.dc), takenKey(from)),
    ]);
    const inbound = new Inbound(
      from,
      stream.value ? unpack<number>(stream.value) : 0,
      outbox ? unpack<number>(outbox) : 0,
      this,
    );
    // Nobody knows which state the copy is in: it has to be taken anew.
    if (stream.damaged) inbound.held = true;
    // What this disk has, does not come again, even if the other DC has not heard that it is here.
    context.holds.arrived(from, inbound.outboxDurable);
    return inbound;
  }

  applyStream(from: number, number: number, record: Uint8Array): Promise<void> {
    const domain = `d${from}/`;
    const writes: StoreWrite[] = [];
    for (const [partition, key, value] of unpackStreamRecord(record)) {
      if (!partition.startsWith(domain)) {
        throw new Error(`DC ${from} may not write to ${partition}`);
      }
      writes.push(
        value === undefined
          ? { kind: 'delete', partition, key }
          : { kind: 'put', partition, key, value },
      );
    }
    writes.push(applied(from, number));
    return this.absorb(from, writes);
  }

  /** Makes writes to the copy of another DC's domain durable, in whatever way they came. */
  absorb(from: number, writes: readonly StoreWrite[]): Promise<void> {
    const { context } = this.#o;
    const accounts = writes.filter(({ partition }) => partition === accountsPartition(from));
    return context.commits.appendLater(writes).then(() => {
      for (const write of accounts) {
        if (write.key.startsWith(MOVED_KEYS.from) && write.kind === 'put') {
          context.homes.learn(movedUserOf(write.key), unpack<MovedMarker>(write.value), from);
        }
        const signedOut = context.directory.replicated(write);
        if (signedOut !== undefined) this.#o.signedOut(signedOut);
      }
      context.hotLogs.applied(writes);
      for (const write of writes) this.#membershipChanged(write);
    });
  }

  /** The audience follows both records of a membership: the channel's and the member's. */
  #membershipChanged({ partition, key }: StoreWrite): void {
    if (!key.startsWith('u') && !key.startsWith('h')) return;
    const { audience } = this.#o.context;
    const id = Number(partition.slice(partition.lastIndexOf('/') + 1));
    const number = positionValue(key.slice(1));
    if (key.startsWith('u') && isChannelId(id)) void audience.look(id, number);
    else if (key.startsWith('h') && isChannelId(number)) void audience.look(number, id);
  }

  async applyOutbox(
    from: number,
    number: number,
    item: OutboxItem,
  ): Promise<{ durable: Promise<void> }> {
    const { pacer, context } = this.#o;
    await pacer.turn();
    const stagedMs = context.clock.monotonicMs();
    const { durable } = await this.#carriedOut(from, number, item);
    const paced = durable.finally(() => pacer.done(context.clock.monotonicMs() - stagedMs));
    return { durable: paced };
  }

  /** An item is never passed over for a reason that passes, such as damage of this disk. */
  async #carriedOut(
    from: number,
    number: number,
    item: OutboxItem,
  ): Promise<{ durable: Promise<void> }> {
    for (;;) {
      try {
        return await this.#carryOut(from, number, item);
      } catch (error) {
        if (error instanceof DataDamagedError) continue; // it has been waited for
        if (!(error instanceof RpcError)) throw error;
        const { clock } = this.#o.context;
        await new Promise<void>((resolve) => clock.after(LIMITS.damageRetryMs, resolve));
      }
    }
  }

  async #carryOut(
    from: number,
    number: number,
    item: OutboxItem,
  ): Promise<{ durable: Promise<void> }> {
    const { context } = this.#o;
    const local = [this.#taken(from, number)];
    if (item.kind === 'adopt') return takeAdoption(context, item, local);
    if (item.kind !== 'execute') {
      const moving = context.homes.still(item.to);
      if (moving) await moving;
      if (context.homes.of(item.to) !== context.dc) return this.#passOn(item.to, item, local);
    }
    if (item.kind === 'deliver') return takeDelivery(context, item, local);
    if (item.kind === 'read') return takeRead(context, item, local);
    if (item.kind === 'membership') return takeMembership(context, item, local);
    if (item.kind === 'edit' || item.kind === 'erase') return takeChange(context, item, local);
    if (item.kind === 'tell') {
      context.delivery.push(item.to, '', item.body, from, item.position);
      return { durable: context.commits.append([], local) };
    }
    const actor: Actor = { userId: item.userId, authKeyId: '' };
    const shownAs = item.shownAs ?? number;
    const own = context.outboxes.get(context.dc);
    if (from !== context.dc && own?.hasOlder(item.userId, from, number)) {
      // Held back here since before this one was accepted there: it must wait for its turn, too.
      const before = context.holds.before(item.userId).filter(([dc]) => dc !== from);
      const behind: Predecessor[] = [...before, [from, number]];
      return this.#restage(own.stage({ ...item, behind, shownAs }), local);
    }
    const queued = { number: shownAs, acceptedAt: item.acceptedAt };
    let method: tl.RpcMethod | undefined;
    try {
      method = decodeMethod(item.request);
      const write = runWrite(context, actor, method, { local, queued });
      if (!write) throw new RpcError(400, 'INPUT_METHOD_INVALID');
      return { durable: this.#andTold(item.userId, method, (await write).durable) };
    } catch (error) {
      if (error instanceof HomeMovedError) {
        const { behind: _, ...rest } = item;
        return this.#passOn(item.userId, { ...rest, shownAs }, local);
      }
      if (!(error instanceof RpcError || error instanceof TlError)) throw error;
      if (error instanceof RpcError && mayPass(error)) throw error;
      // It was checked when it was accepted; what was true then is not any more.
      context.log.write('warn', 'queued_write_refused', { from, number, why: error.message });
      const told = method ? tellRefused(context, item.userId, method, shownAs) : undefined;
      const durable = context.commits.append([], [...local, ...(told?.local ?? [])]);
      const ended = durable.then(() => told?.committed());
      return { durable: method ? this.#andTold(item.userId, method, ended) : ended };
    }
  }

  async #andTold(userId: number, method: tl.RpcMethod, done: Promise<void>): Promise<void> {
    await done;
    const { context } = this.#o;
    const told = tellChanged(context, userId, method);
    if (!told) return;
    await context.commits.append([], told.local);
    told.committed();
  }

  /** The user has moved away: what came for the user goes behind the box, in the same order. */
  #passOn(
    userId: number,
    item: OutboxItem,
    local: readonly StoreWrite[],
  ): { durable: Promise<void> } {
    const { context } = this.#o;
    return this.#restage(stageFor(context, userId, item), local);
  }

  #restage(staged: StagedItem, local: readonly StoreWrite[]): { durable: Promise<void> } {
    const { commits } = this.#o.context;
    return { durable: commits.append([], [...local, staged.write]).then(staged.committed) };
  }

  skipOutbox(from: number, number: number): Promise<void> {
    const { commits, log } = this.#o.context;
    log.write('error', 'outbox_entries_lost', { from, upTo: number });
    return commits.append([], [this.#taken(from, number)]);
  }

  /** In the domain, so that whoever has its state knows what is in it. */
  #taken(from: number, number: number): StoreWrite {
    const partition = takenPartition(this.#o.context.dc);
    return { kind: 'put', partition, key: takenKey(from), value: pack(number) };
  }

  cannotResume(from: number): void {
    this.#o.copies.cannotResume(from);
  }

  async execute(
    userId: number,
    authKeyId: string,
    body: Uint8Array,
    remainingMs: number,
  ): Promise<Uint8Array> {
    const method = decodeTl(body) as tl.RpcMethod;
    if (method._ !== 'auth.logOut') {
      const deadlineMs = this.#o.context.clock.monotonicMs() + remainingMs;
      return this.#o.execute({ userId, authKeyId, deadlineMs }, body);
    }
    const { answer, durable } = logOut(this.#o.context, authKeyId);
    await durable;
    this.#o.signedOut(authKeyId);
    return encodeTl(answer);
  }

  call(from: number, name: string, body: Uint8Array): Promise<Uint8Array> {
    return this.#o.calls.answer(from, name, body);
  }

  position(): number {
    return this.#o.position();
  }

  heard(from: number, position: number): void {
    this.#o.context.freshness.heard(from, position);
  }

  streamDurable(from: number, number: number): void {
    this.#o.context.freshness.applied(from, number);
    this.#o.copies.applied(from, number);
  }

  outboxDurable(from: number, number: number): void {
    this.#o.context.holds.arrived(from, number);
  }

  interest(from: number, channelIds: readonly number[]): void {
    this.#o.context.audience.interest(from, channelIds);
  }

  disinterest(from: number, channelIds: readonly number[]): void {
    this.#o.context.audience.disinterest(from, channelIds);
  }

  post(
    from: number,
    channelId: number,
    senderId: number,
    exceptAuthKeyId: string,
    body: Uint8Array,
    position: number,
  ): void {
    this.heard(from, position);
    this.#o.context.audience.posted(from, channelId, senderId, exceptAuthKeyId, body, position);
  }

  evict(from: number, channelId: number, userId: number, position: number): void {
    this.heard(from, position);
    this.#o.context.audience.evicted(from, channelId, userId, position);
  }

  at(from: number, position: number): void {
    this.heard(from, position);
    this.#o.copies.at(from, position);
    this.#o.context.audience.linkFrom(from, position).catch((error: Error) => this.fatal(error));
  }

  queued(
    from: number,
    userIds: readonly number[],
    numbers: readonly number[],
    more: boolean,
  ): void {
    this.#o.context.holds.told(from, userIds, numbers, more);
  }

  push(
    from: number,
    userId: number,
    exceptAuthKeyId: string,
    body: Uint8Array,
    position: number,
  ): void {
    this.heard(from, position);
    const { delivery, homes, dc } = this.#o.context;
    // From a channel's home: the user's other sessions, at other DCs, are known here only.
    if (homes.of(userId) === dc) delivery.push(userId, exceptAuthKeyId, body);
    else delivery.pushHere(userId, exceptAuthKeyId, body, from, position);
  }

  attach(from: number, userIds: readonly number[], again: boolean): void {
    const { delivery } = this.#o.context;
    delivery.attached(from, userIds);
    if (!again) return;
    // Pushes may have been lost while the link was down: the clients must look.
    const body = encodeTl({ _: 'updatesTooLong' });
    for (const userId of userIds) delivery.push(userId, '', body);
  }

  detach(from: number, userIds: readonly number[]): void {
    this.#o.context.delivery.detached(from, userIds);
  }

  lost(from: number): void {
    this.#o.context.delivery.lost(from);
    this.#o.context.audience.lost(from);
    this.#o.context.holds.linkLost(from);
  }

  fatal(error: Error): void {
    this.#o.fatal(error);
  }
}

function applied(from: number, number: number): StoreWrite {
  const key = appliedKey(from);
  return { kind: 'put', partition: APPLIED_PARTITION, key, value: pack(number) };
}
