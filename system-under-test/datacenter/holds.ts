/**
 * Users whose earlier writes still wait at another DC: accepted there while this DC, their home,
 * was out of reach. Until those have arrived, new writes of the same user that reach home directly
 * must go behind them. Each peer tells its list when its link comes up (`queued` frames), and who
 * else has to wait as it happens. A new list replaces what was told before: a peer that crashed may
 * have forgotten a write that it had announced and not acknowledged.
 */
import type { Clock } from '../environment/index.ts';
import { LIMITS } from './limits.ts';
import type { Predecessor } from './records.ts';

interface Peer {
  /** Whether the peer has told its list since this process started. */
  told: boolean;
  /** Users, and the number of each one's last write that waits there. */
  waiting: Map<number, number>;
  /** The list of a new link, until all of it is here. */
  coming: Map<number, number> | undefined;
  /** The highest number in `waiting`, so that what has arrived is found without a scan. */
  highest: number;
  taken: number;
}

export class Holds {
  readonly #clock: Clock;
  readonly #peers = new Map<number, Peer>();
  readonly #startedMs: number;
  #sure: Promise<void> | undefined;
  /** Somebody waits for `#sure`. */
  #awaited = false;
  #listeners: (() => void)[] = [];

  constructor(clock: Clock, peers: readonly number[]) {
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
    for (const dc of peers) {
      const waiting = new Map<number, number>();
      this.#peers.set(dc, { told: false, waiting, coming: new Map(), highest: 0, taken: 0 });
    }
  }

  /** The peer's link is gone: what it told stays true until it tells its list anew. */
  linkLost(from: number): void {
    const peer = this.#peers.get(from);
    if (peer) peer.coming = new Map();
  }

  /** Part of a peer's list, or one more user, with its outbox numbers. */
  told(from: number, userIds: readonly number[], numbers: readonly number[], more: boolean): void {
    const peer = this.#peers.get(from);
    if (!peer) return;
    const list = peer.coming ?? peer.waiting;
    userIds.forEach((userId, index) => {
      const number = numbers[index] ?? 0;
      if (number <= peer.taken) return;
      list.set(userId, number);
      if (!peer.coming) peer.highest = Math.max(peer.highest, number);
    });
    if (!more && peer.coming) {
      peer.waiting = peer.coming;
      peer.coming = undefined;
      peer.highest = 0;
      for (const number of peer.waiting.values()) peer.highest = Math.max(peer.highest, number);
      if (peer.taken >= peer.highest) peer.waiting.clear();
      peer.told = true;
    }
    this.#changed();
  }

  /** Entries of the peer's outbox up to this one are carried out and durable. */
  arrived(from: number, number: number): void {
    const peer = this.#peers.get(from);
    if (!peer || number <= peer.taken) return;
    peer.taken = number;
    if (peer.waiting.size > 0 && number >= peer.highest) peer.waiting.clear();
    this.#changed();
  }

  /** Whether writes of this user may have predecessors that are not here yet. */
  holds(userId: number): boolean {
    for (const peer of this.#peers.values()) {
      const number = peer.waiting.get(userId);
      if (number === undefined) continue;
      if (number > peer.taken) return true;
      peer.waiting.delete(userId);
    }
    return this.#unsure();
  }

  /**
   * What of this user was at other DCs before now, as far as they have told: writes that they have
   * under higher numbers are newer.
   */
  before(userId: number): Predecessor[] {
    const known: Predecessor[] = [];
    for (const [dc, peer] of this.#peers) {
      if (peer.told) known.push([dc, Math.max(peer.taken, peer.waiting.get(userId) ?? 0)]);
    }
    return known;
  }

  /** Whether any user's writes are held. */
  get any(): boolean {
    for (const peer of this.#peers.values()) if (peer.waiting.size > 0) return true;
    return this.#unsure();
  }

  /**
   * Undefined when every peer has told what waits there; until then, for a moment after a start,
   * resolves when they have or are not waited for any longer. Until then nobody can say what has to
   * go first: whoever writes waits.
   */
  untilSure(): Promise<void> | undefined {
    if (!this.#unsure()) return undefined;
    this.#sure ??= new Promise((resolve) => {
      this.#awaited = true;
      const over = (): void => {
        this.#awaited = false;
        resolve();
      };
      const leftMs = this.#startedMs + LIMITS.holdUnsureMs - this.#clock.monotonicMs();
      const timer = this.#clock.after(leftMs, over);
      this.onChange(() => {
        if (!this.#awaited || !this.#allTold()) return;
        timer.cancel();
        over();
      });
    });
    return this.#sure;
  }

  /** Calls `listener` when `any` may have changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Just started, and a peer has not told yet what waits there. A peer that is out of reach itself
   * must not stop everyone for long: what waits there is found out when it comes back. While anyone
   * waits, only the timer ends it: one that is late would let a newer write pass those that wait.
   */
  #unsure(): boolean {
    if (this.#awaited) return true;
    if (this.#clock.monotonicMs() - this.#startedMs >= LIMITS.holdUnsureMs) return false;
    return !this.#allTold();
  }

  #allTold(): boolean {
    for (const peer of this.#peers.values()) if (!peer.told) return false;
    return true;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
