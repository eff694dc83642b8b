/**
 * Lists of a supergroup's members, and the channel as its members see it in full. Nothing here
 * looks through more members than a named limit. https://core.telegram.org/method/channels.getParticipants
 */
import { isIn, type MemberRecord } from '../datacenter/channel-records.ts';
import { LIMITS } from '../datacenter/limits.ts';
import { RpcError } from '../schema/errors.ts';
import { longOf, type tl } from '../schema/tl.ts';
import { addressedChannel, mayDo, requireAdmin, requireIn } from './channel-access.ts';
import { channelDialog } from './channel-dialog.ts';
import { countersOf } from './channel-history.ts';
import { toParticipant } from './channel-to-tl.ts';
import { viewOfChannels } from './channels.ts';
import type { Actor, ServiceContext } from './context.ts';
import { notifySettings } from './memberships.ts';
import { addressedUser } from './to-tl.ts';
import { viewOfUsers } from './users.ts';

export async function getParticipants(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawGetParticipantsRequest,
): Promise<tl.channels.TypeChannelParticipants> {
  const channelId = addressedChannel(ctx, request.channel);
  const member = await ctx.channelReader.member(channelId, actor.userId);
  requireIn(member);
  const limit = Math.min(Math.max(request.limit, 0), LIMITS.participantsMax);
  const offset = Math.min(Math.max(request.offset, 0), LIMITS.membersPerChannelMax);
  const found = await listed(ctx, channelId, member, request.filter, offset, limit);
  const participants: tl.TypeChannelParticipant[] = [];
  for (const userId of found.userIds) {
    const record = await ctx.channelReader.member(channelId, userId);
    if (record) participants.push(toParticipant(userId, record, actor.userId));
  }
  return {
    _: 'channels.channelParticipants',
    count: found.count,
    participants,
    chats: [],
    users: await viewOfUsers(ctx, actor, found.userIds),
  };
}

interface Found {
  readonly userIds: readonly number[];
  readonly count: number;
}

async function listed(
  ctx: ServiceContext,
  channelId: number,
  member: MemberRecord,
  filter: tl.TypeChannelParticipantsFilter,
  offset: number,
  limit: number,
): Promise<Found> {
  const counters = await countersOf(ctx, channelId);
  switch (filter._) {
    case 'channelParticipantsRecent': {
      // Beyond what Telegram lists, no page costs more than this many entries to skip.
      const end = Math.min(offset + limit, LIMITS.participantsSearchedMax);
      const userIds = end > offset ? await ctx.channelReader.listed(channelId, 'recent', end) : [];
      return { userIds: userIds.slice(offset), count: counters.members };
    }
    case 'channelParticipantsAdmins': {
      const max = LIMITS.adminsPerChannelMax + 1;
      const userIds = await ctx.channelReader.listed(channelId, 'admins', max);
      return { userIds: userIds.slice(offset, offset + limit), count: counters.admins };
    }
    case 'channelParticipantsKicked':
    case 'channelParticipantsBanned': {
      requireAdmin(member, 'banUsers');
      const wanted = filter._ === 'channelParticipantsKicked' ? 'banned' : 'restricted';
      const max = LIMITS.participantsSearchedMax;
      const userIds = await withRole(
        ctx,
        channelId,
        await ctx.channelReader.listed(channelId, 'limited', max),
        wanted,
      );
      const count = wanted === 'banned' ? counters.kicked : counters.restricted;
      return { userIds: userIds.slice(offset, offset + limit), count };
    }
    case 'channelParticipantsSearch': {
      const userIds = await named(ctx, channelId, filter.q, offset + limit);
      return { userIds: userIds.slice(offset), count: userIds.length };
    }
    case 'channelParticipantsBots':
      return { userIds: [], count: 0 };
    default:
      throw new RpcError(400, 'FILTER_INVALID');
  }
}

async function withRole(
  ctx: ServiceContext,
  channelId: number,
  userIds: readonly number[],
  role: MemberRecord['role'],
): Promise<number[]> {
  const found: number[] = [];
  for (const userId of userIds) {
    const record = await ctx.channelReader.member(channelId, userId);
    if (record?.role === role) found.push(userId);
  }
  return found;
}

const SEARCH_PAGE = 500;

/** Members whose name has a word that begins with `query`, among the newest so many. */
async function named(
  ctx: ServiceContext,
  channelId: number,
  query: string,
  limit: number,
): Promise<number[]> {
  const wanted = query.trim().toLowerCase();
  const found: number[] = [];
  let before = Number.POSITIVE_INFINITY;
  for (let seen = 0; seen < LIMITS.participantsSearchedMax && found.length < limit; ) {
    const page = await ctx.channelReader.joinedBefore(channelId, before, SEARCH_PAGE);
    for (const { userId } of page) {
      const user = await ctx.directory.user(userId);
      const words = `${user?.firstName ?? ''} ${user?.lastName ?? ''}`.toLowerCase().split(/\s+/);
      if (words.some((word) => word.startsWith(wanted))) found.push(userId);
      if (found.length === limit) break;
    }
    const last = page.at(-1);
    if (!last || page.length < SEARCH_PAGE) break;
    before = last.joinNumber;
    seen += page.length;
  }
  return found;
}

export async function getParticipant(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawGetParticipantRequest,
): Promise<tl.channels.TypeChannelParticipant> {
  const channelId = addressedChannel(ctx, request.channel);
  const user = await addressedUser(ctx, actor.userId, request.participant);
  const acting = await ctx.channelReader.member(channelId, actor.userId);
  const record =
    user.id === actor.userId ? acting : await ctx.channelReader.member(channelId, user.id);
  if (user.id !== actor.userId) requireIn(acting);
  const isShown = isIn(record) || (record !== undefined && mayDo(acting, 'banUsers'));
  if (!isShown || !record) throw new RpcError(400, 'USER_NOT_PARTICIPANT');
  return {
    _: 'channels.channelParticipant',
    participant: toParticipant(user.id, record, actor.userId),
    chats: [],
    users: await viewOfUsers(ctx, actor, [user.id]),
  };
}

export async function getFullChannel(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawGetFullChannelRequest,
): Promise<tl.messages.TypeChatFull> {
  const channelId = addressedChannel(ctx, request.channel);
  const info = await ctx.channelReader.info(channelId);
  if (!info) throw new RpcError(400, 'CHANNEL_INVALID');
  const { dialog } = await channelDialog(ctx, actor, channelId, 1);
  const counters = await countersOf(ctx, channelId);
  const member = await ctx.channelReader.member(channelId, actor.userId);
  requireIn(member);
  const membership = await ctx.channelReader.membership(actor.userId, channelId);
  const isAdmin = mayDo(member, 'banUsers');
  const fullChat: tl.RawChannelFull = {
    _: 'channelFull',
    id: channelId,
    about: info.about,
    canViewParticipants: true,
    participantsCount: counters.members,
    adminsCount: counters.admins,
    ...(isAdmin ? { kickedCount: counters.kicked, bannedCount: counters.restricted } : {}),
    ...(info.hiddenPrehistory ? { hiddenPrehistory: true } : {}),
    ...(member.clearedTo > 0 ? { availableMinId: member.clearedTo } : {}),
    readInboxMaxId: dialog.readInboxMaxId,
    readOutboxMaxId: dialog.readOutboxMaxId,
    unreadCount: dialog.unreadCount,
    chatPhoto: { _: 'photoEmpty', id: longOf(0, 0) },
    notifySettings: notifySettings(membership?.muted === true),
    botInfo: [],
    pts: counters.pts,
  };
  const chats = await viewOfChannels(ctx, actor, [channelId]);
  const users = await viewOfUsers(ctx, actor, [actor.userId]);
  return { _: 'messages.chatFull', fullChat, chats, users };
}
