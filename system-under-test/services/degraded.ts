/**
 * Degraded mode: writes of users whose home DC is out of reach, accepted where they are connected.
 * The write waits durably in the outbox for its home and is acknowledged as queued, in the form
 * that clients know for a message that will be sent later: a scheduled message, whose id is its
 * number in the outbox. Once the home DC has carried it out, it says so (services/messages.ts).
 */
import type { Outbox } from '../datacenter/outbox.ts';
import type { Predecessor } from '../datacenter/records.ts';
import { RpcError } from '../schema/errors.ts';
import { encodeTl, type tl } from '../schema/tl.ts';
import { addressedChannel, channelIdIn, requireIn, requireWriter } from './channel-access.ts';
import { countersOf } from './channel-history.ts';
import { peerChannel } from './channel-to-tl.ts';
import { viewOfChannels } from './channels.ts';
import { type Actor, type ServiceContext, type Staged, unixSeconds } from './context.ts';
import { refuseWhenOverloaded, type Telling, telling } from './effects.ts';
import { checkText, checkWords } from './message-checks.ts';
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
  return ctx.lanes.runWrite<Staged<Answer>>(actor.userId, async () => {
    refuseWhenOverloaded(ctx, actor.userId, actor);
    switch (method._) {
      case 'messages.sendMessage':
        return queueMessage(ctx, actor, method, outbox);
      case 'messages.readHistory':
        return queueRead(ctx, actor, method, outbox);
      case 'channels.readHistory':
        return queueChannelRead(ctx, actor, method, outbox);
      default:
        return queueChange(ctx, actor, method, outbox);
    }
  });
}

/** The other side of the chat, as far as the copies here know, and the actor's right to write. */
async function queuedPeer(
  ctx: ServiceContext,
  actor: Actor,
  input: tl.TypeInputPeer | tl.TypeInputChannel,
  isWriting = true,
): Promise<{ peer: tl.TypePeer; users: tl.TypeUser[]; chats: tl.TypeChat[] }> {
  if (input._ !== 'inputPeerChannel' && input._ !== 'inputChannel') {
    const user = await addressedUser(ctx, actor.userId, input as tl.TypeInputPeer);
    return { peer: peerUser(user.id), users: [toUser(ctx, user)], chats: [] };
  }
  const channelId = addressedChannel(ctx, input);
  // A copy may be behind: only home can refuse. It will, if it must, when this is carried out.
  if (ctx.homes.of(channelId) === ctx.dc) {
    const member = await ctx.channelReader.member(channelId, actor.userId);
    if (isWriting) requireWriter(member, unixSeconds(ctx.clock));
    else requireIn(member);
  }
  const chats = await viewOfChannels(ctx, actor, [channelId]);
  return { peer: peerChannel(channelId), users: [], chats };
}

async function queueMessage(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawSendMessageRequest,
  outbox: Outbox,
): Promise<Staged<tl.TypeUpdates>> {
  const { randomId } = checkText(request);
  const { peer, users, chats } = await queuedPeer(ctx, actor, request.peer);
  const acceptedAt = unixSeconds(ctx.clock);
  const answer = (number: number): tl.RawUpdates => {
    const message: tl.RawMessage = {
      _: 'message',
      out: true,
      fromScheduled: true,
      id: number,
      fromId: peerUser(actor.userId),
      peerId: peer,
      date: acceptedAt,
      message: request.message,
      ...(request.entities ? { entities: request.entities } : {}),
    };
    const list: tl.TypeUpdate[] = [
      { _: 'updateMessageID', id: number, randomId: longOfHex(randomId) },
      { _: 'updateNewScheduledMessage', message },
    ];
    return { ...updatesOf(list, users, acceptedAt), chats };
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
    ...behindOf(ctx, actor.userId, outbox),
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
  const name = `read/${peer.id}/${request.maxId}`;
  return { answer, durable: queueNamed(ctx, actor, request, name, outbox) };
}

async function queueChannelRead(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.channels.RawReadHistoryRequest,
  outbox: Outbox,
): Promise<Staged<boolean>> {
  const channelId = addressedChannel(ctx, request.channel);
  await queuedPeer(ctx, actor, request.channel, false);
  const name = `read/${channelId}/${request.maxId}`;
  return { answer: true, durable: queueNamed(ctx, actor, request, name, outbox) };
}

/** What goes before a write that its home holds back itself. */
function behindOf(
  ctx: ServiceContext,
  userId: number,
  outbox: Outbox,
): { readonly behind?: readonly Predecessor[] } {
  return outbox.to === ctx.dc ? { behind: ctx.holds.before(userId) } : {};
}

/** Once under each name: a repeat waits for the first. */
function queueNamed(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.RpcMethod,
  name: string,
  outbox: Outbox,
): Promise<void> {
  const { userId } = actor;
  if (outbox.queuedNumber(userId, name) !== undefined) return ctx.commits.append([]);
  const acceptedAt = unixSeconds(ctx.clock);
  const behind = behindOf(ctx, userId, outbox);
  const fields = { randomId: name, request: encodeTl(request), acceptedAt, ...behind };
  const staged = outbox.stage({ kind: 'execute', userId, ...fields });
  return ctx.commits.append([], [staged.write]).then(staged.committed);
}

/**
 * Edits and deletions. The answer tells of no change: that comes once it is carried out. Each is
 * queued under a name of its own, as two alike may have another one between them; carrying one out
 * twice ends in the same.
 */
async function queueChange(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.RpcMethod,
  outbox: Outbox,
): Promise<Staged<Answer>> {
  const name = `change/${Buffer.from(ctx.randomness.bytes(8)).toString('hex')}`;
  const nothing = updatesOf([], [], unixSeconds(ctx.clock));
  let answer: Answer;
  switch (request._) {
    case 'messages.editMessage':
      checkWords(request.message ?? '', request.entities);
      await queuedPeer(ctx, actor, request.peer);
      answer = nothing;
      break;
    case 'channels.deleteHistory':
      await queuedPeer(ctx, actor, request.channel, false);
      answer = nothing;
      break;
    case 'channels.deleteMessages': {
      await queuedPeer(ctx, actor, request.channel, false);
      const { pts } = await countersOf(ctx, addressedChannel(ctx, request.channel));
      answer = { _: 'messages.affectedMessages', pts, ptsCount: 0 };
      break;
    }
    case 'messages.deleteMessages': {
      const { pts } = await ctx.reader.state(actor.userId);
      answer = { _: 'messages.affectedMessages', pts, ptsCount: 0 };
      break;
    }
    default:
      throw new RpcError(503, 'HOME_DC_UNREACHABLE');
  }
  return { answer, durable: queueNamed(ctx, actor, request, name, outbox) };
}

/**
 * A queued write was refused when it was to be carried out, for what was true when it was accepted
 * is not any more. A message that the sender's devices show as scheduled is taken from them.
 */
export function tellRefused(
  ctx: ServiceContext,
  userId: number,
  method: tl.RpcMethod,
  number: number,
): Telling | undefined {
  if (method._ !== 'messages.sendMessage') return undefined;
  const { peer } = method;
  let shownIn: tl.TypePeer;
  if (peer._ === 'inputPeerChannel') shownIn = peerChannel(peer.channelId);
  else if (peer._ === 'inputPeerUser') shownIn = peerUser(peer.userId);
  else shownIn = peerUser(userId);
  const gone: tl.RawUpdateDeleteScheduledMessages = {
    _: 'updateDeleteScheduledMessages',
    peer: shownIn,
    messages: [number],
  };
  return telling(ctx, userId, updatesOf([gone], [], unixSeconds(ctx.clock)));
}

/**
 * A queued edit or deletion was carried out, or refused: its sender's devices had been told of no
 * change. It may have been done before, by a forward that was in doubt, and told to all others.
 */
export function tellChanged(
  ctx: ServiceContext,
  userId: number,
  method: tl.RpcMethod,
): Telling | undefined {
  switch (method._) {
    case 'messages.editMessage':
    case 'messages.deleteMessages':
    case 'channels.deleteMessages':
    case 'channels.deleteHistory': {
      const input = 'channel' in method ? method.channel : 'peer' in method && method.peer;
      const channelId = input ? channelIdIn(input) : undefined;
      if (channelId === undefined) return telling(ctx, userId, { _: 'updatesTooLong' });
      const update = { _: 'updateChannelTooLong', channelId } as const;
      return telling(ctx, userId, { _: 'updateShort', update, date: unixSeconds(ctx.clock) });
    }
    default:
      return undefined;
  }
}

/** Says in an answer from a replica that it may be stale, where the protocol has a word for it. */
export function markStale(answer: Answer): Answer {
  if (typeof answer !== 'object' || !('_' in answer)) return answer;
  if (answer._ === 'messages.channelMessages') return { ...answer, inexact: true };
  if (answer._ !== 'messages.messages') return answer;
  const { messages, topics, chats, users } = answer;
  const count = messages.length;
  const stale = { inexact: true, count, messages, topics, chats, users } as const;
  return { _: 'messages.messagesSlice', ...stale };
}
