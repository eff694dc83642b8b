/** Rates, errors, query strings and the published document, one by one. */
import { expect, test } from 'vitest';
import { GATEWAY_LIMITS } from '../../../system-under-test/gateway/limits.ts';
import { openApi } from '../../../system-under-test/gateway/openapi.ts';
import { type Problem, problemOf } from '../../../system-under-test/gateway/problem.ts';
import { checkedQuery } from '../../../system-under-test/gateway/query.ts';
import { RateLimit } from '../../../system-under-test/gateway/rate-limit.ts';
import { ROUTES } from '../../../system-under-test/gateway/routes.ts';
import {
  bearerToken,
  newToken,
  ownerOf,
  readToken,
} from '../../../system-under-test/gateway/tokens.ts';
import {
  floodWait,
  phoneMigrate,
  RpcError,
  timedOut,
} from '../../../system-under-test/schema/errors.ts';
import { manualClock } from '../datacenter/manual-clock.ts';

test('a rate lets a burst through, then so many a second, for each name', () => {
  const clock = manualClock();
  const rate = new RateLimit({ clock, perSecond: 2, burst: 3, keptMax: 10 });
  expect([1, 2, 3].map(() => rate.take('a'))).toEqual([0, 0, 0]);
  expect(rate.take('a')).toBeCloseTo(0.5);
  expect(rate.take('b')).toBe(0);
  clock.pass(500);
  expect(rate.take('a')).toBe(0);
  expect(rate.take('a')).toBeCloseTo(0.5);
  clock.pass(60_000);
  expect([1, 2, 3, 4].map(() => rate.take('a') > 0)).toEqual([false, false, false, true]);
});

test.each([
  [new RpcError(400, 'MESSAGE_EMPTY'), 400, 'MESSAGE_EMPTY', {}],
  [new RpcError(401, 'AUTH_KEY_UNREGISTERED'), 401, 'AUTH_KEY_UNREGISTERED', {}],
  [new RpcError(403, 'CHAT_WRITE_FORBIDDEN'), 403, 'CHAT_WRITE_FORBIDDEN', {}],
  [phoneMigrate(3), 421, 'PHONE_MIGRATE_3', { dc: 3 }],
  [floodWait(7), 429, 'FLOOD_WAIT_7', { retryAfter: 7 }],
  [new RpcError(503, 'HOME_DC_UNREACHABLE'), 503, 'HOME_DC_UNREACHABLE', { retryAfter: 1 }],
  [timedOut(), 504, 'TIMEOUT', {}],
  [new RpcError(500, 'INTERNAL'), 500, 'INTERNAL', {}],
  [new Error('a secret of ours'), 500, 'INTERNAL', {}],
])('%s is answered with %i', (error, status, code, more) => {
  const problem = problemOf(error);
  expect(problem.status).toBe(status);
  expect(problem.body.error).toMatchObject({ code, ...more });
  expect(problem.body.error.message).not.toContain('secret');
});

test('a query is read by its schema, and everything wrong is told at once', () => {
  const history = ROUTES.find(({ operationId }) => operationId === 'history')!;
  expect(checkedQuery(history, { before: '12' })).toEqual({
    before: 12,
    limit: GATEWAY_LIMITS.pageMax,
  });
  const read = (query: Record<string, unknown>): string => {
    try {
      checkedQuery(history, query);
    } catch (error) {
      return (error as Problem).message;
    }
    return '';
  };
  expect(read({ limit: '0', before: '-1', since: '3' })).toBe(
    'query since is not known here; query before must be a whole number from 0 to 2147483647; ' +
      'query limit must be a whole number from 1 to 100',
  );
  expect(read({ limit: ['1', '2'] })).toContain('limit must be');
  const users = ROUTES.find(({ operationId }) => operationId === 'userByPhone')!;
  expect(() => checkedQuery(users, {})).toThrow('query phone is missing');
  expect(() => checkedQuery(users, { phone: 'x' })).toThrow('query phone must be');
});

test('a token is of its owner until it has expired', () => {
  const randomness = { bytes: (count: number) => new Uint8Array(count).fill(7) };
  const { token, key } = newToken(randomness, 1_000);
  const given = readToken(token)!;
  const known = { key, userId: 5 };
  expect(ownerOf(given, known, 2_000, 1_000)).toBe(5);
  expect(ownerOf(given, known, 2_001, 1_000)).toBeUndefined();
  expect(ownerOf(given, { key, userId: undefined }, 2_000, 1_000)).toBeUndefined();
  // An auth key of MTProto under the same id is no token.
  const other = { key: { ...key, key: new Uint8Array(256) }, userId: 5 };
  expect(ownerOf(given, other, 2_000, 1_000)).toBeUndefined();
  const near = { key: { ...key, key: key.key.map((byte, at) => (at === 31 ? byte ^ 1 : byte)) } };
  expect(ownerOf(given, { ...near, userId: 5 }, 2_000, 1_000)).toBeUndefined();
  expect(Buffer.from(key.key).toString('latin1')).not.toContain(token);
  expect(bearerToken(`Bearer ${token}`)).toBe(token);
  for (const wrong of [undefined, '', token, `Basic ${token}`, 'Bearer a b']) {
    expect(bearerToken(wrong), String(wrong)).toBeUndefined();
  }
});

test('the document has every route, with its answers and its problems', () => {
  const document = openApi() as {
    readonly paths: Record<string, Record<string, { responses: object; security?: object }>>;
  };
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  expect(operations).toHaveLength(ROUTES.length);
  for (const { method, path, answers, auth } of ROUTES) {
    const operation = document.paths[path]?.[method.toLowerCase()];
    const statuses = Object.keys(operation?.responses ?? {});
    expect(statuses).toEqual(
      expect.arrayContaining([...Object.keys(answers), '400', '401', '429']),
    );
    expect(operation?.security !== undefined).toBe(auth);
  }
});
