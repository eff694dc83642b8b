/**
 * One-to-one messages: sending (both boxes, each at its owner's home), and what arrives from
 * another DC. https://core.telegram.org/method/messages.sendMessage
 */

import { addMessage, type Box } from '../datacenter/boxes.ts';
import type { StagedItem } from '../datacenter/outbox.ts';
import type { MessageRecord, OutboxItem, UserRecord } from '../datacenter/records.ts';
import type { StoreWrite } from '../environment/index.ts';
import type { tl } from '../schema/tl.ts';
import { postToChannel } from './channel-posts.ts';
import {
  type Actor,
  type ServiceContext,
  type Staged,
  unixSeconds,
  type WriteOrigin,
} from './context.ts';
import { pinIfHere, pinOwn, push, refuseWhenOverloaded, stageFor } from './effects.ts';
import { checkText } from './message-checks.ts';
import { replyForRecipient, replyInBoxOf } from './replies.ts';
import { addressedUser, longOfHex, peerUser, toMessage, toUser, updatesOf } from './to-tl.ts';

/** At the sender's home DC. A repeated `random_id` gets the first answer and writes nothing. */
export function sendMessage(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawSendMessageRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  if (request.peer._ === 'inputPeerChannel') return postToChannel(ctx, actor, request, origin);
  return ctx.lanes.runWrite(actor.userId, async () => {
    const { randomId, entities, replyTo } = checkText(request);
    const recipient = await addressedUser(ctx, actor.userId, request.peer);
    if (!origin.queued) refuseWhenOverloaded(ctx, recipient.id, actor);
    const reply = await replyForRecipient(ctx, actor.userId, recipient.id, replyTo);
    const theirReply = reply === 0 ? 0 : await replyHere(ctx, recipient.id, actor.userId, reply);
    const sender = await pinOwn(ctx, actor.userId);
    const isSelf = recipient.id === actor.userId;
    const receiver = isSelf ? undefined : await pinIfHere(ctx, recipient.id);
    const unpin = (): void => {
      ctx.boxes.unpin(sender);
      if (receiver) ctx.boxes.unpin(receiver);
    };
    const known = sender.randomIds.get(randomId);
    if (known) {
      const date = await dateOf(ctx, actor.userId, recipient.id, known.id);
      // The first one may not be durable yet: an empty append waits for it.
      const durable = ctx.commits.append([], origin.local).then(() => {
        unpin();
        if (origin.queued)
          tellSettled(ctx, sender, recipient.id, randomId, known.id, origin.queued);
      });
      return { answer: sentAnswer(known.id, known.pts, date), durable };
    }
    // From here to the append nothing may fail or wait: the boxes' counters move.
    const date = origin.queued?.acceptedAt ?? unixSeconds(ctx.clock);
    const mine = addMessage(
      sender,
      { peer: recipient.id, out: true, date, text: request.message, entities, replyTo },
      randomId,
    );
    const senderId = mine.message.id;
    const own: StoreWrite[] = [...mine.writes];
    const local: StoreWrite[] = [...origin.local];
    let staged: StagedItem | undefined;
    let theirs: ReturnType<typeof addMessage> | undefined;
    if (receiver) {
      const copy = { peer: actor.userId, out: false, date, text: request.message, entities };
      theirs = addMessage(receiver, { ...copy, senderId, replyTo: theirReply }, '');
      own.push(...theirs.writes);
    } else if (!isSelf) {
      staged = stageFor(ctx, recipient.id, {
        kind: 'deliver',
        to: recipient.id,
        from: actor.userId,
        senderId,
        date,
        text: request.message,
        entities,
        replyTo: reply,
      });
      local.push(staged.write);
    }
    ctx.trace?.('staged', request.message);
    const durable = ctx.commits.append(own, local).then(async () => {
      ctx.trace?.('durable', request.message);
      staged?.committed();
      unpin();
      if (theirs && receiver) await tellRecipient(ctx, receiver, theirs.message, theirs.pts);
      await tellSender(ctx, sender, recipient, mine.message, mine.pts, randomId, actor, origin);
    });
    return { answer: sentAnswer(senderId, mine.pts, date), durable };
  });
}

/** What the recipient's copy refers to, where that copy is made here. */
async function replyHere(
  ctx: ServiceContext,
  recipientId: number,
  senderId: number,
  reply: number,
): Promise<number> {
  if (ctx.homes.of(recipientId) !== ctx.dc) return 0;
  return replyInBoxOf(ctx, recipientId, senderId, reply);
}

/** At the recipient's home DC: a message that another DC's outbox brought. */
export async function takeDelivery(
  ctx: ServiceContext,
  item: OutboxItem & { readonly kind: 'deliver' },
  local: readonly StoreWrite[],
): Promise<{ durable: Promise<void> }> {
  ctx.trace?.('inbound', item.text);
  const replyTo = await replyInBoxOf(ctx, item.to, item.from, item.replyTo ?? 0);
  const box = await ctx.boxes.pin(item.to);
  const { message, pts, writes } = addMessage(
    box,
    {
      peer: item.from,
      out: false,
      date: item.date,
      text: item.text,
      entities: item.entities,
      senderId: item.senderId,
      replyTo,
    },
    '',
  );
  ctx.trace?.('inbound_staged', item.text);
  const durable = ctx.commits.append(writes, local).then(async () => {
    ctx.trace?.('inbound_durable', item.text);
    ctx.boxes.unpin(box);
    await tellRecipient(ctx, box, message, pts);
  });
  return { durable };
}

function sentAnswer(id: number, pts: number, date: number): tl.RawUpdateShortSentMessage {
  return { _: 'updateShortSentMessage', out: true, id, pts, ptsCount: 1, date };
}

async function dateOf(
  ctx: ServiceContext,
  owner: number,
  peer: number,
  id: number,
): Promise<number> {
  const message = await ctx.reader.message(owner, peer, id);
  return message?.date ?? unixSeconds(ctx.clock);
}

async function tellRecipient(
  ctx: ServiceContext,
  box: Box,
  message: MessageRecord,
  pts: number,
): Promise<void> {
  if (!ctx.delivery.reaches(box.userId, '')) return;
  const sender = await ctx.directory.existingUser(message.peer);
  const update: tl.RawUpdateNewMessage = {
    _: 'updateNewMessage',
    message: toMessage(box.userId, message),
    pts,
    ptsCount: 1,
  };
  push(ctx, box.userId, '', updatesOf([update], [toUser(ctx, sender)], message.date));
  ctx.trace?.('pushed', message.text);
}

/** The sender's other devices; and for a write that had waited, the one that sent it too. */
async function tellSender(
  ctx: ServiceContext,
  box: Box,
  recipient: UserRecord,
  message: MessageRecord,
  pts: number,
  randomId: string,
  actor: Actor,
  origin: WriteOrigin,
): Promise<void> {
  if (!ctx.delivery.reaches(box.userId, actor.authKeyId)) return;
  const list: tl.TypeUpdate[] = [
    { _: 'updateNewMessage', message: toMessage(box.userId, message), pts, ptsCount: 1 },
  ];
  if (origin.queued) list.push(...settled(recipient.id, randomId, message.id, origin.queued));
  const users = [toUser(ctx, recipient)];
  push(ctx, box.userId, actor.authKeyId, updatesOf(list, users, message.date));
}

/** A queued write turns out to be stored already: only say so. */
function tellSettled(
  ctx: ServiceContext,
  box: Box,
  peer: number,
  randomId: string,
  id: number,
  queued: { readonly number: number },
): void {
  const list = settled(peer, randomId, id, queued);
  push(ctx, box.userId, '', updatesOf(list, [], unixSeconds(ctx.clock)));
}

/** The queued message (shown as scheduled) is gone, and this is its real id. */
function settled(
  peer: number,
  randomId: string,
  id: number,
  queued: { readonly number: number },
): tl.TypeUpdate[] {
  return [
    { _: 'updateMessageID', id, randomId: longOfHex(randomId) },
    {
      _: 'updateDeleteScheduledMessages',
      peer: peerUser(peer),
      messages: [queued.number],
      sentMessages: [id],
    },
  ];
}
