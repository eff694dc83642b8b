/** From the backend's records to the objects that clients see. */
import type { MessageRecord, UserRecord } from '../datacenter/records.ts';
import { RpcError } from '../schema/errors.ts';
import { decodeTl, type Long, longOf as longOfHalves, type tl } from '../schema/tl.ts';
import type { ServiceContext } from './context.ts';

/** How the viewer relates to a user. */
export interface View {
  readonly self?: boolean;
  /** The viewer's own names for a contact. */
  readonly contact?: { readonly firstName: string; readonly lastName: string };
}

export function toUser(ctx: ServiceContext, user: UserRecord, view: View = {}): tl.RawUser {
  const known = view.self === true || view.contact !== undefined;
  return {
    _: 'user',
    id: user.id,
    accessHash: longOf(ctx.directory.accessHash(user.id)),
    firstName: view.contact?.firstName ?? user.firstName,
    lastName: view.contact?.lastName ?? user.lastName,
    ...(view.self ? { self: true } : {}),
    ...(view.contact ? { contact: true } : {}),
    ...(known && !user.isMin ? { phone: user.phone } : {}),
    ...(user.isMin ? { min: true } : {}),
  };
}

export const peerUser = (userId: number): tl.RawPeerUser => ({ _: 'peerUser', userId });

export function replyHeader(replyToMsgId: number): tl.RawMessageReplyHeader {
  return { _: 'messageReplyHeader', replyToMsgId };
}

/** `owner` is whose box the record is in. */
export function toMessage(owner: number, record: MessageRecord): tl.RawMessage {
  return {
    _: 'message',
    id: record.id,
    fromId: peerUser(record.out ? owner : record.peer),
    peerId: peerUser(record.peer),
    date: record.date,
    message: record.text,
    ...(record.out ? { out: true } : {}),
    ...(record.replyTo ? { replyTo: replyHeader(record.replyTo) } : {}),
    ...(record.editDate ? { editDate: record.editDate } : {}),
    ...(record.entities.length > 0
      ? { entities: record.entities.map((bytes) => decodeTl(bytes) as tl.TypeMessageEntity) }
      : {}),
  };
}

export function updatesOf(
  list: tl.TypeUpdate[],
  users: tl.TypeUser[],
  date: number,
): tl.RawUpdates {
  return { _: 'updates', updates: list, users, chats: [], date, seq: 0 };
}

/** Eight little-endian bytes as the 64-bit type of TL. */
export function longOf(bytes: Uint8Array): Long {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  return longOfHalves(view.getInt32(0, true), view.getInt32(4, true));
}

/** A 64-bit TL value as 16 hex digits. */
export function hexOfLong(value: Long): string {
  const part = (half: number): string => (half >>> 0).toString(16).padStart(8, '0');
  return part(value.high) + part(value.low);
}

export function longOfHex(hex: string): Long {
  return longOfHalves(
    Number.parseInt(hex.slice(8), 16) | 0,
    Number.parseInt(hex.slice(0, 8), 16) | 0,
  );
}

/** The user that a request addresses. Throws PEER_ID_INVALID for anyone unknown or unproven. */
export async function addressedUser(
  ctx: ServiceContext,
  viewer: number,
  peer: tl.TypeInputPeer | tl.TypeInputUser,
): Promise<UserRecord> {
  let userId: number;
  switch (peer._) {
    case 'inputPeerSelf':
    case 'inputUserSelf':
      userId = viewer;
      break;
    case 'inputPeerUser':
    case 'inputUser':
      userId = peer.userId;
      if (userId !== viewer && !longOf(ctx.directory.accessHash(userId)).eq(peer.accessHash)) {
        throw new RpcError(400, 'PEER_ID_INVALID');
      }
      break;
    default:
      throw new RpcError(400, 'PEER_ID_INVALID');
  }
  return ctx.directory.existingUser(userId);
}
