/** A supergroup as one line in a member's list of chats. */
import type { ChannelMessage } from '../datacenter/channel-records.ts';
import type { tl } from '../schema/tl.ts';
import { requireIn } from './channel-access.ts';
import { countersOf, visibleTo } from './channel-history.ts';
import { peerChannel } from './channel-to-tl.ts';
import type { Actor, ServiceContext } from './context.ts';
import { notifySettings } from './memberships.ts';

export interface ChannelDialog {
  readonly dialog: tl.RawDialog;
  /** The newest that the member may see, newest first. */
  readonly messages: readonly ChannelMessage[];
}

/** With the newest messages, at most `count` of them. Throws CHANNEL_PRIVATE for outsiders. */
export async function channelDialog(
  ctx: ServiceContext,
  actor: Actor,
  channelId: number,
  count: number,
): Promise<ChannelDialog> {
  const { userId } = actor;
  const { pts, lastId } = await countersOf(ctx, channelId);
  const end = Number.POSITIVE_INFINITY;
  const newest = await ctx.channelReader.messages(channelId, 1, end, count);
  const messages = await visibleTo(ctx, channelId, actor, newest);
  const member = await ctx.channelReader.member(channelId, userId);
  requireIn(member);
  const readTo = Math.max(await ctx.channelReader.readTo(channelId, userId), member.joinId);
  const membership = await ctx.channelReader.membership(userId, channelId);
  const dialog: tl.RawDialog = {
    _: 'dialog',
    peer: peerChannel(channelId),
    topMessage: messages[0]?.id ?? 0,
    readInboxMaxId: readTo,
    // Who of thousands has read what is kept for each reader, not for each message.
    readOutboxMaxId: lastId,
    unreadCount: Math.max(0, lastId - readTo),
    unreadMentionsCount: 0,
    unreadReactionsCount: 0,
    notifySettings: notifySettings(membership?.muted === true),
    pts,
  };
  return { dialog, messages };
}
