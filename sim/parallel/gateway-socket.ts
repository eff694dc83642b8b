/** A WebSocket on which a gateway tells what happens to a user; given up when it is silent. */
import { WebSocket } from 'ws';

/** The part of the gateway's events that is used here. */
export interface GatewayEvent {
  readonly type: string;
  readonly pts?: number;
  readonly dc?: number;
  readonly clientId?: string;
  readonly queued?: number;
  readonly message?: { readonly id: number; readonly out: boolean; readonly text: string };
}

/** As those of our MTProto devices (sim/users/device-link.ts); assumed. */
const SOCKET_MS = { connect: 1_500, ready: 2_500, pingEvery: 2_000 };

export interface GatewaySocketOptions {
  /** "http://host:port". */
  readonly gateway: string;
  readonly token: string;
  readonly heard: (event: GatewayEvent) => void;
  /** It was ready before, and is gone. */
  readonly lost: () => void;
}

export class GatewaySocket {
  readonly #socket: WebSocket;
  #pinging: NodeJS.Timeout | undefined;
  #isReady = false;
  #closed = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Resolves with the `ready` event; rejects when there is none in time. */
  static open(options: GatewaySocketOptions): Promise<[GatewaySocket, GatewayEvent]> {
    const { gateway, token, heard, lost } = options;
    const socket = new WebSocket(`${gateway.replace(/^http/, 'ws')}/v1/events`, {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: SOCKET_MS.connect,
      perMessageDeflate: false,
    });
    const own = new GatewaySocket(socket);
    return new Promise((resolve, reject) => {
      let why = 'closed';
      const timer = setTimeout(() => {
        why = 'it was not ready in time';
        socket.terminate();
      }, SOCKET_MS.connect + SOCKET_MS.ready);
      socket.on('error', (error) => {
        why = error.message;
      });
      socket.on('close', (code) => {
        clearTimeout(timer);
        clearInterval(own.#pinging);
        reject(new Error(`${gateway}: ${why} (${code})`));
        if (own.#isReady && !own.#closed) lost();
      });
      socket.on('message', (data) => {
        const event = JSON.parse(String(data)) as GatewayEvent;
        if (event.type === 'ready' && !own.#isReady) {
          clearTimeout(timer);
          own.#isReady = true;
          own.#ping();
          resolve([own, event]);
        }
        heard(event);
      });
    });
  }

  /** Without waiting for the other end, which may be behind a black hole. */
  close(): void {
    this.#closed = true;
    this.#socket.terminate();
  }

  /** What has not answered a ping by the next one is given up. */
  #ping(): void {
    let answered = true;
    this.#socket.on('pong', () => {
      answered = true;
    });
    this.#pinging = setInterval(() => {
      if (!answered) {
        this.#socket.terminate();
        return;
      }
      answered = false;
      this.#socket.ping();
    }, SOCKET_MS.pingEvery);
  }
}
