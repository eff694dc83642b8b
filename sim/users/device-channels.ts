/**
 * The supergroups of one device: follows those that its user is in, and does in them what the
 * workload says. Whatever changes something is asked for until there is an answer, one after the
 * other in each channel.
 */
import type { Clock } from '../../system-under-test/environment/index.ts';
import { RpcError } from '../../system-under-test/schema/errors.ts';
import { longOf, type tl } from '../../system-under-test/schema/tl.ts';
import type { DeviceView, WholeChannel } from './channel-audit.ts';
import { ChannelFollower } from './channel-follower.ts';
import {
  type ChannelFollowing,
  ChannelLedger,
  type PostChange,
  type PostEntry,
  type ShownMessage,
  type Way,
} from './channel-ledger.ts';
import type { DeviceLink } from './device-link.ts';
import type { DeviceTimers } from './device-timers.ts';
import type { MembershipStep } from './membership-facts.ts';
import type { MessageWriter } from './message-writer.ts';
import { channelIdOf } from './received.ts';
import type { DueOperation } from './workload.ts';

export interface DeviceChannelsHost {
  readonly user: number;
  readonly device: number;
  readonly clock: Clock;
  readonly timers: DeviceTimers;
  readonly link: DeviceLink;
  readonly writer: MessageWriter;
  readonly ledger: ChannelLedger;
  /** How to address another user; undefined for one who was never met. */
  peerOf(user: number): tl.RawInputPeerUser | undefined;
}

type InChannel = Extract<DueOperation, { readonly channel: number }>;
type OfKind<Kind extends InChannel['kind']> = InChannel & { readonly kind: Kind };

/** Posts and messages of one user have `random_id`s that differ in their upper halves. */
const POST_RANDOM_ID = 0x40000000;

export class DeviceChannels {
  readonly #o: DeviceChannelsHost;
  /** By number, and by id. */
  readonly #followers = new Map<number, ChannelFollower>();
  readonly #numbers = new Map<number, number>();
  readonly #turns = new Map<number, Promise<void>>();

  constructor(host: DeviceChannelsHost) {
    this.#o = host;
  }

  /** Creates a supergroup. Rejects when it is refused. */
  async create(title: string): Promise<tl.RawInputChannel> {
    const answer = (await this.#o.link.insist({
      _: 'channels.createChannel',
      megagroup: true,
      title,
      about: '',
    })) as tl.RawUpdates;
    const chat = answer.chats.find((each) => each._ === 'channel');
    if (!chat?.accessHash) throw new Error('no channel was created');
    return { _: 'inputChannel', channelId: chat.id, accessHash: chat.accessHash };
  }

  /** From now on the device can address the channel, and notices when its user is in it. */
  know(number: number, channel: tl.RawInputChannel): void {
    const { user, device, ledger, link } = this.#o;
    const follower = new ChannelFollower(channel, {
      call: (method) => {
        ledger.totals.differences += method._ === 'updates.getChannelDifference' ? 1 : 0;
        return link.call(method);
      },
      after: (ms, run) => this.#o.timers.after(ms, run),
      connected: () => link.connected,
      show: (message, way) => this.#show(number, message, way),
      event: (pts, what) => ledger.event(number, pts, what, user),
      readTo: (maxId, before) => ledger.readTo(number, user, maxId, before),
      stale: (text) => ledger.broken('stale', `user ${user}: channel ${number} ${text}`),
    });
    this.#followers.set(number, follower);
    this.#numbers.set(channel.channelId, number);
    const following: ChannelFollowing = {
      user,
      device,
      get pts() {
        return follower.pts;
      },
      get expectsAll() {
        return !link.off && !ledger.mayBeMuted(number, user);
      },
    };
    ledger.channel(number).followings.push(following);
  }

  /** The device's user was let in: it begins to follow. */
  follow(number: number): void {
    this.#followers.get(number)?.catchUp();
  }

  receive(update: tl.TypeUpdate): void {
    if (update._ === 'updateNotifySettings') {
      const { peer } = update;
      if (peer._ !== 'notifyPeer' || peer.peer._ !== 'peerChannel') return;
      this.#followerOf(peer.peer.channelId)?.reopened();
      return;
    }
    const channelId = channelIdOf(update);
    if (channelId !== undefined) this.#followerOf(channelId)?.receive(update);
  }

  reopened(): void {
    for (const follower of this.#followers.values()) follower.reopened();
  }

  view(number: number): DeviceView | undefined {
    return this.#followers.get(number)?.view(this.#o.user, this.#o.device);
  }

  /** Rejects when there is no connection or no answer. */
  async readWhole(number: number): Promise<WholeChannel | undefined> {
    return this.#followers.get(number)?.readWhole();
  }

  /** Never throws. Everything but posts is done in turn; nobody waits for it. */
  perform(operation: InChannel, dueMs: number, measured: boolean): void {
    const { ledger, user } = this.#o;
    if (operation.kind === 'post') {
      const post = ledger.addPost(operation.channel, user, dueMs, measured);
      this.#post(post, operation.textBytes);
      return;
    }
    if (operation.kind === 'mute') ledger.mute(operation.channel, user, true);
    ledger.beginOperation();
    const before = this.#turns.get(operation.channel) ?? Promise.resolve();
    const turn = before
      .then(() => this.#carryOut(operation))
      .catch((error: unknown) => {
        if (!(error instanceof RpcError)) throw error;
        ledger.totals.refusals++;
      })
      .finally(() => ledger.endOperation());
    this.#turns.set(operation.channel, turn);
  }

  join(number: number): Promise<void> {
    const { ledger, user } = this.#o;
    const step = ledger.membership(number, user).asked('join', this.#nowMs());
    const channel = this.#channel(number);
    return this.#change(step, { _: 'channels.joinChannel', channel }).then(() =>
      this.follow(number),
    );
  }

  async #carryOut(operation: Exclude<InChannel, { readonly kind: 'post' }>): Promise<void> {
    switch (operation.kind) {
      case 'join':
        return this.join(operation.channel);
      case 'leave':
        return this.#leave(operation.channel);
      case 'invite':
        return this.#invite(operation as OfKind<'invite'>);
      case 'ban':
      case 'unban':
        return this.#ban(operation as OfKind<'ban' | 'unban'>);
      case 'mute':
        return this.#mute(operation.channel, operation.muted);
      case 'open':
        return this.#open(operation.channel);
      case 'read':
        return this.#read(operation.channel);
      default:
        return this.#changePost(operation.channel, operation.kind);
    }
  }

  #post(post: PostEntry, textBytes: number): void {
    const { ledger, user } = this.#o;
    const { channelId, accessHash } = this.#channel(post.channel);
    this.#o.writer.write({
      text: ChannelLedger.textOf(post.id, 0, textBytes),
      peer: { _: 'inputPeerChannel', channelId, accessHash },
      randomId: longOf(post.id + 1, POST_RANDOM_ID + user),
      sent: (nowMs) => {
        post.sentMs ??= nowMs;
      },
      acked: (how, nowMs) => ledger.acked(post, how, nowMs),
      answered: (answer) => this.#receiveAll(answer),
      refused: (why) => ledger.refused(post, why, this.#nowMs()),
    });
  }

  #receiveAll(answer: tl.TypeUpdates): void {
    if (answer._ === 'updates') for (const update of answer.updates) this.receive(update);
  }

  async #leave(number: number): Promise<void> {
    const { ledger, user } = this.#o;
    const step = ledger.membership(number, user).asked('leave', this.#nowMs());
    const channel = this.#channel(number);
    try {
      await this.#change(step, { _: 'channels.leaveChannel', channel });
    } catch (error) {
      // As good as having left: the first attempt did it, or there was nothing to leave.
      if (error instanceof RpcError && error.text === 'USER_NOT_PARTICIPANT') step.took = true;
      throw error;
    }
  }

  async #invite({ channel: number, target }: OfKind<'invite'>): Promise<void> {
    const peer = this.#o.peerOf(target);
    if (!peer) return;
    const { userId, accessHash } = peer;
    const step = this.#o.ledger.membership(number, target).asked('invite', this.#nowMs());
    const answer = (await this.#change(step, {
      _: 'channels.inviteToChannel',
      channel: this.#channel(number),
      users: [{ _: 'inputUser', userId, accessHash }],
    })) as tl.messages.RawInvitedUsers;
    if (answer.missingInvitees.some((missing) => missing.userId === userId)) step.took = false;
    this.#receiveAll(answer.updates);
  }

  async #ban({ channel: number, target, kind }: OfKind<'ban' | 'unban'>): Promise<void> {
    const participant = this.#o.peerOf(target);
    if (!participant) return;
    const step = this.#o.ledger.membership(number, target).asked(kind, this.#nowMs());
    const rights = kind === 'ban' ? { viewMessages: true, sendMessages: true } : {};
    const answer = await this.#change(step, {
      _: 'channels.editBanned',
      channel: this.#channel(number),
      participant,
      bannedRights: { _: 'chatBannedRights', ...rights, untilDate: 0 },
    });
    this.#receiveAll(answer as tl.TypeUpdates);
  }

  /** Asks for a change of somebody's membership and notes the answer. */
  async #change(step: MembershipStep, method: tl.RpcMethod): Promise<unknown> {
    try {
      const answer = await this.#o.link.insist(method, () => {
        step.inDoubt = true;
      });
      step.took = true;
      return answer;
    } catch (error) {
      step.took = false;
      throw error;
    } finally {
      step.doneMs = this.#nowMs();
    }
  }

  async #mute(number: number, muted: boolean): Promise<void> {
    const { ledger, user, link } = this.#o;
    const { channelId, accessHash } = this.#channel(number);
    let isSure = true;
    await link.insist(
      {
        _: 'account.updateNotifySettings',
        peer: { _: 'inputNotifyPeer', peer: { _: 'inputPeerChannel', channelId, accessHash } },
        settings: { _: 'inputPeerNotifySettings', muteUntil: muted ? MUTE_FOREVER : 0 },
      },
      () => {
        isSure = false;
      },
    );
    // An attempt in doubt may be carried out after a later one: then nobody knows.
    ledger.mute(number, user, muted || !isSure, !isSure);
    if (!muted) this.#followers.get(number)?.reopened();
  }

  async #open(number: number): Promise<void> {
    try {
      await this.#followers.get(number)?.look();
    } catch (error) {
      // Cut off: there is nothing to compare.
      if (error instanceof RpcError) throw error;
    }
  }

  async #read(number: number): Promise<void> {
    const { ledger, user, link } = this.#o;
    const maxId = this.#followers.get(number)?.newestId ?? 0;
    if (maxId === 0) return;
    await link.insist({ _: 'channels.readHistory', channel: this.#channel(number), maxId });
    const { readTo } = ledger.channel(number);
    readTo.set(user, Math.max(maxId, readTo.get(user) ?? 0));
  }

  /** The newest own post that stands, if nothing is under way about it. */
  async #changePost(number: number, kind: PostChange['kind']): Promise<void> {
    const { ledger, user } = this.#o;
    const post = ledger
      .channel(number)
      .posts.findLast(({ sender, messageId, storedMs, changes }) => {
        const isOwn = sender === user && messageId !== undefined && storedMs !== undefined;
        return isOwn && changes.every((change) => change.kind === 'edit');
      });
    if (post?.messageId === undefined) return;
    const change = ledger.addChange(post, kind);
    try {
      if (kind === 'edit') await this.#edit(post, post.messageId, change);
      else await this.#delete(post, post.messageId, change);
      change.took = true;
    } catch (error) {
      // The same text again: an attempt before this one was carried out.
      change.took = error instanceof RpcError && error.text === 'MESSAGE_NOT_MODIFIED';
      if (change.took) this.#followers.get(post.channel)?.catchUp();
      throw error;
    } finally {
      change.doneMs = this.#nowMs();
    }
  }

  async #edit(post: PostEntry, id: number, change: PostChange): Promise<void> {
    const { channelId, accessHash } = this.#channel(post.channel);
    const answer = (await this.#o.link.insist(
      {
        _: 'messages.editMessage',
        peer: { _: 'inputPeerChannel', channelId, accessHash },
        id,
        message: ChannelLedger.textOf(post.id, change.version, EDITED_BYTES),
      },
      () => {
        change.mayBeLate = true;
      },
    )) as tl.RawUpdates;
    if (answer.updates.length === 0) change.mayBeLate = true; // queued
    this.#receiveAll(answer);
  }

  async #delete(post: PostEntry, id: number, change: PostChange): Promise<void> {
    const answer = (await this.#o.link.insist(
      { _: 'channels.deleteMessages', channel: this.#channel(post.channel), id: [id] },
      () => {
        change.mayBeLate = true;
      },
    )) as tl.messages.RawAffectedMessages;
    if (answer.ptsCount === 0) change.mayBeLate = true; // queued, or gone already
    this.#followers.get(post.channel)?.deleted([id], answer);
  }

  #show(number: number, message: ShownMessage, way: Way): void {
    const { ledger, user, device, writer } = this.#o;
    ledger.shown(number, user, message, way, this.#nowMs());
    if (device !== 0 || message.text === undefined) return;
    const named = ChannelLedger.versionIn(message.text);
    // An own post, seen in the channel: whatever was in doubt about it is settled.
    if (named && ledger.posts[named.id]?.sender === user) writer.seen(message.text);
  }

  #channel(number: number): tl.RawInputChannel {
    const follower = this.#followers.get(number);
    if (!follower) throw new Error(`user ${this.#o.user} does not know channel ${number}`);
    return follower.channel;
  }

  #followerOf(channelId: number): ChannelFollower | undefined {
    const number = this.#numbers.get(channelId);
    return number === undefined ? undefined : this.#followers.get(number);
  }

  #nowMs(): number {
    return this.#o.clock.monotonicMs();
  }
}

/** "For ever", as clients write it in `mute_until`. */
const MUTE_FOREVER = 0x7fffffff;
const EDITED_BYTES = 60;
