/** What the embedded server tells of its own doings: what was injected, cut, and decided. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ToxiproxyExtensions } from '../../../chaos/toxiproxy/extensions.ts';
import { startToxiproxy } from '../../../chaos/toxiproxy/server.ts';
import type { Started } from './conformance.ts';
import { addToxic, call, dial, eventually, makeProxy, roundTripMs, Upstream } from './wire.ts';

let server: Started;
let url: string;
let extensions: ToxiproxyExtensions;
let echo: Upstream;

beforeAll(async () => {
  server = await startToxiproxy({ port: 0, seed: 'test' });
  url = server.url;
  extensions = new ToxiproxyExtensions(url);
  echo = await Upstream.echo();
});
afterAll(async () => {
  echo?.close();
  await server?.close();
});
afterEach(async () => {
  await call(url, 'DELETE', '/proxies/p');
});

describe('what was injected', () => {
  it('tells requested from achieved delay, connections, chunks and bytes', async () => {
    const client = await dial(await makeProxy(url, 'p', echo.address));
    await roundTripMs(client);
    await addToxic(url, 'p', { type: 'latency', name: 't', attributes: { latency: 30 } });
    for (let round = 0; round < 5; round++) await roundTripMs(client, 'hello');
    const injected = (await extensions.injected())['p']!;
    expect(injected).toMatchObject({ connections_open: 1, connections_accepted: 1 });
    const toxic = injected.toxics['t']!;
    expect(toxic).toMatchObject({ in_force: true, type: 'latency', connections: 1, chunks: 5 });
    expect(toxic).toMatchObject({ bytes_in: 25, bytes_out: 25, held_bytes: 0, delays: 5 });
    expect(toxic.requested_ms_mean).toBe(30);
    expect(toxic.achieved_ms_mean).toBeGreaterThanOrEqual(30);
    expect(toxic.achieved_ms_max).toBeGreaterThanOrEqual(toxic.achieved_ms_mean!);

    await call(url, 'DELETE', '/proxies/p/toxics/t');
    const after = (await extensions.injected())['p']!.toxics['t'];
    expect(after).toMatchObject({ in_force: false, delays: 5 });
    await extensions.forgetInjected();
    expect((await extensions.injected())['p']!.toxics).toEqual({});
  });

  it('tells how many segments were lost, and that they only came late', async () => {
    const client = await dial(await makeProxy(url, 'p', echo.address));
    const lossy = { type: 'retransmission', name: 't', attributes: { loss_ppm: 100_000 } };
    const { json } = await addToxic(url, 'p', lossy);
    expect(json.attributes).toEqual({ loss_ppm: 100_000, rto_ms: 200 });
    await call(url, 'PATCH', '/proxies/p/toxics/t', { attributes: { rto_ms: 20 } });
    const sent = Array.from({ length: 30_000 }, (_, index) => `${index};`).join('');
    const ms = await roundTripMs(client, sent);
    expect(client.text).toBe(sent);
    const toxic = (await extensions.injected())['p']!.toxics['t']!;
    // 169 kB are 117 segments at least, and 0.9 to the power of 117 is one in 200,000.
    expect(toxic.lost_segments).toBeGreaterThan(0);
    expect(toxic.achieved_ms_max).toBeGreaterThanOrEqual(20);
    expect(ms).toBeGreaterThanOrEqual(20);
  });

  it('tells the rate that was achieved', async () => {
    const client = await dial(await makeProxy(url, 'p', echo.address));
    await addToxic(url, 'p', { type: 'bandwidth', name: 't', attributes: { rate: 400 } });
    await roundTripMs(client, 'x'.repeat(120_000));
    const { achieved_kb_per_s } = (await extensions.injected())['p']!.toxics['t']!;
    expect(achieved_kb_per_s).toBeGreaterThan(200);
    expect(achieved_kb_per_s).toBeLessThan(410);
  });
});

describe('cut', () => {
  it('resets each open connection once, within so many bytes', async () => {
    const listen = await makeProxy(url, 'p', echo.address);
    const clients = await Promise.all(Array.from({ length: 8 }, () => dial(listen)));
    for (const client of clients) await roundTripMs(client);
    const { cuts } = await extensions.cut(['p'], 20_000);
    expect(cuts).toBe(8);
    const sent = 'x'.repeat(40_000);
    for (const client of clients) client.send(sent);
    for (const client of clients) await client.gone();
    expect(clients.map(({ errorCode }) => errorCode)).toEqual(Array(8).fill('ECONNRESET'));
    const through = echo.peers.slice(-8).map((peer) => peer.bytes - 'ping'.length);
    for (const bytes of through) expect(bytes).toBeLessThan(20_000);
    expect(new Set(through).size).toBeGreaterThan(4);
    expect((await extensions.injected())['p']).toMatchObject({ connections_cut: 8 });
    // Those that come afterwards are not cut.
    await roundTripMs(await dial(listen), sent);
  });

  it('is forgotten with its lease', async () => {
    const client = await dial(await makeProxy(url, 'p', echo.address));
    await roundTripMs(client);
    await extensions.cut(['p'], 10, { id: 'one' });
    await extensions.end('one');
    await roundTripMs(client, 'x'.repeat(1_000));
  });
});

describe('decisions', () => {
  it('are the same for the same seed and connections', async () => {
    /** A fresh server, the same connections one after the other: the log it has in the end. */
    const logOf = async (seed: string) => {
      const own = await startToxiproxy({ port: 0, seed });
      const client = new ToxiproxyExtensions(own.url);
      const listen = await makeProxy(own.url, 'p', echo.address);
      const attributes = { latency: 3, jitter: 2 };
      await addToxic(own.url, 'p', { type: 'latency', name: 'l', toxicity: 0.5, attributes });
      const slices = { average_size: 10, size_variation: 5, delay: 0 };
      await addToxic(own.url, 'p', {
        type: 'slicer',
        name: 's',
        attributes: slices,
      });
      for (let index = 0; index < 12; index++) {
        const peer = await dial(listen);
        await roundTripMs(peer, 'some words');
        if (index === 11) await client.cut(['p'], 1_000);
        peer.socket.destroy();
        await eventually(async () => {
          return (await client.injected())['p']!.connections_open === 0;
        }, 'the connection is closed');
      }
      const page = await client.decisions();
      await own.close();
      return page;
    };
    const first = await logOf('a');
    expect(first).toMatchObject({ seed: 'a', dropped: 0, next: first.decisions.length });
    expect(await logOf('a')).toEqual(first);
    expect((await logOf('b')).decisions).not.toEqual(first.decisions);
    const kinds = new Set(first.decisions.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['toxicity', 'draws', 'cut']));
    const rolls = first.decisions.filter((decision) => decision.kind === 'toxicity');
    expect(rolls).toHaveLength(12);
    for (const { draw, taken } of rolls) expect(taken).toBe(draw < 0.5);
  });

  it('are handed out from a number on', async () => {
    const listen = await makeProxy(url, 'p', echo.address);
    await addToxic(url, 'p', { type: 'latency', toxicity: 0.5 });
    const { next } = await extensions.decisions();
    await roundTripMs(await dial(listen));
    const page = await extensions.decisions(next);
    expect(page.next).toBe(next + page.decisions.length);
    expect(page.decisions[0]).toMatchObject({ number: next, proxy: 'p', kind: 'toxicity' });
    expect((await call(url, 'GET', '/quincunx/decisions?since=x')).status).toBe(400);
  });
});
