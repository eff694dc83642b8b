/**
 * The newest messages and events of channels that are being read, in memory: at the channel's home
 * and at replicas alike. Fed with the same writes as the store, after they are durable and before
 * anybody is told of them, so a hot log is never ahead of the disk and never behind what a session
 * was shown. Older messages are read from the store.
 */
import type { Store, StoreEntry, StoreWrite } from '../environment/index.ts';
import {
  type ChannelCounters,
  type ChannelEvent,
  type ChannelMessage,
  unpackChannelEvent,
  unpackChannelMessage,
  unpackCounters,
} from './channel-records.ts';
import { CHANNEL_COUNTERS_KEY, POSITION_END, positionValue } from './keys.ts';
import { LIMITS } from './limits.ts';
import { LruMap } from './lru-map.ts';

/** Entries with rising numbers; those that are gone leave a hole. */
class Tail<T> {
  /** Number of the first entry that is kept: everything from there on is here. */
  from = 1;
  /** Memory that the entries take (estimate). */
  bytes = 0;
  #entries: ({ readonly value: T; readonly bytes: number } | undefined)[] = [];

  constructor(page: readonly StoreEntry[], read: (bytes: Uint8Array) => T) {
    const oldest = page.at(-1);
    // Everything from the oldest entry of a full page on is in it; another page is all there is.
    const isFull = page.length >= LIMITS.hotMessagesPerChannelMax;
    if (oldest && isFull) this.from = positionValue(oldest.key.slice(1));
    for (const { key, value } of page.toReversed()) {
      this.set(positionValue(key.slice(1)), read(value), value.length);
    }
  }

  set(number: number, value: T | undefined, length: number): void {
    const index = number - this.from;
    if (index < 0) return;
    while (this.#entries.length < index) this.#entries.push(undefined);
    const entry = value === undefined ? undefined : { value, bytes: length + ENTRY_BYTES };
    this.bytes += (entry?.bytes ?? 0) - (this.#entries[index]?.bytes ?? 0);
    this.#entries[index] = entry;
    // Not one by one: moving a thousand entries for each new one would cost more than reading it.
    const spare = this.#entries.length - LIMITS.hotMessagesPerChannelMax;
    if (spare <= SPARE_ENTRIES) return;
    for (const gone of this.#entries.splice(0, spare)) this.bytes -= gone?.bytes ?? 0;
    this.from += spare;
  }

  get(number: number): T | undefined {
    return this.#entries[number - this.from]?.value;
  }

  get end(): number {
    return this.from + this.#entries.length;
  }
}

/** What an entry takes in memory besides its text (estimate). */
const ENTRY_BYTES = 200;
const SPARE_ENTRIES = 250;

export class HotLog {
  counters: ChannelCounters;
  readonly messages: Tail<ChannelMessage>;
  readonly events: Tail<ChannelEvent>;

  /** Of the newest entries in the store, the newest first. */
  constructor(
    counters: ChannelCounters,
    messages: readonly StoreEntry[],
    events: readonly StoreEntry[],
  ) {
    this.counters = counters;
    this.messages = new Tail(messages, unpackChannelMessage);
    this.events = new Tail(events, unpackChannelEvent);
  }

  get bytes(): number {
    return this.messages.bytes + this.events.bytes;
  }

  /** Messages with ids in [fromId, beforeId), and whether all of them that count are here. */
  between(
    fromId: number,
    beforeId: number,
    limit: number,
    forwards: boolean,
  ): { readonly found: ChannelMessage[]; readonly whole: boolean } {
    const low = Math.max(fromId, this.messages.from);
    const high = Math.min(beforeId, this.messages.end);
    const found: ChannelMessage[] = [];
    if (forwards) {
      if (fromId < this.messages.from) return { found, whole: false };
      for (let id = low; id < high && found.length < limit; id++) this.#take(found, id);
      return { found, whole: true };
    }
    for (let id = high - 1; id >= low && found.length < limit; id--) this.#take(found, id);
    return { found, whole: found.length >= limit || fromId >= this.messages.from };
  }

  #take(found: ChannelMessage[], id: number): void {
    const message = this.messages.get(id);
    if (message) found.push(message);
  }

  apply(write: StoreWrite): void {
    const { key } = write;
    if (key === CHANNEL_COUNTERS_KEY) {
      if (write.kind === 'put') this.counters = unpackCounters(write.value);
      return;
    }
    const number = positionValue(key.slice(1));
    if (key.startsWith('m')) {
      if (write.kind === 'delete') this.messages.set(number, undefined, 0);
      else this.messages.set(number, unpackChannelMessage(write.value), write.value.length);
    } else if (key.startsWith('e') && write.kind === 'put') {
      this.events.set(number, unpackChannelEvent(write.value), write.value.length);
    }
  }
}

interface Slot {
  /** Undefined while it is being read from the store. */
  log: HotLog | undefined;
  /** What became durable since the reading began. */
  readonly meanwhile: StoreWrite[];
}

export class HotLogs {
  readonly #store: Store;
  /** By partition, the one read least lately first. */
  readonly #slots = new Map<string, Slot>();
  /** Partitions that were read from the store once. */
  readonly #readOnce = new LruMap<string, true>(LIMITS.channelsCachedMax);
  #bytes = 0;
  readonly totals = { hotReads: 0, coldReads: 0, hotLoads: 0, hotEvictions: 0 };

  constructor(store: Store) {
    this.#store = store;
  }

  /** The hot log of a channel's partition; undefined means: read the store. */
  of(partition: string): HotLog | undefined {
    const slot = this.#slots.get(partition);
    if (slot?.log) {
      this.totals.hotReads++;
      this.#slots.delete(partition);
      this.#slots.set(partition, slot);
      return slot.log;
    }
    this.totals.coldReads++;
    if (slot) return undefined;
    // Read once is no interest: a list of chats touches every channel of a user.
    if (this.#readOnce.get(partition)) this.#begin(partition);
    else this.#readOnce.set(partition, true);
    return undefined;
  }

  /** These writes are durable; nobody has been told of them yet. */
  applied(writes: readonly StoreWrite[]): void {
    if (this.#slots.size === 0) return;
    for (const write of writes) {
      const slot = this.#slots.get(write.partition);
      if (!slot) continue;
      if (!slot.log) {
        slot.meanwhile.push(write);
        continue;
      }
      const before = slot.log.bytes;
      slot.log.apply(write);
      this.#bytes += slot.log.bytes - before;
    }
    if (this.#bytes > LIMITS.hotBytesMax) this.#evict();
  }

  /** A partition is not what it was: its copy was replaced. */
  forget(partition?: string): void {
    for (const name of partition === undefined ? [...this.#slots.keys()] : [partition]) {
      const slot = this.#slots.get(name);
      if (!slot) continue;
      this.#bytes -= slot.log?.bytes ?? 0;
      this.#slots.delete(name);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  #begin(partition: string): void {
    const slot: Slot = { log: undefined, meanwhile: [] };
    this.#slots.set(partition, slot);
    this.totals.hotLoads++;
    this.#load(partition, slot).catch(() => this.forget(partition));
  }

  async #load(partition: string, slot: Slot): Promise<void> {
    const newest = (prefix: string): Promise<StoreEntry[]> =>
      this.#store.range(partition, {
        from: prefix,
        to: `${prefix}${POSITION_END}`,
        limit: LIMITS.hotMessagesPerChannelMax,
        reverse: true,
      });
    const counters = await this.#store.get(partition, CHANNEL_COUNTERS_KEY);
    const [messages, events] = [await newest('m'), await newest('e')];
    if (this.#slots.get(partition) !== slot) return;
    if (!counters) return this.forget(partition);
    const log = new HotLog(unpackCounters(counters), messages, events);
    // Some of these may be in what was read: doing them again ends in the same state.
    for (const write of slot.meanwhile) log.apply(write);
    slot.meanwhile.length = 0;
    slot.log = log;
    this.#bytes += log.bytes;
    if (this.#bytes > LIMITS.hotBytesMax) this.#evict();
  }

  #evict(): void {
    for (const [partition, slot] of this.#slots) {
      if (this.#bytes <= LIMITS.hotBytesMax) return;
      if (!slot.log) continue;
      this.totals.hotEvictions++;
      this.forget(partition);
    }
  }
}
