/**
 * Every request that the gateway answers, once: the server makes its routes and its checks from
 * this table, and openapi.ts the published document.
 */
import { CHAT_PATTERN } from './chat-name.ts';
import type { Caller, Gateway, MessageBody, Reply, SignInBody } from './gateway.ts';
import { GATEWAY_LIMITS } from './limits.ts';
import { TOKEN_PATTERN } from './tokens.ts';

/** JSON Schema, the part that OpenAPI 3.1 and the server's checker have in common. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: number;
  readonly examples?: readonly string[];
}

/** A request whose parts have been checked. */
export interface Checked {
  /** Network address of the client, for limits. */
  readonly address: string;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, number | string | undefined>>;
  readonly body: unknown;
}

interface Common {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly pathParameters?: Readonly<Record<string, Schema>>;
  readonly query?: Readonly<Record<string, Schema>>;
  readonly queryRequired?: readonly string[];
  readonly body?: Schema;
  /** By status; undefined for an answer without a body. Problems are the same everywhere. */
  readonly answers: Readonly<Record<number, { readonly text: string; readonly schema?: Schema }>>;
}

export type Route = Common &
  (
    | { readonly auth: true; readonly run: (g: Gateway, c: Caller, r: Checked) => Promise<Reply> }
    | { readonly auth: false; readonly run: (g: Gateway, r: Checked) => Reply | Promise<Reply> }
  );

const integer = (description: string, more: Partial<Schema> = {}): Schema => ({
  type: 'integer',
  description,
  minimum: 0,
  maximum: 2 ** 31 - 1,
  ...more,
});
const text = (description: string, more: Partial<Schema> = {}): Schema => ({
  type: 'string',
  description,
  ...more,
});
const object = (
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = Object.keys(properties),
): Schema => ({ type: 'object', properties, required, additionalProperties: false });

const CHAT = text('names a chat: "me", or as an answer or event showed it', {
  pattern: CHAT_PATTERN,
});
const PHONE = text('international number, digits only', {
  pattern: '^\\+?[0-9]{7,15}$',
  examples: ['9996610001'],
});
const CLIENT_ID = text('chosen by the client: the same one again writes nothing twice', {
  pattern: '^[0-9a-f]{16}$',
  examples: ['00f1e2d3c4b5a697'],
});
const USER = object(
  {
    user: text('names this person, and the chat with them'),
    firstName: text('as the asking user sees it'),
    lastName: text('may be empty'),
    phone: text('of oneself and of contacts'),
  },
  ['user', 'firstName', 'lastName'],
);
export const MESSAGE_SCHEMA: Schema = object(
  {
    id: integer('grows within a chat'),
    chat: text('where it is'),
    from: text('who wrote it'),
    out: { type: 'boolean', description: 'written by the asking user' },
    date: integer('Unix seconds', { maximum: 2 ** 53 - 1 }),
    text: text('its text'),
    replyTo: integer('id of the message that it answers'),
    editDate: integer('Unix seconds', { maximum: 2 ** 53 - 1 }),
  },
  ['id', 'chat', 'from', 'out', 'date', 'text'],
);
/** See GatewayEvent in to-json.ts. */
export const EVENT_SCHEMA: Schema = {
  type: 'object',
  properties: {
    type: {
      type: 'string',
      enum: ['ready', 'message', 'edited', 'deleted', 'stored', 'refused', 'missed'],
    },
    pts: integer('number of the event in the box of the user, or in the group'),
    dc: integer('of `ready`: the datacentre that serves'),
    message: MESSAGE_SCHEMA,
    ids: { type: 'array', items: { type: 'integer' } },
    clientId: CLIENT_ID,
    id: integer('of `stored`: id of the message'),
    chat: text('where'),
    queued: integer('of `refused`: the number that status 202 had given'),
  },
  required: ['type'],
};
const sent = (status: string, number: string): Schema =>
  object({
    status: { type: 'string', enum: [status] },
    clientId: CLIENT_ID,
    [number]: integer(number === 'id' ? 'id of the message' : 'its number in the queue'),
    date: integer('Unix seconds', { maximum: 2 ** 53 - 1 }),
  });
const limit = (max: number): Schema =>
  integer('so many at most', { minimum: 1, maximum: max, default: max });
const list = (name: string, items: Schema, more: Readonly<Record<string, Schema>> = {}): Schema =>
  object({ [name]: { type: 'array', items }, ...more }, [name]);

export const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/health',
    operationId: 'health',
    summary: 'whether this datacentre answers, and has a link to every other one',
    auth: false,
    answers: {
      200: {
        text: 'it answers',
        schema: object({
          dc: integer('its number'),
          status: { type: 'string', enum: ['ok', 'degraded'] },
        }),
      },
    },
    run: (gateway) => gateway.health(),
  },
  {
    method: 'POST',
    path: '/v1/codes',
    operationId: 'sendCode',
    summary: 'send a sign-in code to a number that is at home in this datacentre',
    auth: false,
    body: object({ phone: PHONE }),
    answers: { 201: { text: 'sent', schema: object({ codeId: text('names the code') }) } },
    run: (gateway, { address, body }) => gateway.sendCode(address, body as { phone: string }),
  },
  {
    method: 'POST',
    path: '/v1/sessions',
    operationId: 'signIn',
    summary: 'exchange a code for a token; with firstName, sign up',
    auth: false,
    body: object(
      {
        phone: PHONE,
        codeId: text('of sendCode', { maxLength: 64 }),
        code: text('five digits', { pattern: '^[0-9]{5}$' }),
        firstName: text('for a number that has no account', { minLength: 1, maxLength: 64 }),
        lastName: text('for a number that has no account', { maxLength: 64 }),
      },
      ['phone', 'codeId', 'code'],
    ),
    answers: {
      201: {
        text: 'signed in',
        schema: object({
          token: text('to be kept secret; shown only now', { pattern: TOKEN_PATTERN }),
          user: USER,
        }),
      },
    },
    run: (gateway, { address, body }) => gateway.signIn(address, body as SignInBody),
  },
  {
    method: 'DELETE',
    path: '/v1/sessions/current',
    operationId: 'signOut',
    summary: 'end the token, at every datacentre',
    auth: true,
    answers: { 204: { text: 'ended' } },
    run: (gateway, caller) => gateway.signOut(caller),
  },
  {
    method: 'GET',
    path: '/v1/me',
    operationId: 'me',
    summary: 'whose token it is',
    auth: true,
    answers: { 200: { text: 'this user', schema: USER } },
    run: (gateway, caller) => gateway.me(caller),
  },
  {
    method: 'GET',
    path: '/v1/users',
    operationId: 'userByPhone',
    summary: 'who has a phone number',
    auth: true,
    query: { phone: PHONE },
    queryRequired: ['phone'],
    answers: { 200: { text: 'this user', schema: USER } },
    run: (gateway, caller, { query }) => gateway.userByPhone(caller, String(query['phone'])),
  },
  {
    method: 'GET',
    path: '/v1/chats',
    operationId: 'chats',
    summary: 'chats of the user, the one written in last first',
    auth: true,
    query: { limit: limit(GATEWAY_LIMITS.pageMax) },
    answers: {
      200: {
        text: 'a page of chats',
        schema: list(
          'chats',
          object({ chat: CHAT, title: text('of the chat'), unread: integer('messages') }),
        ),
      },
    },
    run: (gateway, caller, { query }) => gateway.chats(caller, Number(query['limit'])),
  },
  {
    method: 'POST',
    path: '/v1/chats/{chat}/messages',
    operationId: 'send',
    summary: 'send a message, exactly once for each clientId',
    auth: true,
    pathParameters: { chat: CHAT },
    body: object(
      {
        clientId: CLIENT_ID,
        text: text('1 to 4,096 characters', { minLength: 1, maxLength: 4_096 }),
        replyTo: integer('id of the message that it answers', { minimum: 1 }),
      },
      ['clientId', 'text'],
    ),
    answers: {
      201: { text: 'durable at its home', schema: sent('stored', 'id') },
      202: {
        text: 'home is out of reach: it waits durably here, and `stored` follows as an event',
        schema: sent('queued', 'queued'),
      },
    },
    run: (gateway, caller, { path, body }) =>
      gateway.send(caller, path['chat'] ?? '', body as MessageBody),
  },
  {
    method: 'GET',
    path: '/v1/chats/{chat}/messages',
    operationId: 'history',
    summary: 'messages of a chat, newest first',
    auth: true,
    pathParameters: { chat: CHAT },
    query: {
      before: integer('only messages with smaller ids'),
      limit: limit(GATEWAY_LIMITS.pageMax),
    },
    answers: {
      200: {
        text: 'a page of messages',
        schema: list('messages', MESSAGE_SCHEMA, {
          stale: { type: 'boolean', description: 'maybe: from a copy, as home is out of reach' },
        }),
      },
    },
    run: (gateway, caller, { path, query }) => {
      const before = query['before'];
      const page = { limit: Number(query['limit']) };
      const wanted = before === undefined ? page : { ...page, before: Number(before) };
      return gateway.history(caller, path['chat'] ?? '', wanted);
    },
  },
  {
    method: 'GET',
    path: '/v1/updates',
    operationId: 'updates',
    summary: 'what happened in the chats of two since an earlier pts',
    auth: true,
    query: { after: integer('a pts of `ready` or of this answer') },
    queryRequired: ['after'],
    answers: {
      200: {
        text: 'events; with `more`, ask again after this pts',
        schema: object({
          events: { type: 'array', items: EVENT_SCHEMA },
          pts: integer('to ask after next time'),
          more: { type: 'boolean' },
        }),
      },
    },
    run: (gateway, caller, { query }) => gateway.updates(caller, Number(query['after'])),
  },
];
