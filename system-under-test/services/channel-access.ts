/** Which channel a request means, and whether its sender may have it. */
import type { ChannelBox } from '../datacenter/channel-boxes.ts';
import { isIn, type MemberRecord } from '../datacenter/channel-records.ts';
import { isChannelId } from '../datacenter/keys.ts';
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import type { Actor, ServiceContext } from './context.ts';
import { longOf } from './to-tl.ts';

type ChannelInput = tl.TypeInputChannel | tl.TypeInputPeer;

/** The id in a request that names a channel; undefined where it names none. */
export function channelIdIn(input: ChannelInput): number | undefined {
  return input._ === 'inputChannel' || input._ === 'inputPeerChannel' ? input.channelId : undefined;
}

/** The channel that a request addresses. Throws CHANNEL_INVALID for any unproven one. */
export function addressedChannel(ctx: ServiceContext, input: ChannelInput): number {
  if (input._ !== 'inputChannel' && input._ !== 'inputPeerChannel') {
    throw new RpcError(400, 'CHANNEL_INVALID');
  }
  const { channelId, accessHash } = input;
  const isKnown = isChannelId(channelId) && ctx.outboxes.has(ctx.homes.of(channelId));
  if (!isKnown || !longOf(ctx.directory.accessHash(channelId)).eq(accessHash)) {
    throw new RpcError(400, 'CHANNEL_INVALID');
  }
  return channelId;
}

/** Rights of admins, as the bits of the flags of `chatAdminRights`. */
export const ADMIN_RIGHTS = {
  changeInfo: 1 << 0,
  deleteMessages: 1 << 3,
  banUsers: 1 << 4,
  inviteUsers: 1 << 5,
  pinMessages: 1 << 7,
  addAdmins: 1 << 9,
} as const;
export type AdminRight = keyof typeof ADMIN_RIGHTS;

/** What is taken from a restricted member, as the bits of the flags of `chatBannedRights`. */
export const BANNED_RIGHTS = {
  viewMessages: 1 << 0,
  sendMessages: 1 << 1,
  sendMedia: 1 << 2,
  inviteUsers: 1 << 15,
  sendPlain: 1 << 25,
} as const;

/** Whether a ban or a restriction is still in force at this time (Unix seconds). */
export function isInForce(member: MemberRecord, now: number): boolean {
  return member.until === 0 || member.until > now;
}

export function mayDo(member: MemberRecord | undefined, right: AdminRight): boolean {
  if (member?.role === 'creator') return true;
  return member?.role === 'admin' && (member.rights & ADMIN_RIGHTS[right]) !== 0;
}

/** Throws unless the record is of somebody who is in the channel. */
export function requireIn(member: MemberRecord | undefined): asserts member is MemberRecord {
  if (!isIn(member)) throw new RpcError(400, 'CHANNEL_PRIVATE');
}

/** Throws unless the member may write. */
export function requireWriter(member: MemberRecord | undefined, now: number): void {
  if (member?.role === 'banned') throw new RpcError(400, 'USER_BANNED_IN_CHANNEL');
  requireIn(member);
  if (member.role !== 'restricted' || !isInForce(member, now)) return;
  if ((member.rights & (BANNED_RIGHTS.sendMessages | BANNED_RIGHTS.sendPlain)) !== 0) {
    throw new RpcError(403, 'CHAT_WRITE_FORBIDDEN');
  }
}

/** Throws unless the member has this right of an admin. */
export function requireAdmin(member: MemberRecord | undefined, right: AdminRight): void {
  requireIn(member);
  if (!mayDo(member, right)) throw new RpcError(400, 'CHAT_ADMIN_REQUIRED');
}

/**
 * Runs a change of a channel at its home, in the channel's lane, with the channel in memory. `task`
 * unpins the channel once its append is durable; an error before that unpins it here.
 */
export function inChannel<T>(
  ctx: ServiceContext,
  channelId: number,
  task: (box: ChannelBox) => Promise<T>,
): Promise<T> {
  const done = ctx.lanes.run(channelId, async () => {
    // Only a mistake in routing gets here from elsewhere; writing would break another's domain.
    if (ctx.homes.of(channelId) !== ctx.dc) throw new RpcError(400, 'CHANNEL_INVALID');
    const box = await ctx.channels.pin(channelId);
    if (!box) throw new RpcError(400, 'CHANNEL_INVALID');
    try {
      return await task(box);
    } catch (error) {
      ctx.channels.unpin(box);
      throw error;
    }
  });
  return done.catch(async (error: unknown) => {
    // A refusal rests on what is in memory: told too early, a crash would make it untrue.
    if (error instanceof RpcError && REFUSALS.has(error.code)) await ctx.commits.append([]);
    throw error;
  });
}

const REFUSALS: ReadonlySet<number> = new Set([400, 403]);

/** The actor's record as the next step will find it. */
export function actingMember(
  ctx: ServiceContext,
  box: ChannelBox,
  actor: Actor,
): Promise<MemberRecord | undefined> {
  return ctx.channels.member(box, actor.userId);
}
