/**
 * How far each member of a supergroup has read: one pointer a member, at the channel's home.
 * https://core.telegram.org/method/channels.readHistory
 */
import { packRead, unpackRead } from '../datacenter/channel-records.ts';
import { put } from '../datacenter/channel-steps.ts';
import { channelReadKey } from '../datacenter/keys.ts';
import type { tl } from '../schema/tl.ts';
import { actingMember, addressedChannel, inChannel, requireIn } from './channel-access.ts';
import { commitChannel } from './channel-commit.ts';
import {
  type Actor,
  type ServiceContext,
  type Staged,
  unixSeconds,
  type WriteOrigin,
} from './context.ts';
import { push, refuseWhenOverloaded } from './effects.ts';
import { updatesOf } from './to-tl.ts';

export function readChannelHistory(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawReadHistoryRequest,
  origin: WriteOrigin,
): Promise<Staged<boolean>> {
  const channelId = addressedChannel(ctx, request.channel);
  return inChannel(ctx, channelId, async (box) => {
    if (!origin.queued) refuseWhenOverloaded(ctx, channelId, actor);
    const { userId } = actor;
    requireIn(await actingMember(ctx, box, actor));
    const key = channelReadKey(userId);
    const stored = await ctx.channels.current(box, key);
    const { lastId, pts } = box.counters;
    const maxId = request.maxId > 0 ? Math.min(request.maxId, lastId) : lastId;
    // Backwards there is nothing to do; what came with the request is appended all the same.
    const moves = maxId > (stored ? unpackRead(stored) : 0);
    const durable = commitChannel(ctx, box, {
      own: moves ? [put(box, key, packRead(maxId))] : [],
      local: origin.local,
      done: () => {
        if (!moves) return;
        const stillUnreadCount = Math.max(0, lastId - maxId);
        const read = { channelId, maxId, stillUnreadCount, pts };
        const update: tl.RawUpdateReadChannelInbox = { _: 'updateReadChannelInbox', ...read };
        push(ctx, userId, actor.authKeyId, updatesOf([update], [], unixSeconds(ctx.clock)));
      },
    });
    return { answer: true, durable };
  });
}
