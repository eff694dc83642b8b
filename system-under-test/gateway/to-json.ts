/** From TL objects, as the services answer them, to the JSON of the gateway. */
import type { tl } from '../schema/tl.ts';
import type { ServiceContext } from '../services/context.ts';
import { hexOfLong } from '../services/to-tl.ts';
import { peerName, userName } from './chat-name.ts';

export interface JsonMessage {
  readonly id: number;
  readonly chat: string;
  /** Who wrote it. */
  readonly from: string;
  /** Written by the reader. */
  readonly out: boolean;
  /** Unix seconds. */
  readonly date: number;
  readonly text: string;
  readonly replyTo?: number;
  readonly editDate?: number;
}

export interface JsonUser {
  /** Names the chat with this person, too. */
  readonly user: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly phone?: string;
}

/** What happens to a user, in the order in which the box or group numbers it. */
export type GatewayEvent =
  | { readonly type: 'ready'; readonly dc: number; readonly pts: number }
  | { readonly type: 'message' | 'edited'; readonly pts: number; readonly message: JsonMessage }
  | { readonly type: 'deleted'; readonly pts: number; readonly ids: readonly number[] }
  /** A message that had been queued is stored, under this id. */
  | { readonly type: 'stored'; readonly clientId: string; readonly id: number }
  /** A message that had been queued was refused when it came home. */
  | { readonly type: 'refused'; readonly chat: string; readonly queued: number }
  /** Something may have been missed: ask /v1/updates, or for a group its history. */
  | { readonly type: 'missed'; readonly chat?: string };

export function jsonUser(ctx: ServiceContext, user: tl.TypeUser): JsonUser | undefined {
  if (user._ !== 'user') return undefined;
  const { id, firstName = '', lastName = '', phone } = user;
  return { user: userName(ctx, id), firstName, lastName, ...(phone ? { phone } : {}) };
}

/** Undefined for messages of the service (somebody joined), which the gateway does not show. */
export function jsonMessage(ctx: ServiceContext, message: tl.TypeMessage): JsonMessage | undefined {
  if (message._ !== 'message') return undefined;
  const chat = peerName(ctx, message.peerId);
  const from = peerName(ctx, message.fromId ?? message.peerId);
  if (chat === undefined || from === undefined) return undefined;
  const { id, out, date, message: text, replyTo, editDate } = message;
  const replied = replyTo?._ === 'messageReplyHeader' ? replyTo.replyToMsgId : undefined;
  return {
    id,
    chat,
    from,
    out: out === true,
    date,
    text,
    ...(replied === undefined ? {} : { replyTo: replied }),
    ...(editDate === undefined ? {} : { editDate }),
  };
}

/** The events in what is pushed to sessions; kinds that the gateway does not show are left out. */
export function eventsOfPush(ctx: ServiceContext, pushed: tl.TlObject): GatewayEvent[] {
  if (pushed._ === 'updatesTooLong') return [{ type: 'missed' }];
  if (pushed._ === 'updateShort') return eventsOf(ctx, [pushed.update]);
  return pushed._ === 'updates' ? eventsOf(ctx, pushed.updates) : [];
}

export function eventsOf(ctx: ServiceContext, updates: readonly tl.TypeUpdate[]): GatewayEvent[] {
  return updates.flatMap((update): GatewayEvent[] => {
    switch (update._) {
      case 'updateNewMessage':
      case 'updateNewChannelMessage':
      case 'updateEditMessage':
      case 'updateEditChannelMessage': {
        const message = jsonMessage(ctx, update.message);
        const isNew = update._ === 'updateNewMessage' || update._ === 'updateNewChannelMessage';
        const type = isNew ? 'message' : 'edited';
        return message ? [{ type, pts: update.pts, message }] : [];
      }
      case 'updateDeleteMessages':
        return [{ type: 'deleted', pts: update.pts, ids: update.messages }];
      case 'updateMessageID':
        return [{ type: 'stored', clientId: hexOfLong(update.randomId), id: update.id }];
      case 'updateDeleteScheduledMessages': {
        const chat = peerName(ctx, update.peer);
        const [queued] = update.messages;
        if (update.sentMessages || chat === undefined || queued === undefined) return [];
        return [{ type: 'refused', chat, queued }];
      }
      case 'updateChannelTooLong': {
        const chat = peerName(ctx, { _: 'peerChannel', channelId: update.channelId });
        return chat === undefined ? [] : [{ type: 'missed', chat }];
      }
      default:
        return [];
    }
  });
}
