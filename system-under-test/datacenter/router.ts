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
import { type Answer, QUEUEABLE, READS, runRead, runWrite, WRITES } from '../services/table.ts';
import type { Backbone } from './backbone.ts';
import { birthDcOf } from './keys.ts';
import { LinkDownError } from './outgoing-link.ts';

export class Router {
  readonly #ctx: ServiceContext;
  readonly #backbone: Backbone;
  readonly #log: Log;
  readonly totals = { atHome: 0, forwarded: 0, queued: 0, fromReplica: 0 };

  constructor(ctx: ServiceContext, backbone: Backbone, log: Log) {
    this.#ctx = ctx;
    this.#backbone = backbone;
    this.#log = log;
  }

  /** TL objects, or bytes that are encoded already. Rejects with `RpcError`. */
  async route(actor: Actor, method: tl.RpcMethod): Promise<Answer | Uint8Array> {
    if (!(method._ in READS) && !(method._ in WRITES)) {
      throw new RpcError(400, 'INPUT_METHOD_INVALID');
    }
    if (birthDcOf(actor.userId) === this.#ctx.dc) {
      this.totals.atHome++;
      return this.atHome(actor, method);
    }
    return this.#away(actor, method);
  }

  /** Carries a request out in this DC's own domain. */
  async atHome(actor: Actor, method: tl.RpcMethod): Promise<Answer> {
    const read = runRead(this.#ctx, actor, method);
    if (read) return read;
    const write = runWrite(this.#ctx, actor, method, DIRECT);
    if (!write) throw new RpcError(400, 'INPUT_METHOD_INVALID');
    const { answer, durable } = await write;
    await durable;
    return answer;
  }

  /** A request that another DC forwarded. */
  async forwarded(userId: number, authKeyId: string, body: Uint8Array): Promise<Uint8Array> {
    const method = decodeTl(body) as tl.RpcMethod;
    return encodeAnswer(method, await this.atHome({ userId, authKeyId }, method));
  }

  async #away(actor: Actor, method: tl.RpcMethod): Promise<Answer | Uint8Array> {
    const home = birthDcOf(actor.userId);
    const link = this.#backbone.link(home);
    const queueable = QUEUEABLE.has(method._);
    if (queueable && mustQueue(this.#ctx, actor.userId)) return this.#queue(actor, method);
    if (link?.up) {
      try {
        this.totals.forwarded++;
        return await link.request(actor.userId, actor.authKeyId, encodeTl(method));
      } catch (error) {
        if (!(error instanceof LinkDownError)) throw error;
        this.#log.write('info', 'forward_in_doubt', { to: home, method: method._ });
      }
    }
    if (queueable) return this.#queue(actor, method);
    const read = runRead(this.#ctx, actor, method);
    if (!read) throw new RpcError(503, 'HOME_DC_UNREACHABLE');
    this.totals.fromReplica++;
    return markStale(await read);
  }

  async #queue(actor: Actor, method: tl.RpcMethod): Promise<Answer> {
    const { answer, durable } = await queueWrite(this.#ctx, actor, method);
    await durable;
    this.totals.queued++;
    return answer;
  }
}

/** An answer that came from another DC is encoded already. */
export function encodeAnswer(method: tl.RpcMethod, answer: Answer | Uint8Array): Uint8Array {
  return answer instanceof Uint8Array ? answer : encodeResult(method._, answer);
}
