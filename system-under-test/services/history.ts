/**
 * Reading a chat. Works on a DC's own domain and on its replica of another's.
 * https://core.telegram.org/api/offsets
 */
import { LIMITS } from '../datacenter/limits.ts';
import type { MessageRecord } from '../datacenter/records.ts';
import type { tl } from '../schema/tl.ts';
import type { Actor, ServiceContext } from './context.ts';
import { addressedUser, toMessage } from './to-tl.ts';
import { viewOfUsers } from './users.ts';

export async function getHistory(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawGetHistoryRequest,
): Promise<tl.messages.TypeMessages> {
  const peer = await addressedUser(ctx, actor.userId, request.peer);
  const limit = Math.min(Math.max(request.limit, 1), LIMITS.historyMessagesMax);
  const from = request.minId > 0 ? request.minId + 1 : 1;
  const before = request.maxId > 0 ? request.maxId : Number.POSITIVE_INFINITY;
  let offset = request.offsetId > 0 ? request.offsetId : Number.POSITIVE_INFINITY;
  if (request.offsetId <= 0 && request.offsetDate > 0) {
    offset = await firstIdFrom(ctx, actor.userId, peer.id, request.offsetDate);
  }
  const read = (lower: number, upper: number, count: number, forwards: boolean) =>
    ctx.reader.messages(
      actor.userId,
      peer.id,
      Math.max(lower, from),
      Math.min(upper, before),
      count,
      forwards,
    );
  const addOffset = Math.max(-LIMITS.historyMessagesMax, Math.trunc(request.addOffset));
  let newer: MessageRecord[] = [];
  if (addOffset < 0 && Number.isFinite(offset)) {
    newer = (await read(offset, Number.POSITIVE_INFINITY, -addOffset, true)).toReversed();
  }
  const skip = Math.min(Math.max(addOffset, 0), HISTORY_SKIP_MAX);
  const older = (await read(1, offset, limit + skip, false)).slice(skip);
  const messages = [...newer, ...older].slice(0, limit);
  const users = await viewOfUsers(ctx, actor, [peer.id, actor.userId]);
  const rest = {
    messages: messages.map((message) => toMessage(actor.userId, message)),
    topics: [],
    chats: [],
    users,
  };
  const whole =
    !Number.isFinite(offset) &&
    !Number.isFinite(before) &&
    from === 1 &&
    skip === 0 &&
    messages.length < limit;
  if (whole) return { _: 'messages.messages', ...rest };
  // The chat's length is not kept; what is known is that it has at least these.
  return { _: 'messages.messagesSlice', inexact: true, count: messages.length, ...rest };
}

/** `add_offset` beyond this many messages is cut: use offset_id to go further back. */
const HISTORY_SKIP_MAX = 1_000;
const DATE_SEARCH_STEPS_MAX = 100;

/** Id of the oldest message not before `date`; everything below it is older than `date`. */
async function firstIdFrom(
  ctx: ServiceContext,
  owner: number,
  peer: number,
  date: number,
): Promise<number> {
  let upper = Number.POSITIVE_INFINITY;
  for (let step = 0; step < DATE_SEARCH_STEPS_MAX; step++) {
    const page = await ctx.reader.messages(owner, peer, 1, upper, LIMITS.historyMessagesMax);
    for (const message of page) {
      if (message.date < date) return upper;
      upper = message.id;
    }
    if (page.length < LIMITS.historyMessagesMax) return upper;
  }
  return upper;
}
