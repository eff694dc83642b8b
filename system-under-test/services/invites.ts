/**
 * Links that let people into a supergroup. The hash in a link is the channel's id and a code that
 * only DCs can compute: each of them can check it, nothing is stored, and so it cannot be revoked.
 * https://core.telegram.org/api/invites
 */
import { timingSafeEqual } from 'node:crypto';
import { isIn } from '../datacenter/channel-records.ts';
import { isChannelId } from '../datacenter/keys.ts';
import { RpcError } from '../schema/errors.ts';
import { longOf, type tl } from '../schema/tl.ts';
import { addressedChannel, requireAdmin } from './channel-access.ts';
import { countersOf } from './channel-history.ts';
import { joinById, viewOfChannels } from './channels.ts';
import {
  type Actor,
  type ServiceContext,
  type Staged,
  unixSeconds,
  type WriteOrigin,
} from './context.ts';

const LINK_PREFIX = 'https://t.me/+';
const ID_BYTES = 6;

/** For admins who may invite. */
export async function exportChatInvite(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawExportChatInviteRequest,
): Promise<tl.TypeExportedChatInvite> {
  const channelId = addressedChannel(ctx, request.peer);
  const limited = request.expireDate !== undefined || request.usageLimit !== undefined;
  if (limited || request.requestNeeded === true) throw new RpcError(400, 'EXPIRE_DATE_INVALID');
  requireAdmin(await ctx.channelReader.member(channelId, actor.userId), 'inviteUsers');
  return {
    _: 'chatInviteExported',
    permanent: true,
    link: LINK_PREFIX + inviteHash(ctx, channelId),
    adminId: actor.userId,
    date: unixSeconds(ctx.clock),
  };
}

function inviteHash(ctx: ServiceContext, channelId: number): string {
  const id = Buffer.alloc(ID_BYTES);
  id.writeUIntBE(channelId, 0, ID_BYTES);
  return Buffer.concat([id, ctx.directory.inviteCode(channelId)]).toString('base64url');
}

/** The channel that an invite leads to. Throws INVITE_HASH_INVALID for one that no DC has made. */
export function invitedChannel(ctx: ServiceContext, hash: string): number {
  const bytes = Buffer.from(hash, 'base64url');
  if (bytes.length > ID_BYTES) {
    const channelId = bytes.readUIntBE(0, ID_BYTES);
    const wanted = Buffer.from(inviteHash(ctx, channelId));
    const given = Buffer.from(hash);
    const isGenuine = given.length === wanted.length && timingSafeEqual(given, wanted);
    if (isGenuine && isChannelId(channelId) && ctx.outboxes.has(ctx.homes.of(channelId))) {
      return channelId;
    }
  }
  throw new RpcError(400, 'INVITE_HASH_INVALID');
}

export async function checkChatInvite(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawCheckChatInviteRequest,
): Promise<tl.TypeChatInvite> {
  const channelId = invitedChannel(ctx, request.hash);
  const member = await ctx.channelReader.member(channelId, actor.userId);
  const [chat] = await viewOfChannels(ctx, actor, [channelId]);
  if (isIn(member) && chat) return { _: 'chatInviteAlready', chat };
  const info = await ctx.channelReader.info(channelId);
  const counters = await countersOf(ctx, channelId);
  if (!info) throw new RpcError(400, 'INVITE_HASH_INVALID');
  return {
    _: 'chatInvite',
    megagroup: true,
    channel: true,
    title: info.title,
    ...(info.about === '' ? {} : { about: info.about }),
    photo: { _: 'photoEmpty', id: longOf(0, 0) },
    participantsCount: counters.members,
    color: 0,
  };
}

export async function importChatInvite(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawImportChatInviteRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  const channelId = invitedChannel(ctx, request.hash);
  const member = await ctx.channelReader.member(channelId, actor.userId);
  if (isIn(member)) throw new RpcError(400, 'USER_ALREADY_PARTICIPANT');
  return joinById(ctx, actor, channelId, origin);
}
