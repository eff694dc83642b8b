/**
 * Reading a chat. Works on a DC's own domain and on its replica of another's.
 * https://core.telegram.org/api/offsets
 */
import type { tl } from '../schema/tl.ts';
import { getChannelHistory } from './channel-history.ts';
import type { Actor, ServiceContext } from './context.ts';
import { isWhole, pageOf } from './paging.ts';
import { addressedUser, toMessage } from './to-tl.ts';
import { viewOfUsers } from './users.ts';

export async function getHistory(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawGetHistoryRequest,
): Promise<tl.messages.TypeMessages> {
  if (request.peer._ === 'inputPeerChannel') return getChannelHistory(ctx, actor, request);
  const peer = await addressedUser(ctx, actor.userId, request.peer);
  const messages = await pageOf(request, (from, until, limit, forwards) =>
    ctx.reader.messages(actor.userId, peer.id, from, until, limit, forwards),
  );
  const rest = {
    messages: messages.map((message) => toMessage(actor.userId, message)),
    topics: [],
    chats: [],
    users: await viewOfUsers(ctx, actor, [peer.id, actor.userId]),
  };
  if (isWhole(request, messages.length)) return { _: 'messages.messages', ...rest };
  // The chat's length is not kept; what is known is that it has at least these.
  return { _: 'messages.messagesSlice', inexact: true, count: messages.length, ...rest };
}
