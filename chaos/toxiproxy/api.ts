/**
 * The HTTP API of Toxiproxy 2.12: routes, statuses, and bodies. What a call does is the business
 * of ProxyCollection and TcpProxy.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ApiError } from './api-error.ts';
import { firstJsonValue } from './json-body.ts';
import { LIMITS } from './limits.ts';
import { PopulateError, type ProxyCollection } from './proxy-collection.ts';
import { toxicJson } from './toxic-settings.ts';

/** The release whose API this is. */
export const API_VERSION = '2.12.0';

interface Answer {
  readonly status: number;
  /** Undefined: no body. */
  readonly body?: object;
}

/** Names are the decoded path segments after the fixed ones; `body` reads the request's JSON. */
interface Call {
  readonly proxies: ProxyCollection;
  readonly names: readonly string[];
  readonly body: () => Promise<unknown>;
}

type Handler = (call: Call) => Answer | Promise<Answer>;

const ok = (body: object): Answer => ({ status: 200, body });
const NOTHING: Answer = { status: 204 };

const updateProxy: Handler = async ({ proxies, names, body }) =>
  ok((await proxies.update(names[0]!, await body())).json());

const updateToxic: Handler = async ({ proxies, names, body }) => {
  const change = await body();
  return ok(toxicJson(proxies.get(names[0]!).updateToxic(names[1]!, change)));
};

/** Path patterns; "*" stands for a name. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  version: { GET: () => ok({ version: API_VERSION }) },
  reset: {
    POST: async ({ proxies }) => {
      await proxies.reset();
      return NOTHING;
    },
  },
  populate: {
    POST: async ({ proxies, body }) => {
      const made = await proxies.populate(await body());
      const list = made.length === 0 ? null : made.map((proxy) => proxy.json());
      return { status: 201, body: { proxies: list } };
    },
  },
  proxies: {
    GET: ({ proxies }) => ok(proxies.json()),
    POST: async ({ proxies, body }) => ({
      status: 201,
      body: (await proxies.create(await body())).json(),
    }),
  },
  'proxies/*': {
    GET: ({ proxies, names }) => ok(proxies.get(names[0]!).json()),
    POST: updateProxy,
    PATCH: updateProxy,
    DELETE: async ({ proxies, names }) => {
      await proxies.remove(names[0]!);
      return NOTHING;
    },
  },
  'proxies/*/toxics': {
    GET: ({ proxies, names }) => ok(proxies.get(names[0]!).toxicsJson()),
    POST: async ({ proxies, names, body }) => {
      const wanted = await body();
      return ok(toxicJson(proxies.get(names[0]!).addToxic(wanted)));
    },
  },
  'proxies/*/toxics/*': {
    GET: ({ proxies, names }) => ok(toxicJson(proxies.get(names[0]!).toxic(names[1]!))),
    POST: updateToxic,
    PATCH: updateToxic,
    DELETE: ({ proxies, names }) => {
      proxies.get(names[0]!).removeToxic(names[1]!);
      return NOTHING;
    },
  },
};

export function apiHandler(proxies: ProxyCollection, log: (line: string) => void): RequestListener {
  return (request, response) => {
    handle(proxies, request, response).catch((error: unknown) => {
      log(`${request.method} ${request.url}: ${(error as Error).stack}`);
      if (response.headersSent) response.destroy();
      else sendError(response, new ApiError(500, (error as Error).message), false);
    });
  };
}

async function handle(
  proxies: ProxyCollection,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0]!;
  if (path.includes('//')) {
    response.writeHead(301, { location: path.replace(/\/+/g, '/') }).end();
    return;
  }
  const segments = path.slice(1).split('/');
  const pattern = segments.map((segment, index) => (index % 2 ? '*' : segment)).join('/');
  const route = Object.hasOwn(ROUTES, pattern) && !segments.includes('') && ROUTES[pattern];
  if (!route) {
    sendPlain(response, 404, '404 page not found\n');
    return;
  }
  const method = request.method ?? '';
  const handler = Object.hasOwn(route, method) ? route[method] : undefined;
  if (!handler) {
    response.writeHead(405).end();
    return;
  }
  response.setHeader('x-toxiproxy-request-id', randomBytes(10).toString('hex'));
  try {
    if (request.headers['user-agent']?.startsWith('Mozilla/')) {
      // Keeps web pages from driving the proxies through a browser on this machine.
      throw new ApiError(403, 'User agent not allowed');
    }
    const names = segments.filter((_segment, index) => index % 2 === 1).map(decodeName);
    const body = async () => firstJsonValue(await readBody(request));
    sendAnswer(response, await handler({ proxies, names, body }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    sendError(response, error, pattern === 'populate');
  }
}

function decodeName(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ApiError(400, `malformed percent encoding in '${segment}'`);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LIMITS.apiBodyBytesMax) {
      throw new ApiError(413, `request body is larger than ${LIMITS.apiBodyBytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function sendAnswer(response: ServerResponse, { status, body }: Answer): void {
  if (body === undefined) response.writeHead(status).end();
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Errors are JSON called text, except those of populate: what clients of the real one see. */
function sendError(response: ServerResponse, error: ApiError, populate: boolean): void {
  const { message, status } = error;
  // The rest of a body that was refused is not read: the connection cannot go on.
  if (status === 413) response.setHeader('connection', 'close');
  if (!populate) {
    sendPlain(response, status, `${JSON.stringify({ error: message, status })}\n`);
    return;
  }
  const made = error instanceof PopulateError && error.proxies?.length ? error.proxies : null;
  const proxies = made?.map((proxy) => proxy.json()) ?? null;
  sendAnswer(response, { status, body: { error: message, status, proxies } });
}

function sendPlain(response: ServerResponse, status: number, text: string): void {
  const type = 'text/plain; charset=utf-8';
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
  response.end(text);
}
