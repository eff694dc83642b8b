/**
 * Who may be in a supergroup and what they may do there: inviting, banning, restricting, admins.
 * Decided at the channel's home. https://core.telegram.org/api/rights
 */
import type { ChannelBox } from '../datacenter/channel-boxes.ts';
import { isIn, type MemberRecord, NOT_IN } from '../datacenter/channel-records.ts';
import { addPost, changeInfo, changeMember, countersWrite } from '../datacenter/channel-steps.ts';
import { LIMITS } from '../datacenter/limits.ts';
import type { UserRecord } from '../datacenter/records.ts';
import type { StoreWrite } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import {
  ADMIN_RIGHTS,
  actingMember,
  addressedChannel,
  BANNED_RIGHTS,
  inChannel,
  isInForce,
  requireAdmin,
  requireIn,
} from './channel-access.ts';
import { commitChannel, tellChannel } from './channel-commit.ts';
import { postUpdate } from './channel-posts.ts';
import { bitsOf, toChannel, toMinChannel } from './channel-to-tl.ts';
import { comingIn } from './channels.ts';
import {
  type Actor,
  type ServiceContext,
  type Staged,
  unixSeconds,
  type WriteOrigin,
} from './context.ts';
import { refuseWhenOverloaded } from './effects.ts';
import { membershipEffects, pinBoxes } from './memberships.ts';
import { addressedUser, toUser, updatesOf } from './to-tl.ts';

/** Adds people; those who are banned or in too many channels are named in the answer. */
export async function inviteToChannel(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawInviteToChannelRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.messages.TypeInvitedUsers>> {
  const channelId = addressedChannel(ctx, request.channel);
  if (request.users.length > LIMITS.usersPerRequestMax) throw new RpcError(400, 'USERS_TOO_MUCH');
  return inChannel(ctx, channelId, async (box) => {
    refuseWhenOverloaded(ctx, channelId, actor);
    const inviter = await actingMember(ctx, box, actor);
    requireIn(inviter);
    const now = unixSeconds(ctx.clock);
    if (inviter.role === 'restricted' && (inviter.rights & BANNED_RIGHTS.inviteUsers) !== 0) {
      throw new RpcError(403, 'CHAT_WRITE_FORBIDDEN');
    }
    const { invited, missing } = await whoComes(ctx, actor, box, request.users, now);
    if (box.counters.members + invited.length > LIMITS.membersPerChannelMax) {
      throw new RpcError(400, 'USERS_TOO_MUCH');
    }
    const userIds = invited.map(({ user }) => user.id);
    const boxes = await pinBoxes(ctx, userIds);
    const own: StoreWrite[] = [];
    for (const { user, before } of invited) {
      const after = comingIn(box, before, actor.userId, now);
      own.push(...changeMember(box, user.id, before, after).writes);
    }
    const missingInvitees = missing.map((userId): tl.RawMissingInvitee => {
      return { _: 'missingInvitee', userId };
    });
    const action = { kind: 'add', userIds } as const;
    const effects = membershipEffects(ctx, boxes, userIds, channelId, true);
    const people = invited.map(({ user }) => user);
    const { updates, durable } = announced(ctx, actor, box, {
      own: [...own, ...effects.own],
      local: [...origin.local, ...effects.local],
      action: userIds.length > 0 ? action : undefined,
      people,
      done: effects.committed,
    });
    return { answer: { _: 'messages.invitedUsers', updates, missingInvitees }, durable };
  });
}

async function whoComes(
  ctx: ServiceContext,
  actor: Actor,
  box: ChannelBox,
  inputs: readonly tl.TypeInputUser[],
  now: number,
): Promise<{
  invited: { user: UserRecord; before: MemberRecord | undefined }[];
  missing: number[];
}> {
  const invited: { user: UserRecord; before: MemberRecord | undefined }[] = [];
  const missing: number[] = [];
  const named = new Set<number>();
  for (const input of inputs) {
    const user = await addressedUser(ctx, actor.userId, input);
    if (named.has(user.id)) continue;
    named.add(user.id);
    const before = await ctx.channels.member(box, user.id);
    const isBanned = before?.role === 'banned' && isInForce(before, now);
    if (isIn(before)) continue;
    const memberships = await ctx.channelReader.memberships(user.id);
    if (isBanned || memberships.length >= LIMITS.channelsPerUserMax) missing.push(user.id);
    else invited.push({ user, before });
  }
  return { invited, missing };
}

interface Announced {
  readonly own: readonly StoreWrite[];
  readonly local: readonly StoreWrite[];
  /** Told to all in a service message. */
  readonly action: Parameters<typeof addPost>[1]['action'];
  /** Who is named in it. */
  readonly people: readonly UserRecord[];
  readonly done: () => void;
}

/** Appends a change of members, with a service message if there is something to say to all. */
function announced(
  ctx: ServiceContext,
  actor: Actor,
  box: ChannelBox,
  { own, local, action, people, done }: Announced,
): { updates: tl.RawUpdates; durable: Promise<void> } {
  const { channelId, info } = box;
  const date = unixSeconds(ctx.clock);
  const silent = { senderId: actor.userId, date, text: '', entities: [], replyTo: 0 };
  const post = action ? addPost(box, { ...silent, action }, '') : undefined;
  const users = people.map((user) => toUser(ctx, user));
  const durable = commitChannel(ctx, box, {
    own: [...own, ...(post?.writes ?? [countersWrite(box)])],
    local,
    done: () => {
      done();
      if (!post) return;
      const update = updatesOf([postUpdate(box, post, post.message, 0)], users, date);
      update.chats = [toMinChannel(ctx, channelId, info)];
      tellChannel(ctx, channelId, actor.userId, actor.authKeyId, update);
    },
  });
  const list: tl.TypeUpdate[] = [{ _: 'updateChannel', channelId }];
  if (post) list.push(postUpdate(box, post, post.message, actor.userId));
  const updates = updatesOf(list, users, date);
  updates.chats = [
    toChannel(ctx, channelId, info, box.counters, box.members.get(actor.userId) ?? undefined),
  ];
  return { updates, durable };
}

/** Shorter than half a minute, or longer than a year, is for ever. core.telegram.org/api/rights */
const BAN_SECONDS = { min: 30, max: 366 * 86_400 };

/** Bans, restricts, or sets free again, whether the participant is in the channel or not. */
export function editBanned(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawEditBannedRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  const channelId = addressedChannel(ctx, request.channel);
  return inChannel(ctx, channelId, async (box) => {
    refuseWhenOverloaded(ctx, channelId, actor);
    const target = await addressedUser(ctx, actor.userId, request.participant);
    const acting = await actingMember(ctx, box, actor);
    requireAdmin(acting, 'banUsers');
    const before = await ctx.channels.member(box, target.id);
    const isAdmin = before?.role === 'admin' && acting?.role !== 'creator';
    if (before?.role === 'creator' || target.id === actor.userId || isAdmin) {
      throw new RpcError(400, 'USER_ADMIN_INVALID');
    }
    const now = unixSeconds(ctx.clock);
    const after = limited(before, request.bannedRights, actor.userId, now);
    const goes = isIn(before) && !isIn(after);
    const userIds = goes ? [target.id] : [];
    const boxes = await pinBoxes(ctx, userIds);
    const own = before || after ? changeMember(box, target.id, before, after).writes : [];
    const effects = membershipEffects(ctx, boxes, userIds, channelId, false);
    const { updates, durable } = announced(ctx, actor, box, {
      own: [...own, ...effects.own],
      local: [...origin.local, ...effects.local],
      action: goes ? { kind: 'remove', userId: target.id } : undefined,
      people: [target],
      done: () => {
        // Before anything that is posted from now on.
        if (goes) ctx.audience.evict(channelId, target.id);
        effects.committed();
      },
    });
    return { answer: updates, durable };
  });
}

/** Somebody's record under these rights. */
function limited(
  before: MemberRecord | undefined,
  banned: tl.RawChatBannedRights,
  by: number,
  now: number,
): MemberRecord | undefined {
  const rights = bitsOf(banned, BANNED_RIGHTS);
  const seconds = banned.untilDate - now;
  const until = seconds < BAN_SECONDS.min || seconds > BAN_SECONDS.max ? 0 : banned.untilDate;
  const nobody = { joinedAt: now, joinId: 0, joinNumber: NOT_IN, clearedTo: 0, hides: false };
  const base = before ?? nobody;
  if ((rights & BANNED_RIGHTS.viewMessages) !== 0) {
    return { ...base, role: 'banned', joinedAt: now, joinNumber: NOT_IN, by, rights, until };
  }
  if (rights !== 0) return { ...base, role: 'restricted', by, rights, until };
  return isIn(before) ? { ...before, role: 'member', rights: 0, until: 0 } : undefined;
}

/** Gives a member rights of an admin; none at all makes an ordinary member again. */
export function editAdmin(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawEditAdminRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  const channelId = addressedChannel(ctx, request.channel);
  return inChannel(ctx, channelId, async (box) => {
    refuseWhenOverloaded(ctx, channelId, actor);
    const target = await addressedUser(ctx, actor.userId, request.userId);
    const acting = await actingMember(ctx, box, actor);
    requireAdmin(acting, 'addAdmins');
    const rights = bitsOf(request.adminRights, ADMIN_RIGHTS);
    const isCreator = acting?.role === 'creator';
    if (!isCreator && (rights & ~(acting?.rights ?? 0)) !== 0) {
      throw new RpcError(403, 'RIGHT_FORBIDDEN');
    }
    const before = await ctx.channels.member(box, target.id);
    if (!isIn(before)) throw new RpcError(400, 'USER_NOT_PARTICIPANT');
    const isOthers = before.role === 'admin' && !isCreator && before.by !== actor.userId;
    if (before.role === 'creator' || isOthers) throw new RpcError(400, 'USER_CREATOR');
    const comes = rights !== 0 && before.role !== 'admin';
    if (comes && box.counters.admins >= LIMITS.adminsPerChannelMax) {
      throw new RpcError(400, 'ADMINS_TOO_MUCH');
    }
    const role = rights === 0 ? 'member' : 'admin';
    const after = { ...before, role, rights, until: 0, by: actor.userId } as const;
    const { updates, durable } = announced(ctx, actor, box, {
      own: changeMember(box, target.id, before, after).writes,
      local: origin.local,
      action: undefined,
      people: [target],
      done: () => {},
    });
    return { answer: updates, durable };
  });
}

/** Whether members see what was written before they joined. */
export function togglePreHistoryHidden(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawTogglePreHistoryHiddenRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  const channelId = addressedChannel(ctx, request.channel);
  return inChannel(ctx, channelId, async (box) => {
    refuseWhenOverloaded(ctx, channelId, actor);
    requireAdmin(await actingMember(ctx, box, actor), 'changeInfo');
    const write = changeInfo(box, { ...box.info, hiddenPrehistory: request.enabled });
    const { updates, durable } = announced(ctx, actor, box, {
      own: [write],
      local: origin.local,
      action: undefined,
      people: [],
      done: () => {},
    });
    return { answer: updates, durable };
  });
}
