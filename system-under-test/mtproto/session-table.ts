/**
 * The sessions of a host, by auth key and session id. A session outlives its connection for a
 * while, so that a client which reconnects finds its unread answers and its repeats recognised.
 */
import type { Clock, Timer } from '../environment/clock.ts';
import type { ServerLimits } from './limits.ts';
import type { LiveSession } from './server-session.ts';

export class SessionTable {
  readonly #clock: Clock;
  readonly #limits: ServerLimits;
  readonly #sessions = new Map<string, LiveSession>();
  /** Sessions without a connection, the longest so first, and when each is dropped. */
  readonly #detached = new Map<LiveSession, number>();
  #timer: Timer | undefined;

  constructor(clock: Clock, limits: ServerLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** All sessions, connected or not. */
  get size(): number {
    return this.#sessions.size;
  }

  get detachedCount(): number {
    return this.#detached.size;
  }

  find(authKeyId: string, sessionId: string): LiveSession | undefined {
    return this.#sessions.get(authKeyId + sessionId);
  }

  /** False when the table is full of sessions in use. */
  add(session: LiveSession): boolean {
    if (this.#sessions.size >= this.#limits.sessionsMax) {
      const idlest = this.#detached.keys().next().value;
      if (idlest === undefined) return false;
      this.drop(idlest);
    }
    this.#sessions.set(session.authKey.id + session.sessionId, session);
    return true;
  }

  /** The session has no connection any more; it is dropped if none comes in time. */
  detached(session: LiveSession): void {
    if (this.find(session.authKey.id, session.sessionId) !== session) return;
    const dropAtMs = this.#clock.monotonicMs() + this.#limits.detachedSessionMs;
    this.#detached.set(session, dropAtMs);
    this.#schedule();
  }

  attached(session: LiveSession): void {
    this.#detached.delete(session);
  }

  /** Forgets the session; the host is told if it had been told of it. */
  drop(session: LiveSession): void {
    this.#detached.delete(session);
    if (!this.#sessions.delete(session.authKey.id + session.sessionId)) return;
    session.dropped();
  }

  /** Drops all sessions of a key, as after a log-out. */
  dropKey(authKeyId: string): void {
    for (const session of [...this.#sessions.values()]) {
      if (session.authKey.id === authKeyId) session.close();
    }
  }

  /** Drops everything; the host is going away. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const session of [...this.#sessions.values()]) session.close();
  }

  #schedule(): void {
    const next = this.#detached.values().next().value;
    if (this.#timer !== undefined || next === undefined) return;
    // Never less than the clock can tell: the sweep would find nothing to do, for ever.
    const delayMs = Math.max(1, Math.ceil(next - this.#clock.monotonicMs()));
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#sweep();
    });
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [session, dropAtMs] of this.#detached) {
      if (dropAtMs > nowMs) break;
      this.drop(session);
    }
    this.#schedule();
  }
}
