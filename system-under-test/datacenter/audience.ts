/**
 * Who hears a channel: the users with sessions here who are members and have not muted it, and (for
 * channels at home here) the other DCs that have any. A post crosses each link once for each such
 * DC and is handed to the sessions there; who is not reached finds it with getChannelDifference.
 *
 * Nobody hears a channel who may not. At its home, an eviction comes before any later post. To
 * another DC it travels in order with the posts, from when that DC's interest is taken; the home
 * says from which record of its domain on. Until this DC's copy of the domain has reached that
 * record and the listeners were looked at again, posts are only hinted at.
 *
 * Nobody misses a post unknowingly. A member becomes a listener a moment after he may read. What
 * passes in between is not pushed to him: he is told to look once he is one.
 */
import type { Clock } from '../environment/index.ts';
import { encodeTl } from '../schema/tl.ts';
import type { Delivery } from './delivery.ts';
import type { Freshness } from './freshness.ts';
import type { Homes } from './homes.ts';
import { LIMITS } from './limits.ts';
import { asSeenBySender } from './own-post.ts';

export interface AudienceOptions {
  readonly dc: number;
  readonly homes: Homes;
  readonly freshness: Freshness;
  readonly delivery: Delivery;
  readonly clock: Clock;
  /** Channels that a user is in and wants pushes of, as the user's own domain has it. */
  readonly channelsOf: (userId: number) => Promise<readonly number[]>;
  /** Whether both the channel's domain and the user's own, or our copies, have the user in it. */
  readonly hears: (channelId: number, userId: number) => Promise<boolean>;
  readonly links: {
    interest(dc: number, channelIds: readonly number[]): void;
    disinterest(dc: number, channelIds: readonly number[]): void;
    post(
      dc: number,
      channelId: number,
      senderId: number,
      exceptAuthKeyId: string,
      body: Uint8Array,
    ): void;
    /** User 0: the DC's interest in the channel is taken. */
    evict(dc: number, channelId: number, userId: number): void;
  };
}

interface Heard {
  readonly users: Set<number>;
  /** Every eviction that our copy does not have yet is told to us. */
  sure: boolean;
  /** Counts the reasons to doubt, so that what was overtaken is noticed. */
  doubts: number;
  hintedMs: number;
  /** When a post last passed here, in posts of all channels; before it was heard, nobody knows. */
  passed: number;
  /** Newest record of the channel's domain that a post came with; 0 for a channel at home here. */
  passedTo: number;
}

interface Look {
  /** Something has changed since the store was asked. */
  again: boolean;
  /** What passed after this may be unknown to the user, as a number of `passed`. */
  since: number;
  readonly done: Promise<void>;
}

/** In place of a user: the interest is taken. */
const NOBODY = 0;

/** Before every post: of one who has just become a member nobody knows what he has read. */
const EVER = 0;

export class Audience {
  readonly #o: AudienceOptions;
  /** Users with sessions here, by channel, and the other way round. */
  readonly #heard = new Map<number, Heard>();
  readonly #channels = new Map<number, Set<number>>();
  /** DCs with listeners, by channel at home here. */
  readonly #interested = new Map<number, Set<number>>();
  /** "channel/user" evicted, with the record of the channel's domain that says so. */
  readonly #evicted = new Map<string, { readonly dc: number; readonly position: number }>();
  readonly #looks = new Map<string, Look>();
  /** DCs whose evictions may be missed at the moment, with how often that began. */
  readonly #unsure = new Set<number>();
  readonly #linkDoubts = new Map<number, number>();
  /** Posts that have passed here, and channels that began to be heard. */
  #passes = EVER;
  readonly totals = { channelPosts: 0, channelPushes: 0, channelHints: 0, evictions: 0 };

  constructor(options: AudienceOptions) {
    this.#o = options;
  }

  /** The first session of a user was opened here: it asks for what passed before. */
  async userCame(userId: number): Promise<void> {
    const since = this.#passes;
    for (const channelId of await this.#o.channelsOf(userId)) {
      await this.#lookSince(channelId, userId, since);
    }
  }

  /** The last session of a user is gone from here. */
  userLeft(userId: number): void {
    for (const channelId of this.#channels.get(userId) ?? []) this.#remove(channelId, userId);
    this.#channels.delete(userId);
  }

  /**
   * A record of the membership has changed, in the user's domain or the channel's: what both say
   * now decides. Costs nothing for users without sessions here.
   */
  look(channelId: number, userId: number): Promise<void> {
    return this.#lookSince(channelId, userId, EVER);
  }

  /** At the channel's home: the user is no member any more, and hears nothing from now on. */
  evict(channelId: number, userId: number): void {
    this.totals.evictions++;
    this.#leave(channelId, userId);
    for (const dc of this.#interested.get(channelId) ?? []) {
      this.#o.links.evict(dc, channelId, userId);
    }
  }

  /** The channel's home says so; `position` is the record of its domain that does. */
  evicted(from: number, channelId: number, userId: number, position: number): void {
    if (userId === NOBODY) {
      void this.#confirm(from, channelId, position);
      return;
    }
    this.#evicted.set(`${channelId}/${userId}`, { dc: from, position });
    if (this.#evicted.size > LIMITS.evictionsKeptMax) this.#forgetEvictions();
    this.#leave(channelId, userId);
  }

  /** At the channel's home: to everyone who hears it, here and elsewhere, but for one device. */
  post(channelId: number, senderId: number, exceptAuthKeyId: string, body: Uint8Array): void {
    this.totals.channelPosts++;
    for (const dc of this.#interested.get(channelId) ?? []) {
      this.#o.links.post(dc, channelId, senderId, exceptAuthKeyId, body);
    }
    const heard = this.#heard.get(channelId);
    if (heard) heard.passed = ++this.#passes;
    this.#hand(channelId, senderId, exceptAuthKeyId, body);
  }

  /** Another DC's channel posted something. */
  posted(
    from: number,
    channelId: number,
    senderId: number,
    exceptAuthKeyId: string,
    body: Uint8Array,
    position: number,
  ): void {
    const heard = this.#heard.get(channelId);
    if (!heard) return;
    heard.passed = ++this.#passes;
    heard.passedTo = Math.max(heard.passedTo, position);
    if (heard.sure && !this.#unsure.has(from)) {
      this.#hand(channelId, senderId, exceptAuthKeyId, body, from, position);
    } else {
      this.#hint(channelId, heard);
    }
  }

  /** Another DC holds members of channels at home here. */
  interest(from: number, channelIds: readonly number[]): void {
    for (const channelId of channelIds) {
      let dcs = this.#interested.get(channelId);
      if (!dcs) {
        dcs = new Set();
        this.#interested.set(channelId, dcs);
      }
      dcs.add(from);
      this.#o.links.evict(from, channelId, NOBODY);
    }
  }

  disinterest(from: number, channelIds: Iterable<number>): void {
    for (const channelId of channelIds) {
      const dcs = this.#interested.get(channelId);
      dcs?.delete(from);
      if (dcs?.size === 0) this.#interested.delete(channelId);
    }
  }

  /** Our link to another DC came up: it must know again what is heard here, and what we took. */
  linkUp(to: number): void {
    const ids: number[] = [];
    for (const [channelId, heard] of this.#heard) {
      if (this.#o.homes.of(channelId) !== to) continue;
      doubt(heard);
      ids.push(channelId);
    }
    for (let at = 0; at < ids.length; at += LIMITS.channelsPerFrameMax) {
      this.#o.links.interest(to, ids.slice(at, at + LIMITS.channelsPerFrameMax));
    }
    for (const [channelId, dcs] of this.#interested) {
      if (dcs.has(to)) this.#o.links.evict(to, channelId, NOBODY);
    }
  }

  /** Another DC's link to here is gone: what it hears is not known any more. */
  lost(from: number): void {
    this.#doubtLink(from);
    this.disinterest(from, [...this.#interested.keys()]);
  }

  /**
   * Another DC's link to here came up, its stream being at `position`: evictions may have been
   * missed until our copy is there. Listeners may have missed posts too: they are told to look.
   */
  async linkFrom(from: number, position: number): Promise<void> {
    const doubts = this.#doubtLink(from);
    const isCurrent = (): boolean => this.#linkDoubts.get(from) === doubts;
    if (!(await this.#reach(from, position, isCurrent))) return;
    const channelIds = [...this.#heard.keys()].filter((id) => this.#o.homes.of(id) === from);
    for (const channelId of channelIds) await this.#lookAtAll(channelId);
    if (!isCurrent()) return;
    this.#unsure.delete(from);
    for (const channelId of channelIds) {
      const heard = this.#heard.get(channelId);
      if (heard?.sure) this.#hint(channelId, heard);
    }
  }

  /** Users here who hear the channel. */
  listenersOf(channelId: number): number {
    return this.#heard.get(channelId)?.users.size ?? 0;
  }

  /** Other DCs that a post of a channel of this one goes to. */
  otherDcsOf(channelId: number): number {
    return this.#interested.get(channelId)?.size ?? 0;
  }

  #lookSince(channelId: number, userId: number, since: number): Promise<void> {
    if (!this.#isHere(userId)) return Promise.resolve();
    const key = `${channelId}/${userId}`;
    const running = this.#looks.get(key);
    if (running) {
      running.again = true;
      running.since = Math.min(running.since, since);
      return running.done;
    }
    const begin = (): Promise<void> => this.#look(channelId, userId, look);
    const look: Look = { again: true, since, done: Promise.resolve().then(begin) };
    this.#looks.set(key, look);
    return look.done;
  }

  async #look(channelId: number, userId: number, look: Look): Promise<void> {
    const key = `${channelId}/${userId}`;
    try {
      while (look.again) {
        look.again = false;
        const hears = this.#isHere(userId) && (await this.#o.hears(channelId, userId));
        if (look.again) continue;
        const eviction = hears ? this.#evicted.get(key) : undefined;
        if (eviction && this.#o.freshness.appliedOf(eviction.dc) < eviction.position) {
          // What was read may be older than the eviction: asked again once our copy has that.
          this.#remove(channelId, userId);
          await this.#reach(eviction.dc, eviction.position, () => this.#isHere(userId));
          look.again = true;
          continue;
        }
        if (eviction) this.#evicted.delete(key);
        if (hears && this.#isHere(userId)) this.#add(channelId, userId, look.since);
        else this.#remove(channelId, userId);
      }
    } finally {
      this.#looks.delete(key);
    }
  }

  /** Waits for our copy as long as it is of use; whether it got there. */
  async #reach(dc: number, position: number, isOfUse: () => boolean): Promise<boolean> {
    while (isOfUse()) {
      if (await this.#o.freshness.reach(dc, position, LIMITS.audienceSureMs)) return true;
      await new Promise<void>((resolve) => {
        this.#o.clock.after(LIMITS.audienceHintMs, resolve);
      });
    }
    return false;
  }

  async #lookAtAll(channelId: number): Promise<void> {
    for (const userId of [...(this.#heard.get(channelId)?.users ?? [])]) {
      await this.look(channelId, userId);
    }
  }

  /** The channel's home tells evictions after `position`; those before are in our copy by then. */
  async #confirm(from: number, channelId: number, position: number): Promise<void> {
    const heard = this.#heard.get(channelId);
    if (!heard) return;
    const doubts = doubt(heard);
    const isCurrent = (): boolean =>
      this.#heard.get(channelId) === heard && heard.doubts === doubts;
    if (!(await this.#reach(from, position, isCurrent))) return;
    await this.#lookAtAll(channelId);
    if (!isCurrent()) return;
    heard.sure = true;
    // What was posted before may have reached nobody here.
    this.#hint(channelId, heard);
  }

  #doubtLink(from: number): number {
    this.#unsure.add(from);
    const doubts = (this.#linkDoubts.get(from) ?? 0) + 1;
    this.#linkDoubts.set(from, doubts);
    return doubts;
  }

  #hint(channelId: number, heard: Heard): void {
    const nowMs = this.#o.clock.monotonicMs();
    if (!heard.sure && nowMs - heard.hintedMs < LIMITS.audienceHintMs) return;
    heard.hintedMs = nowMs;
    this.#tellToLook(channelId, heard, heard.users);
  }

  #tellToLook(channelId: number, { passedTo }: Heard, users: Iterable<number>): void {
    this.totals.channelHints++;
    const update = { _: 'updateChannelTooLong', channelId } as const;
    const body = encodeTl({ _: 'updateShort', update, date: 0 });
    // Who looks now must find what the hint is about: an older copy would tell of nothing.
    const from = passedTo > 0 ? this.#o.homes.of(channelId) : undefined;
    for (const userId of users) {
      this.totals.channelPushes++;
      this.#o.delivery.pushHere(userId, '', body, from, passedTo);
    }
  }

  #hand(
    channelId: number,
    senderId: number,
    except: string,
    body: Uint8Array,
    from?: number,
    position?: number,
  ): void {
    const heard = this.#heard.get(channelId);
    if (!heard) return;
    this.totals.channelPushes += heard.users.size;
    for (const userId of heard.users) {
      if (userId === senderId && !this.#o.delivery.reaches(userId, except)) continue;
      const seen = userId === senderId ? asSeenBySender(body, senderId) : body;
      this.#o.delivery.pushHere(userId, except, seen, from, position);
    }
  }

  #isHere(userId: number): boolean {
    return this.#o.delivery.isHere(userId);
  }

  #add(channelId: number, userId: number, since: number): void {
    let heard = this.#heard.get(channelId);
    if (!heard) {
      const home = this.#o.homes.of(channelId);
      const hintedMs = Number.NEGATIVE_INFINITY;
      const sure = home === this.#o.dc;
      const passed = ++this.#passes;
      heard = { users: new Set(), sure, doubts: 0, hintedMs, passed, passedTo: 0 };
      this.#heard.set(channelId, heard);
      if (home !== this.#o.dc) this.#o.links.interest(home, [channelId]);
    }
    // While it is not sure, all are told once it is.
    const isBehind = !heard.users.has(userId) && heard.sure && heard.passed > since;
    heard.users.add(userId);
    if (isBehind) this.#tellToLook(channelId, heard, [userId]);
    let channels = this.#channels.get(userId);
    if (!channels) {
      channels = new Set();
      this.#channels.set(userId, channels);
    }
    channels.add(channelId);
  }

  /** Out at once; what a look under way has read is not believed any more. */
  #leave(channelId: number, userId: number): void {
    const look = this.#looks.get(`${channelId}/${userId}`);
    if (look) look.again = true;
    this.#remove(channelId, userId);
  }

  #remove(channelId: number, userId: number): void {
    const channels = this.#channels.get(userId);
    if (channels?.delete(channelId) && channels.size === 0) this.#channels.delete(userId);
    const heard = this.#heard.get(channelId);
    if (!heard?.users.delete(userId) || heard.users.size > 0) return;
    this.#heard.delete(channelId);
    const home = this.#o.homes.of(channelId);
    if (home !== this.#o.dc) this.#o.links.disinterest(home, [channelId]);
  }

  #forgetEvictions(): void {
    for (const [key, { dc, position }] of this.#evicted) {
      if (this.#o.freshness.appliedOf(dc) >= position) this.#evicted.delete(key);
    }
  }
}

/** Returns how often there was doubt. */
function doubt(heard: Heard): number {
  heard.sure = false;
  return ++heard.doubts;
}
