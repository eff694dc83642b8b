/**
 * Reads of channels and memberships, from this DC's own domain or from its copy of another's: the
 * same keys, the same code. Only what is durable is seen.
 */
import type { Store } from '../environment/index.ts';
import type { Homes } from './homes.ts';
import { boxPartition, channelPartition, memberKey, positionValue } from './keys.ts';
import { LIMITS } from './limits.ts';
import { unpackMembership } from './records.ts';

export class ChannelReader {
  readonly #store: Store;
  readonly #homes: Homes;

  constructor(store: Store, homes: Homes) {
    this.#store = store;
    this.#homes = homes;
  }

  /** Channels that the user is in and has not muted, as the user's own domain has it. */
  async heardBy(userId: number): Promise<number[]> {
    const entries = await this.#store.range(boxPartition(this.#homes.of(userId), userId), {
      from: 'h',
      to: 'i',
      limit: LIMITS.channelsPerUserMax,
    });
    return entries
      .filter((entry) => !unpackMembership(entry.value).muted)
      .map((entry) => positionValue(entry.key.slice(1)));
  }

  async isMember(channelId: number, userId: number): Promise<boolean> {
    const partition = channelPartition(this.#homes.of(channelId), channelId);
    return (await this.#store.get(partition, memberKey(userId))) !== undefined;
  }
}
