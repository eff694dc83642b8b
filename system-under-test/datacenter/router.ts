/**
 * Decides where a request of a signed-in user is carried out: here when this is the user's home,
 * otherwise there; and while home is out of reach, writes go to the outbox and reads to the
 * replica. Requests of one session keep their order: nothing is awaited before the decision.
 */
import type { Log } from '../environment/index.ts';
import { RpcError } from '../schema/errors.ts';
import { decodeTl, encodeResult, encodeTl, type tl } from '../schema/tl.ts';
import { type Actor, DIRECT, type ServiceContext } from '../services/context.ts';
import { markStale, mustQueue, queueWrite } from '../services/degraded.ts';
import { HomeMovedError } from '../services/effects.ts';
import {
  type Answer,
  domainOf,
  isQueueable,
  isRead,
  isServed,
  runRead,
  runWrite,
} from '../services/table.ts';
import type { Admission } from './admission.ts';
import type { Backbone } from './backbone.ts';
import { saw } from './freshness.ts';
import { LIMITS } from './limits.ts';
import { LinkDownError } from './outgoing-link.ts';
import { type Turn, WriteOrder } from './write-order.ts';

/** A request is begun so often when its user moves meanwhile. */
const MOVES_MAX = 3;
const WRITE_ATTEMPTS = 3;

export class Router {
  readonly #ctx: ServiceContext;
  readonly #backbone: Backbone;
  readonly #log: Log;
  readonly #admission: Admission;
  readonly #order = new WriteOrder();
  readonly totals = {
    atHome: 0,
    forwarded: 0,
    queued: 0,
    heldBack: 0,
    fromReplica: 0,
    readsWaited: 0,
    readsStale: 0,
    stalenessMsMax: 0,
  };

  constructor(ctx: ServiceContext, backbone: Backbone, log: Log, admission: Admission) {
    this.#ctx = ctx;
    this.#backbone = backbone;
    this.#log = log;
    this.#admission = admission;
  }

  /** TL objects, or bytes that are encoded already. Rejects with `RpcError`. */
  async route(actor: Actor, method: tl.RpcMethod): Promise<Answer | Uint8Array> {
    if (!isServed(method._)) throw new RpcError(400, 'INPUT_METHOD_INVALID');
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#byHome(actor, method);
      } catch (error) {
        // The user left while it was carried out: once more, where the user is now.
        if (!(error instanceof HomeMovedError) || attempt === MOVES_MAX) throw error;
      }
    }
  }

  #byHome(actor: Actor, method: tl.RpcMethod): Promise<Answer | Uint8Array> {
    const home = domainOf(this.#ctx, actor, method);
    if (home !== this.#ctx.dc) return this.#away(actor, method, home);
    this.totals.atHome++;
    return this.#atHome(actor, method);
  }

  /** A request that another DC forwarded. */
  async forwarded(actor: Actor, body: Uint8Array): Promise<Uint8Array> {
    const method = decodeTl(body) as tl.RpcMethod;
    // Whose a number is, is asked at the number's home. Anything else that is not for this DC is of
    // a user who has just moved, of which the other DC knows more, or less.
    const asked = method._ === 'contacts.resolvePhone';
    if (!asked && domainOf(this.#ctx, actor, method) !== this.#ctx.dc) {
      await this.#comesHome(actor.userId);
      if (domainOf(this.#ctx, actor, method) !== this.#ctx.dc) throw new HomeMovedError();
    }
    return encodeAnswer(method, await this.#atHome(actor, method));
  }

  /** Waits a moment for a user on the way here, so that requests keep their order. */
  #comesHome(userId: number): Promise<void> {
    const { homes, clock } = this.#ctx;
    return new Promise((resolve) => {
      const timer = clock.after(LIMITS.moveWaitMs / 2, () => {
        stop();
        resolve();
      });
      const stop = homes.awaitHere(userId, () => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Carries a request out in this DC's own domain. */
  async #atHome(actor: Actor, method: tl.RpcMethod): Promise<Answer> {
    this.#admission.admit(method._);
    const read = runRead(this.#ctx, actor, method);
    if (read) return this.#unmoved(actor, read);
    const sure = isQueueable(method._) ? this.#ctx.holds.untilSure() : undefined;
    if (sure) {
      this.totals.heldBack++;
      await sure;
    }
    const behind = this.#mustQueueAt(actor, method, this.#ctx.dc);
    if (behind !== undefined) {
      this.totals.heldBack++;
      return this.#queue(actor, method, behind);
    }
    const write = runWrite(this.#ctx, actor, method, DIRECT);
    if (!write) throw new RpcError(400, 'INPUT_METHOD_INVALID');
    const begun = this.#admission.begin();
    try {
      const { answer, durable } = await write;
      await durable;
      return answer;
    } finally {
      this.#admission.end(begun);
    }
  }

  async #away(actor: Actor, method: tl.RpcMethod, home: number): Promise<Answer | Uint8Array> {
    if (isQueueable(method._)) return this.#awayInOrder(actor, method, home);
    const link = this.#backbone.link(home);
    if (isRead(method._) && (await this.#fresh(actor, home))) {
      try {
        return await this.#fromReplica(actor, method, home, link?.up === true);
      } catch (error) {
        // The copy may not know yet that the reader is in: home does.
        const isOut = error instanceof RpcError && error.text === 'CHANNEL_PRIVATE';
        if (!isOut || link?.up !== true) throw error;
      }
    }
    const answer = await this.#forward(actor, method, home);
    if (answer) return answer;
    if (!isRead(method._) || !this.#hasCopy(actor, home)) {
      throw new RpcError(503, 'HOME_DC_UNREACHABLE');
    }
    this.totals.readsStale++;
    return this.#fromReplica(actor, method, home, false);
  }

  /** A write that may wait: forwarded, or queued behind whatever of the user came before it. */
  async #awayInOrder(
    actor: Actor,
    method: tl.RpcMethod,
    home: number,
  ): Promise<Answer | Uint8Array> {
    const turn = this.#order.begin(actor.userId, home);
    try {
      const answer = await this.#awayInTurn(turn, actor, method);
      turn.end();
      return answer;
    } catch (error) {
      turn.end(error as Error);
      throw error;
    }
  }

  async #awayInTurn(turn: Turn, actor: Actor, method: tl.RpcMethod): Promise<Answer | Uint8Array> {
    if (turn.mustWait) await turn.afterOthers();
    for (let attempt = 1; ; attempt++) {
      const to = domainOf(this.#ctx, actor, method);
      if (to === this.#ctx.dc) return this.#atHome(actor, method);
      try {
        if (this.#mustQueueAt(actor, method, to) === undefined) {
          const answer = await this.#forward(actor, method, to);
          if (answer) return answer;
        }
        await turn.afterOthers();
        return await this.#queue(actor, method, this.#mustQueueAt(actor, method, to) ?? to);
      } catch (error) {
        if (!isHomeMoved(error) || attempt === WRITE_ATTEMPTS) throw error;
        await turn.afterOthers();
        await this.#moved(actor.userId, to);
      }
    }
  }

  /** The DC that was believed to be home says that it is not: here that will be known soon, too. */
  async #moved(userId: number, from: number): Promise<void> {
    const { homes, clock } = this.#ctx;
    const endMs = clock.monotonicMs() + LIMITS.moveWaitMs / 2;
    while (homes.of(userId) === from && clock.monotonicMs() < endMs) {
      await new Promise<void>((resolve) => clock.after(LIMITS.movePollMs, resolve));
    }
  }

  /** Undefined when there is no link, or it went down and nobody knows what became of it. */
  async #forward(
    actor: Actor,
    method: tl.RpcMethod,
    home: number,
  ): Promise<Uint8Array | undefined> {
    const link = this.#backbone.link(home);
    if (!link?.up) return undefined;
    try {
      this.totals.forwarded++;
      const { userId, authKeyId, seen } = actor;
      const { body, position } = await link.request(userId, authKeyId, encodeTl(method));
      if (seen) saw(seen, home, position);
      return body;
    } catch (error) {
      if (!(error instanceof LinkDownError)) throw error;
      this.#log.write('info', 'forward_in_doubt', { to: home, method: method._ });
      return undefined;
    }
  }

  /**
   * Whether the replica has all that this session has seen of the home DC; waits a little for it. A
   * session that comes from elsewhere has seen nobody knows what: its first read goes home.
   */
  #fresh(actor: Actor, home: number): boolean | Promise<boolean> {
    if (!this.#ctx.homes.hasArrived(actor.userId)) return false;
    const position = actor.seen?.get(home);
    if (position === undefined) return false;
    const reached = this.#ctx.freshness.reach(home, position, LIMITS.freshnessWaitMs);
    if (reached !== true) this.totals.readsWaited++;
    return reached;
  }

  /** Rejects with `HomeMovedError` if the user has moved meanwhile, and left an empty box. */
  async #unmoved(actor: Actor, read: Promise<Answer>): Promise<Answer> {
    const { homes } = this.#ctx;
    const before = homes.of(actor.userId);
    const answer = await read;
    if (homes.of(actor.userId) !== before) throw new HomeMovedError();
    return answer;
  }

  #hasCopy(actor: Actor, home: number): boolean {
    return this.#ctx.freshness.isWhole(home) && this.#ctx.homes.hasArrived(actor.userId);
  }

  async #fromReplica(
    actor: Actor,
    method: tl.RpcMethod,
    home: number,
    homeIsUp: boolean,
  ): Promise<Answer> {
    const { freshness } = this.#ctx;
    const position = freshness.appliedOf(home);
    this.totals.fromReplica++;
    this.totals.stalenessMsMax = Math.max(
      this.totals.stalenessMsMax,
      Math.round(freshness.stalenessMs(home)),
    );
    const read = runRead(this.#ctx, actor, method);
    if (!read) throw new RpcError(503, 'HOME_DC_UNREACHABLE');
    const answer = await this.#unmoved(actor, read);
    // What is marked as inexact tells nothing of what the session saw elsewhere before.
    if (actor.seen && (homeIsUp || actor.seen.has(home))) saw(actor.seen, home, position);
    if (homeIsUp) return answer;
    return markStale(answer);
  }

  /**
   * The DC whose outbox holds earlier writes of this user towards `home`, if there are any: newer
   * ones go behind them. For a user who has moved that may be the old home's.
   */
  #mustQueueAt(actor: Actor, method: tl.RpcMethod, home: number): number | undefined {
    if (!isQueueable(method._)) return undefined;
    const { homes } = this.#ctx;
    if (mustQueue(this.#ctx, actor.userId, home)) return home;
    const way = homes.wayTo(actor.userId);
    if (way === home || home !== homes.of(actor.userId)) return undefined;
    return mustQueue(this.#ctx, actor.userId, way) ? way : undefined;
  }

  async #queue(actor: Actor, method: tl.RpcMethod, to: number): Promise<Answer> {
    const { answer, durable } = await queueWrite(this.#ctx, actor, method, to);
    await durable;
    this.totals.queued++;
    return answer;
  }
}

/** Here, or as another DC says it. */
function isHomeMoved(error: unknown): boolean {
  return error instanceof RpcError && error.text === 'HOME_MOVED';
}

/** An answer that came from another DC is encoded already. */
export function encodeAnswer(method: tl.RpcMethod, answer: Answer | Uint8Array): Uint8Array {
  return answer instanceof Uint8Array ? answer : encodeResult(method._, answer);
}
