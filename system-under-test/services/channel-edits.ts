/**
 * Changing what stands in a supergroup: edits and deletions for everybody, by one shared event; and
 * deletions for oneself, by one bit each. https://core.telegram.org/method/channels.deleteMessages
 */
import type { ChannelBox } from '../datacenter/channel-boxes.ts';
import {
  type ChannelMessage,
  hiddenBlockOf,
  type MemberRecord,
  unpackChannelMessage,
  withHidden,
} from '../datacenter/channel-records.ts';
import { changeMember, deletePosts, editPost, put } from '../datacenter/channel-steps.ts';
import { channelMessageKey, hiddenKey } from '../datacenter/keys.ts';
import { LIMITS } from '../datacenter/limits.ts';
import type { StoreWrite } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import {
  actingMember,
  addressedChannel,
  inChannel,
  mayDo,
  requireIn,
  requireWriter,
} from './channel-access.ts';
import { commitChannel, tellChannel } from './channel-commit.ts';
import { toChannelMessage, toMinChannel } from './channel-to-tl.ts';
import {
  type Actor,
  type ServiceContext,
  type Staged,
  unixSeconds,
  type WriteOrigin,
} from './context.ts';
import { push, refuseWhenOverloaded } from './effects.ts';
import { checkWords, encodeEntities } from './message-checks.ts';
import { toUser, updatesOf } from './to-tl.ts';

/** By the author only. */
export function editChannelMessage(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawEditMessageRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  const { message: text = '', entities } = request;
  checkWords(text, entities);
  const channelId = addressedChannel(ctx, request.peer);
  return inChannel(ctx, channelId, async (box) => {
    if (!origin.queued) refuseWhenOverloaded(ctx, channelId, actor);
    requireWriter(await actingMember(ctx, box, actor), unixSeconds(ctx.clock));
    const before = await currentMessage(ctx, box, request.id);
    if (!before || before.action) throw new RpcError(400, 'MESSAGE_ID_INVALID');
    if (before.senderId !== actor.userId) throw new RpcError(403, 'MESSAGE_AUTHOR_REQUIRED');
    const sender = await ctx.directory.existingUser(actor.userId);
    const encoded = encodeEntities(entities);
    if (before.text === text && sameBytes(before.entities, encoded)) {
      throw new RpcError(400, 'MESSAGE_NOT_MODIFIED');
    }
    const date = unixSeconds(ctx.clock);
    const message = { ...before, text, entities: encoded, editDate: date };
    const step = editPost(box, message);
    const updates = (viewer: number): tl.RawUpdates => {
      const shown = toChannelMessage(channelId, message, viewer);
      const { pts } = step;
      const update = { _: 'updateEditChannelMessage', message: shown, pts, ptsCount: 1 } as const;
      const answer = updatesOf([update], [toUser(ctx, sender)], date);
      answer.chats = [toMinChannel(ctx, channelId, box.info)];
      return answer;
    };
    const durable = commitChannel(ctx, box, {
      own: step.writes,
      local: origin.local,
      done: () => tellChannel(ctx, channelId, actor.userId, actor.authKeyId, updates(0)),
    });
    return { answer: updates(actor.userId), durable };
  });
}

function sameBytes(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  if (some.length !== others.length) return false;
  return some.every((bytes, index) => Buffer.compare(bytes, others[index]!) === 0);
}

async function currentMessage(
  ctx: ServiceContext,
  box: ChannelBox,
  id: number,
): Promise<ChannelMessage | undefined> {
  if (id < 1 || id > box.counters.lastId) return undefined;
  const bytes = await ctx.channels.current(box, channelMessageKey(id));
  return bytes ? unpackChannelMessage(bytes) : undefined;
}

/**
 * What the actor wrote, or may delete as an admin, is gone for everybody. Other messages the actor
 * deletes for himself alone, where Telegram would refuse.
 */
export function deleteChannelMessages(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawDeleteMessagesRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.messages.TypeAffectedMessages>> {
  const channelId = addressedChannel(ctx, request.channel);
  const ids = [...new Set(request.id)];
  if (ids.length > LIMITS.messageIdsPerRequestMax) throw new RpcError(400, 'LIMIT_INVALID');
  return inChannel(ctx, channelId, async (box) => {
    if (!origin.queued) refuseWhenOverloaded(ctx, channelId, actor);
    const member = await actingMember(ctx, box, actor);
    requireIn(member);
    const forAll: number[] = [];
    const forOne: number[] = [];
    for (const id of ids) {
      const message = await currentMessage(ctx, box, id);
      if (!message) continue;
      const isOwn = message.senderId === actor.userId && !message.action;
      if (isOwn || mayDo(member, 'deleteMessages')) forAll.push(id);
      else forOne.push(id);
    }
    const hiding = await hidingWrites(ctx, box, actor.userId, member, forOne);
    const date = unixSeconds(ctx.clock);
    const step = forAll.length > 0 ? deletePosts(box, forAll, actor.userId, date) : undefined;
    const { pts } = box.counters;
    const durable = commitChannel(ctx, box, {
      own: [...hiding, ...(step?.writes ?? [])],
      local: origin.local,
      done: () => {
        if (step) {
          const gone = deletedUpdate(channelId, forAll, pts, 1);
          const all = updatesOf([gone], [], date);
          tellChannel(ctx, channelId, actor.userId, actor.authKeyId, all);
        }
        if (forOne.length === 0) return;
        const own = updatesOf([deletedUpdate(channelId, forOne, pts, 0)], [], date);
        push(ctx, actor.userId, actor.authKeyId, own);
      },
    });
    return { answer: { _: 'messages.affectedMessages', pts, ptsCount: step ? 1 : 0 }, durable };
  });
}

function deletedUpdate(
  channelId: number,
  messages: number[],
  pts: number,
  ptsCount: number,
): tl.RawUpdateDeleteChannelMessages {
  return { _: 'updateDeleteChannelMessages', channelId, messages, pts, ptsCount };
}

/** One bit a message, in one value for each block of ids. */
async function hidingWrites(
  ctx: ServiceContext,
  box: ChannelBox,
  userId: number,
  member: MemberRecord,
  ids: readonly number[],
): Promise<StoreWrite[]> {
  const writes: StoreWrite[] = [];
  for (const [block, inBlock] of Map.groupBy(ids, hiddenBlockOf)) {
    const key = hiddenKey(userId, block);
    const before = await ctx.channels.current(box, key);
    writes.push(put(box, key, withHidden(before, inBlock)));
  }
  if (writes.length > 0 && !member.hides) {
    writes.push(...changeMember(box, userId, member, { ...member, hides: true }).writes);
  }
  return writes;
}

/** Clears the history for oneself, up to a message or whole. */
export function deleteChannelHistory(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawDeleteHistoryRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  const channelId = addressedChannel(ctx, request.channel);
  if (request.forEveryone === true) throw new RpcError(400, 'CHANNEL_TOO_BIG');
  return inChannel(ctx, channelId, async (box) => {
    if (!origin.queued) refuseWhenOverloaded(ctx, channelId, actor);
    const member = await actingMember(ctx, box, actor);
    requireIn(member);
    const { lastId } = box.counters;
    const wanted = request.maxId > 0 ? Math.min(request.maxId, lastId) : lastId;
    const clearedTo = Math.max(member.clearedTo, wanted);
    const { writes } = changeMember(box, actor.userId, member, { ...member, clearedTo });
    const update: tl.RawUpdateChannelAvailableMessages = {
      _: 'updateChannelAvailableMessages',
      channelId,
      availableMinId: clearedTo,
    };
    const updates = updatesOf([update], [], unixSeconds(ctx.clock));
    const durable = commitChannel(ctx, box, {
      own: writes,
      local: origin.local,
      done: () => push(ctx, actor.userId, actor.authKeyId, updates),
    });
    return { answer: updates, durable };
  });
}
