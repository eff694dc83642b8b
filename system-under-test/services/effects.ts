/**
 * What services do besides writing to a box: ask another DC for something, tell sessions, and
 * refuse what there is no room for.
 */
import type { Box } from '../datacenter/boxes.ts';
import type { StagedItem } from '../datacenter/outbox.ts';
import type { OutboxItem } from '../datacenter/records.ts';
import type { StoreWrite } from '../environment/index.ts';
import { floodWait, RpcError } from '../schema/errors.ts';
import { encodeTl, type tl } from '../schema/tl.ts';
import type { Actor, ServiceContext } from './context.ts';

/**
 * New writes wait outside while the queues behind them are full, and what nobody waits for any
 * more is not begun: the asking side has given it up, and may have queued it elsewhere.
 */
export function refuseWhenOverloaded(ctx: ServiceContext, towards: number, actor: Actor): void {
  if (ctx.commits.full || ctx.outboxes.get(ctx.homes.of(towards))?.full) {
    throw floodWait(OVERLOAD_WAIT_SECONDS);
  }
  if (actor.deadlineMs !== undefined && ctx.clock.monotonicMs() > actor.deadlineMs) {
    throw new RpcError(503, 'DEADLINE_EXCEEDED');
  }
}

const OVERLOAD_WAIT_SECONDS = 5;

/** The user's home moved away while the write was on its way: it has to go there. */
export class HomeMovedError extends RpcError {
  constructor() {
    super(503, 'HOME_MOVED');
  }
}

/** The acting user's own box, within the user's lane. Throws `HomeMovedError`. */
export function pinOwn(ctx: ServiceContext, userId: number): Promise<Box> {
  requireAtHome(ctx, userId);
  return ctx.boxes.pin(userId);
}

export function requireAtHome(ctx: ServiceContext, userId: number): void {
  if (ctx.homes.of(userId) !== ctx.dc) throw new HomeMovedError();
}

/** Another user's box if it is at home here, otherwise undefined: then `stageFor` is the way. */
export async function pinIfHere(ctx: ServiceContext, userId: number): Promise<Box | undefined> {
  const moving = ctx.homes.still(userId);
  if (moving) await moving;
  // A user who has just moved here still gets by the old way what may not overtake.
  return ctx.homes.wayTo(userId) === ctx.dc ? ctx.boxes.pin(userId) : undefined;
}

/** Gives an item its place in the outbox on the way to a user's home DC. */
export function stageFor(ctx: ServiceContext, userId: number, item: OutboxItem): StagedItem {
  const outbox = ctx.outboxes.get(ctx.homes.wayTo(userId));
  if (!outbox) throw new RpcError(400, 'PEER_ID_INVALID');
  const staged = outbox.stage(item);
  ctx.homes.sentTo(outbox.to, userId, staged.number);
  return staged;
}

/** To every session of a user but those of one device. Encodes only when there are any. */
export function push(
  ctx: ServiceContext,
  userId: number,
  except: string,
  update: tl.TypeUpdates,
): void {
  if (ctx.delivery.reaches(userId, except)) ctx.delivery.push(userId, except, encodeTl(update));
}

/** Something to tell a user, however far away, in the same batch as what it is about. */
export interface Telling {
  /** Part of the append. */
  readonly local: readonly StoreWrite[];
  /** To be called once the append is durable. */
  readonly committed: () => void;
}

/** To every session of the user, by way of the user's home. */
export function telling(ctx: ServiceContext, userId: number, update: tl.TypeUpdates): Telling {
  if (ctx.homes.of(userId) === ctx.dc) {
    return { local: [], committed: () => push(ctx, userId, '', update) };
  }
  const position = ctx.commits.nextStreamNumber - 1;
  const body = encodeTl(update);
  const item = stageFor(ctx, userId, { kind: 'tell', to: userId, body, position });
  return { local: [item.write], committed: item.committed };
}
