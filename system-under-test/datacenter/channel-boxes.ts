/**
 * The channels that this DC masters: counters, members and recent `random_id`s in memory, ahead of
 * the disk by what the commit log has not synced yet. Readers therefore read from the store or from
 * the hot log, never from here.
 */
import type { Clock, Store, StoreEntry, StoreWrite } from '../environment/index.ts';
import {
  type ChannelCounters,
  type ChannelInfo,
  type MemberRecord,
  unpackChannelEvent,
  unpackCounters,
  unpackInfo,
  unpackMember,
} from './channel-records.ts';
import {
  accountsPartition,
  CHANNEL_COUNTERS_KEY,
  CHANNEL_INFO_KEY,
  channelIdOf,
  channelPartition,
  eventKey,
  memberKey,
  NEWEST_CHANNEL_KEY,
  positionValue,
} from './keys.ts';
import { LIMITS } from './limits.ts';
import { LruMap } from './lru-map.ts';
import { pack, unpack } from './records.ts';

export interface ChannelBox {
  readonly channelId: number;
  readonly partition: string;
  info: ChannelInfo;
  counters: ChannelCounters;
  /** Members looked up lately; null for somebody without a record. */
  readonly members: LruMap<number, MemberRecord | null>;
  /** Entries changed and not durable yet: the last change, and how many are under way. */
  readonly staged: Map<string, { write: StoreWrite; changes: number }>;
  /** "sender/random_id" of the newest posts, to the pts of the event. Oldest first. */
  readonly randomIds: Map<string, { readonly id: number; readonly pts: number; date: number }>;
  /** Every post from this event on is in `randomIds`; when that event was, Unix seconds. */
  rememberedFrom: number;
  rememberedSince: number;
  /** Nothing younger is forgotten while a queue drains, Unix seconds. */
  keptSince: number;
  /** Users of this object that have not finished; it stays in memory until there are none. */
  pins: number;
}

export class ChannelBoxes {
  readonly #store: Store;
  readonly #dc: number;
  readonly #clock: Clock;
  /** In order of use, the coldest first. */
  readonly #boxes = new Map<number, Promise<ChannelBox | undefined>>();
  readonly #loaded = new Map<number, ChannelBox>();
  #newest: number | undefined;
  /**
   * Changes of channels that are at home here, and what they wrote: entries and their bytes. Their
   * ratio is the write amplification, which must not depend on how many members there are.
   */
  readonly totals = { channelChanges: 0, channelWrites: 0, channelBytes: 0 };

  constructor(store: Store, dc: number, clock: Clock) {
    this.#store = store;
    this.#dc = dc;
    this.#clock = clock;
  }

  /** A change is being written. */
  count(own: readonly StoreWrite[]): void {
    if (own.length === 0) return;
    this.totals.channelChanges++;
    this.totals.channelWrites += own.length;
    for (const write of own) {
      this.totals.channelBytes += write.key.length;
      if (write.kind === 'put') this.totals.channelBytes += write.value.length;
    }
  }

  /** The id of a new channel and the write that makes sure that it is used once. In one lane. */
  async newId(): Promise<{ channelId: number; write: StoreWrite }> {
    const partition = accountsPartition(this.#dc);
    if (this.#newest === undefined) {
      const stored = await this.#store.get(partition, NEWEST_CHANNEL_KEY);
      this.#newest = stored ? unpack<number>(stored) : 0;
    }
    const number = ++this.#newest;
    const write = { kind: 'put', partition, key: NEWEST_CHANNEL_KEY, value: pack(number) } as const;
    return { channelId: channelIdOf(this.#dc, number), write };
  }

  /** Loads a channel and keeps it in memory until `unpin`; undefined where there is none. */
  async pin(channelId: number): Promise<ChannelBox | undefined> {
    let loading = this.#boxes.get(channelId);
    if (loading) this.#boxes.delete(channelId);
    else loading = this.#load(channelId);
    this.#boxes.set(channelId, loading);
    const box = this.#loaded.get(channelId) ?? (await this.#settled(channelId, loading));
    if (!box) return undefined;
    this.#loaded.set(channelId, box);
    box.pins++;
    if (this.#boxes.size > LIMITS.channelsCachedMax) this.#evict();
    return box;
  }

  unpin(box: ChannelBox): void {
    box.pins--;
  }

  /** Takes a channel in that was just created, pinned. */
  add(channelId: number, info: ChannelInfo, counters: ChannelCounters): ChannelBox {
    const box = newBox(channelPartition(this.#dc, channelId), channelId, info, counters);
    box.pins = 1;
    this.#loaded.set(channelId, box);
    this.#boxes.set(channelId, Promise.resolve(box));
    return box;
  }

  /** An entry as the next step will find it, durable or not. To be asked in the channel's lane. */
  current(box: ChannelBox, key: string): Promise<Uint8Array | undefined> {
    const write = box.staged.get(key)?.write;
    if (!write) return this.#store.get(box.partition, key);
    return Promise.resolve(write.kind === 'put' ? write.value : undefined);
  }

  /** Somebody's record as the next step will find it; undefined for none. */
  async member(box: ChannelBox, userId: number): Promise<MemberRecord | undefined> {
    const known = box.members.get(userId);
    if (known !== undefined) return known ?? undefined;
    const bytes = await this.current(box, memberKey(userId));
    const record = bytes ? unpackMember(bytes) : null;
    box.members.set(userId, record);
    return record ?? undefined;
  }

  /**
   * The post that already carries this `random_id`. A write that waited in a queue may be older
   * than what is remembered: then the log is read back to when it was accepted.
   */
  async posted(
    box: ChannelBox,
    senderId: number,
    randomId: string,
    acceptedAt: number | undefined,
  ): Promise<{ readonly id: number; readonly pts: number; readonly date: number } | undefined> {
    const key = `${senderId}/${randomId}`;
    const known = box.randomIds.get(key);
    if (known || acceptedAt === undefined) return known;
    await this.#remember(box, acceptedAt - QUEUED_CLOCK_SKEW_SECONDS);
    return box.randomIds.get(key);
  }

  async #load(channelId: number): Promise<ChannelBox | undefined> {
    const partition = channelPartition(this.#dc, channelId);
    const [info, counters] = await Promise.all([
      this.#store.get(partition, CHANNEL_INFO_KEY),
      this.#store.get(partition, CHANNEL_COUNTERS_KEY),
    ]);
    if (!info || !counters) return undefined;
    const box = newBox(partition, channelId, unpackInfo(info), unpackCounters(counters));
    box.rememberedFrom = box.counters.pts + 1;
    const nowSeconds = Math.floor(this.#clock.wallMs() / 1000);
    await this.#remember(box, nowSeconds - LIMITS.channelRandomIdsMs / 1000);
    return box;
  }

  /** Reads events back to a time; what is younger is remembered afterwards. */
  async #remember(box: ChannelBox, sinceSeconds: number): Promise<void> {
    box.keptSince = Math.min(box.keptSince, sinceSeconds);
    while (
      box.rememberedFrom > 1 &&
      box.rememberedSince >= sinceSeconds &&
      box.randomIds.size < LIMITS.channelRandomIdsMax
    ) {
      const before = box.rememberedFrom;
      const page = await this.#store.range(box.partition, {
        from: 'e',
        to: eventKey(before),
        limit: LIMITS.channelEventsPageMax,
        reverse: true,
      });
      // Another one may have read the same meanwhile, or the oldest were forgotten.
      if (box.rememberedFrom === before) rememberPage(box, page);
    }
  }

  /** A load that failed, or found nothing, is forgotten: the next one tries again. */
  async #settled(
    channelId: number,
    loading: Promise<ChannelBox | undefined>,
  ): Promise<ChannelBox | undefined> {
    let box: ChannelBox | undefined;
    try {
      box = await loading;
      return box;
    } finally {
      if (!box && this.#boxes.get(channelId) === loading) this.#boxes.delete(channelId);
    }
  }

  #evict(): void {
    for (const channelId of this.#boxes.keys()) {
      const box = this.#loaded.get(channelId);
      if (!box || box.pins > 0) continue;
      this.#boxes.delete(channelId);
      this.#loaded.delete(channelId);
      if (this.#boxes.size <= LIMITS.channelsCachedMax) return;
    }
  }
}

/** Clocks of two DCs may differ by so much (an assumption; NTP keeps well below). */
const QUEUED_CLOCK_SKEW_SECONDS = 60;

function newBox(
  partition: string,
  channelId: number,
  info: ChannelInfo,
  counters: ChannelCounters,
): ChannelBox {
  return {
    channelId,
    partition,
    info,
    counters,
    members: new LruMap(LIMITS.membersCachedPerChannelMax),
    staged: new Map(),
    randomIds: new Map(),
    rememberedFrom: 1,
    rememberedSince: Number.POSITIVE_INFINITY,
    keptSince: Number.POSITIVE_INFINITY,
    pins: 0,
  };
}

/** Puts a page of events, newest first, before what is remembered. */
function rememberPage(box: ChannelBox, page: readonly StoreEntry[]): void {
  const younger = [...box.randomIds];
  box.randomIds.clear();
  for (const { key, value } of page.toReversed()) {
    const { senderId, randomId, ids, date } = unpackChannelEvent(value);
    const id = ids[0];
    if (randomId === '' || id === undefined) continue;
    box.randomIds.set(`${senderId}/${randomId}`, { id, pts: positionValue(key.slice(1)), date });
  }
  for (const [key, post] of younger) box.randomIds.set(key, post);
  const oldest = page.at(-1);
  box.rememberedFrom = oldest ? positionValue(oldest.key.slice(1)) : 1;
  if (oldest) box.rememberedSince = unpackChannelEvent(oldest.value).date;
}

/** These writes are being appended: until they are durable, the store is behind them. */
export function stage(box: ChannelBox, writes: readonly StoreWrite[]): void {
  for (const write of writes) {
    if (write.partition !== box.partition) continue;
    const staged = box.staged.get(write.key);
    if (!staged) box.staged.set(write.key, { write, changes: 1 });
    else {
      staged.write = write;
      staged.changes++;
    }
  }
}

/** They are durable. */
export function unstage(box: ChannelBox, writes: readonly StoreWrite[]): void {
  for (const { partition, key } of writes) {
    if (partition !== box.partition) continue;
    const entry = box.staged.get(key);
    if (entry && --entry.changes === 0) box.staged.delete(key);
  }
}
