/**
 * What has happened in a supergroup since an older state of it; for everyone who was not reached by
 * a push. https://core.telegram.org/method/updates.getChannelDifference
 */
import type { NumberedChannelEvent } from '../datacenter/channel-reader.ts';
import type { ChannelMessage } from '../datacenter/channel-records.ts';
import { LIMITS } from '../datacenter/limits.ts';
import type { tl } from '../schema/tl.ts';
import { addressedChannel, requireIn } from './channel-access.ts';
import { channelDialog } from './channel-dialog.ts';
import { countersOf, visibleTo } from './channel-history.ts';
import { toChannelMessage, usersOf } from './channel-to-tl.ts';
import { viewOfChannels } from './channels.ts';
import type { Actor, ServiceContext } from './context.ts';
import { viewOfUsers } from './users.ts';

/** Clients that poll a channel they have open ask again after so many seconds (an assumption). */
const POLL_SECONDS = 30;

export async function getChannelDifference(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.updates.RawGetChannelDifferenceRequest,
): Promise<tl.updates.TypeChannelDifference> {
  const channelId = addressedChannel(ctx, request.channel);
  requireIn(await ctx.channelReader.member(channelId, actor.userId));
  const { pts } = await countersOf(ctx, channelId);
  const timeout = POLL_SECONDS;
  // A copy may be behind what this client has seen: then there is nothing new to tell.
  if (pts <= request.pts) {
    return { _: 'updates.channelDifferenceEmpty', final: true, pts: request.pts, timeout };
  }
  if (pts - request.pts > LIMITS.channelDifferenceTooLongEvents) {
    return tooLong(ctx, actor, channelId);
  }
  const limit = Math.min(Math.max(request.limit, 1), LIMITS.channelDifferenceEventsMax);
  const events = await ctx.channelReader.eventsAfter(channelId, Math.max(0, request.pts), limit);
  const { newMessages, otherUpdates, users } = await told(ctx, actor, channelId, events);
  const reached = events.at(-1)?.pts ?? pts;
  return {
    _: 'updates.channelDifference',
    ...(reached >= pts ? { final: true } : {}),
    pts: reached,
    timeout,
    newMessages,
    otherUpdates,
    chats: await viewOfChannels(ctx, actor, [channelId]),
    users: await viewOfUsers(ctx, actor, [actor.userId, ...users]),
  };
}

/** Each message once, as it is now: what was edited since is shown edited, what is gone is not. */
async function told(
  ctx: ServiceContext,
  actor: Actor,
  channelId: number,
  events: readonly NumberedChannelEvent[],
): Promise<{ newMessages: tl.TypeMessage[]; otherUpdates: tl.TypeUpdate[]; users: number[] }> {
  const messages = new Map<number, ChannelMessage>();
  for (const { kind, ids } of events) {
    const id = ids[0];
    if (kind === 'delete' || id === undefined || messages.has(id)) continue;
    const message = await ctx.channelReader.message(channelId, id);
    if (message) messages.set(id, message);
  }
  const visible = new Map(
    (await visibleTo(ctx, channelId, actor, [...messages.values()])).map((each) => [each.id, each]),
  );
  const newMessages: tl.TypeMessage[] = [];
  const otherUpdates: tl.TypeUpdate[] = [];
  for (const { kind, ids, pts } of events) {
    if (kind === 'delete') {
      const gone = { channelId, messages: [...ids], pts, ptsCount: 1 };
      otherUpdates.push({ _: 'updateDeleteChannelMessages', ...gone });
      continue;
    }
    const record = visible.get(ids[0] ?? 0);
    if (!record) continue;
    const message = toChannelMessage(channelId, record, actor.userId);
    if (kind === 'new') newMessages.push(message);
    else otherUpdates.push({ _: 'updateEditChannelMessage', message, pts, ptsCount: 1 });
  }
  return { newMessages, otherUpdates, users: [...visible.values()].flatMap(usersOf) };
}

/** Too much to tell: the newest messages and where the channel is now. */
async function tooLong(
  ctx: ServiceContext,
  actor: Actor,
  channelId: number,
): Promise<tl.updates.RawChannelDifferenceTooLong> {
  const view = await channelDialog(ctx, actor, channelId, LIMITS.historyMessagesMax);
  return {
    _: 'updates.channelDifferenceTooLong',
    final: true,
    timeout: POLL_SECONDS,
    dialog: view.dialog,
    messages: view.messages.map((each) => toChannelMessage(channelId, each, actor.userId)),
    chats: await viewOfChannels(ctx, actor, [channelId]),
    users: await viewOfUsers(ctx, actor, [actor.userId, ...view.messages.flatMap(usersOf)]),
  };
}
