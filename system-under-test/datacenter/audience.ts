/**
 * Who hears a channel: the users with sessions here who are members and have not muted it, and (for
 * channels at home here) the other DCs that have any. A post crosses each link once per interested
 * DC and is handed to the sessions there; whoever is not reached finds it with getChannelDifference.
 *
 * Nobody hears a channel who may not: an eviction overtakes no post and is overtaken by none (they
 * share the link), and after a link was down, posts are only hinted at until this DC's copy of the
 * members has caught up.
 */
import { encodeTl } from '../schema/tl.ts';
import type { Delivery } from './delivery.ts';
import type { Freshness } from './freshness.ts';
import type { Homes } from './homes.ts';
import { LIMITS } from './limits.ts';

export interface AudienceOptions {
  readonly dc: number;
  readonly homes: Homes;
  readonly freshness: Freshness;
  readonly delivery: Delivery;
  /** Channels that a user is in and wants pushes of, as the user's own domain has it. */
  readonly channelsOf: (userId: number) => Promise<readonly number[]>;
  /** Whether the channel's domain (or our copy of it) has the user as a member. */
  readonly isMember: (channelId: number, userId: number) => Promise<boolean>;
  readonly links: {
    interest(dc: number, channelIds: readonly number[]): void;
    disinterest(dc: number, channelIds: readonly number[]): void;
    post(dc: number, channelId: number, exceptAuthKeyId: string, body: Uint8Array): void;
    evict(dc: number, channelId: number, userId: number): void;
  };
}

export class Audience {
  readonly #o: AudienceOptions;
  /** Users with sessions here, by channel, and the other way round. */
  readonly #listeners = new Map<number, Set<number>>();
  readonly #channels = new Map<number, Set<number>>();
  /** DCs with listeners, by channel at home here. */
  readonly #interested = new Map<number, Set<number>>();
  /** "channel/user" evicted, with the record of the channel's domain that says so. */
  readonly #evicted = new Map<string, { readonly dc: number; readonly position: number }>();
  /** DCs whose members may have changed without our hearing of it. */
  readonly #unsure = new Set<number>();
  readonly totals = { channelPosts: 0, channelPushes: 0, channelHints: 0 };

  constructor(options: AudienceOptions) {
    this.#o = options;
  }

  /** The first session of a user was opened here. */
  async userCame(userId: number): Promise<void> {
    const channels = await this.#o.channelsOf(userId);
    for (const channelId of channels) await this.joined(channelId, userId);
  }

  /** The last session of a user is gone from here. */
  userLeft(userId: number): void {
    for (const channelId of this.#channels.get(userId) ?? []) this.#remove(channelId, userId);
    this.#channels.delete(userId);
  }

  /** A user with sessions here has joined (or unmuted) a channel. */
  async joined(channelId: number, userId: number): Promise<void> {
    if (this.#evictionHolds(channelId, userId)) return;
    if (!(await this.#o.isMember(channelId, userId))) return;
    if (this.#o.delivery.sessionsOf(userId).length === 0) return;
    let users = this.#listeners.get(channelId);
    if (!users) {
      users = new Set();
      this.#listeners.set(channelId, users);
      const home = this.#o.homes.of(channelId);
      if (home !== this.#o.dc) this.#o.links.interest(home, [channelId]);
    }
    users.add(userId);
    let channels = this.#channels.get(userId);
    if (!channels) {
      channels = new Set();
      this.#channels.set(userId, channels);
    }
    channels.add(channelId);
  }

  /** A user muted a channel or has left it, as the user's own domain says. */
  left(channelId: number, userId: number): void {
    this.#channels.get(userId)?.delete(channelId);
    this.#remove(channelId, userId);
  }

  /** At the channel's home: the user is no member any more, and hears nothing from now on. */
  evict(channelId: number, userId: number): void {
    this.left(channelId, userId);
    for (const dc of this.#interested.get(channelId) ?? []) {
      this.#o.links.evict(dc, channelId, userId);
    }
  }

  /** The channel's home says so; `position` is the record of its domain that does. */
  evicted(from: number, channelId: number, userId: number, position: number): void {
    this.#evicted.set(`${channelId}/${userId}`, { dc: from, position });
    if (this.#evicted.size > LIMITS.evictionsKeptMax) this.#forgetEvictions();
    this.left(channelId, userId);
  }

  /** At the channel's home: to everyone who hears it, here and elsewhere, but for one device. */
  post(channelId: number, exceptAuthKeyId: string, body: Uint8Array): void {
    this.totals.channelPosts++;
    for (const dc of this.#interested.get(channelId) ?? []) {
      this.#o.links.post(dc, channelId, exceptAuthKeyId, body);
    }
    this.#hand(channelId, exceptAuthKeyId, body);
  }

  /** Another DC's channel posted something. */
  posted(
    from: number,
    channelId: number,
    exceptAuthKeyId: string,
    body: Uint8Array,
    position: number,
  ): void {
    if (this.#unsure.has(from)) {
      this.totals.channelHints++;
      const hint = encodeTl({
        _: 'updateShort',
        update: { _: 'updateChannelTooLong', channelId },
        date: 0,
      });
      this.#hand(channelId, exceptAuthKeyId, hint);
      return;
    }
    this.#hand(channelId, exceptAuthKeyId, body, from, position);
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
    }
  }

  disinterest(from: number, channelIds: Iterable<number>): void {
    for (const channelId of channelIds) {
      const dcs = this.#interested.get(channelId);
      dcs?.delete(from);
      if (dcs?.size === 0) this.#interested.delete(channelId);
    }
  }

  /** Our link to another DC came up: it must know again what is heard here. */
  linkUp(to: number): void {
    const ids = [...this.#listeners.keys()].filter((id) => this.#o.homes.of(id) === to);
    for (let at = 0; at < ids.length; at += LIMITS.channelsPerFrameMax) {
      this.#o.links.interest(to, ids.slice(at, at + LIMITS.channelsPerFrameMax));
    }
  }

  /** Another DC's link to here is gone: what it hears is not known any more. */
  lost(from: number): void {
    this.#unsure.add(from);
    this.disinterest(from, [...this.#interested.keys()]);
  }

  /**
   * Another DC's link to here came up, its stream being at `position`: evictions may have been
   * missed until our copy is there. Listeners may have missed posts too: they are told to look.
   */
  async linkFrom(from: number, position: number): Promise<void> {
    this.#unsure.add(from);
    if (!(await this.#o.freshness.reach(from, position, LIMITS.audienceSureMs))) return;
    for (const [channelId, users] of [...this.#listeners]) {
      if (this.#o.homes.of(channelId) !== from) continue;
      for (const userId of [...users]) {
        if (!(await this.#o.isMember(channelId, userId))) this.left(channelId, userId);
      }
    }
    this.#unsure.delete(from);
  }

  /** Users here who hear the channel. */
  listenersOf(channelId: number): number {
    return this.#listeners.get(channelId)?.size ?? 0;
  }

  #hand(
    channelId: number,
    except: string,
    body: Uint8Array,
    from?: number,
    position?: number,
  ): void {
    const users = this.#listeners.get(channelId);
    if (!users) return;
    this.totals.channelPushes += users.size;
    for (const userId of users) {
      this.#o.delivery.pushHere(userId, except, body, from, position);
    }
  }

  #remove(channelId: number, userId: number): void {
    const users = this.#listeners.get(channelId);
    if (!users?.delete(userId) || users.size > 0) return;
    this.#listeners.delete(channelId);
    const home = this.#o.homes.of(channelId);
    if (home !== this.#o.dc) this.#o.links.disinterest(home, [channelId]);
  }

  #evictionHolds(channelId: number, userId: number): boolean {
    const key = `${channelId}/${userId}`;
    const evicted = this.#evicted.get(key);
    if (!evicted) return false;
    if (this.#o.freshness.appliedOf(evicted.dc) < evicted.position) return true;
    this.#evicted.delete(key);
    return false;
  }

  #forgetEvictions(): void {
    for (const [key, { dc, position }] of this.#evicted) {
      if (this.#o.freshness.appliedOf(dc) >= position) this.#evicted.delete(key);
    }
  }
}
