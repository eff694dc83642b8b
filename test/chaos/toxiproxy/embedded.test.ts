/** The embedded server: everything the real one does, and the differences that are on purpose. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../../chaos/toxiproxy/random.ts';
import { startToxiproxy } from '../../../chaos/toxiproxy/server.ts';
import { conformance, type Started } from './conformance.ts';
import { driverConformance } from './driver-conformance.ts';
import {
  addToxic,
  call,
  dial,
  eventually,
  makeProxy,
  type Peer,
  roundTripMs,
  startBlackHole,
  Upstream,
} from './wire.ts';

const start = () => startToxiproxy({ port: 0, seed: 'test' });

conformance('embedded', start);
driverConformance('embedded', start);

describe('embedded: better than the real one', () => {
  let server: Started;
  let url: string;
  const upstreams: Upstream[] = [];

  const upstream = async (onPeer?: (peer: Peer) => void): Promise<Upstream> => {
    const started = await Upstream.start(onPeer);
    upstreams.push(started);
    return started;
  };
  const echo = () => upstream((peer) => peer.socket.on('data', (chunk) => peer.send(chunk)));

  beforeAll(async () => {
    server = await start();
    url = server.url;
  });
  afterAll(() => server.close());
  afterEach(async () => {
    const { json } = await call(url, 'GET', '/proxies');
    for (const name of Object.keys(json)) await call(url, 'DELETE', `/proxies/${name}`);
    for (const started of upstreams.splice(0)) started.close();
  });

  /** A client that has stopped reading while the server has `bytes` to send through proxy p. */
  const stalled = async (bytes: number) => {
    const sent = Buffer.alloc(
      bytes,
      Uint8Array.from({ length: 251 }, (_, i) => i),
    );
    const source = await upstream((peer) => peer.flood(sent));
    const listen = await makeProxy(url, 'p', source.address);
    await addToxic(url, 'p', { type: 'latency', attributes: { latency: 20 } });
    const client = await dial(listen);
    await client.received(1);
    client.socket.pause();
    await (await source.peer()).heldBack();
    return { client, sent };
  };

  it('changes toxics and resets at once behind a stalled reader, losing nothing', async () => {
    const { client, sent } = await stalled(64_000_000);
    const startMs = performance.now();
    await addToxic(url, 'p', { type: 'latency', name: 'more', attributes: { latency: 30 } });
    await call(url, 'POST', '/proxies/p/toxics/more', { attributes: { latency: 40 } });
    await addToxic(url, 'p', { type: 'bandwidth', attributes: { rate: 1 } });
    await call(url, 'DELETE', '/proxies/p/toxics/latency_downstream');
    await call(url, 'POST', '/reset');
    expect(performance.now() - startMs).toBeLessThan(2_000);

    client.socket.resume();
    await client.gone();
    expect(client.bytes).toBe(sent.length);
    expect(Buffer.concat(client.chunks).equals(sent)).toBe(true);
  });

  it('loses and swaps no byte while toxics come, change and go', async () => {
    const client = await dial(await makeProxy(url, 'p', (await echo()).address));
    const sent = Buffer.alloc(
      3_000_003,
      Uint8Array.from({ length: 251 }, (_, i) => i),
    );
    client.send(sent);
    // The same walk every time; each kind comes, changes and goes in both streams.
    const draw = randomStream('walk');
    const kinds = [
      { type: 'latency', attributes: { latency: 30, jitter: 20 } },
      { type: 'bandwidth', attributes: { rate: 900 } },
      { type: 'slicer', attributes: { average_size: 900, size_variation: 300, delay: 50 } },
      { type: 'slow_close', attributes: { delay: 5 } },
      { type: 'retransmission', attributes: { loss_ppm: 50_000, rto_ms: 3 } },
      { type: 'hold' },
    ];
    const changes = [
      ...[{ latency: 1 }, { rate: 20_000 }, { delay: 0 }, { delay: 1 }],
      ...[{ loss_ppm: 1_000 }, {}],
    ];
    const present = new Set<string>();
    for (let step = 0; step < 120; step++) {
      const kind = Math.floor(draw() * kinds.length);
      const stream = draw() < 0.5 ? 'upstream' : 'downstream';
      const name = `${kind}_${stream}`;
      const path = `/proxies/p/toxics/${name}`;
      if (!present.has(name)) {
        await addToxic(url, 'p', { ...kinds[kind], name, stream });
        present.add(name);
      } else if (draw() < 0.4) {
        const toxicity = draw() < 0.3 ? 0 : 1;
        await call(url, 'POST', path, { attributes: changes[kind], toxicity });
      } else {
        await call(url, 'DELETE', path);
        present.delete(name);
      }
    }
    await call(url, 'POST', '/reset');
    await client.received(sent.length);
    expect(Buffer.concat(client.chunks).equals(sent)).toBe(true);
  });

  it('notices a client that leaves behind a bandwidth of 0', async () => {
    const source = await upstream((peer) => peer.send(Buffer.alloc(4_000_000)));
    const listen = await makeProxy(url, 'p', source.address);
    await addToxic(url, 'p', { type: 'bandwidth', attributes: { rate: 0 } });
    const client = await dial(listen);
    const peer = await source.peer();
    client.socket.resetAndDestroy();
    await peer.gone();
    expect(client.bytes).toBe(0);
  });

  it('accepts and updates while a dial hangs', async () => {
    const hole = await startBlackHole();
    const target = await echo();
    const listen = await makeProxy(url, 'hole', hole.address);
    const hanging = [await dial(listen), await dial(listen)];
    await roundTripMs(await dial(await makeProxy(url, 'other', target.address)));
    expect(hanging.map((client) => client.closed)).toEqual([false, false]);

    const startMs = performance.now();
    const moved = await call(url, 'POST', '/proxies/hole', { upstream: target.address });
    expect(moved.status).toBe(200);
    for (const client of hanging) await client.gone();
    await roundTripMs(await dial(listen));
    expect(performance.now() - startMs).toBeLessThan(5_000);
    hole.close();
  });

  it.each([
    [{ type: 'bandwidth', attributes: { rate: -1 } }, 'invalid rate -1: must be at least 0'],
    [{ type: 'latency', attributes: { latency: -5 } }, 'invalid latency -5: must be at least 0'],
    [{ type: 'latency', attributes: { jitter: -5 } }, 'invalid jitter -5: must be at least 0'],
    [{ type: 'timeout', attributes: { timeout: -1 } }, 'invalid timeout -1: must be at least 0'],
    [{ type: 'slicer' }, 'invalid average_size 0: must be at least 1'],
    [
      { type: 'slicer', attributes: { average_size: 5, size_variation: 6 } },
      'invalid attributes: size_variation 6 must not be above average_size 5',
    ],
    [
      { type: 'retransmission', attributes: { loss_ppm: 900_001 } },
      'invalid loss_ppm 900001: must be at most 900000',
    ],
    [{ type: 'retransmission', attributes: { rto_ms: 0 } }, 'invalid rto_ms 0: must be at least 1'],
    [{ type: 'latency', toxicity: -0.1 }, 'invalid toxicity -0.1: use 0 to 1'],
    [{ type: 'latency', toxicity: 100 }, 'invalid toxicity 100: use 0 to 1'],
  ])('refuses %j', async (toxic, error) => {
    await makeProxy(url, 'p', (await echo()).address);
    const reply = await call(url, 'POST', '/proxies/p/toxics', toxic);
    expect(reply).toMatchObject({ status: 400, json: { error, status: 400 } });
    expect((await call(url, 'GET', '/proxies/p/toxics')).json).toEqual([]);
  });

  it('takes the same connections under the same seed', async () => {
    const target = await echo();
    /** Which of 24 connections a toxicity of one half lets live. */
    const spared = async (seed: string): Promise<string> => {
      const own = await startToxiproxy({ port: 0, seed });
      try {
        const listen = await makeProxy(own.url, 'p', target.address);
        await addToxic(own.url, 'p', {
          type: 'limit_data',
          stream: 'upstream',
          toxicity: 0.5,
          attributes: { bytes: 0 },
        });
        let fates = '';
        for (let index = 0; index < 24; index++) {
          const client = await dial(listen);
          client.send('ping');
          await eventually(() => client.bytes === 4 || client.closed, 'an answer or an end');
          fates += client.bytes === 4 ? '1' : '0';
        }
        return fates;
      } finally {
        await own.close();
      }
    };
    const fates = await spared('a');
    expect(await spared('a')).toBe(fates);
    expect(await spared('b')).not.toBe(fates);
    expect(fates).toMatch(/0.*1|1.*0/);
  });

  it('listens on loopback when no host is given', async () => {
    const { address } = await echo();
    const open = await call(url, 'POST', '/proxies', { name: 'open', upstream: address });
    expect(open.json.listen).toMatch(/^127\.0\.0\.1:\d+$/);
    const port = await call(url, 'POST', '/proxies', {
      name: 'q',
      upstream: address,
      listen: ':0',
    });
    expect(port.json.listen).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('passes on half of a close, and a reset', async () => {
    // Answers only after the question's FIN.
    const half = await Upstream.start((peer) => {
      peer.socket.on('end', () => peer.socket.end(`answer to ${peer.text}`));
    }, true);
    const client = await dial(await makeProxy(url, 'half', half.address));
    client.socket.end('question');
    await client.gone();
    expect(client.text).toBe('answer to question');
    half.close();

    const target = await upstream();
    const other = await dial(await makeProxy(url, 'reset', target.address));
    (await target.peer()).socket.resetAndDestroy();
    await other.gone();
    expect(other.errorCode).toBe('ECONNRESET');
  });

  it('sends an RST to connections older than reset_peer, too', async () => {
    const client = await dial(await makeProxy(url, 'p', (await echo()).address));
    await roundTripMs(client);
    await addToxic(url, 'p', { type: 'reset_peer', attributes: { timeout: 10 } });
    client.send('more');
    await client.gone();
    expect(client.errorCode).toBe('ECONNRESET');
  });

  it('keeps a proxy as it was when an update fails', async () => {
    const target = await echo();
    const taken = await makeProxy(url, 'taken', target.address);
    const listen = await makeProxy(url, 'p', target.address);
    expect((await call(url, 'POST', '/proxies/p', { listen: taken })).status).toBe(500);
    expect((await call(url, 'POST', '/proxies/p', { listen: '127.0.0.1:x' })).status).toBe(500);
    expect((await call(url, 'GET', '/proxies/p')).json).toMatchObject({ listen, enabled: true });
    await roundTripMs(await dial(listen));
  });

  it('addresses a name with a slash, percent encoded', async () => {
    const { address } = await echo();
    await makeProxy(url, 'a/b', address);
    expect((await call(url, 'GET', '/proxies/a%2Fb')).json.name).toBe('a/b');
    expect((await call(url, 'GET', '/proxies/%zz')).status).toBe(400);
    expect((await call(url, 'DELETE', '/proxies/a%2Fb')).status).toBe(204);
  });

  it('refuses what is too big or too much', async () => {
    const big = await call(url, 'POST', '/populate', `["${'x'.repeat(1_100_000)}"]`);
    expect(big.status).toBe(413);
    const { address } = await echo();
    const name = 'x'.repeat(257);
    expect((await call(url, 'POST', '/proxies', { name, upstream: address })).status).toBe(400);
    await makeProxy(url, 'p', address);
    const toxics = Array.from({ length: 64 }, (_, index) => ({ type: 'noop', name: `t${index}` }));
    for (const toxic of toxics) await addToxic(url, 'p', toxic);
    const more = await call(url, 'POST', '/proxies/p/toxics', { type: 'noop', name: 'more' });
    expect(more.json).toMatchObject({ status: 400, error: expect.stringContaining('at most 64') });
    const many = Array.from({ length: 1_001 }, (_, index) => ({
      name: `p${index}`,
      upstream: address,
      enabled: false,
    }));
    const reply = await call(url, 'POST', '/populate', many);
    expect(reply).toMatchObject({ status: 400 });
    expect(reply.json.proxies).toHaveLength(999);
  });

  it('says which address is in use', async () => {
    const port = Number(new URL(url).port);
    await expect(startToxiproxy({ port })).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
    await expect(startToxiproxy({ port: -1 })).rejects.toThrow('port -1 is not valid');
  });

  it('leaves nothing behind when closed', async () => {
    const own = await start();
    const listen = await makeProxy(own.url, 'p', (await echo()).address);
    await addToxic(own.url, 'p', { type: 'latency', attributes: { latency: 60_000 } });
    const client = await dial(listen);
    client.send('never back');
    await Promise.all([own.close(), own.close()]);
    await client.gone();
    await expect(dial(listen)).rejects.toThrow('ECONNREFUSED');
    await expect(call(own.url, 'GET', '/version')).rejects.toThrow('fetch failed');
  });
});
