/**
 * How chats and people are named on the gateway: "u" or "c" (person or supergroup), the id, and
 * the access hash that proves the client was shown it: "u4294967297-9f8e7d6c5b4a3210". Opaque to
 * clients.
 */
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import type { ServiceContext } from '../services/context.ts';
import { hexOfLong, longOf, longOfHex } from '../services/to-tl.ts';

export const CHAT_PATTERN = '^(me|[uc][0-9]{1,16}-[0-9a-f]{16})$';
const CHAT = /^([uc])(\d{1,16})-([0-9a-f]{16})$/;

/** The chat with somebody, or that person. */
export function userName(ctx: ServiceContext, userId: number): string {
  return `u${userId}-${hexOfLong(longOf(ctx.directory.accessHash(userId)))}`;
}

export function channelName(ctx: ServiceContext, channelId: number): string {
  return `c${channelId}-${hexOfLong(longOf(ctx.directory.accessHash(channelId)))}`;
}

/** Of a peer that was shown to the user; undefined for kinds that this backend does not have. */
export function peerName(ctx: ServiceContext, peer: tl.TypePeer | undefined): string | undefined {
  if (peer?._ === 'peerUser') return userName(ctx, peer.userId);
  return peer?._ === 'peerChannel' ? channelName(ctx, peer.channelId) : undefined;
}

/** Throws PEER_ID_INVALID for what is no name; whether its proof is right, the services check. */
export function inputPeer(chat: string): tl.TypeInputPeer {
  if (chat === 'me') return { _: 'inputPeerSelf' };
  const [, kind, digits = '', hash = ''] = CHAT.exec(chat) ?? [];
  const id = Number(digits);
  if (kind === undefined || !Number.isSafeInteger(id)) throw new RpcError(400, 'PEER_ID_INVALID');
  const accessHash = longOfHex(hash);
  return kind === 'u'
    ? { _: 'inputPeerUser', userId: id, accessHash }
    : { _: 'inputPeerChannel', channelId: id, accessHash };
}
