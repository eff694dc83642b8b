/**
 * The HTTP API of Toxiproxy 2.12: routes, statuses, and bodies. What a call does is the business
 * of ProxyCollection and TcpProxy; what the real server does not have is under /quincunx
 * (extensions/routes.ts).
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ApiError } from './api-error.ts';
import { EXTENSION_ROUTES, type ExtensionsContext } from './extensions/routes.ts';
import { firstJsonValue } from './json-body.ts';
import { LIMITS } from './limits.ts';
import { METRICS_TYPE, metricsText } from './metrics.ts';
import { PopulateError, type ProxyCollection } from './proxy-collection.ts';
import { toxicJson } from './toxic-settings.ts';

/** The release whose API this is. */
export const API_VERSION = '2.12.0';

interface Answer {
  readonly status: number;
  /** Undefined: no body. A text is sent as Prometheus reads it. */
  readonly body?: object | string;
}

/** Names are the decoded path segments after the fixed ones; `body` reads the request's JSON. */
interface Call {
  readonly context: ExtensionsContext;
  readonly proxies: ProxyCollection;
  readonly names: readonly string[];
  readonly body: () => Promise<unknown>;
}

type Handler = (call: Call) => Answer | Promise<Answer>;

const ok = (body: object | string): Answer => ({ status: 200, body });
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
  metrics: { GET: ({ proxies }) => ok(metricsText(proxies)) },
  reset: {
    POST: async ({ proxies, context }) => {
      await proxies.reset();
      context.leases.forget();
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

export function apiHandler(
  context: ExtensionsContext,
  log: (line: string) => void,
): RequestListener {
  return (request, response) => {
    handle(context, request, response).catch((error: unknown) => {
      log(`${request.method} ${request.url}: ${(error as Error).stack}`);
      if (response.headersSent) response.destroy();
      else sendError(response, new ApiError(500, (error as Error).message), false);
    });
  };
}

async function handle(
  context: ExtensionsContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path, search] = (request.url ?? '/').split('?', 2) as [string, string?];
  if (path.includes('//')) {
    response.writeHead(301, { location: path.replace(/\/+/g, '/') }).end();
    return;
  }
  const [first, ...others] = path.slice(1).split('/') as [string, ...string[]];
  const query = new URLSearchParams(search);
  const found =
    first === 'quincunx'
      ? lookUp(EXTENSION_ROUTES, others, request, (handler, call) =>
          Promise.resolve(handler(context, { ...call, query })).then(ok),
        )
      : lookUp(ROUTES, [first, ...others], request, async (handler, call) =>
          handler({ ...call, context, proxies: context.proxies }),
        );
  if (!found) {
    sendPlain(response, 404, '404 page not found\n');
    return;
  }
  if (!found.run) {
    response.writeHead(405).end();
    return;
  }
  response.setHeader('x-toxiproxy-request-id', randomBytes(10).toString('hex'));
  try {
    if (request.headers['user-agent']?.startsWith('Mozilla/')) {
      // Keeps web pages from driving the proxies through a browser on this machine.
      throw new ApiError(403, 'User agent not allowed');
    }
    sendAnswer(response, await found.run());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    sendError(response, error, first === 'populate');
  }
}

/** Undefined: there is no such path. Without `run`: not with this method. */
function lookUp<H>(
  routes: Readonly<Record<string, Readonly<Record<string, H>>>>,
  segments: readonly string[],
  request: IncomingMessage,
  run: (handler: H, call: Pick<Call, 'names' | 'body'>) => Promise<Answer>,
): { readonly run?: () => Promise<Answer> } | undefined {
  const pattern = segments.map((segment, index) => (index % 2 ? '*' : segment)).join('/');
  if (!Object.hasOwn(routes, pattern) || segments.includes('')) return undefined;
  const route = routes[pattern]!;
  const method = request.method ?? '';
  if (!Object.hasOwn(route, method)) return {};
  const body = async () => firstJsonValue(await readBody(request));
  return {
    run: async () => {
      const names = segments.filter((_segment, index) => index % 2 === 1).map(decodeName);
      return await run(route[method]!, { names, body });
    },
  };
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
  else if (typeof body === 'string') {
    response.writeHead(status, { 'content-type': METRICS_TYPE }).end(body);
  } else
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
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
