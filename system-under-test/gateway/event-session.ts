/**
 * A WebSocket that hears what happens to its user: to the datacentre one more session, beside
 * those of MTProto. One that does not read fast enough is closed, and catches up when it returns.
 */
import type { SessionContext } from '../datacenter/session-context.ts';
import type { AuthKey, ServerSession } from '../mtproto/server-connection.ts';
import { GATEWAY_LIMITS } from './limits.ts';
import type { GatewayEvent } from './to-json.ts';

/** The socket, as the gateway needs it. */
export interface EventSink {
  /** Bytes handed over and not yet sent. */
  readonly bufferedBytes: number;
  /** One text frame. Ignored once closed. */
  send(text: string): void;
  /** With a close code of RFC 6455, section 7.4. */
  close(code: number, reason: string): void;
}

/** "Try again later": the client was too slow, and may come back. */
export const CLOSE_TOO_SLOW = 1013;
/** Our own: the token is not valid, or was signed out. */
export const CLOSE_UNAUTHORIZED = 4401;

export class EventSession implements ServerSession {
  readonly authKey: AuthKey;
  readonly sessionId: string;
  readonly init = undefined;
  layer = 0;
  wantsUpdates = true;
  context: SessionContext;
  readonly #sink: EventSink;
  readonly #framesOf: (update: Uint8Array) => readonly string[];
  #open = true;

  constructor(options: {
    readonly authKey: AuthKey;
    readonly sessionId: string;
    readonly context: SessionContext;
    readonly sink: EventSink;
    /** An encoded update as the frames to send. */
    readonly framesOf: (update: Uint8Array) => readonly string[];
  }) {
    this.authKey = options.authKey;
    this.sessionId = options.sessionId;
    this.context = options.context;
    this.#sink = options.sink;
    this.#framesOf = options.framesOf;
  }

  get connected(): boolean {
    return this.#open;
  }

  sendUpdate(body: Uint8Array): void {
    for (const frame of this.#framesOf(body)) this.#send(frame);
  }

  tell(event: GatewayEvent): void {
    this.#send(JSON.stringify(event));
  }

  #send(frame: string): void {
    if (!this.#open) return;
    if (this.#sink.bufferedBytes > GATEWAY_LIMITS.eventsBufferedBytesMax) {
      this.#end(CLOSE_TOO_SLOW, 'reads too slowly');
      return;
    }
    this.#sink.send(frame);
  }

  /** Its token was signed out, or its user has too many sessions. */
  close(): void {
    this.#end(CLOSE_UNAUTHORIZED, 'signed out');
  }

  /** The socket is gone. */
  gone(): void {
    this.#open = false;
  }

  #end(code: number, reason: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.#sink.close(code, reason);
  }
}
