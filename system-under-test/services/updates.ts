/**
 * The state of a user's box and what has happened since an older one. Works on a DC's own domain
 * and on its replica of another's. https://core.telegram.org/api/updates
 */
import type { NumberedEvent } from '../datacenter/box-reader.ts';
import { isChannelId } from '../datacenter/keys.ts';
import { LIMITS } from '../datacenter/limits.ts';
import type { tl } from '../schema/tl.ts';
import { viewOfChannels } from './channels.ts';
import { type Actor, type ServiceContext, unixSeconds } from './context.ts';
import { peerUser, toMessage } from './to-tl.ts';
import { viewOfUsers } from './users.ts';

export async function getState(ctx: ServiceContext, actor: Actor): Promise<tl.updates.RawState> {
  const { pts, unread } = await ctx.reader.state(actor.userId);
  return stateOf(ctx, pts, unread);
}

export async function getDifference(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.updates.RawGetDifferenceRequest,
): Promise<tl.updates.TypeDifference> {
  const state = await ctx.reader.state(actor.userId);
  // A replica may be behind what this client has seen: then there is nothing new to tell.
  if (state.pts <= request.pts) {
    return { _: 'updates.differenceEmpty', date: unixSeconds(ctx.clock), seq: 0 };
  }
  if (state.pts - request.pts > LIMITS.differenceTooLongEvents) {
    return { _: 'updates.differenceTooLong', pts: state.pts };
  }
  const wanted = request.ptsLimit ?? LIMITS.differenceEventsMax;
  const limit = Math.min(Math.max(wanted, 1), LIMITS.differenceEventsMax);
  const events = await ctx.reader.eventsAfter(actor.userId, Math.max(0, request.pts), limit);
  const newMessages: tl.TypeMessage[] = [];
  const otherUpdates: tl.TypeUpdate[] = [];
  for (const event of events) {
    if (event.kind === 'message') {
      const message = await ctx.reader.message(actor.userId, event.peer, event.id);
      if (message) newMessages.push(toMessage(actor.userId, message));
    } else {
      const update = await otherUpdate(ctx, actor.userId, event);
      if (update) otherUpdates.push(update);
    }
  }
  const peers = events.map((event) => event.peer);
  const users = await viewOfUsers(ctx, actor, [
    actor.userId,
    ...peers.filter((peer) => peer > 0 && !isChannelId(peer)),
  ]);
  const chats = await viewOfChannels(ctx, actor, peers.filter(isChannelId));
  const last = events.at(-1);
  const rest = { newMessages, newEncryptedMessages: [], otherUpdates, chats, users };
  const reached = stateOf(ctx, last?.pts ?? state.pts, last?.unread ?? state.unread);
  if (reached.pts < state.pts) {
    return { _: 'updates.differenceSlice', ...rest, intermediateState: reached };
  }
  return { _: 'updates.difference', ...rest, state: reached };
}

function stateOf(ctx: ServiceContext, pts: number, unreadCount: number): tl.updates.RawState {
  return { _: 'updates.state', pts, qts: 0, date: unixSeconds(ctx.clock), seq: 0, unreadCount };
}

async function otherUpdate(
  ctx: ServiceContext,
  owner: number,
  event: NumberedEvent,
): Promise<tl.TypeUpdate | undefined> {
  const { kind, peer, id, pts } = event;
  const step = { pts, ptsCount: 1 };
  switch (kind) {
    case 'membership':
      return { _: 'updateChannel', channelId: peer };
    case 'delete':
      return { _: 'updateDeleteMessages', messages: [...(event.ids ?? [])], ...step };
    case 'edit': {
      const record = await ctx.reader.message(owner, peer, id);
      return record && { _: 'updateEditMessage', message: toMessage(owner, record), ...step };
    }
    case 'read_outbox':
      return { _: 'updateReadHistoryOutbox', peer: peerUser(peer), maxId: id, ...step };
    default: {
      const stillUnreadCount = await ctx.reader.incomingAfter(owner, peer, id);
      const read = { peer: peerUser(peer), maxId: id, stillUnreadCount };
      return { _: 'updateReadHistoryInbox', ...read, ...step };
    }
  }
}
