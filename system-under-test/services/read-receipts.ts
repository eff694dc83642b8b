/**
 * Read receipts: a reader's pointer moves in the own box, and the other side is told, at its home.
 * https://core.telegram.org/method/messages.readHistory
 */
import { type Box, moveReadPointer } from '../datacenter/boxes.ts';
import type { StagedItem } from '../datacenter/outbox.ts';
import type { MessageRecord, OutboxItem } from '../datacenter/records.ts';
import type { StoreWrite } from '../environment/index.ts';
import type { tl } from '../schema/tl.ts';
import {
  type Actor,
  type ServiceContext,
  type Staged,
  unixSeconds,
  type WriteOrigin,
} from './context.ts';
import { pinIfHere, pinOwn, push, refuseWhenOverloaded, stageFor } from './effects.ts';
import { addressedUser, peerUser, updatesOf } from './to-tl.ts';

/** At the reader's home DC. */
export function readHistory(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawReadHistoryRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.messages.TypeAffectedMessages>> {
  return ctx.lanes.runWrite(actor.userId, async () => {
    const peer = await addressedUser(ctx, actor.userId, request.peer);
    if (!origin.queued) refuseWhenOverloaded(ctx, peer.id, actor);
    const box = await pinOwn(ctx, actor.userId);
    const stored = await ctx.reader.readPointers(actor.userId, peer.id);
    const before = Math.max(stored.inbox, box.readInbox.get(peer.id) ?? 0);
    const until = request.maxId > 0 ? request.maxId + 1 : Number.POSITIVE_INFINITY;
    const { last, count } = await unread(ctx, box, peer.id, before + 1, until);
    if (!last) {
      const durable = ctx.commits.append([], origin.local).then(() => ctx.boxes.unpin(box));
      return { answer: { _: 'messages.affectedMessages', pts: box.pts, ptsCount: 0 }, durable };
    }
    const stillUnreadCount = await ctx.reader.incomingAfter(actor.userId, peer.id, last.id);
    const theirBox = await pinIfHere(ctx, peer.id);
    box.readInbox.set(peer.id, last.id);
    const mine = moveReadPointer(box, 'read_inbox', peer.id, last.id, count);
    const own: StoreWrite[] = [...mine.writes];
    const local: StoreWrite[] = [...origin.local];
    const seen = { kind: 'read', to: peer.id, reader: actor.userId, maxId: last.senderId } as const;
    let theirs: { box: Box; pts: number } | undefined;
    let staged: StagedItem | undefined;
    if (theirBox) {
      const moved = moveReadPointer(theirBox, 'read_outbox', actor.userId, last.senderId, 0);
      own.push(...moved.writes);
      theirs = { box: theirBox, pts: moved.pts };
    } else {
      staged = stageFor(ctx, peer.id, seen);
      local.push(staged.write);
    }
    const durable = ctx.commits.append(own, local).then(() => {
      staged?.committed();
      ctx.boxes.unpin(box);
      const update: tl.RawUpdateReadHistoryInbox = {
        _: 'updateReadHistoryInbox',
        peer: peerUser(peer.id),
        maxId: last.id,
        stillUnreadCount,
        pts: mine.pts,
        ptsCount: 1,
      };
      push(ctx, actor.userId, actor.authKeyId, updatesOf([update], [], unixSeconds(ctx.clock)));
      if (theirs) {
        ctx.boxes.unpin(theirs.box);
        tellRead(ctx, theirs.box, actor.userId, last.senderId, theirs.pts);
      }
    });
    return { answer: { _: 'messages.affectedMessages', pts: mine.pts, ptsCount: 1 }, durable };
  });
}

/** Incoming messages of a chat with ids in [fromId, untilId): the last one, and how many. */
async function unread(
  ctx: ServiceContext,
  box: Box,
  peer: number,
  fromId: number,
  untilId: number,
): Promise<{ last: MessageRecord | undefined; count: number }> {
  let last: MessageRecord | undefined;
  let count = 0;
  // Own messages may lie between, in any number; the box knows when all that is unread was met.
  for (let from = fromId; count < box.unread; ) {
    const page = await ctx.reader.messages(box.userId, peer, from, untilId, READ_PAGE, true);
    for (const message of page) {
      if (message.out) continue;
      last = message;
      count++;
    }
    const end = page.at(-1);
    if (!end || page.length < READ_PAGE) break;
    from = end.id + 1;
  }
  return { last, count };
}

const READ_PAGE = 1_000;

/** At the home of whoever wrote: the other side has read up to an id of this box. */
export async function takeRead(
  ctx: ServiceContext,
  item: OutboxItem & { readonly kind: 'read' },
  local: readonly StoreWrite[],
): Promise<{ durable: Promise<void> }> {
  const box = await ctx.boxes.pin(item.to);
  const { pts, writes } = moveReadPointer(box, 'read_outbox', item.reader, item.maxId, 0);
  const durable = ctx.commits.append(writes, local).then(() => {
    ctx.boxes.unpin(box);
    tellRead(ctx, box, item.reader, item.maxId, pts);
  });
  return { durable };
}

function tellRead(ctx: ServiceContext, box: Box, reader: number, maxId: number, pts: number): void {
  const update: tl.RawUpdateReadHistoryOutbox = {
    _: 'updateReadHistoryOutbox',
    peer: peerUser(reader),
    maxId,
    pts,
    ptsCount: 1,
  };
  push(ctx, box.userId, '', updatesOf([update], [], unixSeconds(ctx.clock)));
}
