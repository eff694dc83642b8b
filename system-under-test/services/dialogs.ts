/**
 * A user's list of chats, newest first: one-to-one chats from the user's box, supergroups from the
 * user's memberships. https://core.telegram.org/method/messages.getDialogs
 */
import type { ChannelMessage } from '../datacenter/channel-records.ts';
import { LIMITS } from '../datacenter/limits.ts';
import type { MessageRecord } from '../datacenter/records.ts';
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import { channelDialog } from './channel-dialog.ts';
import { toChannelMessage, usersOf } from './channel-to-tl.ts';
import { viewOfChannels } from './channels.ts';
import type { Actor, ServiceContext } from './context.ts';
import { notifySettings } from './memberships.ts';
import { peerUser, toMessage } from './to-tl.ts';
import { viewOfUsers } from './users.ts';

/** One chat with its newest message, for sorting; all else is read for those that are shown. */
type Line =
  | { readonly userId: number; readonly date: number; readonly top: MessageRecord }
  | { readonly channelId: number; readonly date: number; readonly top: ChannelMessage };

export async function getDialogs(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawGetDialogsRequest,
): Promise<tl.messages.TypeDialogs> {
  const lines = await allLines(ctx, actor);
  const start = startOf(lines, request);
  const limit = Math.min(Math.max(request.limit, 1), LIMITS.dialogsMax);
  const page = lines.slice(start, start + limit);
  const dialogs: tl.TypeDialog[] = [];
  const messages: tl.TypeMessage[] = [];
  const userIds: number[] = [actor.userId];
  const channelIds: number[] = [];
  for (const line of page) {
    if ('userId' in line) {
      dialogs.push(await userDialog(ctx, actor, line.userId, line.top.id));
      messages.push(toMessage(actor.userId, line.top));
      userIds.push(line.userId);
    } else {
      dialogs.push((await channelDialog(ctx, actor, line.channelId, 1)).dialog);
      messages.push(toChannelMessage(line.channelId, line.top, actor.userId));
      userIds.push(...usersOf(line.top));
      channelIds.push(line.channelId);
    }
  }
  const chats = await viewOfChannels(ctx, actor, channelIds);
  const users = await viewOfUsers(ctx, actor, userIds);
  const answer = { dialogs, messages, chats, users };
  if (page.length === lines.length) return { _: 'messages.dialogs', ...answer };
  return { _: 'messages.dialogsSlice', count: lines.length, ...answer };
}

async function allLines(ctx: ServiceContext, actor: Actor): Promise<Line[]> {
  const lines: Line[] = [];
  const tops = await ctx.reader.newestOfChats(actor.userId, LIMITS.dialogsLookedThroughMax);
  for (const top of tops) lines.push({ userId: top.peer, date: top.date, top });
  for (const { channelId } of await ctx.channelReader.memberships(actor.userId)) {
    const top = await newestVisible(ctx, actor, channelId);
    if (top) lines.push({ channelId, date: top.date, top });
  }
  return lines.toSorted((one, other) => other.date - one.date || idOf(one) - idOf(other));
}

const idOf = (line: Line): number => ('userId' in line ? line.userId : line.channelId);

/** Undefined where the copy here says that the user is not in, or there is nothing to see. */
async function newestVisible(
  ctx: ServiceContext,
  actor: Actor,
  channelId: number,
): Promise<ChannelMessage | undefined> {
  try {
    return (await channelDialog(ctx, actor, channelId, 1)).messages[0];
  } catch (error) {
    if (error instanceof RpcError) return undefined;
    throw error;
  }
}

/** Where the page begins: behind the chat that the last page ended with, or behind its date. */
function startOf(lines: readonly Line[], request: tl.messages.RawGetDialogsRequest): number {
  const { offsetPeer, offsetDate } = request;
  let last = 0;
  if (offsetPeer._ === 'inputPeerUser') last = offsetPeer.userId;
  else if (offsetPeer._ === 'inputPeerChannel') last = offsetPeer.channelId;
  const index = lines.findIndex((line) => idOf(line) === last);
  if (index >= 0) return index + 1;
  if (offsetDate <= 0) return 0;
  return lines.filter(({ date }) => date >= offsetDate).length;
}

async function userDialog(
  ctx: ServiceContext,
  actor: Actor,
  peer: number,
  topMessage: number,
): Promise<tl.RawDialog> {
  const { inbox, outbox } = await ctx.reader.readPointers(actor.userId, peer);
  return {
    _: 'dialog',
    peer: peerUser(peer),
    topMessage,
    readInboxMaxId: inbox,
    readOutboxMaxId: outbox,
    unreadCount: await ctx.reader.incomingAfter(actor.userId, peer, inbox),
    unreadMentionsCount: 0,
    unreadReactionsCount: 0,
    notifySettings: notifySettings(false),
  };
}
