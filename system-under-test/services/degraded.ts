/**
 * Degraded mode: writes of users whose home DC is out of reach, accepted where they are connected.
 * The write waits durably in the outbox for its home and is acknowledged as queued, in the form
 * that clients know for a message that will be sent later: a scheduled message, whose id is its
 * number in the outbox. Once the home DC has carried it out, it says so (services/messages.ts).
 */
import type { Outbox } from '../datacenter/outbox.ts';
import { RpcError } from '../schema/errors.ts';
import { encodeTl, type tl } from '../schema/tl.ts';
import { type Actor, type ServiceContext, type Staged, unixSeconds } from './context.ts';
import { refuseWhenOverloaded } from './effects.ts';
import { checkText } from './message-checks.ts';
import type { Answer } from './table.ts';
import { addressedUser, longOfHex, peerUser, toUser, updatesOf } from './to-tl.ts';

/**
 * Whether writes of this user towards DC `to` must go through the outbox, because earlier ones
 * wait there, or (at `to` itself) may wait at another DC.
 */
export function mustQueue(ctx: ServiceContext, userId: number, to: number): boolean {
  if (ctx.outboxes.get(to)?.hasQueued(userId)) return true;
  return to === ctx.dc && ctx.holds.holds(userId);
}

/** Queues a write for DC `to`. The caller has checked that it is queueable. */
export function queueWrite(
  ctx: ServiceContext,
  actor: Actor,
  method: tl.RpcMethod,
  to: number,
): Promise<Staged<Answer>> {
  const outbox = ctx.outboxes.get(to);
  if (!outbox) throw new RpcError(500, 'HOME_DC_UNKNOWN');
  return ctx.lanes.run<Staged<Answer>>(actor.userId, async () => {
    refuseWhenOverloaded(ctx, actor.userId, actor);
    if (method._ === 'messages.sendMessage') return queueMessage(ctx, actor, method, outbox);
    if (method._ === 'messages.readHistory') return queueRead(ctx, actor, method, outbox);
    throw new RpcError(503, 'HOME_DC_UNREACHABLE');
  });
}

async function queueMessage(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawSendMessageRequest,
  outbox: Outbox,
): Promise<Staged<tl.TypeUpdates>> {
  const { randomId } = checkText(request);
  const recipient = await addressedUser(ctx, actor.userId, request.peer);
  const acceptedAt = unixSeconds(ctx.clock);
  const answer = (number: number): tl.RawUpdates => {
    const message: tl.RawMessage = {
      _: 'message',
      out: true,
      fromScheduled: true,
      id: number,
      fromId: peerUser(actor.userId),
      peerId: peerUser(recipient.id),
      date: acceptedAt,
      message: request.message,
      ...(request.entities ? { entities: request.entities } : {}),
    };
    return updatesOf(
      [
        { _: 'updateMessageID', id: number, randomId: longOfHex(randomId) },
        { _: 'updateNewScheduledMessage', message },
      ],
      [toUser(ctx, recipient)],
      acceptedAt,
    );
  };
  const waiting = outbox.queuedNumber(actor.userId, randomId);
  if (waiting !== undefined) {
    return { answer: answer(waiting), durable: ctx.commits.append([]) };
  }
  const staged = outbox.stage({
    kind: 'execute',
    userId: actor.userId,
    randomId,
    request: encodeTl(request),
    acceptedAt,
  });
  const queued = answer(staged.number);
  const durable = ctx.commits.append([], [staged.write]).then(() => {
    staged.committed();
    ctx.delivery.pushHere(actor.userId, actor.authKeyId, encodeTl(queued));
  });
  return { answer: queued, durable };
}

async function queueRead(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawReadHistoryRequest,
  outbox: Outbox,
): Promise<Staged<tl.messages.TypeAffectedMessages>> {
  const peer = await addressedUser(ctx, actor.userId, request.peer);
  const { pts } = await ctx.reader.state(actor.userId);
  const answer = { _: 'messages.affectedMessages', pts, ptsCount: 0 } as const;
  const randomId = `read/${peer.id}/${request.maxId}`;
  if (outbox.queuedNumber(actor.userId, randomId) !== undefined) {
    return { answer, durable: ctx.commits.append([]) };
  }
  const staged = outbox.stage({
    kind: 'execute',
    userId: actor.userId,
    randomId,
    request: encodeTl(request),
    acceptedAt: unixSeconds(ctx.clock),
  });
  return { answer, durable: ctx.commits.append([], [staged.write]).then(staged.committed) };
}

/** Says in an answer from a replica that it may be stale, where the protocol has a word for it. */
export function markStale(answer: Answer): Answer {
  if (typeof answer !== 'object' || !('_' in answer)) return answer;
  if (answer._ !== 'messages.messages') return answer;
  const { messages, topics, chats, users } = answer;
  const count = messages.length;
  const stale = { inexact: true, count, messages, topics, chats, users } as const;
  return { _: 'messages.messagesSlice', ...stale };
}
