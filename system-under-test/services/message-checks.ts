/** Everything about a message's text that can be refused before anything is looked up. */
import { LIMITS } from '../datacenter/limits.ts';
import { RpcError } from '../schema/errors.ts';
import { encodeTl, type tl } from '../schema/tl.ts';
import { hexOfLong } from './to-tl.ts';

export interface CheckedText {
  readonly message: string;
  /** TL-encoded. */
  readonly entities: readonly Uint8Array[];
  /** 16 hex digits. */
  readonly randomId: string;
  /** Id of the message that it answers, 0 for none. */
  readonly replyTo: number;
}

export function checkText(request: tl.messages.RawSendMessageRequest): CheckedText {
  checkWords(request.message, request.entities);
  if (request.scheduleDate !== undefined) throw new RpcError(400, 'SCHEDULE_DATE_INVALID');
  if (request.randomId.isZero()) throw new RpcError(400, 'RANDOM_ID_EMPTY');
  return {
    message: request.message,
    entities: encodeEntities(request.entities),
    randomId: hexOfLong(request.randomId),
    replyTo: repliedTo(request.replyTo),
  };
}

export function checkWords(message: string, entities: readonly unknown[] | undefined): void {
  if (message.trim() === '') throw new RpcError(400, 'MESSAGE_EMPTY');
  if (message.length > LIMITS.messageCharactersMax) throw new RpcError(400, 'MESSAGE_TOO_LONG');
  if ((entities?.length ?? 0) > LIMITS.entitiesPerMessageMax) {
    throw new RpcError(400, 'ENTITIES_TOO_LONG');
  }
}

export function encodeEntities(
  entities: readonly tl.TypeMessageEntity[] | undefined,
): Uint8Array[] {
  return (entities ?? []).map((entity) => encodeTl(entity));
}

/** Answers within one chat only: no quotes from elsewhere, no stories. */
function repliedTo(replyTo: tl.TypeInputReplyTo | undefined): number {
  if (replyTo === undefined) return 0;
  if (replyTo._ !== 'inputReplyToMessage' || replyTo.replyToPeerId !== undefined) {
    throw new RpcError(400, 'REPLY_MESSAGE_ID_INVALID');
  }
  if (replyTo.replyToMsgId < 1) throw new RpcError(400, 'REPLY_MESSAGE_ID_INVALID');
  return replyTo.replyToMsgId;
}
