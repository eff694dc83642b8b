/**
 * WebSockets that hear live events: the token from the header or the first frame, pings, limits.
 * What a client does not read is not kept for ever: see event-session.ts.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Log } from '../environment/index.ts';
import { CLOSE_TOO_SLOW, CLOSE_UNAUTHORIZED, type EventSink } from '../gateway/event-session.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { GATEWAY_LIMITS } from '../gateway/limits.ts';
import { EVENTS_PATH } from '../gateway/openapi.ts';
import { problemOf } from '../gateway/problem.ts';
import { bearerToken } from '../gateway/tokens.ts';

const NO_TOKEN = 'no token came';

export class EventSockets {
  readonly #gateway: Gateway;
  readonly #log: Log;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: GATEWAY_LIMITS.clientFrameBytesMax,
  });
  /** Those that have not answered the last ping. */
  readonly #silent = new Set<WebSocket>();
  readonly #pings: NodeJS.Timeout;

  constructor(gateway: Gateway, log: Log) {
    this.#gateway = gateway;
    this.#log = log;
    this.#pings = setInterval(() => this.#ping(), GATEWAY_LIMITS.pingMs).unref();
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until ws takes it over, nobody else listens for its errors.
    socket.on('error', () => socket.destroy());
    if (pathOf(request.url) !== EVENTS_PATH) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (client) => this.#opened(client, request));
  }

  close(): void {
    clearInterval(this.#pings);
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }

  #opened(client: WebSocket, request: IncomingMessage): void {
    client.on('error', () => client.terminate());
    client.on('pong', () => this.#silent.delete(client));
    const token = bearerToken(request.headers.authorization);
    if (token !== undefined) {
      this.#listen(client, token);
      return;
    }
    const timer = setTimeout(
      () => client.close(CLOSE_UNAUTHORIZED, NO_TOKEN),
      GATEWAY_LIMITS.tokenWaitMs,
    );
    client.once('close', () => clearTimeout(timer));
    client.once('message', (data) => {
      clearTimeout(timer);
      const given = tokenIn(data);
      if (given === undefined) client.close(CLOSE_UNAUTHORIZED, NO_TOKEN);
      else this.#listen(client, given);
    });
  }

  #listen(client: WebSocket, token: string): void {
    const sink: EventSink = {
      get bufferedBytes() {
        return client.bufferedAmount;
      },
      send: (text) => client.send(text),
      close: (code, reason) => {
        // Nobody reads what a slow one is still to get, the close frame included.
        if (code === CLOSE_TOO_SLOW) setTimeout(() => client.terminate(), 1_000).unref();
        client.close(code, reason);
      },
    };
    this.#attach(client, token, sink).catch((error: Error) => {
      const { status, body } = problemOf(error);
      if (status >= 500) this.#log.write('error', 'gateway_failed', { why: error.message });
      const code = status === 401 ? CLOSE_UNAUTHORIZED : CLOSE_TOO_SLOW;
      client.close(code, body.error.code);
    });
  }

  async #attach(client: WebSocket, token: string, sink: EventSink): Promise<void> {
    const caller = await this.#gateway.caller(token);
    const gone = await this.#gateway.listen(caller, sink);
    if (client.readyState !== client.OPEN) gone();
    else client.once('close', gone);
  }

  #ping(): void {
    for (const client of this.#server.clients) {
      if (this.#silent.has(client)) {
        this.#silent.delete(client);
        client.terminate();
      } else if (client.readyState === client.OPEN) {
        this.#silent.add(client);
        client.ping();
      }
    }
    for (const client of this.#silent) {
      if (client.readyState === client.CLOSED) this.#silent.delete(client);
    }
  }
}

const pathOf = (url: string | undefined): string => (url ?? '').split('?')[0] ?? '';

/** Of `{"token": "..."}`. */
function tokenIn(data: RawData): string | undefined {
  try {
    const frame: unknown = JSON.parse(String(data));
    const token = (frame as { token?: unknown } | null)?.token;
    return typeof token === 'string' ? token : undefined;
  } catch {
    return undefined;
  }
}
