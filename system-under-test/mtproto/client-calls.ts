/**
 * The calls and pings of a client connection that wait for an answer, by the msg_id they went as.
 */
import { RpcError } from '../schema/errors.ts';
import { constructorId, SERVICE_ID } from '../schema/service-messages.ts';
import { decodeResult, decodeTl } from '../schema/tl.ts';
import { TlError } from '../schema/tl-error.ts';

/** The stream ended before the answer came; whether the call was carried out is not known. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  /** What the server said at the end, such as -404; undefined when it said nothing. */
  readonly transportError: number | undefined;

  constructor(transportError?: number) {
    super(transportError === undefined ? 'connection lost' : `connection lost (${transportError})`);
    this.transportError = transportError;
  }
}

export interface WaitingCall {
  /** The method's name, or 'ping'. */
  readonly name: string;
  /** Encoded, wrapped where it had to be. */
  readonly body: Uint8Array;
  /** How often it was sent. */
  attempts: number;
  /** How many times the salt or the time had been put right when it was sent last. */
  sentUnder?: number;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A call that is refused for its salt or its time this often is given up. */
const ATTEMPTS_MAX = 6;
/** Containers whose contents are remembered, in case the server refuses one as a whole. */
const CONTAINERS_MAX = 64;

export class ClientCalls {
  readonly #waiting = new Map<bigint, WaitingCall>();
  readonly #containers = new Map<bigint, readonly bigint[]>();
  /** How many times the salt or the time was put right. */
  #corrections = 0;

  get waitingCount(): number {
    return this.#waiting.size;
  }

  sent(messageId: bigint, call: WaitingCall): void {
    call.attempts++;
    call.sentUnder = this.#corrections;
    this.#waiting.set(messageId, call);
  }

  sentContainer(containerId: bigint, messageIds: readonly bigint[]): void {
    this.#containers.set(containerId, messageIds);
    if (this.#containers.size <= CONTAINERS_MAX) return;
    const oldest = this.#containers.keys().next().value;
    if (oldest !== undefined) this.#containers.delete(oldest);
  }

  /** False when nothing was waiting for it. */
  pong(messageId: bigint): boolean {
    const call = this.#take(messageId);
    call?.resolve(undefined);
    return call !== undefined;
  }

  /** `result` is what an rpc_result holds. True when a call succeeded. */
  result(messageId: bigint, result: Uint8Array): boolean {
    const call = this.#take(messageId);
    if (call === undefined) return false;
    try {
      if (constructorId(result) === SERVICE_ID.rpcError) {
        call.reject(rpcErrorOf(result));
        return false;
      }
      call.resolve(decodeResult(call.name, result));
      return true;
    } catch (error) {
      if (!(error instanceof TlError)) throw error;
      call.reject(error);
      return false;
    }
  }

  /**
   * Calls to send again, for the message or container was refused for a reason that has been
   * corrected. What was sent after it and before the correction is going to be refused, too: all of
   * it is sent again now, so that nothing newer overtakes it.
   */
  takeForResend(messageId: bigint): WaitingCall[] {
    const refused = this.#containers.get(messageId) ?? [messageId];
    this.#containers.delete(messageId);
    const first = refused.find((id) => this.#waiting.has(id));
    if (first === undefined) return []; // sent again already
    const under = this.#waiting.get(first)?.sentUnder ?? 0;
    this.#corrections++;
    const again: WaitingCall[] = [];
    let isLater = false;
    for (const [id, call] of this.#waiting) {
      isLater ||= id === first;
      if (!isLater || (call.sentUnder ?? 0) > under) continue;
      this.#waiting.delete(id);
      if (call.attempts < ATTEMPTS_MAX) again.push(call);
      else call.reject(new Error(`${call.name} was refused ${call.attempts} times`));
    }
    return again;
  }

  /** The server will never answer these. */
  refused(messageId: bigint, code: number): void {
    for (const id of this.#containers.get(messageId) ?? [messageId]) {
      const call = this.#take(id);
      call?.reject(new Error(`${call.name} was refused: bad_msg_notification ${code}`));
    }
  }

  rejectAll(error: Error): void {
    const calls = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#containers.clear();
    for (const call of calls) call.reject(error);
  }

  #take(messageId: bigint): WaitingCall | undefined {
    const call = this.#waiting.get(messageId);
    this.#waiting.delete(messageId);
    return call;
  }
}

function rpcErrorOf(result: Uint8Array): RpcError {
  const error = decodeTl(result);
  if (error._ !== 'mt_rpc_error') throw new TlError('malformed', `${error._} is no rpc_error`);
  return new RpcError(error.errorCode, error.errorMessage);
}
