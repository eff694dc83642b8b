/**
 * Serves one page and its events to browsers on this machine. It listens on 127.0.0.1 alone, knows
 * two addresses, answers only GET, and reads nothing of a request but its head:
 *
 * - `/` the page, as it was made at the start (page.ts);
 * - `/events` server-sent events: what happened so far, then what happens. An event's id is
 *   "<run>-<number>", so that a page that comes back gets what it missed, and one that comes from
 *   another run gets everything.
 *
 * Against other pages in the same browser: `Host` must be a loopback name (DNS rebinding), nothing
 * is shared with other origins, and a request for events from another site is refused.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventBuffer } from './event-buffer.ts';
import type { DashboardEvent, NumberedEvent } from './events.ts';

/** Assumed: far above what people with a browser or two need, far below what would hurt a run. */
export const LIMITS = {
  /** Pages that are shown events at the same time. */
  clientsMax: 16,
  /** Also those that ask for the page. */
  connectionsMax: 64,
  /** What waits for a page that does not read; then it is dropped. */
  clientBytesMax: 4 * 1024 * 1024,
  headBytesMax: 16 * 1024,
  headMs: 5_000,
  /** A page asks again after so long. */
  retryMs: 1_000,
  /** At the end, for who knocked while the run kept the process busy. */
  lastCallMs: 50,
  /** At the end, for the last event to reach the pages. */
  closeMs: 500,
} as const;

/** Names under which a browser on this machine knows it; the port may be a forwarded one. */
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

export interface DashboardPage {
  readonly html: string;
  /** Of the header Content-Security-Policy. */
  readonly policy: string;
}

export interface DashboardServerOptions {
  /** 0: a free one. */
  readonly port: number;
  /** Tells one run from another on the same port; letters and digits. */
  readonly runId: string;
  readonly page: DashboardPage;
  readonly limits?: Partial<Record<keyof typeof LIMITS, number>>;
}

export class DashboardServer {
  readonly #server: Server;
  readonly #options: DashboardServerOptions;
  readonly #limits: Readonly<Record<keyof typeof LIMITS, number>>;
  readonly #buffer = new EventBuffer();
  readonly #clients = new Set<ServerResponse>();
  #url = '';

  private constructor(options: DashboardServerOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#server = createServer(
      {
        maxHeaderSize: this.#limits.headBytesMax,
        headersTimeout: this.#limits.headMs,
        requestTimeout: this.#limits.headMs,
        connectionsCheckingInterval: this.#limits.headMs,
      },
      (request, response) => this.#answer(request, response),
    );
    this.#server.maxConnections = this.#limits.connectionsMax;
    // A run that has ended in a way that nobody thought of does not wait for its pages.
    this.#server.unref();
  }

  /** Rejects with Node's error (EADDRINUSE, EACCES) where the port is not to be had. */
  static async start(options: DashboardServerOptions): Promise<DashboardServer> {
    const one = new DashboardServer(options);
    await new Promise<void>((resolve, reject) => {
      one.#server.once('error', reject);
      one.#server.listen(options.port, '127.0.0.1', () => {
        // No page is worth a run.
        one.#server.off('error', reject).on('error', () => {});
        resolve();
      });
    });
    const { port } = one.#server.address() as AddressInfo;
    one.#url = `http://127.0.0.1:${port}/`;
    return one;
  }

  /** "http://127.0.0.1:41234/". */
  get url(): string {
    return this.#url;
  }

  /** Pages that are shown events now. */
  get clients(): number {
    return this.#clients.size;
  }

  publish(event: DashboardEvent): void {
    const text = this.#textOf(this.#buffer.add(event));
    for (const client of this.#clients) {
      if (client.writableLength > this.#limits.clientBytesMax) this.#drop(client);
      else client.write(text);
    }
  }

  /** Ends all connections: after `lastCallMs`, or where something is under way, `closeMs` later. */
  async close(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#limits.lastCallMs));
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const client of this.#clients) client.end();
    this.#clients.clear();
    const force = setTimeout(() => this.#server.closeAllConnections(), this.#limits.closeMs);
    await closed;
    clearTimeout(force);
  }

  #drop(client: ServerResponse): void {
    this.#clients.delete(client);
    client.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { host = '', 'sec-fetch-site': site = 'none' } = request.headers;
    for (const [name, value] of Object.entries(this.#headers())) response.setHeader(name, value);
    const path = (request.url ?? '').split('?', 1)[0];
    if (!LOOPBACK.test(host)) {
      refuse(response, 421, 'Host is not a name of this machine');
    } else if (request.method !== 'GET') {
      response.setHeader('Allow', 'GET');
      refuse(response, 405, 'only GET');
    } else if (path === '/') {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(this.#options.page.html);
    } else if (path === '/events') {
      if (site !== 'same-origin' && site !== 'none') refuse(response, 403, 'not for other sites');
      else this.#join(request, response);
    } else {
      refuse(response, 404, 'there are / and /events');
    }
  }

  #headers(): Record<string, string> {
    return {
      'Content-Security-Policy': this.#options.page.policy,
      'Cache-Control': 'no-store',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      // A kept connection would have to be waited for at the end.
      Connection: 'close',
    };
  }

  #join(request: IncomingMessage, response: ServerResponse): void {
    if (this.#clients.size >= this.#limits.clientsMax) {
      response.setHeader('Retry-After', '5');
      refuse(response, 503, `${this.#limits.clientsMax} pages are open already`);
      return;
    }
    const last = String(request.headers['last-event-id'] ?? '');
    const [run, number = ''] = last.split('-', 2);
    const known = run === this.#options.runId && /^\d{1,15}$/.test(number) ? Number(number) : 0;
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    const missed = this.#buffer.since(known).map((numbered) => this.#textOf(numbered));
    response.write(`retry: ${this.#limits.retryMs}\n\n${missed.join('')}`);
    this.#clients.add(response);
    const gone = (): void => {
      this.#clients.delete(response);
    };
    response.on('close', gone).on('error', gone);
  }

  #textOf({ id, event }: NumberedEvent): string {
    return `id: ${this.#options.runId}-${id}\ndata: ${JSON.stringify(event)}\n\n`;
  }
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.end(`${why}\n`);
}
