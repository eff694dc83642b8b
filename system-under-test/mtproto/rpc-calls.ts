/** The calls of one session that have not been answered: started in order, answered in any. */
import { RpcError } from '../schema/errors.ts';
import { convertAnswer } from '../schema/layers.ts';
import { bigIntOfLong } from '../schema/long.ts';
import { BARE_VECTOR_RESULTS, encodeResult, type TlResult, type tl } from '../schema/tl.ts';
import type { UnwrappedCall } from '../schema/unwrap.ts';
import type { RpcCall } from './server-api.ts';
import type { LiveSession } from './server-session.ts';

export class RpcCalls {
  readonly #session: LiveSession;
  readonly #pendingMax: number;
  readonly #pending = new Map<bigint, PendingCall>();

  constructor(session: LiveSession, pendingMax: number) {
    this.#session = session;
    this.#pendingMax = pendingMax;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  isPending(requestId: bigint): boolean {
    return this.#pending.has(requestId);
  }

  /** Runs the call, or lets it wait for those that invokeAfterMsg names. */
  start(requestId: bigint, { method, after }: UnwrappedCall): void {
    if (this.#pending.size >= this.#pendingMax) {
      this.#session.sendError(requestId, new RpcError(420, 'FLOOD_WAIT_1'));
      return;
    }
    const call = new PendingCall(this, this.#session, requestId, method);
    for (const id of after) {
      const earlier = this.#pending.get(bigIntOfLong(id));
      if (earlier === undefined) continue;
      earlier.dependents.push(call);
      call.waitsFor++;
    }
    this.#pending.set(requestId, call);
    if (call.waitsFor === 0) this.#session.host.request(this.#session, call);
  }

  /** The client does not want the answer any more; false when there is no such call. */
  drop(requestId: bigint): boolean {
    const call = this.#pending.get(requestId);
    if (call === undefined) return false;
    call.isDropped = true;
    return true;
  }

  /** Called by a call that has been answered; what waited for it runs or fails with it. */
  finished(call: PendingCall, failed: boolean): void {
    this.#pending.delete(call.requestMsgId);
    for (const next of call.dependents) {
      if (failed) next.fail(new RpcError(400, 'MSG_WAIT_FAILED'));
      else if (--next.waitsFor === 0 && !next.isAnswered) {
        this.#session.host.request(this.#session, next);
      }
    }
  }
}

class PendingCall implements RpcCall {
  readonly method: tl.RpcMethod;
  readonly requestMsgId: bigint;
  readonly dependents: PendingCall[] = [];
  waitsFor = 0;
  isDropped = false;
  isAnswered = false;
  readonly #calls: RpcCalls;
  readonly #session: LiveSession;

  constructor(calls: RpcCalls, session: LiveSession, requestMsgId: bigint, method: tl.RpcMethod) {
    this.#calls = calls;
    this.#session = session;
    this.requestMsgId = requestMsgId;
    this.method = method;
  }

  reply(result: TlResult | Uint8Array): void {
    if (this.isAnswered) return;
    // An object that cannot be encoded throws here, and `fail` is still possible.
    const own = result instanceof Uint8Array ? result : encodeResult(this.method._, result);
    const isBare = BARE_VECTOR_RESULTS[this.method._] !== undefined;
    const body = isBare ? own : convertAnswer(this.method._, own, this.#session.layer);
    this.isAnswered = true;
    if (!this.isDropped) this.#session.sendResult(this.requestMsgId, body);
    this.#calls.finished(this, false);
  }

  fail(error: RpcError): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    if (!this.isDropped) this.#session.sendError(this.requestMsgId, error);
    this.#calls.finished(this, true);
  }
}
