/**
 * The gateway's sockets: REST with Fastify, live events with ws, beside each other on one port. It
 * checks what comes from outside; what a request means is said in ../gateway.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Front } from '../datacenter/front.ts';
import type { Log } from '../environment/index.ts';
import { Gateway, type Reply } from '../gateway/gateway.ts';
import { GATEWAY_LIMITS } from '../gateway/limits.ts';
import { OPENAPI_PATH, openApi } from '../gateway/openapi.ts';
import { Problem, problemOf } from '../gateway/problem.ts';
import { checkedQuery } from '../gateway/query.ts';
import { ROUTES, type Route } from '../gateway/routes.ts';
import { bearerToken } from '../gateway/tokens.ts';
import { EventSockets } from './gateway-events.ts';

export interface GatewayServerOptions {
  /** "host:port"; port 0 for a free one. */
  readonly listen: string;
  readonly front: Front;
  readonly log: Log;
}

export interface GatewayServer {
  /** "http://host:port", where it really listens. */
  readonly url: string;
  close(): Promise<void>;
}

/** Rejects with an `Error` that names the address where it cannot listen. */
export async function startGateway(options: GatewayServerOptions): Promise<GatewayServer> {
  const { listen, front, log } = options;
  const gateway = new Gateway(front);
  const app = Fastify({
    bodyLimit: GATEWAY_LIMITS.bodyBytesMax,
    requestTimeout: GATEWAY_LIMITS.requestMs,
    keepAliveTimeout: GATEWAY_LIMITS.keepAliveMs,
    forceCloseConnections: true,
    // A body is taken as it is: nothing is turned into another type, and no field is left out.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true } },
  });
  app.server.maxConnections = GATEWAY_LIMITS.connectionsMax;
  limitPending(app);
  app.setErrorHandler((error: FastifyError | Problem, request, reply) => {
    const problem = problemOf(fromFastify(error));
    if (problem.status >= 500 && problem.status !== 503) {
      const method = request.routeOptions.url ?? '';
      log.write('error', 'gateway_failed', { method, why: error.message });
    }
    const { retryAfter } = problem.body.error;
    if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
    return reply.status(problem.status).send(problem.body);
  });
  app.setNotFoundHandler(() => {
    throw new Problem(404, 'NOT_FOUND', `there is no such path; see ${OPENAPI_PATH}`);
  });
  const document = openApi();
  app.get(OPENAPI_PATH, () => document);
  for (const route of ROUTES) addRoute(app, gateway, route);
  const events = new EventSockets(gateway, log);
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    events.upgrade(request, socket, head);
  });
  const [host = '', port = ''] = listen.split(':');
  try {
    await app.listen({ host, port: Number(port) });
  } catch (error) {
    throw new Error(`the gateway cannot listen on ${listen}: ${(error as Error).message}`);
  }
  return {
    url: `http://${host}:${portOf(app.server)}`,
    async close() {
      events.close();
      await app.close();
    },
  };
}

function addRoute(app: FastifyInstance, gateway: Gateway, route: Route): void {
  const { method, path, body, pathParameters } = route;
  app.route({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    schema: {
      ...(body ? { body } : {}),
      ...(pathParameters ? { params: { type: 'object', properties: pathParameters } } : {}),
    },
    handler: async (request, reply) => {
      const { status, body: answer } = await run(gateway, route, request);
      return reply.status(status).send(answer);
    },
  });
}

async function run(gateway: Gateway, route: Route, request: FastifyRequest): Promise<Reply> {
  const checked = () => ({
    address: request.ip,
    path: request.params as Record<string, string>,
    query: checkedQuery(route, request.query as Record<string, unknown>),
    body: request.body,
  });
  if (!route.auth) return route.run(gateway, checked());
  const caller = await gateway.caller(bearerToken(request.headers.authorization));
  return route.run(gateway, caller, checked());
}

/** Beyond the limit a request is refused before its body is read. */
function limitPending(app: FastifyInstance): void {
  let pending = 0;
  app.addHook('onRequest', async (_request, reply) => {
    if (pending >= GATEWAY_LIMITS.requestsPendingMax) {
      throw new Problem(503, 'OVERLOADED', 'too many requests are under way', { retryAfter: 1 });
    }
    pending++;
    reply.raw.once('close', () => pending--);
  });
}

/** What Fastify itself refuses: a body that is too large, no JSON, or not as it should be. */
function fromFastify(error: FastifyError | Problem): Error {
  if (error instanceof Problem || error.statusCode === undefined) return error;
  if (error.validation) {
    const all = error.validation.map(({ instancePath, message, params }) => {
      const { additionalProperty } = params as { additionalProperty?: string };
      const about = instancePath.replaceAll('/', ' ').trim() || error.validationContext || 'body';
      return `${about} ${message ?? 'is wrong'}${additionalProperty ? `: ${additionalProperty}` : ''}`;
    });
    return new Problem(400, 'INVALID_REQUEST', all.join('; '));
  }
  if (error.statusCode >= 500) return error;
  return new Problem(error.statusCode, 'INVALID_REQUEST', error.message);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}
