/**
 * Which message a message answers. Each side of a one-to-one chat has its own ids, so the reference
 * is translated on its way to the other box.
 */
import { copyOf } from '../datacenter/box-search.ts';
import { RpcError } from '../schema/errors.ts';
import type { ServiceContext } from './context.ts';

/**
 * How the recipient's home finds the message with id `replyTo` of the sender's box (as in a
 * `deliver` item). Throws REPLY_MESSAGE_ID_INVALID for a message that is not in this chat.
 */
export async function replyForRecipient(
  ctx: ServiceContext,
  senderId: number,
  recipientId: number,
  replyTo: number,
): Promise<number> {
  if (replyTo === 0) return 0;
  const answered = await ctx.reader.message(senderId, recipientId, replyTo);
  if (!answered) throw new RpcError(400, 'REPLY_MESSAGE_ID_INVALID');
  return answered.out ? -answered.id : answered.senderId;
}

/** The id in the recipient's box; 0 when the recipient no longer has the message. */
export async function replyInBoxOf(
  ctx: ServiceContext,
  recipientId: number,
  senderId: number,
  reply: number,
): Promise<number> {
  if (reply >= 0) return reply;
  // What it answers may have come just before.
  await ctx.commits.append([]);
  return (await copyOf(ctx.reader, recipientId, senderId, -reply))?.id ?? 0;
}
