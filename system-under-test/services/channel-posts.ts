/**
 * Posts in a supergroup: one append to the shared log at the channel's home, whatever the number of
 * members, and one update for everybody who hears it. https://core.telegram.org/api/channel
 */
import type { ChannelBox } from '../datacenter/channel-boxes.ts';
import type { ChannelMessage } from '../datacenter/channel-records.ts';
import { addPost, type LogStep } from '../datacenter/channel-steps.ts';
import type { UserRecord } from '../datacenter/records.ts';
import { RpcError } from '../schema/errors.ts';
import type { tl } from '../schema/tl.ts';
import { actingMember, addressedChannel, inChannel, requireWriter } from './channel-access.ts';
import { commitChannel, tellChannel } from './channel-commit.ts';
import { peerChannel, toChannelMessage, toMinChannel } from './channel-to-tl.ts';
import {
  type Actor,
  type ServiceContext,
  type Staged,
  unixSeconds,
  type WriteOrigin,
} from './context.ts';
import { refuseWhenOverloaded, type Telling, telling } from './effects.ts';
import { type CheckedText, checkText } from './message-checks.ts';
import { longOfHex, toUser, updatesOf } from './to-tl.ts';

/** At the channel's home DC. A repeated `random_id` gets the first answer and writes nothing. */
export function postToChannel(
  ctx: ServiceContext,
  actor: Actor,
  request: tl.messages.RawSendMessageRequest,
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  const text = checkText(request);
  const channelId = addressedChannel(ctx, request.peer);
  return inChannel(ctx, channelId, async (box) => {
    if (!origin.queued) refuseWhenOverloaded(ctx, channelId, actor);
    requireWriter(await actingMember(ctx, box, actor), unixSeconds(ctx.clock));
    const sender = await ctx.directory.existingUser(actor.userId);
    const { randomId } = text;
    const acceptedAt = origin.queued?.acceptedAt;
    const known = await ctx.channels.posted(box, actor.userId, randomId, acceptedAt);
    if (known) return repeated(ctx, box, sender, text, known, origin);
    if (text.replyTo > box.counters.lastId) throw new RpcError(400, 'REPLY_MESSAGE_ID_INVALID');
    // From here to the append nothing may fail or wait: the channel's counters move.
    const date = unixSeconds(ctx.clock);
    const { message: words, entities, replyTo } = text;
    const fields = { senderId: actor.userId, date, text: words, entities, replyTo };
    const step = addPost(box, fields, randomId);
    const otherDcs = ctx.audience.otherDcsOf(channelId);
    const told = settled(ctx, box, actor.userId, text, step.message.id, origin);
    const durable = commitChannel(ctx, box, {
      own: step.writes,
      local: [...origin.local, ...(told?.local ?? [])],
      eager: ctx.popularity.posted(channelId, otherDcs),
      done: () => {
        const update = postUpdate(box, step, step.message, 0);
        const forAll = updatesOf([update], [toUser(ctx, sender)], date);
        forAll.chats = [toMinChannel(ctx, channelId, box.info)];
        tellChannel(ctx, channelId, actor.userId, actor.authKeyId, forAll);
        told?.committed();
      },
    });
    return { answer: sentAnswer(ctx, box, sender, text, step), durable };
  });
}

/** The answer to the first time, made again; nothing is written but what came with the request. */
async function repeated(
  ctx: ServiceContext,
  box: ChannelBox,
  sender: UserRecord,
  text: CheckedText,
  known: { readonly id: number; readonly pts: number; readonly date: number },
  origin: WriteOrigin,
): Promise<Staged<tl.TypeUpdates>> {
  const { message: words, entities, replyTo } = text;
  const fields = { senderId: sender.id, date: known.date, text: words, entities, replyTo };
  const message: ChannelMessage = { ...fields, id: known.id, editDate: 0 };
  // The device that queued it was left out when the first one was told to all: it was its own.
  const post = postUpdate(box, known, message, sender.id);
  const told = settled(ctx, box, sender.id, text, known.id, origin, [post]);
  // The first one may not be durable yet: an empty append waits for it.
  const durable = commitChannel(ctx, box, {
    own: [],
    local: [...origin.local, ...(told?.local ?? [])],
    done: () => told?.committed(),
  });
  return { answer: sentAnswer(ctx, box, sender, text, { pts: known.pts, message }), durable };
}

export function postUpdate(
  box: ChannelBox,
  step: Pick<LogStep, 'pts'>,
  message: ChannelMessage,
  viewer: number,
): tl.RawUpdateNewChannelMessage {
  return {
    _: 'updateNewChannelMessage',
    message: toChannelMessage(box.channelId, message, viewer),
    pts: step.pts,
    ptsCount: 1,
  };
}

function sentAnswer(
  ctx: ServiceContext,
  box: ChannelBox,
  sender: UserRecord,
  text: CheckedText,
  step: { readonly pts: number; readonly message: ChannelMessage },
): tl.RawUpdates {
  const { id, date } = step.message;
  const answer = updatesOf(
    [
      { _: 'updateMessageID', id, randomId: longOfHex(text.randomId) },
      postUpdate(box, step, step.message, sender.id),
    ],
    [toUser(ctx, sender, { self: true })],
    date,
  );
  answer.chats = [toMinChannel(ctx, box.channelId, box.info)];
  return answer;
}

/** A queued message (shown as scheduled) is gone, and this is its real id. */
function settled(
  ctx: ServiceContext,
  box: ChannelBox,
  senderId: number,
  text: CheckedText,
  id: number,
  { queued }: WriteOrigin,
  more: readonly tl.TypeUpdate[] = [],
): Telling | undefined {
  if (!queued) return undefined;
  const list: tl.TypeUpdate[] = [
    { _: 'updateMessageID', id, randomId: longOfHex(text.randomId) },
    ...more,
    {
      _: 'updateDeleteScheduledMessages',
      peer: peerChannel(box.channelId),
      messages: [queued.number],
      sentMessages: [id],
    },
  ];
  return telling(ctx, senderId, updatesOf(list, [], unixSeconds(ctx.clock)));
}
