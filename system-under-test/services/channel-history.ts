/**
 * Reading a supergroup, at its home and from copies alike. What is shown is read first, whether the
 * reader may see it afterwards: so nobody who is banned sees what was written since, however far
 * the copy moves on in between. https://core.telegram.org/api/offsets
 */
import type {
  ChannelCounters,
  ChannelMessage,
  MemberRecord,
} from '../datacenter/channel-records.ts';
import { LIMITS } from '../datacenter/limits.ts';
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import { addressedChannel, requireIn } from './channel-access.ts';
import { toChannelMessage, usersOf } from './channel-to-tl.ts';
import { viewOfChannels } from './channels.ts';
import type { Actor, ServiceContext } from './context.ts';
import { type Paging, pageOf } from './paging.ts';
import { viewOfUsers } from './users.ts';

export async function getChannelHistory(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawGetHistoryRequest,
): Promise<tl.messages.TypeMessages> {
  const channelId = addressedChannel(ctx, request.peer);
  const before = await requireReader(ctx, channelId, actor);
  const counters = await countersOf(ctx, channelId);
  // What the reader may not see does not count in the paging: the page begins behind it.
  const floor = lowestId(await hidesPrehistory(ctx, channelId), before);
  const paging: Paging = { ...request, minId: Math.max(request.minId, floor - 1) };
  const page = await pageOf(paging, (from, until, limit, forwards) =>
    ctx.channelReader.messages(channelId, from, until, limit, forwards),
  );
  const visible = await visibleTo(ctx, channelId, actor, page);
  return channelMessages(ctx, actor, channelId, counters, visible);
}

export async function getChannelMessages(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawGetMessagesRequest,
): Promise<tl.messages.TypeMessages> {
  const channelId = addressedChannel(ctx, request.channel);
  const { id: inputs } = request;
  if (inputs.length > LIMITS.messageIdsPerRequestMax) throw new RpcError(400, 'LIMIT_INVALID');
  const counters = await countersOf(ctx, channelId);
  const found: ChannelMessage[] = [];
  for (const input of inputs) {
    if (input._ !== 'inputMessageID') throw new RpcError(400, 'MESSAGE_IDS_EMPTY');
    const message = await ctx.channelReader.message(channelId, input.id);
    if (message) found.push(message);
  }
  const visible = await visibleTo(ctx, channelId, actor, found);
  const answer = await channelMessages(ctx, actor, channelId, counters, visible);
  // In the order asked for, with a mark for each that is not there.
  const byId = new Map(answer.messages.map((message) => [message.id, message]));
  const messages = inputs.map((input): tl.TypeMessage => {
    const id = input._ === 'inputMessageID' ? input.id : 0;
    return byId.get(id) ?? { _: 'messageEmpty', id };
  });
  return { ...answer, messages };
}

/** A first look: who may not read at all costs no reading. It is looked at again at the end. */
async function requireReader(
  ctx: ServiceContext,
  channelId: number,
  actor: Actor,
): Promise<MemberRecord> {
  const member = await ctx.channelReader.member(channelId, actor.userId);
  requireIn(member);
  return member;
}

export async function countersOf(ctx: ServiceContext, channelId: number): Promise<ChannelCounters> {
  const counters = await ctx.channelReader.counters(channelId);
  if (!counters) throw new RpcError(400, 'CHANNEL_INVALID');
  return counters;
}

async function hidesPrehistory(ctx: ServiceContext, channelId: number): Promise<boolean> {
  return (await ctx.channelReader.info(channelId))?.hiddenPrehistory === true;
}

/** Lowest id that a member may see. */
function lowestId(hiddenPrehistory: boolean, member: MemberRecord): number {
  return Math.max(member.clearedTo, hiddenPrehistory ? member.joinId : 0) + 1;
}

/**
 * Those of the messages that the reader may see. To be called after they were read: throws
 * CHANNEL_PRIVATE for one who is not in the channel by now.
 */
export async function visibleTo(
  ctx: ServiceContext,
  channelId: number,
  actor: Actor,
  messages: readonly ChannelMessage[],
): Promise<ChannelMessage[]> {
  const hiddenPrehistory = await hidesPrehistory(ctx, channelId);
  const member = await ctx.channelReader.member(channelId, actor.userId);
  requireIn(member);
  const lowest = lowestId(hiddenPrehistory, member);
  const allowed = messages.filter(({ id }) => id >= lowest);
  if (!member.hides) return allowed;
  const ids = allowed.map(({ id }) => id);
  const hidden = await ctx.channelReader.hidden(channelId, actor.userId, ids);
  return allowed.filter(({ id }) => !hidden.has(id));
}

async function channelMessages(
  ctx: ServiceContext,
  actor: Actor,
  channelId: number,
  counters: ChannelCounters,
  messages: readonly ChannelMessage[],
): Promise<tl.messages.RawChannelMessages> {
  return {
    _: 'messages.channelMessages',
    pts: counters.pts,
    // Deleted ones are not counted away; what is known is that there are at most these.
    count: counters.lastId,
    messages: messages.map((message) => toChannelMessage(channelId, message, actor.userId)),
    topics: [],
    chats: await viewOfChannels(ctx, actor, [channelId]),
    users: await viewOfUsers(ctx, actor, [actor.userId, ...messages.flatMap(usersOf)]),
  };
}
