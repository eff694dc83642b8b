/**
 * What every Toxiproxy 2.12 does, ours and the real one: run against both. Only behaviour on which
 * the two agree; where ours differs on purpose, embedded.test.ts has it.
 */
import { Toxiproxy } from 'toxiproxy-node-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addToxic, call, dial, eventually, makeProxy, roundTripMs, Upstream } from './wire.ts';

export interface Started {
  readonly url: string;
  close(): Promise<void>;
}

export function conformance(name: string, start: () => Promise<Started>): void {
  describe(`${name}: Toxiproxy 2.12`, () => {
    let server: Started;
    let url: string;
    let echo: Upstream;

    beforeAll(async () => {
      server = await start();
      url = server.url;
    });
    afterAll(() => server?.close());
    beforeEach(async () => {
      echo = await Upstream.echo();
    });
    afterEach(async () => {
      const { json } = await call(url, 'GET', '/proxies');
      for (const proxy of Object.keys(json)) await call(url, 'DELETE', `/proxies/${proxy}`);
      echo.close();
    });

    describe('proxies', () => {
      it('creates, shows, lists sorted, deletes', async () => {
        const made = await call(url, 'POST', '/proxies', {
          NAME: 'b',
          Listen: '127.0.0.1:0',
          upstream: echo.address,
          unknown: 1,
        });
        expect(made).toMatchObject({ status: 201, type: 'application/json' });
        expect(made.requestId).toMatch(/./);
        expect(made.json).toMatchObject({ name: 'b', upstream: echo.address, enabled: true });
        expect(made.json).toMatchObject({ toxics: [] });
        expect(made.json.listen).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
        await makeProxy(url, 'a', echo.address);

        const shown = await call(url, 'GET', '/proxies/b');
        expect(shown.json).toMatchObject({ name: 'b', listen: made.json.listen });
        const list = await call(url, 'GET', '/proxies');
        expect(Object.keys(list.json)).toEqual(['a', 'b']);

        expect(await call(url, 'DELETE', '/proxies/b')).toMatchObject({ status: 204, text: '' });
        expect(await call(url, 'GET', '/proxies/b')).toMatchObject({
          status: 404,
          type: 'text/plain; charset=utf-8',
          text: '{"error":"proxy not found","status":404}\n',
        });
      });

      it.each([
        [{ upstream: '127.0.0.1:1' }, 400, /^missing required field: name$/],
        [{ name: 'x' }, 400, /^missing required field: upstream$/],
        [{ name: 7, upstream: '127.0.0.1:1' }, 400, /^bad request body: /],
        ['{"name":', 400, /^bad request body: /],
        ['', 400, /^bad request body: EOF$/],
        ['null', 400, /^missing required field: name$/],
        [{ name: 'taken', upstream: '127.0.0.1:1' }, 409, /^proxy already exists$/],
        [{ name: 'x', upstream: '127.0.0.1:1', listen: 'TAKEN' }, 500, /address already in use/],
      ])('refuses %j with %i', async (body, status, error) => {
        const listen = await makeProxy(url, 'taken', echo.address);
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        const reply = await call(url, 'POST', '/proxies', text.replace('TAKEN', listen));
        expect(reply.status).toBe(status);
        expect(reply.json.status).toBe(status);
        expect(reply.json.error).toMatch(error);
        expect(Object.keys((await call(url, 'GET', '/proxies')).json)).toEqual(['taken']);
      });

      it('reads only the first JSON value of a body', async () => {
        const body = `{"name":"first","upstream":"${echo.address}","listen":"127.0.0.1:0"} rest`;
        expect((await call(url, 'POST', '/proxies', body)).status).toBe(201);
      });

      it.each(['POST', 'PATCH'])('%s disables and enables, toxics kept', async (method) => {
        const listen = await makeProxy(url, 'p', echo.address);
        await addToxic(url, 'p', { type: 'latency', attributes: { latency: 1 } });
        const client = await dial(listen);
        await roundTripMs(client);

        const off = await call(url, method, '/proxies/p', { enabled: false });
        expect(off).toMatchObject({ status: 200, json: { enabled: false, listen } });
        await client.gone();
        await expect(dial(listen)).rejects.toThrow('ECONNREFUSED');

        const on = await call(url, method, '/proxies/p', { enabled: true });
        expect(on).toMatchObject({ status: 200, json: { enabled: true, listen } });
        expect(on.json.toxics).toHaveLength(1);
        await roundTripMs(await dial(listen));
      });

      it('keeps connections over an update that changes nothing, and moves upstream', async () => {
        const listen = await makeProxy(url, 'p', echo.address);
        const client = await dial(listen);
        await roundTripMs(client);
        const same = { listen, upstream: echo.address, enabled: true };
        expect((await call(url, 'POST', '/proxies/p', same)).status).toBe(200);
        await roundTripMs(client);

        const other = await Upstream.start((peer) => peer.send('other'));
        const moved = await call(url, 'POST', '/proxies/p', { upstream: other.address });
        expect(moved.json).toMatchObject({ upstream: other.address, listen, enabled: true });
        await client.gone();
        const again = await dial(listen);
        await again.received(5);
        expect(again.text).toBe('other');
        other.close();
      });

      it('closes the client when the upstream refuses, and stays enabled', async () => {
        const nobody = await Upstream.start();
        const { address } = nobody;
        nobody.close();
        const client = await dial(await makeProxy(url, 'p', address));
        await client.gone();
        expect((await call(url, 'GET', '/proxies/p')).json.enabled).toBe(true);
      });

      it('populates: makes, leaves alone what is the same, replaces what differs', async () => {
        const kept = await makeProxy(url, 'kept', echo.address);
        await addToxic(url, 'kept', { type: 'latency', attributes: { latency: 1 } });
        await makeProxy(url, 'moved', echo.address);
        await addToxic(url, 'moved', { type: 'latency', attributes: { latency: 1 } });
        const reply = await call(url, 'POST', '/populate', [
          { name: 'kept', listen: kept, upstream: echo.address },
          { name: 'moved', listen: '127.0.0.1:0', upstream: '127.0.0.1:1' },
          { name: 'new', listen: '127.0.0.1:0', upstream: echo.address, enabled: false },
        ]);
        expect(reply).toMatchObject({ status: 201, type: 'application/json' });
        expect(reply.json.proxies).toMatchObject([
          { name: 'kept', listen: kept, toxics: [{ type: 'latency' }] },
          { name: 'moved', upstream: '127.0.0.1:1', toxics: [] },
          { name: 'new', listen: '127.0.0.1:0', enabled: false },
        ]);
        expect((await call(url, 'POST', '/populate', [])).text.trim()).toBe('{"proxies":null}');
      });

      it('populates nothing when a field is missing, up to the failure when a port is', async () => {
        const listen = await makeProxy(url, 'taken', echo.address);
        const ok = { name: 'ok', listen: '127.0.0.1:0', upstream: echo.address };
        const bad = await call(url, 'POST', '/populate', [ok, { name: 'x' }]);
        expect(bad).toMatchObject({ status: 400, type: 'application/json' });
        expect(bad.json.error).toBe('missing required field: upstream at proxy 2');
        expect((await call(url, 'GET', '/proxies/ok')).status).toBe(404);

        const clash = { name: 'clash', listen, upstream: echo.address };
        const reply = await call(url, 'POST', '/populate', [ok, clash, { ...ok, name: 'z' }]);
        expect(reply).toMatchObject({ status: 500, json: { proxies: [{ name: 'ok' }] } });
        const names = Object.keys((await call(url, 'GET', '/proxies')).json);
        expect(names).toEqual(['ok', 'taken']);
      });

      it('resets: enabled again, no toxics', async () => {
        const listen = await makeProxy(url, 'p', echo.address);
        await addToxic(url, 'p', { type: 'latency', attributes: { latency: 5_000 } });
        await call(url, 'POST', '/proxies/p', { enabled: false });
        expect(await call(url, 'POST', '/reset')).toMatchObject({ status: 204, text: '' });
        expect((await call(url, 'GET', '/proxies/p')).json).toMatchObject({
          enabled: true,
          toxics: [],
        });
        expect(await roundTripMs(await dial(listen))).toBeLessThan(4_000);
      });
    });

    describe('toxics', () => {
      it('defaults, shows, lists upstream first, updates by merging, removes', async () => {
        await makeProxy(url, 'p', echo.address);
        const path = '/proxies/p/toxics';
        const made = await call(url, 'POST', path, { type: 'latency' });
        expect(made).toMatchObject({ status: 200, type: 'application/json' });
        expect(made.json).toEqual({
          attributes: { latency: 0, jitter: 0 },
          name: 'latency_downstream',
          type: 'latency',
          stream: 'downstream',
          toxicity: 1,
        });
        const rate = { type: 'bandwidth', stream: 'upstream', toxicity: 0.5, name: 'slow' };
        await addToxic(url, 'p', { ...rate, attributes: { rate: 7 } });
        const list = await call(url, 'GET', path);
        expect(list.json.map((toxic: { name: string }) => toxic.name)).toEqual([
          'slow',
          'latency_downstream',
        ]);

        const changed = { attributes: { jitter: 3 }, toxicity: 0.25, stream: 'upstream' };
        for (const method of ['POST', 'PATCH']) {
          const reply = await call(url, method, `${path}/latency_downstream`, changed);
          expect(reply).toMatchObject({ status: 200, json: { stream: 'downstream' } });
          expect(reply.json).toMatchObject({
            attributes: { latency: 0, jitter: 3 },
            toxicity: 0.25,
          });
        }
        expect((await call(url, 'GET', `${path}/slow`)).json.attributes).toEqual({ rate: 7 });
        expect((await call(url, 'DELETE', `${path}/slow`)).status).toBe(204);
        expect((await call(url, 'GET', `${path}/slow`)).json.error).toBe('toxic not found');
      });

      it.each([
        [{ type: 'nonsense' }, 400, 'invalid toxic type'],
        [
          { type: 'nonsense', stream: 'sideways' },
          400,
          'stream was invalid, can be either upstream or downstream',
        ],
        [{ type: 'latency', name: 'taken', stream: 'upstream' }, 409, 'toxic already exists'],
        [{ type: 'latency', attributes: { latency: 1.5 } }, 400, 'bad request body: '],
        [{ type: 'latency', attributes: { latency: '1' } }, 400, 'bad request body: '],
      ])('refuses %j', async (body, status, error) => {
        await makeProxy(url, 'p', echo.address);
        await addToxic(url, 'p', { type: 'latency', name: 'taken' });
        const reply = await call(url, 'POST', '/proxies/p/toxics', body);
        expect(reply.status).toBe(status);
        expect(reply.json.error.startsWith(error)).toBe(true);
        expect((await call(url, 'GET', '/proxies/p')).json.toxics).toHaveLength(1);
      });
    });

    it('has the routes, methods and user agents of the real one', async () => {
      expect((await call(url, 'GET', '/version')).json.version).toMatch(/./);
      expect(await call(url, 'GET', '/nowhere')).toMatchObject({
        status: 404,
        text: '404 page not found\n',
      });
      expect((await call(url, 'GET', '/proxies/')).status).toBe(404);
      expect((await call(url, 'GET', '//proxies')).status).toBe(301);
      expect(await call(url, 'PUT', '/proxies')).toMatchObject({ status: 405, text: '' });
      expect((await call(url, 'OPTIONS', '/proxies')).status).toBe(405);
      const browser = { 'user-agent': 'Mozilla/5.0' };
      const refused = await call(url, 'GET', '/version', undefined, browser);
      expect(refused.status).toBe(403);
      expect(refused.text).toContain('User agent not allowed');
    });

    describe('data plane', () => {
      it('carries megabytes both ways unchanged', async () => {
        const client = await dial(await makeProxy(url, 'p', echo.address));
        const sent = Buffer.alloc(
          4_000_000,
          Uint8Array.from({ length: 251 }, (_, i) => i),
        );
        client.send(sent);
        await client.received(sent.length);
        expect(Buffer.concat(client.chunks).equals(sent)).toBe(true);
      });

      it('delays each stream by its latency, and adds several up', async () => {
        const client = await dial(await makeProxy(url, 'p', echo.address));
        await addToxic(url, 'p', { type: 'latency', attributes: { latency: 60 } });
        await addToxic(url, 'p', {
          type: 'latency',
          stream: 'upstream',
          attributes: { latency: 40 },
        });
        await addToxic(url, 'p', { type: 'latency', name: 'more', attributes: { latency: 30 } });
        const ms = await roundTripMs(client);
        expect(ms).toBeGreaterThan(129);
        expect(ms).toBeLessThan(2_000);
      });

      it('lets chunks travel side by side under latency, in order', async () => {
        const client = await dial(await makeProxy(url, 'p', echo.address));
        const attributes = { latency: 200, jitter: 50 };
        await addToxic(url, 'p', { type: 'latency', attributes });
        const startMs = performance.now();
        const words = Array.from({ length: 40 }, (_, index) => `word ${index};`);
        for (const word of words) {
          const before = echo.peers[0]?.bytes ?? 0;
          client.send(word);
          await eventually(() => (echo.peers[0]?.bytes ?? 0) > before, 'the word is upstream');
        }
        await client.received(words.join('').length);
        const ms = performance.now() - startMs;
        expect(client.text).toBe(words.join(''));
        expect(ms).toBeGreaterThan(149);
        expect(ms).toBeLessThan(4_000); // one after the other would take 6 s and more
      });

      it('hands on at once what a removed latency still held', async () => {
        const client = await dial(await makeProxy(url, 'p', echo.address));
        await addToxic(url, 'p', { type: 'latency', attributes: { latency: 60_000 } });
        client.send('held');
        await (await echo.peer()).received(4);
        await call(url, 'DELETE', '/proxies/p/toxics/latency_downstream');
        await client.received(4);
        expect(await roundTripMs(client)).toBeLessThan(5_000);
      });

      it('keeps to a bandwidth', async () => {
        const client = await dial(await makeProxy(url, 'p', echo.address));
        await addToxic(url, 'p', { type: 'bandwidth', attributes: { rate: 500 } });
        const ms = await roundTripMs(client, 'x'.repeat(150_000));
        expect(ms).toBeGreaterThan(250); // 300 ms, and what a first chunk may gain
        expect(ms).toBeLessThan(3_000);
      });

      it('timeout drops data, then closes', async () => {
        const client = await dial(await makeProxy(url, 'p', echo.address));
        await roundTripMs(client);
        const startMs = performance.now();
        await addToxic(url, 'p', { type: 'timeout', attributes: { timeout: 150 } });
        client.send('gone');
        await client.gone();
        expect(performance.now() - startMs).toBeGreaterThan(149);
        expect(client.text).toBe('ping');
      });

      it('timeout 0 holds for ever, and removing it closes', async () => {
        const client = await dial(await makeProxy(url, 'p', echo.address));
        await roundTripMs(client);
        await addToxic(url, 'p', { type: 'timeout', attributes: { timeout: 0 } });
        client.send('gone');
        await (await echo.peer()).received(8);
        expect(client.closed).toBe(false);
        await call(url, 'DELETE', '/proxies/p/toxics/timeout_downstream');
        await client.gone();
        expect(client.text).toBe('ping');
      });

      it('reset_peer sends an RST to a new connection', async () => {
        const listen = await makeProxy(url, 'p', echo.address);
        const attributes = { timeout: 0 };
        await addToxic(url, 'p', { type: 'reset_peer', stream: 'upstream', attributes });
        const client = await dial(listen);
        client.send('hello');
        await client.gone();
        expect(client.errorCode).toBe('ECONNRESET');
      });

      it('toxicity 0 spares every connection', async () => {
        const listen = await makeProxy(url, 'p', echo.address);
        await addToxic(url, 'p', { type: 'timeout', toxicity: 0, attributes: { timeout: 1 } });
        await roundTripMs(await dial(listen));
      });

      it('limit_data lets exactly so much through', async () => {
        const client = await dial(await makeProxy(url, 'p', echo.address));
        await roundTripMs(client);
        await addToxic(url, 'p', { type: 'limit_data', attributes: { bytes: 10 } });
        client.send('0123456789 and more');
        await client.gone();
        expect(client.text).toBe('ping0123456789');
      });

      it('slicer keeps every byte', async () => {
        const client = await dial(await makeProxy(url, 'p', echo.address));
        const attributes = { average_size: 64, size_variation: 16, delay: 10 };
        await addToxic(url, 'p', { type: 'slicer', attributes });
        const sent = Array.from({ length: 1_000 }, (_, index) => `${index};`).join('');
        client.send(sent);
        await client.received(sent.length);
        expect(client.text).toBe(sent);
      });

      it('slow_close holds back the end only', async () => {
        const once = await Upstream.start((peer) => peer.socket.end('bye'));
        const listen = await makeProxy(url, 'p', once.address);
        await addToxic(url, 'p', { type: 'slow_close', attributes: { delay: 200 } });
        const startMs = performance.now();
        const client = await dial(listen);
        await client.received(3);
        await client.gone();
        expect(performance.now() - startMs).toBeGreaterThan(199);
        once.close();
      });
    });

    it('counts bytes for Prometheus, by direction, listener, proxy and upstream', async () => {
      const listen = await makeProxy(url, 'counted', echo.address);
      await addToxic(url, 'counted', { type: 'limit_data', attributes: { bytes: 5 } });
      const client = await dial(listen);
      client.send('eight...');
      await client.gone();
      const labels = (direction: string) =>
        `{direction="${direction}",listener="${listen}",proxy="counted",upstream="${echo.address}"}`;
      const lines = [
        `toxiproxy_proxy_received_bytes_total${labels('upstream')} 8`,
        `toxiproxy_proxy_sent_bytes_total${labels('upstream')} 8`,
        `toxiproxy_proxy_received_bytes_total${labels('downstream')} 8`,
        `toxiproxy_proxy_sent_bytes_total${labels('downstream')} 5`,
        '# TYPE toxiproxy_proxy_received_bytes_total counter',
      ];
      // The real one counts when a link has ended.
      await eventually(async () => {
        const { text, type } = await call(url, 'GET', '/metrics');
        expect(type).toMatch(/^text\/plain; version=0\.0\.4; charset=utf-8/);
        const has = new Set(text.split('\n'));
        return lines.every((line) => has.has(line));
      }, lines.join('\n'));
    });

    it('serves toxiproxy-node-client', async () => {
      const client = new Toxiproxy(url);
      const made = await client.populate([
        { name: 'p', listen: '127.0.0.1:0', upstream: echo.address, enabled: true },
      ]);
      const proxy = made['p']!;
      const toxic = await proxy.addToxic({
        name: 't',
        type: 'latency',
        stream: 'upstream',
        toxicity: 1,
        attributes: { latency: 50, jitter: 0 },
      });
      expect(await roundTripMs(await dial(proxy.listen))).toBeGreaterThan(49);
      await toxic.remove();
      const off = await proxy.update({ ...proxy.toJson(), enabled: false });
      expect(off.enabled).toBe(false);
      await client.reset();
      expect((await client.get('p')).enabled).toBe(true);
      await proxy.remove();
      expect(await client.getAll()).toEqual({});
    });
  });
}
