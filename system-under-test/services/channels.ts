/**
 * Supergroups: creating, joining, leaving, and what clients ask about them. A channel lives where
 * it was created, and its home decides who is in it. https://core.telegram.org/api/channel
 */
import type { ChannelBox } from '../datacenter/channel-boxes.ts';
import {
  isIn,
  JOINS,
  type MemberRecord,
  NO_COUNTERS,
  NOT_IN,
} from '../datacenter/channel-records.ts';
import { addPost, changeInfo, changeMember, countersWrite } from '../datacenter/channel-steps.ts';
import { LIMITS } from '../datacenter/limits.ts';
import type { StoreWrite } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import { actingMember, addressedChannel, inChannel, isInForce } from './channel-access.ts';
import { commitChannel } from './channel-commit.ts';
import { postUpdate } from './channel-posts.ts';
import { toChannel } from './channel-to-tl.ts';
import {
  type Actor,
  type ServiceContext,
  type Staged,
  unixSeconds,
  type WriteOrigin,
} from './context.ts';
import { refuseWhenOverloaded } from './effects.ts';
import { membershipEffects, pinBoxes } from './memberships.ts';
import { updatesOf } from './to-tl.ts';
import { viewOfUsers } from './users.ts';

/** At the home DC of who creates it, which becomes the channel's. */
export function createChannel(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawCreateChannelRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  const title = checkTitle(request.title);
  const about = request.about.trim();
  if (about.length > LIMITS.channelAboutCharactersMax) {
    throw new RpcError(400, 'CHAT_ABOUT_TOO_LONG');
  }
  // Of the two kinds of channels only supergroups are served.
  if (request.broadcast === true) throw new RpcError(400, 'BROADCAST_FORBIDDEN');
  return ctx.lanes.run('new channel', async () => {
    refuseWhenOverloaded(ctx, actor.userId, actor);
    await requireRoomFor(ctx, actor.userId);
    const users = await viewOfUsers(ctx, actor, [actor.userId]);
    const boxes = await pinBoxes(ctx, [actor.userId]);
    const { channelId, write } = await ctx.channels.newId();
    const date = unixSeconds(ctx.clock);
    const creator = actor.userId;
    const info = { title, about, creator, createdAt: date, hiddenPrehistory: false };
    const box = ctx.channels.add(channelId, info, NO_COUNTERS);
    const creates: StoreWrite[] = [write, changeInfo(box, info)];
    const record = { ...newMember(date, creator), role: 'creator' } as const;
    const joined = changeMember(box, creator, undefined, record);
    const post = addPost(box, createdMessage(creator, date, title), '');
    const effects = membershipEffects(ctx, boxes, [creator], channelId, true);
    const durable = commitChannel(ctx, box, {
      own: [...creates, ...joined.writes, ...post.writes, ...effects.own],
      local: [...origin.local, ...effects.local],
      done: effects.committed,
    });
    const answer = updatesOf(
      [{ _: 'updateChannel', channelId }, postUpdate(box, post, post.message, creator)],
      users,
      date,
    );
    answer.chats = [toChannel(ctx, channelId, info, box.counters, joined.record)];
    return { answer, durable };
  });
}

const createdMessage = (senderId: number, date: number, title: string) => {
  const action = { kind: 'create', title } as const;
  return { senderId, date, text: '', entities: [], replyTo: 0, action };
};

export function checkTitle(given: string): string {
  const title = given.trim();
  if (title === '' || title.length > LIMITS.channelTitleCharactersMax) {
    throw new RpcError(400, 'CHAT_TITLE_EMPTY');
  }
  return title;
}

/** Checked against the copy of the user's domain that is here; a little staleness does no harm. */
export async function requireRoomFor(ctx: ServiceContext, userId: number): Promise<void> {
  const memberships = await ctx.channelReader.memberships(userId);
  if (memberships.length >= LIMITS.channelsPerUserMax) throw new RpcError(400, 'CHANNELS_TOO_MUCH');
}

/** A member as of now; the place in the order of joining is given by the step. */
export function newMember(joinedAt: number, by: number, joinId = 0): MemberRecord {
  return {
    role: 'member',
    joinedAt,
    joinId,
    joinNumber: JOINS,
    by,
    rights: 0,
    until: 0,
    clearedTo: 0,
    hides: false,
  };
}

/** What somebody's record becomes who comes in: a restriction outlives leaving and coming back. */
export function comingIn(
  box: ChannelBox,
  before: MemberRecord | undefined,
  by: number,
  now: number,
): MemberRecord {
  const fresh = newMember(now, by, box.counters.lastId);
  if (!before) return fresh;
  const kept = { clearedTo: before.clearedTo, hides: before.hides };
  if (before.role !== 'restricted' || !isInForce(before, now)) return { ...fresh, ...kept };
  const { rights, until } = before;
  return { ...fresh, ...kept, role: 'restricted', by: before.by, rights, until };
}

/** Whoever has the channel's access hash may join, unless banned. */
export function joinChannel(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawJoinChannelRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  return joinById(ctx, actor, addressedChannel(ctx, request.channel), origin);
}

export function joinById(
  ctx: ServiceContext,
  actor: Actor,
  channelId: number,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  return inChannel(ctx, channelId, async (box) => {
    refuseWhenOverloaded(ctx, actor.userId, actor);
    const { userId } = actor;
    const now = unixSeconds(ctx.clock);
    const before = await actingMember(ctx, box, actor);
    if (before?.role === 'banned' && isInForce(before, now)) {
      throw new RpcError(400, 'CHANNEL_PRIVATE');
    }
    if (isIn(before)) return changedAnswer(ctx, box, before, [], origin);
    if (box.counters.members >= LIMITS.membersPerChannelMax) {
      throw new RpcError(400, 'USERS_TOO_MUCH');
    }
    await requireRoomFor(ctx, userId);
    const boxes = await pinBoxes(ctx, [userId]);
    const { record, writes } = changeMember(
      box,
      userId,
      before,
      comingIn(box, before, userId, now),
    );
    const effects = membershipEffects(ctx, boxes, [userId], box.channelId, true);
    const own = [...writes, countersWrite(box), ...effects.own];
    return changedAnswer(ctx, box, record, own, origin, effects);
  });
}

export function leaveChannel(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawLeaveChannelRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  const channelId = addressedChannel(ctx, request.channel);
  return inChannel(ctx, channelId, async (box) => {
    refuseWhenOverloaded(ctx, actor.userId, actor);
    const { userId } = actor;
    const before = await actingMember(ctx, box, actor);
    if (!isIn(before)) throw new RpcError(400, 'USER_NOT_PARTICIPANT');
    if (before.role === 'creator') throw new RpcError(400, 'USER_CREATOR');
    const boxes = await pinBoxes(ctx, [userId]);
    const keeps = before.role === 'restricted' && isInForce(before, unixSeconds(ctx.clock));
    const after = keeps ? { ...before, joinNumber: NOT_IN } : undefined;
    const { record, writes } = changeMember(box, userId, before, after);
    const effects = membershipEffects(ctx, boxes, [userId], channelId, false);
    const evicting = {
      ...effects,
      committed: () => {
        ctx.audience.evict(channelId, userId);
        effects.committed();
      },
    };
    const own = [...writes, countersWrite(box), ...effects.own];
    return changedAnswer(ctx, box, record, own, origin, evicting);
  });
}

/** Appends a change of the actor's own membership and answers with the channel as it is then. */
function changedAnswer(
  ctx: ServiceContext,
  box: ChannelBox,
  record: MemberRecord | undefined,
  own: readonly StoreWrite[],
  origin: WriteOrigin,
  effects?: { readonly local: readonly StoreWrite[]; readonly committed: () => void },
): Staged<tl.RawUpdates> {
  const durable = commitChannel(ctx, box, {
    own,
    local: [...origin.local, ...(effects?.local ?? [])],
    done: () => effects?.committed(),
  });
  const { channelId, info, counters } = box;
  const answer = updatesOf([{ _: 'updateChannel', channelId }], [], unixSeconds(ctx.clock));
  answer.chats = [toChannel(ctx, channelId, info, counters, record)];
  return { answer, durable };
}

export async function getChannels(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawGetChannelsRequest,
): Promise<tl.messages.TypeChats> {
  if (request.id.length > LIMITS.usersPerRequestMax) throw new RpcError(400, 'LIMIT_INVALID');
  const channelIds = request.id.map((input) => addressedChannel(ctx, input));
  return { _: 'messages.chats', chats: await viewOfChannels(ctx, actor, channelIds) };
}

/** Every channel named, as the actor sees it; unknown ids are left out. */
export async function viewOfChannels(
  ctx: ServiceContext,
  actor: Actor,
  channelIds: Iterable<number>,
): Promise<tl.TypeChat[]> {
  const chats: tl.TypeChat[] = [];
  for (const channelId of new Set(channelIds)) {
    const [info, counters, member] = await Promise.all([
      ctx.channelReader.info(channelId),
      ctx.channelReader.counters(channelId),
      ctx.channelReader.member(channelId, actor.userId),
    ]);
    if (info && counters) chats.push(toChannel(ctx, channelId, info, counters, member));
  }
  return chats;
}
