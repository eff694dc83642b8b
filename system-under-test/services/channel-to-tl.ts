/** From the records of channels to the objects that clients see. */
import {
  type ChannelAction,
  type ChannelCounters,
  type ChannelInfo,
  type ChannelMessage,
  isIn,
  type MemberRecord,
} from '../datacenter/channel-records.ts';
import { decodeTl, type tl } from '../schema/tl.ts';
import { ADMIN_RIGHTS, BANNED_RIGHTS } from './channel-access.ts';
import type { ServiceContext } from './context.ts';
import { longOf, peerUser, replyHeader } from './to-tl.ts';

export const peerChannel = (channelId: number): tl.RawPeerChannel => {
  return { _: 'peerChannel', channelId };
};

/** The channel as one user sees it; `member` is that user's record. */
export function toChannel(
  ctx: ServiceContext,
  channelId: number,
  info: ChannelInfo,
  counters: ChannelCounters,
  member: MemberRecord | undefined,
): tl.TypeChat {
  const accessHash = longOf(ctx.directory.accessHash(channelId));
  if (member?.role === 'banned') {
    return {
      _: 'channelForbidden',
      megagroup: true,
      id: channelId,
      accessHash,
      title: info.title,
      ...(member.until > 0 ? { untilDate: member.until } : {}),
    };
  }
  return {
    _: 'channel',
    id: channelId,
    accessHash,
    title: info.title,
    megagroup: true,
    photo: { _: 'chatPhotoEmpty' },
    date: isIn(member) ? member.joinedAt : info.createdAt,
    participantsCount: counters.members,
    ...(isIn(member) ? {} : { left: true }),
    ...(member?.role === 'creator' ? { creator: true } : {}),
    ...(member?.role === 'creator' || member?.role === 'admin'
      ? { adminRights: toAdminRights(member) }
      : {}),
    ...(member?.role === 'restricted' ? { bannedRights: toBannedRights(member) } : {}),
  };
}

/** What everybody may be shown of a channel they are in, for updates that all get alike. */
export function toMinChannel(
  ctx: ServiceContext,
  channelId: number,
  info: ChannelInfo,
): tl.RawChannel {
  return {
    _: 'channel',
    min: true,
    id: channelId,
    accessHash: longOf(ctx.directory.accessHash(channelId)),
    title: info.title,
    megagroup: true,
    photo: { _: 'chatPhotoEmpty' },
    date: info.createdAt,
  };
}

/** `viewer` sees own messages as outgoing; 0 for a view that all get alike. */
export function toChannelMessage(
  channelId: number,
  record: ChannelMessage,
  viewer: number,
): tl.RawMessage | tl.RawMessageService {
  const common = {
    id: record.id,
    fromId: peerUser(record.senderId),
    peerId: peerChannel(channelId),
    date: record.date,
    ...(record.senderId === viewer ? { out: true } : {}),
    ...(record.replyTo > 0 ? { replyTo: replyHeader(record.replyTo) } : {}),
  } as const;
  if (record.action) return { _: 'messageService', ...common, action: toAction(record.action) };
  return {
    _: 'message',
    ...common,
    message: record.text,
    ...(record.editDate > 0 ? { editDate: record.editDate } : {}),
    ...(record.entities.length > 0
      ? { entities: record.entities.map((bytes) => decodeTl(bytes) as tl.TypeMessageEntity) }
      : {}),
  };
}

function toAction(action: ChannelAction): tl.TypeMessageAction {
  switch (action.kind) {
    case 'create':
      return { _: 'messageActionChannelCreate', title: action.title };
    case 'add':
      return { _: 'messageActionChatAddUser', users: [...action.userIds] };
    default:
      return { _: 'messageActionChatDeleteUser', userId: action.userId };
  }
}

/** Every user that a message names. */
export function usersOf(record: ChannelMessage): number[] {
  const { action, senderId } = record;
  if (action?.kind === 'add') return [senderId, ...action.userIds];
  return action?.kind === 'remove' ? [senderId, action.userId] : [senderId];
}

function flagsOf<K extends string>(
  bits: number,
  names: Record<K, number>,
): Partial<Record<K, true>> {
  const set = (Object.entries(names) as [K, number][]).filter(([, bit]) => (bits & bit) !== 0);
  return Object.fromEntries(set.map(([name]) => [name, true])) as Partial<Record<K, true>>;
}

export function toAdminRights(member: MemberRecord): tl.RawChatAdminRights {
  const all = Object.values(ADMIN_RIGHTS).reduce((sum, bit) => sum | bit, 0);
  const bits = member.role === 'creator' ? all : member.rights;
  return { _: 'chatAdminRights', ...flagsOf(bits, ADMIN_RIGHTS) };
}

export function toBannedRights(member: MemberRecord): tl.RawChatBannedRights {
  const untilDate = member.until;
  return { _: 'chatBannedRights', ...flagsOf(member.rights, BANNED_RIGHTS), untilDate };
}

/** The bits of the rights that are set in an object of the protocol. */
export function bitsOf(
  rights: tl.RawChatAdminRights | tl.RawChatBannedRights,
  names: Readonly<Record<string, number>>,
): number {
  const values = rights as unknown as Readonly<Record<string, unknown>>;
  let bits = 0;
  for (const [name, bit] of Object.entries(names)) if (values[name] === true) bits |= bit;
  return bits;
}

export function toParticipant(
  userId: number,
  member: MemberRecord,
  viewer: number,
): tl.TypeChannelParticipant {
  const { joinedAt: date, by } = member;
  switch (member.role) {
    case 'creator':
      return { _: 'channelParticipantCreator', userId, adminRights: toAdminRights(member) };
    case 'admin':
      return {
        _: 'channelParticipantAdmin',
        userId,
        promotedBy: by,
        date,
        adminRights: toAdminRights(member),
        ...(userId === viewer ? { self: true, inviterId: by } : {}),
      };
    case 'banned':
    case 'restricted':
      return {
        _: 'channelParticipantBanned',
        peer: peerUser(userId),
        kickedBy: by,
        date,
        bannedRights: toBannedRights(member),
        ...(isIn(member) ? {} : { left: true }),
      };
    default:
      return userId === viewer
        ? { _: 'channelParticipantSelf', userId, inviterId: by, date }
        : { _: 'channelParticipant', userId, date };
  }
}
