/**
 * A gateway that does as a test tells it, on a port of the loopback interface: what the real one
 * does only in the middle of an outage, at the moment it is wanted.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/** Status and body of an answer; undefined: none ever comes. */
export type FakeAnswer = readonly [status: number, body?: unknown] | undefined;

export interface Posted {
  readonly clientId: string;
  readonly text: string;
}

export class FakeGateway {
  readonly posted: Posted[] = [];
  /** What a message is answered with. */
  answer: (posted: Posted) => FakeAnswer = () => [201, { status: 'stored' }];
  /** What /v1/updates has, with the pts it is asked behind. */
  updates: (after: number) => readonly unknown[] = () => [];
  pts = 10;
  readonly #dc: number;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #server = createServer((request, response) => this.#asked(request, response));
  #isUp = true;

  constructor(dc: number) {
    this.#dc = dc;
    this.#server.on('upgrade', (request, socket, head) => {
      if (!this.#isUp) socket.destroy();
      else this.#sockets.handleUpgrade(request, socket, head, (client) => this.#welcome(client));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  }

  /** People who listen now. */
  get listeners(): number {
    return this.#sockets.clients.size;
  }

  tell(event: unknown): void {
    for (const client of this.#sockets.clients) client.send(JSON.stringify(event));
  }

  /** Accepts, and hangs up: as a proxy does for a datacentre that is down. */
  goDown(): void {
    this.#isUp = false;
    for (const client of this.#sockets.clients) client.terminate();
  }

  comeBack(): void {
    this.#isUp = true;
  }

  close(): void {
    this.goDown();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #welcome(client: WebSocket): void {
    client.on('error', () => client.terminate());
    client.send(JSON.stringify({ type: 'ready', dc: this.#dc, pts: this.pts }));
  }

  #asked(request: IncomingMessage, response: ServerResponse): void {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      if (!this.#isUp) {
        request.socket.destroy();
        return;
      }
      const [status, body] = this.#answerTo(request, text) ?? [];
      if (status === undefined) return;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body ?? {}));
    });
  }

  #answerTo({ method, url = '' }: IncomingMessage, text: string): FakeAnswer {
    if (method === 'GET') {
      const events = this.updates(Number(/after=(\d+)/.exec(url)?.[1]));
      return [200, { events, pts: this.pts, more: false }];
    }
    const posted = JSON.parse(text) as Posted;
    this.posted.push(posted);
    return this.answer(posted);
  }
}
