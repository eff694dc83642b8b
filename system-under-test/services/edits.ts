/**
 * Changing messages of a one-to-one chat after they were sent: both boxes, each at its owner's
 * home.
 * https://core.telegram.org/method/messages.editMessage, .../messages.deleteMessages
 */
import { copyOf, messageById } from '../datacenter/box-search.ts';
import { type Box, editMessage as editInBox, eraseMessages } from '../datacenter/boxes.ts';
import { LIMITS } from '../datacenter/limits.ts';
import type { StagedItem } from '../datacenter/outbox.ts';
import type { MessageRecord, OutboxItem } from '../datacenter/records.ts';
import type { StoreWrite } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import { editChannelMessage } from './channel-edits.ts';
import {
  type Actor,
  type ServiceContext,
  type Staged,
  unixSeconds,
  type WriteOrigin,
} from './context.ts';
import { push, refuseWhenOverloaded, stageFor } from './effects.ts';
import { checkWords, encodeEntities } from './message-checks.ts';
import { addressedUser, toMessage, toUser, updatesOf } from './to-tl.ts';

/** What is done to one box, and what its owner's sessions are told of it once it is durable. */
interface Change {
  readonly box: Box;
  readonly writes: readonly StoreWrite[];
  readonly update: tl.TypeUpdate;
}

/** By the author only. */
export function editMessage(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawEditMessageRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  if (request.peer._ === 'inputPeerChannel') return editChannelMessage(ctx, actor, request, origin);
  const { message: text = '', entities: given } = request;
  checkWords(text, given);
  return ctx.lanes.runWrite(actor.userId, async () => {
    const { userId } = actor;
    const peer = await addressedUser(ctx, userId, request.peer);
    if (!origin.queued) refuseWhenOverloaded(ctx, peer.id, actor);
    return inChats(ctx, userId, [peer.id], async () => {
      const before = await ctx.reader.message(userId, peer.id, request.id);
      if (!before) throw new RpcError(400, 'MESSAGE_ID_INVALID');
      if (!before.out) throw new RpcError(403, 'MESSAGE_AUTHOR_REQUIRED');
      const entities = encodeEntities(given);
      if (before.text === text && sameEntities(before.entities, entities)) {
        throw new RpcError(400, 'MESSAGE_NOT_MODIFIED');
      }
      const editDate = unixSeconds(ctx.clock);
      const edit = { text, entities, editDate };
      const isHere = peer.id !== userId && ctx.homes.of(peer.id) === ctx.dc;
      const theirs = isHere ? await copyOf(ctx.reader, peer.id, userId, before.id) : undefined;
      const mine = await ctx.boxes.pin(userId);
      const theirBox = theirs ? await ctx.boxes.pin(peer.id) : undefined;
      // From here to the append nothing may fail or wait: the boxes' counters move.
      const changes = [edited(mine, before, edit)];
      if (theirs && theirBox) changes.push(edited(theirBox, theirs, edit));
      const isAway = peer.id !== userId && !isHere;
      const item = {
        kind: 'edit',
        to: peer.id,
        from: userId,
        senderId: before.id,
        ...edit,
      } as const;
      const durable = commit(ctx, actor, changes, isAway ? [item] : [], origin.local);
      const users = [toUser(ctx, peer)];
      return { answer: updatesOf([changes[0]!.update], users, editDate), durable };
    });
  });
}

function edited(
  box: Box,
  before: MessageRecord,
  edit: Pick<MessageRecord, 'text' | 'entities' | 'editDate'>,
): Change {
  const record = { ...before, ...edit };
  const { pts, writes } = editInBox(box, record);
  const message = toMessage(box.userId, record);
  return { box, writes, update: { _: 'updateEditMessage', message, pts, ptsCount: 1 } };
}

function sameEntities(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  if (some.length !== others.length) return false;
  return some.every((bytes, index) => Buffer.compare(bytes, others[index]!) === 0);
}

/** From the own box; with `revoke` from the other sides' too, whoever wrote the messages. */
export function deleteMessages(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawDeleteMessagesRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.messages.TypeAffectedMessages>> {
  const ids = [...new Set(request.id)];
  if (ids.length > LIMITS.messageIdsPerRequestMax) throw new RpcError(400, 'LIMIT_INVALID');
  return ctx.lanes.runWrite(actor.userId, async () => {
    const { userId } = actor;
    if (!origin.queued) refuseWhenOverloaded(ctx, userId, actor);
    const peers = await peersOf(ctx, userId, ids);
    return inChats(ctx, userId, peers, async () => {
      const records = await existing(ctx, userId, ids);
      const others = request.revoke === true ? await othersOf(ctx, userId, records) : [];
      const unread = await unreadAmong(ctx, userId, records);
      const mine = await ctx.boxes.pin(userId);
      for (const other of others) if (other.isHere) other.box = await ctx.boxes.pin(other.peer);
      // From here to the append nothing may fail or wait: the boxes' counters move.
      const changes = records.length > 0 ? [erased(mine, records, unread)] : [];
      const items: OutboxItem[] = [];
      for (const { peer, box, copies, unreadCopies, own, sent } of others) {
        if (box) changes.push(erased(box, copies, unreadCopies));
        else items.push({ kind: 'erase', to: peer, from: userId, own, sent });
      }
      const { pts } = mine;
      if (changes.length === 0) ctx.boxes.unpin(mine);
      const durable = commit(ctx, actor, changes, items, origin.local);
      const ptsCount = records.length > 0 ? 1 : 0;
      return { answer: { _: 'messages.affectedMessages', pts, ptsCount }, durable };
    });
  });
}

/** Partners whose chats hold these messages. */
async function peersOf(ctx: ServiceContext, userId: number, ids: number[]): Promise<number[]> {
  return (await existing(ctx, userId, ids)).map(({ peer }) => peer);
}

async function existing(
  ctx: ServiceContext,
  userId: number,
  ids: readonly number[],
): Promise<MessageRecord[]> {
  const found: MessageRecord[] = [];
  for (const id of ids) {
    const record = await messageById(ctx.reader, userId, id);
    if (record) found.push(record);
  }
  return found;
}

/** One other side of what is deleted for both. */
interface OtherSide {
  readonly peer: number;
  readonly isHere: boolean;
  box: Box | undefined;
  /** In the other's box, where that is here. */
  readonly copies: readonly MessageRecord[];
  readonly unreadCopies: number;
  /** Ids in the other's box, of what the other wrote; ids in ours, of what we wrote. */
  readonly own: readonly number[];
  readonly sent: readonly number[];
}

async function othersOf(
  ctx: ServiceContext,
  userId: number,
  records: readonly MessageRecord[],
): Promise<OtherSide[]> {
  const others: OtherSide[] = [];
  for (const [peer, ofPeer] of Map.groupBy(records, (record) => record.peer)) {
    if (peer === userId) continue;
    const own = ofPeer.filter(({ out }) => !out).map(({ senderId }) => senderId);
    const sent = ofPeer.filter(({ out }) => out).map(({ id }) => id);
    const isHere = ctx.homes.of(peer) === ctx.dc;
    const copies = isHere ? await copiesOf(ctx, peer, userId, own, sent) : [];
    if (isHere && copies.length === 0) continue;
    const unreadCopies = isHere ? await unreadAmong(ctx, peer, copies) : 0;
    others.push({ peer, isHere, box: undefined, copies, unreadCopies, own, sent });
  }
  return others;
}

async function copiesOf(
  ctx: ServiceContext,
  owner: number,
  peer: number,
  own: readonly number[],
  sent: readonly number[],
): Promise<MessageRecord[]> {
  const found: (MessageRecord | undefined)[] = [];
  for (const id of own) found.push(await ctx.reader.message(owner, peer, id));
  for (const id of sent) found.push(await copyOf(ctx.reader, owner, peer, id));
  return found.filter((record) => record !== undefined);
}

/** How many of an owner's messages the owner has not read. */
async function unreadAmong(
  ctx: ServiceContext,
  owner: number,
  records: readonly MessageRecord[],
): Promise<number> {
  let count = 0;
  for (const [peer, ofPeer] of Map.groupBy(records, (record) => record.peer)) {
    const { inbox } = await ctx.reader.readPointers(owner, peer);
    count += ofPeer.filter(({ out, id }) => !out && id > inbox).length;
  }
  return count;
}

function erased(box: Box, records: readonly MessageRecord[], unread: number): Change {
  const { pts, writes } = eraseMessages(box, records, unread);
  const messages = records.map(({ id }) => id);
  return { box, writes, update: { _: 'updateDeleteMessages', messages, pts, ptsCount: 1 } };
}

/** One append for all boxes that are here, and durable requests to the homes of the others. */
function commit(
  ctx: ServiceContext,
  actor: Actor,
  changes: readonly Change[],
  items: readonly OutboxItem[],
  local: readonly StoreWrite[],
): Promise<void> {
  const own = changes.flatMap(({ writes }) => writes);
  const staged: StagedItem[] = [];
  for (const item of items) if ('to' in item) staged.push(stageFor(ctx, item.to, item));
  const all = [...local, ...staged.map(({ write }) => write)];
  return ctx.commits.append(own, all).then(() => {
    for (const item of staged) item.committed();
    for (const { box, update } of changes) {
      ctx.boxes.unpin(box);
      const except = box.userId === actor.userId ? actor.authKeyId : '';
      push(ctx, box.userId, except, updatesOf([update], [], unixSeconds(ctx.clock)));
    }
  });
}

/** At the other side's home: what another DC's outbox brings. */
export function takeChange(
  ctx: ServiceContext,
  item: OutboxItem & { readonly kind: 'edit' | 'erase' },
  local: readonly StoreWrite[],
): Promise<{ durable: Promise<void> }> {
  const { to, from } = item;
  const nobody: Actor = { userId: 0, authKeyId: '' };
  return inChats(ctx, to, [from], async () => {
    let changes: Change[] = [];
    if (item.kind === 'edit') {
      const { text, entities, editDate, senderId } = item;
      const before = await copyOf(ctx.reader, to, from, senderId);
      const box = before ? await ctx.boxes.pin(to) : undefined;
      if (before && box) changes = [edited(box, before, { text, entities, editDate })];
    } else {
      const copies = await copiesOf(ctx, to, from, item.own, item.sent);
      const unread = await unreadAmong(ctx, to, copies);
      const box = copies.length > 0 ? await ctx.boxes.pin(to) : undefined;
      if (box) changes = [erased(box, copies, unread)];
    }
    return { durable: commit(ctx, nobody, changes, [], local) };
  });
}

/**
 * Runs a change of chats after all earlier ones of the same chats are durable: what is read then is
 * what they left. The lanes are taken in one order by all, so that none waits in a circle.
 */
async function inChats<T>(
  ctx: ServiceContext,
  userId: number,
  peers: readonly number[],
  task: () => Promise<T>,
): Promise<T> {
  const lanes = new Set(
    peers.map((peer) => `chat ${Math.min(userId, peer)} ${Math.max(userId, peer)}`),
  );
  const inOrder = [...lanes].toSorted();
  const run = async (index: number): Promise<T> => {
    const lane = inOrder[index];
    if (lane !== undefined) return ctx.lanes.run(lane, () => run(index + 1));
    await ctx.commits.append([]);
    return task();
  };
  return run(0);
}
