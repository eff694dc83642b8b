/**
 * Reads of channels and memberships, from this DC's own domain or from its copy of another's: the
 * same keys, the same code. Only what is durable is seen. Whoever shows something to a member reads
 * it first and the member's record afterwards: then a ban is never older than what it hides.
 */
import type { Store } from '../environment/index.ts';
import {
  type ChannelCounters,
  type ChannelEvent,
  type ChannelInfo,
  type ChannelMessage,
  hiddenBlockOf,
  isHidden,
  isIn,
  type MemberRecord,
  unpackChannelEvent,
  unpackChannelMessage,
  unpackCounters,
  unpackInfo,
  unpackMember,
  unpackRead,
} from './channel-records.ts';
import type { Homes } from './homes.ts';
import type { HotLogs } from './hot-log.ts';
import {
  boxPartition,
  CHANNEL_COUNTERS_KEY,
  CHANNEL_INFO_KEY,
  channelMessageKey,
  channelPartition,
  channelReadKey,
  eventKey,
  hiddenKey,
  joinKey,
  memberKey,
  membershipKey,
  POSITION_END,
  positionValue,
} from './keys.ts';
import { LIMITS } from './limits.ts';
import { type MembershipRecord, unpack, unpackMembership } from './records.ts';

export interface NumberedChannelEvent extends ChannelEvent {
  readonly pts: number;
}

export class ChannelReader {
  readonly #store: Store;
  readonly #homes: Homes;
  readonly #hot: HotLogs;

  constructor(store: Store, homes: Homes, hot: HotLogs) {
    this.#store = store;
    this.#homes = homes;
    this.#hot = hot;
  }

  #partitionOf(channelId: number): string {
    return channelPartition(this.#homes.of(channelId), channelId);
  }

  /** Channels that the user is in and has not muted, as the user's own domain has it. */
  async heardBy(userId: number): Promise<number[]> {
    const memberships = await this.memberships(userId);
    return memberships.filter(({ muted }) => !muted).map(({ channelId }) => channelId);
  }

  /** Channels that the user is in, as the user's own domain has it. */
  async memberships(
    userId: number,
  ): Promise<(MembershipRecord & { readonly channelId: number })[]> {
    const entries = await this.#store.range(boxPartition(this.#homes.of(userId), userId), {
      from: 'h',
      to: 'i',
      limit: LIMITS.channelsPerUserMax,
    });
    return entries.map(({ key, value }) => {
      return { ...unpackMembership(value), channelId: positionValue(key.slice(1)) };
    });
  }

  async membership(userId: number, channelId: number): Promise<MembershipRecord | undefined> {
    const partition = boxPartition(this.#homes.of(userId), userId);
    const bytes = await this.#store.get(partition, membershipKey(channelId));
    return bytes ? unpackMembership(bytes) : undefined;
  }

  /** Whether the user is in the channel and wants pushes of it: both domains must say so. */
  async hears(channelId: number, userId: number): Promise<boolean> {
    const membership = await this.membership(userId, channelId);
    return membership?.muted === false && (await this.isMember(channelId, userId));
  }

  async isMember(channelId: number, userId: number): Promise<boolean> {
    return isIn(await this.member(channelId, userId));
  }

  async member(channelId: number, userId: number): Promise<MemberRecord | undefined> {
    const bytes = await this.#store.get(this.#partitionOf(channelId), memberKey(userId));
    return bytes ? unpackMember(bytes) : undefined;
  }

  async info(channelId: number): Promise<ChannelInfo | undefined> {
    const bytes = await this.#store.get(this.#partitionOf(channelId), CHANNEL_INFO_KEY);
    return bytes ? unpackInfo(bytes) : undefined;
  }

  async counters(channelId: number): Promise<ChannelCounters | undefined> {
    const partition = this.#partitionOf(channelId);
    const hot = this.#hot.of(partition);
    if (hot) return hot.counters;
    const bytes = await this.#store.get(partition, CHANNEL_COUNTERS_KEY);
    return bytes ? unpackCounters(bytes) : undefined;
  }

  /** Messages with ids in [fromId, beforeId), newest first unless `forwards`. */
  async messages(
    channelId: number,
    fromId: number,
    beforeId: number,
    limit: number,
    forwards = false,
  ): Promise<ChannelMessage[]> {
    if (fromId >= beforeId || limit < 1) return [];
    const partition = this.#partitionOf(channelId);
    const hot = this.#hot.of(partition);
    const near = hot?.between(fromId, beforeId, limit, forwards);
    if (near?.whole) return near.found;
    const found = near?.found ?? [];
    const before = hot && !forwards ? Math.min(beforeId, hot.messages.from) : beforeId;
    const entries = await this.#store.range(partition, {
      from: channelMessageKey(fromId),
      to: Number.isFinite(before) ? channelMessageKey(before) : `m${POSITION_END}`,
      limit: limit - found.length,
      reverse: !forwards,
    });
    return [...found, ...entries.map((entry) => unpackChannelMessage(entry.value))];
  }

  async message(channelId: number, id: number): Promise<ChannelMessage | undefined> {
    const partition = this.#partitionOf(channelId);
    const hot = this.#hot.of(partition);
    if (hot && id >= hot.messages.from) return hot.messages.get(id);
    const bytes = await this.#store.get(partition, channelMessageKey(id));
    return bytes ? unpackChannelMessage(bytes) : undefined;
  }

  /** Events after `pts`, oldest first, at most `limit`. */
  async eventsAfter(
    channelId: number,
    pts: number,
    limit: number,
  ): Promise<NumberedChannelEvent[]> {
    const partition = this.#partitionOf(channelId);
    const hot = this.#hot.of(partition);
    if (hot && pts + 1 >= hot.events.from) {
      const events: NumberedChannelEvent[] = [];
      for (let next = pts + 1; next < hot.events.end && events.length < limit; next++) {
        const event = hot.events.get(next);
        if (event) events.push({ ...event, pts: next });
      }
      return events;
    }
    const entries = await this.#store.range(partition, {
      from: eventKey(pts + 1),
      to: `e${POSITION_END}`,
      limit,
    });
    return entries.map(({ key, value }) => {
      return { ...unpackChannelEvent(value), pts: positionValue(key.slice(1)) };
    });
  }

  /** Id up to which a member has read; 0 for never. */
  async readTo(channelId: number, userId: number): Promise<number> {
    const bytes = await this.#store.get(this.#partitionOf(channelId), channelReadKey(userId));
    return bytes ? unpackRead(bytes) : 0;
  }

  /** Which of these messages the user has deleted for himself. */
  async hidden(
    channelId: number,
    userId: number,
    ids: Iterable<number>,
  ): Promise<ReadonlySet<number>> {
    const found = new Set<number>();
    const blocks = new Map<number, Uint8Array | undefined>();
    for (const id of ids) {
      const number = hiddenBlockOf(id);
      if (!blocks.has(number)) {
        blocks.set(number, await this.hiddenBlock(channelId, userId, number));
      }
      if (isHidden(blocks.get(number), id)) found.add(id);
    }
    return found;
  }

  hiddenBlock(channelId: number, userId: number, block: number): Promise<Uint8Array | undefined> {
    return this.#store.get(this.#partitionOf(channelId), hiddenKey(userId, block));
  }

  /** Users of one of the channel's lists: members by age, admins, the banned and restricted. */
  async listed(
    channelId: number,
    list: 'recent' | 'admins' | 'limited',
    limit: number,
  ): Promise<number[]> {
    const prefix = list === 'recent' ? 'j' : list === 'admins' ? 'a' : 'b';
    const entries = await this.#store.range(this.#partitionOf(channelId), {
      from: prefix,
      to: `${prefix}${POSITION_END}`,
      limit,
      reverse: list === 'recent',
    });
    return entries.map(({ key, value }) =>
      list === 'recent' ? unpack<number>(value) : positionValue(key.slice(1)),
    );
  }

  /** Members that joined before a place in the order of joining, newest first. */
  async joinedBefore(
    channelId: number,
    joinNumber: number,
    limit: number,
  ): Promise<{ readonly userId: number; readonly joinNumber: number }[]> {
    const entries = await this.#store.range(this.#partitionOf(channelId), {
      from: 'j',
      to: Number.isFinite(joinNumber) ? joinKey(joinNumber) : `j${POSITION_END}`,
      limit,
      reverse: true,
    });
    return entries.map(({ key, value }) => {
      return { userId: unpack<number>(value), joinNumber: positionValue(key.slice(1)) };
    });
  }
}
