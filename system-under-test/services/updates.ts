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
    } else if (event.kind === 'membership') {
      otherUpdates.push({ _: 'updateChannel', channelId: event.peer });
    } else {
      otherUpdates.push(await readUpdate(ctx, actor.userId, event));
    }
  }
  const peers = events.map((event) => event.peer);
  const users = await viewOfUsers(ctx, actor, [
    actor.userId,
    ...peers.filter((peer) => !isChannelId(peer)),
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

async function readUpdate(
  ctx: ServiceContext,
  owner: number,
  event: NumberedEvent,
): Promise<tl.TypeUpdate> {
  const common = { peer: peerUser(event.peer), maxId: event.id, pts: event.pts, ptsCount: 1 };
  if (event.kind === 'read_outbox') return { _: 'updateReadHistoryOutbox', ...common };
  const stillUnreadCount = await ctx.reader.incomingAfter(owner, event.peer, event.id);
  return { _: 'updateReadHistoryInbox', ...common, stillUnreadCount };
}
