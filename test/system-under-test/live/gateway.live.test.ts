/**
 * The gateway of five real datacentres: every answer against the OpenAPI document that it serves,
 * WebSockets with their limits, and what an HTTP client can get wrong.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  type BehindProxies,
  startBehindProxies,
} from '../../../scenarios/worlds/behind-proxies.ts';
import { GATEWAY_LIMITS } from '../../../system-under-test/gateway/limits.ts';
import type { GatewayEvent } from '../../../system-under-test/gateway/to-json.ts';
import { linked, topology, until } from './five-processes.ts';

let folder: string;
let live: BehindProxies;
const undo: (() => Promise<void>)[] = [];
const sockets: WebSocket[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quincunx-gateway-'));
  live = await startBehindProxies(
    {
      ...{ topology, toxiproxy: 'embedded', seed: 'gateway', dataFolder: folder },
      ...{ testPhones: true, geographicLatency: false, gateway: true },
    },
    (undoOne) => undo.push(undoOne),
  );
  await linked(live.cluster);
}, 40_000);

afterAll(async () => {
  for (const socket of sockets) socket.terminate();
  for (const each of undo.toReversed()) await each();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

const url = (dc: number, path: string): string => `${live.gateways.get(dc)?.proxied}${path}`;

async function call(
  method: string,
  dc: number,
  path: string,
  { token, body }: { readonly token?: string; readonly body?: unknown } = {},
): Promise<Answer> {
  const response = await fetch(url(dc, path), {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const { status, headers } = response;
  return { status, headers, body: text === '' ? {} : JSON.parse(text) };
}

async function signUp(dc: number, number: string): Promise<{ token: string; user: string }> {
  const phone = `99966${dc}${number}`;
  const { body: sent } = await call('POST', dc, '/v1/codes', { body: { phone } });
  const body = { phone, codeId: sent['codeId'], code: String(dc).repeat(5), firstName: 'Ada' };
  const signed = await call('POST', dc, '/v1/sessions', { body });
  expect(signed.status).toBe(201);
  const { user } = signed.body['user'] as { user: string };
  return { token: signed.body['token'] as string, user };
}

interface Listening {
  readonly socket: WebSocket;
  readonly events: GatewayEvent[];
  /** Close codes. */
  readonly closed: number[];
}

function listen(dc: number, token?: string): Listening {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(url(dc, '/v1/events').replace('http', 'ws'), { headers });
  sockets.push(socket);
  const listening: Listening = { socket, events: [], closed: [] };
  socket.on('message', (data) => listening.events.push(JSON.parse(String(data))));
  socket.on('close', (code) => listening.closed.push(code));
  socket.on('error', () => {});
  return listening;
}

const ready = (listening: Listening): Promise<void> =>
  until('the socket is ready', () => listening.events.some(({ type }) => type === 'ready'));

describe('the document', () => {
  test('is OpenAPI 3.1', async () => {
    const { body } = await call('GET', 1, '/v1/openapi.json');
    const { valid, errors } = await new Validator().validate(body);
    expect({ valid, errors }).toMatchObject({ valid: true });
  });

  test('says what is answered: every route, with what is asked and what is wrong', async () => {
    const { body } = await call('GET', 1, '/v1/openapi.json');
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema({ $id: 'api', ...body });
    const asked = new Set<string>();
    const fits = (path: string, method: string, { status, body: answer }: Answer): void => {
      asked.add(`${method} ${path}`);
      if (status === 204) {
        expect(answer).toEqual({});
        return;
      }
      const place = [path, method, 'responses', status, 'content', 'application/json', 'schema'];
      const pointer = place.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1'));
      const check = ajv.compile({
        $ref: `api#/paths/${pointer.map(encodeURIComponent).join('/')}`,
      });
      expect({ path, status, valid: check(answer), errors: check.errors }).toMatchObject({
        valid: true,
      });
    };
    const alice = await signUp(1, '1001');
    const bob = await signUp(5, '1002');
    const { token } = alice;
    const clientId = '00000000000000a1';
    const chat = bob.user;
    const history = '/v1/chats/{chat}/messages';
    await until('the token is known', async () => {
      return (await call('GET', 5, '/v1/me', { token })).status === 200;
    });
    fits('/v1/health', 'get', await call('GET', 3, '/v1/health'));
    const phone = '9996611003';
    const sent = await call('POST', 1, '/v1/codes', { body: { phone } });
    fits('/v1/codes', 'post', sent);
    const away = await call('POST', 2, '/v1/codes', { body: { phone } });
    expect(away.status).toBe(421);
    fits('/v1/codes', 'post', away);
    const codeId = sent.body['codeId'];
    const wrong = { phone, codeId, code: '54321', firstName: 'Nobody' };
    const refused = await call('POST', 1, '/v1/sessions', { body: wrong });
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'PHONE_CODE_INVALID' } } });
    fits('/v1/sessions', 'post', refused);
    const right = { ...wrong, code: '11111' };
    const carol = await call('POST', 1, '/v1/sessions', { body: right });
    fits('/v1/sessions', 'post', carol);
    fits('/v1/me', 'get', await call('GET', 1, '/v1/me', { token }));
    fits('/v1/me', 'get', await call('GET', 1, '/v1/me'));
    fits('/v1/users', 'get', await call('GET', 1, '/v1/users?phone=9996651002', { token }));
    const stored = await call('POST', 1, `/v1/chats/${chat}/messages`, {
      token,
      body: { clientId, text: 'hello' },
    });
    expect(stored.status).toBe(201);
    fits(history, 'post', stored);
    fits(history, 'get', await call('GET', 1, `/v1/chats/${chat}/messages`, { token }));
    fits('/v1/chats', 'get', await call('GET', 1, '/v1/chats?limit=3', { token }));
    fits('/v1/updates', 'get', await call('GET', 5, '/v1/updates?after=0', { token }));
    fits('/v1/updates', 'get', await call('GET', 5, '/v1/updates', { token }));
    const carols = { token: carol.body['token'] as string };
    const out = await call('DELETE', 1, '/v1/sessions/current', carols);
    expect(out.status).toBe(204);
    fits('/v1/sessions/current', 'delete', out);
    fits('/v1/sessions/current', 'delete', await call('DELETE', 1, '/v1/sessions/current', carols));
    const paths = body['paths'] as Record<string, object>;
    const all = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect([...asked].sort()).toEqual(all.sort());
  });
});

describe('what comes from outside', () => {
  test.each([
    ['a body that is no JSON', '{', 'application/json', 400],
    ['no JSON at all', 'phone=1', 'application/x-www-form-urlencoded', 415],
    ['a body that is too large', `"${'x'.repeat(40_000)}"`, 'application/json', 413],
    ['fields of other types', '{"phone": 9996610001}', 'application/json', 400],
  ])('%s is refused', async (_name, body, type, status) => {
    const headers = { 'content-type': type };
    const response = await fetch(url(1, '/v1/codes'), { method: 'POST', headers, body });
    expect(response.status).toBe(status);
    const answer = (await response.json()) as { error: { code: string } };
    expect(answer.error.code).toBe('INVALID_REQUEST');
  });

  test('everything wrong is told at once', async () => {
    const { token, user } = await signUp(1, '1010');
    const body = { clientId: 'x', text: '', more: 1 };
    const { status, body: answer } = await call('POST', 1, `/v1/chats/${user}/messages`, {
      token,
      body,
    });
    expect(status).toBe(400);
    const { message } = answer['error'] as { message: string };
    for (const part of ['more', 'clientId', 'text']) expect(message).toContain(part);
  });

  test('an unknown path says where the document is', async () => {
    const { status, body } = await call('GET', 1, '/v2/me');
    expect(status).toBe(404);
    expect(body).toMatchObject({ error: { message: expect.stringContaining('openapi.json') } });
  });

  test('too many requests are refused with the time to wait', async () => {
    const { token } = await signUp(2, '1020');
    const count = GATEWAY_LIMITS.userRequestsBurst + 60;
    const all = await Promise.all(
      Array.from({ length: count }, () => call('GET', 2, '/v1/me', { token })),
    );
    const refused = all.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(all.filter(({ status }) => status === 200).length).toBe(count - refused.length);
  });

  test('no token and no text of anybody is in the logs', async () => {
    const { token, user } = await signUp(4, '1040');
    const text = 'a text that is nobody else’s business';
    await call('POST', 4, `/v1/chats/${user}/messages`, {
      token,
      body: { clientId: '00000000000000b1', text },
    });
    await call('GET', 4, '/v1/me', { token: `${token}x` });
    const log = await readFile(join(folder, 'dc4', 'log.jsonl'), 'utf8');
    expect(log).toContain('"dc":4');
    expect(log).not.toContain(token.slice(3));
    expect(log).not.toContain('nobody else');
  });
});

describe('live events', () => {
  test('come from any datacentre to any other', async () => {
    const alice = await signUp(1, '1101');
    const bob = await signUp(5, '1102');
    await until('the token is known', async () => {
      return (await call('GET', 3, '/v1/me', { token: bob.token })).status === 200;
    });
    const [home, away] = [listen(5, bob.token), listen(3, bob.token)];
    await Promise.all([ready(home), ready(away)]);
    await call('POST', 1, `/v1/chats/${bob.user}/messages`, {
      token: alice.token,
      body: { clientId: '00000000000000c1', text: 'hello' },
    });
    for (const { events } of [home, away]) {
      await until('it has arrived', () => events.length === 2);
      expect(events[1]).toMatchObject({ type: 'message', message: { text: 'hello', out: false } });
    }
  });

  test('with the token in the first frame, as browsers must', async () => {
    const { token } = await signUp(1, '1111');
    const listening = listen(1);
    listening.socket.on('open', () => listening.socket.send(JSON.stringify({ token })));
    await ready(listening);
    await call('DELETE', 1, '/v1/sessions/current', { token });
    await until('it is closed', () => listening.closed.length > 0);
    expect(listening.closed).toEqual([4401]);
  });

  test.each(['{"token": "qx_wrong"}', '{"token": 7}', 'hello', 'null'])(
    'not with %s',
    async (frame) => {
      const listening = listen(1);
      listening.socket.on('open', () => listening.socket.send(frame));
      await until('it is closed', () => listening.closed.length > 0);
      expect(listening).toMatchObject({ closed: [4401], events: [] });
    },
  );

  test('a frame that is too large ends the socket, and nothing else', async () => {
    const { token } = await signUp(1, '1121');
    const [large, other] = [listen(1, token), listen(1, token)];
    await Promise.all([ready(large), ready(other)]);
    large.socket.send('x'.repeat(GATEWAY_LIMITS.clientFrameBytesMax + 1));
    await until('it is closed', () => large.closed.length > 0);
    expect(large.closed).toEqual([1009]);
    expect(other.socket.readyState).toBe(WebSocket.OPEN);
  });

  test('an upgrade elsewhere, or cut short, is survived', async () => {
    const [host, port] = (live.gateways.get(1)?.direct ?? '').replace('http://', '').split(':');
    const answers: string[] = [];
    for (const path of ['/', '/v1/events']) {
      const socket = connect(Number(port), host);
      socket.on('data', (data) => answers.push(String(data)));
      socket.on('error', () => {});
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n`);
      socket.write('Upgrade: websocket\r\n\r\n');
      await until('it was answered', () => answers.length > (path === '/' ? 0 : 1));
      socket.destroy();
    }
    expect(answers[0]).toContain('404');
    expect(answers[1]).toContain('400');
    expect((await call('GET', 1, '/v1/health')).status).toBe(200);
  });
});

test('while home is dead: queued, and stored when it is back', { timeout: 30_000 }, async () => {
  const alice = await signUp(2, '1201');
  const bob = await signUp(1, '1202');
  await until('the token is known', async () => {
    return (await call('GET', 1, '/v1/me', { token: alice.token })).status === 200;
  });
  const listening = listen(1, alice.token);
  await ready(listening);
  await live.cluster.kill(2);
  const send = () =>
    call('POST', 1, `/v1/chats/${bob.user}/messages`, {
      token: alice.token,
      body: { clientId: '00000000000000d1', text: 'later' },
    });
  expect(await send()).toMatchObject({ status: 202, body: { status: 'queued' } });
  expect(await send()).toMatchObject({ status: 202 });
  await live.cluster.startDc(2);
  await until('it is stored', () => listening.events.some(({ type }) => type === 'stored'));
  const { body } = await call('GET', 1, `/v1/chats/${alice.user}/messages`, { token: bob.token });
  expect(body['messages']).toMatchObject([{ text: 'later', out: false }]);
});
