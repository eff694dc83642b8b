/**
 * Which sessions are open, here and (for users at home here) at other DCs, and pushing updates to
 * them. An update is encoded once and encrypted once a session.
 */
import type { ServerSession } from '../mtproto/server-connection.ts';
import { saw } from './freshness.ts';
import { LIMITS } from './limits.ts';
import { contextOf } from './session-context.ts';

export interface DeliveryLinks {
  /** Hands an update to another DC that holds sessions of the user. Best effort. */
  push(dc: number, userId: number, exceptAuthKeyId: string, body: Uint8Array): void;
  /** The first session of a user who is at home at `dc` was opened here. */
  attach(dc: number, userId: number): void;
  detach(dc: number, userId: number): void;
}

export class Delivery {
  readonly #dc: number;
  readonly #homeOf: (userId: number) => number;
  readonly #links: DeliveryLinks;
  readonly #local = new Map<number, Set<ServerSession>>();
  readonly #remote = new Map<number, Set<number>>();
  readonly totals = { pushes: 0 };

  constructor(dc: number, homeOf: (userId: number) => number, links: DeliveryLinks) {
    this.#dc = dc;
    this.#homeOf = homeOf;
    this.#links = links;
  }

  /** Returns whether it is the user's first session here. */
  open(userId: number, session: ServerSession): boolean {
    let sessions = this.#local.get(userId);
    const first = !sessions;
    if (!sessions) {
      sessions = new Set();
      this.#local.set(userId, sessions);
      const home = this.#homeOf(userId);
      if (home !== this.#dc) this.#links.attach(home, userId);
    }
    sessions.add(session);
    if (sessions.size > LIMITS.sessionsPerUserMax) {
      const oldest = sessions.values().next();
      if (!oldest.done) oldest.value.close();
    }
    return first;
  }

  /** Returns whether it was the user's last session here. */
  close(userId: number, session: ServerSession): boolean {
    const sessions = this.#local.get(userId);
    if (!sessions?.delete(session) || sessions.size > 0) return false;
    this.#local.delete(userId);
    const home = this.#homeOf(userId);
    if (home !== this.#dc) this.#links.detach(home, userId);
    return true;
  }

  /** A user's home has changed: the new one must know where the sessions are. */
  homeChanged(userId: number, from: number, to: number): void {
    if (!this.#local.has(userId)) return;
    if (from !== this.#dc) this.#links.detach(from, userId);
    if (to !== this.#dc) this.#links.attach(to, userId);
  }

  /** Users with sessions here who are at home at `dc`. */
  guestsFrom(dc: number): number[] {
    return [...this.#local.keys()].filter((userId) => this.#homeOf(userId) === dc);
  }

  attached(from: number, userIds: readonly number[]): void {
    for (const userId of userIds) {
      let dcs = this.#remote.get(userId);
      if (!dcs) {
        dcs = new Set();
        this.#remote.set(userId, dcs);
      }
      dcs.add(from);
    }
  }

  detached(from: number, userIds: readonly number[]): void {
    for (const userId of userIds) {
      const dcs = this.#remote.get(userId);
      dcs?.delete(from);
      if (dcs?.size === 0) this.#remote.delete(userId);
    }
  }

  /** Users at home here who have sessions at `dc`. */
  usersAt(dc: number): number[] {
    return [...this.#remote].filter(([, dcs]) => dcs.has(dc)).map(([userId]) => userId);
  }

  /** Another DC is gone, and with it the sessions that it held. */
  lost(from: number): void {
    this.detached(from, [...this.#remote.keys()]);
  }

  /** Whether a push would go anywhere: mostly a sender has no other device, and much is saved. */
  reaches(userId: number, exceptAuthKeyId: string): boolean {
    if (this.#remote.has(userId) || this.#homeOf(userId) !== this.#dc) return true;
    const sessions = this.#local.get(userId);
    if (!sessions) return false;
    for (const session of sessions) {
      if (session.authKey.id !== exceptAuthKeyId && session.wantsUpdates) return true;
    }
    return false;
  }

  /**
   * To every session of a user, here and elsewhere, but for the device that caused it. For a user
   * of another DC that one is asked, who knows where the sessions are.
   */
  push(
    userId: number,
    exceptAuthKeyId: string,
    body: Uint8Array,
    from?: number,
    position?: number,
  ): void {
    const home = this.#homeOf(userId);
    if (home !== this.#dc) {
      this.#links.push(home, userId, exceptAuthKeyId, body);
      return;
    }
    this.pushHere(userId, exceptAuthKeyId, body, from, position);
    const remote = this.#remote.get(userId);
    if (remote) for (const dc of remote) this.#links.push(dc, userId, exceptAuthKeyId, body);
  }

  /** To the sessions here. `from` and `position` say on what record of whose stream it rests. */
  pushHere(
    userId: number,
    exceptAuthKeyId: string,
    body: Uint8Array,
    from?: number,
    position = 0,
  ): void {
    const sessions = this.#local.get(userId);
    if (!sessions) return;
    for (const session of sessions) {
      if (session.authKey.id === exceptAuthKeyId || !session.wantsUpdates) continue;
      this.totals.pushes++;
      if (from !== undefined) saw(contextOf(session).seen, from, position);
      session.sendUpdate(body);
    }
  }

  get openSessions(): number {
    let count = 0;
    for (const sessions of this.#local.values()) count += sessions.size;
    return count;
  }

  /** Whether the user has sessions here. */
  isHere(userId: number): boolean {
    return this.#local.has(userId);
  }

  sessionsOf(userId: number): readonly ServerSession[] {
    return [...(this.#local.get(userId) ?? [])];
  }
}
