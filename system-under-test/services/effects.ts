/**
 * What services do besides writing to a box: ask another DC for something, tell sessions, and
 * refuse what there is no room for.
 */
import type { StagedItem } from '../datacenter/outbox.ts';
import type { OutboxItem } from '../datacenter/records.ts';
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

/** Gives an item its place in the outbox for a user's home DC. */
export function stageFor(ctx: ServiceContext, userId: number, item: OutboxItem): StagedItem {
  const outbox = ctx.outboxes.get(ctx.homes.of(userId));
  if (!outbox) throw new RpcError(400, 'PEER_ID_INVALID');
  return outbox.stage(item);
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
