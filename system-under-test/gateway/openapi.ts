/** The gateway as an OpenAPI 3.1 document: made from the table that the server itself runs on. */
import { EVENT_SCHEMA, ROUTES, type Route, type Schema } from './routes.ts';

/** Served where the document is. */
export const OPENAPI_PATH = '/v1/openapi.json';
/** WebSocket: OpenAPI has no words for it, so it is described. */
export const EVENTS_PATH = '/v1/events';

const PROBLEM: Schema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: {
        code: { type: 'string', description: 'stable, upper case: PHONE_CODE_INVALID' },
        message: { type: 'string', description: 'for people' },
        dc: { type: 'integer', description: 'of status 421: the datacentre to ask' },
        retryAfter: { type: 'integer', description: 'seconds, of status 429 and 503' },
      },
    },
  },
};

const PROBLEMS: Readonly<Record<string, string>> = {
  400: 'the request is not right; the message lists all that is wrong',
  401: 'no token, or not a valid one',
  421: 'this belongs to another datacentre',
  429: 'too many requests; the header Retry-After says when to come back',
  503: 'overloaded, or the home datacentre is out of reach; Retry-After says when to come back',
};

export type OpenApi = Readonly<Record<string, unknown>>;

/** Of the API: its paths begin with the major one. */
const VERSION = '1.0.0';

export function openApi(): OpenApi {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of ROUTES) {
    const path = paths[route.path] ?? {};
    paths[route.path] = path;
    path[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Quincunx gateway',
      version: VERSION,
      description:
        `Live events: a WebSocket on ${EVENTS_PATH}, with the header Authorization or a first ` +
        'frame {"token": "..."}. Each frame is one event, see the schema Event; the first is `ready`.',
    },
    paths,
    components: {
      schemas: { Problem: PROBLEM, Event: EVENT_SCHEMA },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation(route: Route): Record<string, unknown> {
  const { operationId, summary, pathParameters = {}, query = {}, queryRequired = [] } = route;
  const parameters = [
    ...Object.entries(pathParameters).map(([name, schema]) => ({
      name,
      in: 'path',
      required: true,
      schema,
    })),
    ...Object.entries(query).map(([name, schema]) => ({
      name,
      in: 'query',
      required: queryRequired.includes(name),
      schema,
    })),
  ];
  const responses: Record<string, unknown> = {};
  for (const [status, { text, schema }] of Object.entries(route.answers)) {
    responses[status] = schema
      ? { description: text, content: json(schema) }
      : { description: text };
  }
  const problem = { $ref: '#/components/schemas/Problem' };
  for (const [status, description] of Object.entries(PROBLEMS)) {
    responses[status] = { description, content: json(problem) };
  }
  return {
    operationId,
    summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body ? { requestBody: { required: true, content: json(route.body) } } : {}),
    responses,
    ...(route.auth ? { security: [{ token: [] }] } : {}),
  };
}

const json = (schema: unknown): Record<string, unknown> => ({ 'application/json': { schema } });
