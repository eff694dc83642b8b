/** The dashboard's server over real sockets: who is let in, what they get, how it ends. */
import { get, request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { PointEvent } from '../../../reports/dashboard/events.ts';
import { DashboardServer, type LIMITS } from '../../../reports/dashboard/server.ts';

const PAGE = { html: '<!doctype html><p>page', policy: "default-src 'none'" };
const open: DashboardServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(limits: Partial<Record<keyof typeof LIMITS, number>> = {}, port = 0) {
  const server = await DashboardServer.start({ port, runId: 'r1', page: PAGE, limits });
  open.push(server);
  return server;
}

const point = (atSeconds: number): PointEvent => ({
  ...{ type: 'point', world: 'cluster', atSeconds, latencyMs: {}, backlog: 0 },
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Reads until the other side ends, or `until` has come. */
function ask(
  url: string,
  { method = 'GET', headers = {}, until = '' } = {},
): Promise<Answer & { readonly ended: boolean }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers }, (response) => {
      let body = '';
      const done = (ended: boolean): void => {
        resolve({ status: response.statusCode, headers: response.headers, body, ended });
        if (!ended) asked.destroy();
      };
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
        if (until !== '' && body.includes(until)) done(false);
      });
      response.on('end', () => done(true)).on('error', () => {});
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** A page that is shown events; resolves once it is let in. */
function join(server: DashboardServer): Promise<{ ended: Promise<string>; stop: () => void }> {
  return new Promise((resolve, reject) => {
    const asked = get(`${server.url}events`, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      const ended = new Promise<string>((done) => {
        response.on('close', () => done(body)).on('error', () => {});
      });
      resolve({ ended, stop: () => asked.destroy() });
    });
    asked.on('error', reject);
  });
}

test('the page, with headers that keep others out', async () => {
  const server = await start();
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const { status, headers, body } = await ask(server.url);
  expect([status, body]).toEqual([200, PAGE.html]);
  expect(headers).toMatchObject({
    'content-security-policy': PAGE.policy,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  });
  expect(headers).not.toHaveProperty('access-control-allow-origin');
});

test('who joins late gets everything, who comes back what it missed', async () => {
  const server = await start();
  server.publish({ type: 'progress', world: 'cluster', phase: 'a', done: 0, text: '' });
  for (const at of [1, 2]) server.publish(point(at));
  server.publish({ type: 'progress', world: 'cluster', phase: 'b', done: 0.5, text: '' });
  const events = `${server.url}events`;
  const { headers, body } = await ask(events, { until: 'r1-4\n' });
  expect(headers['content-type']).toMatch(/^text\/event-stream/);
  expect(body).toMatch(/^retry: 1000\n\n/);
  expect(body.match(/^id: .*$/gm)).toEqual(['id: r1-2', 'id: r1-3', 'id: r1-4']);
  const back = await ask(events, { headers: { 'last-event-id': 'r1-3' }, until: 'r1-4\n' });
  expect(back.body.match(/^id: .*$/gm)).toEqual(['id: r1-4']);
  for (const id of ['r0-3', 'r1-x', 'r1-999999999999999999']) {
    const other = await ask(events, { headers: { 'last-event-id': id }, until: 'r1-4\n' });
    expect(other.body.match(/^id: .*$/gm), id).toHaveLength(3);
  }
});

test('events come as they happen, and the end ends the connection', async () => {
  const server = await start();
  const client = await join(server);
  server.publish(point(1));
  server.publish({ type: 'end', how: 'ended', verdict: 'held', text: 'Every promise held.' });
  const before = performance.now();
  await server.close();
  expect(performance.now() - before).toBeLessThan(2_000);
  const data = (await client.ended).match(/^data: .*$/gm)!.map((line) => JSON.parse(line.slice(6)));
  expect(data.map(({ type }) => type)).toEqual(['point', 'end']);
  await expect(ask(server.url)).rejects.toThrow('ECONNREFUSED');
});

test.each([
  ['another name (DNS rebinding)', '/', 'GET', { host: 'quincunx.example:80' }, 421],
  ['a name that begins like ours', '/', 'GET', { host: '127.0.0.1.example' }, 421],
  ['POST', '/', 'POST', {}, 405],
  ['HEAD of the events', '/events', 'HEAD', {}, 405],
  ['OPTIONS, as before a request of another origin', '/events', 'OPTIONS', {}, 405],
  ['another path', '/../etc/passwd', 'GET', {}, 404],
  ['a page of another site', '/events', 'GET', { 'sec-fetch-site': 'cross-site' }, 403],
  ['localhost with a forwarded port', '/', 'GET', { host: 'localhost:9999' }, 200],
  ['IPv6 by name', '/', 'GET', { host: '[::1]:9999' }, 200],
] as const)('%s: %s %s', async (_what, path, method, headers, status) => {
  const server = await start();
  const answer = await ask(`${server.url}${path.slice(1)}`, { method, headers });
  expect(answer.status).toBe(status);
  expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
});

test('so many pages and no more; one that goes makes room', async () => {
  const server = await start({ clientsMax: 2 });
  const first = await join(server);
  await join(server);
  const third = await ask(`${server.url}events`);
  expect([third.status, third.headers['retry-after']]).toEqual([503, '5']);
  first.stop();
  await expect.poll(() => server.clients).toBe(1);
  server.publish(point(1));
  expect((await ask(`${server.url}events`, { until: 'r1-1\n' })).status).toBe(200);
});

test('a page that does not read is dropped; the others go on', async () => {
  const server = await start({ clientBytesMax: 64 * 1024 });
  const slow = connect(Number(new URL(server.url).port), '127.0.0.1');
  slow.on('error', () => {});
  slow.write('GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  slow.pause();
  const good = await join(server);
  await expect.poll(() => server.clients).toBe(2);
  const text = 'x'.repeat(64 * 1024);
  for (let turn = 0; turn < 500 && server.clients === 2; turn++) {
    server.publish({ type: 'progress', world: 'cluster', phase: 'load', done: 0.5, text });
    // The one that reads gets its turn.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(server.clients).toBe(1);
  server.publish(point(7));
  await server.close();
  expect(await good.ended).toContain('"atSeconds":7');
  slow.destroy();
});

test('a connection that says nothing does not keep it open', async () => {
  const server = await start({ closeMs: 50 });
  const silent = connect(Number(new URL(server.url).port), '127.0.0.1');
  silent.on('error', () => {});
  await new Promise<void>((resolve) => silent.once('connect', () => resolve()));
  silent.write('GET /events HTTP/1.1\r\nHo');
  const closed = new Promise<void>((resolve) => silent.once('close', () => resolve()));
  await server.close();
  await closed;
});

test('a port in use is an error', async () => {
  const server = await start();
  const port = Number(new URL(server.url).port);
  await expect(start({}, port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
