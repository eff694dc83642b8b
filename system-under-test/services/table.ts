/**
 * Which methods of the API are served: in which domain each is carried out, whether it reads or
 * writes, and what becomes of it while the home DC of that domain is out of reach. ARCHITECTURE.md
 * shows the same table; a test compares the two.
 */
import { RpcError } from '../schema/errors.ts';
import type { TlResult, tl } from '../schema/tl.ts';
import { addressedChannel, channelIdIn } from './channel-access.ts';
import { getChannelDifference } from './channel-difference.ts';
import { deleteChannelHistory, deleteChannelMessages } from './channel-edits.ts';
import { getChannelMessages } from './channel-history.ts';
import { readChannelHistory } from './channel-reads.ts';
import { createChannel, getChannels, joinChannel, leaveChannel } from './channels.ts';
import type { Actor, ServiceContext, Staged, WriteOrigin } from './context.ts';
import { getDialogs } from './dialogs.ts';
import { deleteMessages, editMessage } from './edits.ts';
import { getHistory } from './history.ts';
import { checkChatInvite, exportChatInvite, importChatInvite, invitedChannel } from './invites.ts';
import { editAdmin, editBanned, inviteToChannel, togglePreHistoryHidden } from './members.ts';
import { updateNotifySettings } from './memberships.ts';
import { sendMessage } from './messages.ts';
import { getFullChannel, getParticipant, getParticipants } from './participants.ts';
import { readHistory } from './read-receipts.ts';
import { getDifference, getState } from './updates.ts';
import { getUsers, importContacts, resolvePhone } from './users.ts';

export type Answer = TlResult;

export type Read = (ctx: ServiceContext, actor: Actor, method: never) => Promise<Answer>;
export type Write = (
  ctx: ServiceContext,
  actor: Actor,
  method: never,
  origin: WriteOrigin,
) => Promise<Staged<Answer>>;

/** Whose home carries a method out: the asking user's, or that of the channel it names. */
type Domain = 'user' | 'channel' | 'chat' | 'invite';

/** What becomes of a method while that home is out of reach. */
export type WhenLost = 'replica' | 'queued' | 'refused';

export interface Method {
  /**
   * `chat`: the channel's home if the peer is a channel, otherwise the user's; `invite`: that of
   * the channel that the invite leads to.
   */
  readonly domain: Domain;
  readonly read?: Read;
  readonly write?: Write;
  readonly whenLost: WhenLost;
}

const reads = (domain: Domain, read: Read): Method => ({ domain, read, whenLost: 'replica' });
const queues = (domain: Domain, write: Write): Method => ({ domain, write, whenLost: 'queued' });
const refuses = (domain: Domain, write: Write): Method => ({ domain, write, whenLost: 'refused' });

export const METHODS: Readonly<Record<string, Method>> = {
  'account.updateNotifySettings': refuses('user', updateNotifySettings),
  'channels.createChannel': refuses('user', createChannel),
  'channels.deleteHistory': queues('channel', deleteChannelHistory),
  'channels.deleteMessages': queues('channel', deleteChannelMessages),
  'channels.editAdmin': refuses('channel', editAdmin),
  'channels.editBanned': refuses('channel', editBanned),
  'channels.getChannels': reads('channel', getChannels),
  'channels.getFullChannel': reads('channel', getFullChannel),
  'channels.getMessages': reads('channel', getChannelMessages),
  'channels.getParticipant': reads('channel', getParticipant),
  'channels.getParticipants': reads('channel', getParticipants),
  'channels.inviteToChannel': refuses('channel', inviteToChannel),
  'channels.joinChannel': refuses('channel', joinChannel),
  'channels.leaveChannel': refuses('channel', leaveChannel),
  'channels.readHistory': queues('channel', readChannelHistory),
  'channels.togglePreHistoryHidden': refuses('channel', togglePreHistoryHidden),
  'contacts.importContacts': refuses('user', importContacts),
  'contacts.resolvePhone': reads('user', resolvePhone),
  'messages.checkChatInvite': reads('invite', checkChatInvite),
  'messages.deleteMessages': queues('user', deleteMessages),
  'messages.editMessage': queues('chat', editMessage),
  'messages.exportChatInvite': reads('chat', exportChatInvite),
  'messages.getDialogs': reads('user', getDialogs),
  'messages.getHistory': reads('chat', getHistory),
  'messages.importChatInvite': refuses('invite', importChatInvite),
  'messages.readHistory': queues('user', readHistory),
  'messages.sendMessage': queues('chat', sendMessage),
  'updates.getChannelDifference': reads('channel', getChannelDifference),
  'updates.getDifference': reads('user', getDifference),
  'updates.getState': reads('user', getState),
  'users.getUsers': reads('user', getUsers),
};

/** A method that is served; own names only, as they come from outside. */
export function methodOf(name: string): Method | undefined {
  return Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
}

export const isServed = (name: string): boolean => methodOf(name) !== undefined;
export const isRead = (name: string): boolean => methodOf(name)?.read !== undefined;
export const isQueueable = (name: string): boolean => methodOf(name)?.whenLost === 'queued';

/**
 * The DC that carries a request out: the home of the channel it is about, or else of its user.
 * Throws CHANNEL_INVALID for a channel that the user has not proven to know.
 */
export function domainOf(ctx: ServiceContext, actor: Actor, method: tl.RpcMethod): number {
  const domain = methodOf(method._)?.domain ?? 'user';
  if (domain === 'invite' && 'hash' in method && typeof method.hash === 'string') {
    return ctx.homes.of(invitedChannel(ctx, method.hash));
  }
  const input = domain === 'user' ? undefined : channelInputOf(method);
  if (domain === 'channel' && !input) throw new RpcError(400, 'CHANNEL_INVALID');
  if (!input || (domain === 'chat' && channelIdIn(input) === undefined)) {
    return ctx.homes.of(actor.userId);
  }
  return ctx.homes.of(addressedChannel(ctx, input));
}

/** What a method names a channel with, or may: each has one such field. */
function channelInputOf(method: tl.RpcMethod): tl.TypeInputChannel | tl.TypeInputPeer | undefined {
  if (method._ === 'channels.getChannels') return method.id[0];
  if ('channel' in method && typeof method.channel === 'object') {
    return method.channel as tl.TypeInputChannel;
  }
  if ('peer' in method && typeof method.peer === 'object') return method.peer as tl.TypeInputPeer;
  return undefined;
}

export function runRead(
  ctx: ServiceContext,
  actor: Actor,
  method: tl.RpcMethod,
): Promise<Answer> | undefined {
  return methodOf(method._)?.read?.(ctx, actor, method as never);
}

export function runWrite(
  ctx: ServiceContext,
  actor: Actor,
  method: tl.RpcMethod,
  origin: WriteOrigin,
): Promise<Staged<Answer>> | undefined {
  return methodOf(method._)?.write?.(ctx, actor, method as never, origin);
}
