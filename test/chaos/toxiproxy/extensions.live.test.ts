/** What the embedded server can do beyond the real one, through its typed client. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  bridgePairs,
  ExtensionsError,
  oneWayPairs,
  partitionPairs,
  ringPairs,
  ToxiproxyExtensions,
} from '../../../chaos/toxiproxy/extensions.ts';
import { findRealToxiproxy, startRealToxiproxy } from '../../../chaos/toxiproxy/real.ts';
import { startToxiproxy } from '../../../chaos/toxiproxy/server.ts';
import type { Started } from './conformance.ts';
import { stalledReader } from './defects.ts';
import { addToxic, call, dial, eventually, makeProxy, roundTripMs, Upstream } from './wire.ts';

const DCS = [1, 2, 3, 4, 5];

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
  await call(url, 'POST', '/reset');
  const { json } = await call(url, 'GET', '/proxies');
  for (const name of Object.keys(json)) await call(url, 'DELETE', `/proxies/${name}`);
});

const isEnabled = async (name: string): Promise<boolean> =>
  (await call(url, 'GET', `/proxies/${name}`)).json.enabled;
const toxicNames = async (name: string): Promise<string[]> =>
  (await call(url, 'GET', `/proxies/${name}/toxics`)).json.map((toxic) => toxic.name);

/** The 20 links and 5 client proxies of five DCs, all to the echo. */
async function fiveDcs(): Promise<void> {
  const links = DCS.flatMap((a) => DCS.filter((b) => b !== a).map((b) => `link_${a}_${b}`));
  const names = [...links, ...DCS.map((dc) => `dc${dc}`)];
  const body = names.map((name) => ({ name, listen: '127.0.0.1:0', upstream: echo.address }));
  expect((await call(url, 'POST', '/populate', body)).status).toBe(201);
}

/** "1>3" for every pair of this state. */
async function pairsThatAre(state: string): Promise<string[]> {
  const { pairs } = await extensions.readMatrix();
  return pairs.filter((pair) => pair.state === state).map(({ from, to }) => `${from}>${to}`);
}

it('tells whether the server has them', async () => {
  expect(await extensions.isThere()).toBe(true);
  await expect(new ToxiproxyExtensions('http://127.0.0.1:1').isThere()).rejects.toThrow(
    'toxiproxy',
  );
  if (!findRealToxiproxy()) return;
  const real = await startRealToxiproxy({ port: 0 });
  expect(await new ToxiproxyExtensions(real.url).isThere()).toBe(false);
  await real.close();
});

describe('batch', () => {
  it('does all of it in one turn', async () => {
    await makeProxy(url, 'a', echo.address);
    const listen = await makeProxy(url, 'b', echo.address);
    await addToxic(url, 'b', { type: 'latency', name: 'old' });
    await call(url, 'POST', '/proxies/b', { enabled: false });
    const answer = await extensions.batch([
      { do: 'disable', proxy: 'a' },
      { do: 'enable', proxy: 'b' },
      { do: 'update_toxic', proxy: 'b', name: 'old', toxic: { attributes: { latency: 7 } } },
      { do: 'add_toxic', proxy: 'b', toxic: { type: 'bandwidth', attributes: { rate: 900 } } },
      { do: 'remove_toxic', proxy: 'b', name: 'old' },
    ]);
    expect(answer).toMatchObject({ operations: 5, changed: 5, lease: null });
    expect(answer.skew_us).toBeGreaterThanOrEqual(0);
    expect(answer.skew_us).toBeLessThan(100_000);
    expect([await isEnabled('a'), await isEnabled('b')]).toEqual([false, true]);
    expect(await toxicNames('b')).toEqual(['bandwidth_downstream']);
    await roundTripMs(await dial(listen));
  });

  it('does nothing when anything is wrong, and tells all that is', async () => {
    await makeProxy(url, 'a', echo.address);
    const wrong = extensions.batch([
      { do: 'disable', proxy: 'a' },
      { do: 'add_toxic', proxy: 'a', toxic: { type: 'nonsense' } },
      { do: 'remove_toxic', proxy: 'a', name: 'nothing' },
      { do: 'add_toxic', proxy: 'a', toxic: { type: 'latency', attributes: { latency: -1 } } },
      { do: 'enable', proxy: 'a' },
    ]);
    await expect(wrong).rejects.toThrow(
      'toxiproxy: operation 2: invalid toxic type; ' +
        "operation 3: there is no toxic 'nothing' on a; " +
        'operation 4: invalid latency -1: must be at least 0; ' +
        'operation 5: a is enabled or disabled twice',
    );
    const unknown = extensions.batch([
      { do: 'disable', proxy: 'a' },
      { do: 'disable', proxy: 'nobody' },
    ]);
    await expect(unknown).rejects.toThrow("operation 2: there is no proxy 'nobody'");
    await expect(unknown).rejects.toBeInstanceOf(ExtensionsError);
    expect(await isEnabled('a')).toBe(true);
    expect(await toxicNames('a')).toEqual([]);
  });

  it('leaves everything as it was when a port is taken', async () => {
    const listen = await makeProxy(url, 'a', echo.address);
    await makeProxy(url, 'c', echo.address);
    await call(url, 'POST', '/proxies/a', { enabled: false });
    await call(url, 'POST', '/proxies', { name: 'b', listen, upstream: echo.address });
    const taken = extensions.batch([
      { do: 'disable', proxy: 'c' },
      { do: 'enable', proxy: 'a' },
    ]);
    await expect(taken).rejects.toThrow('address already in use');
    expect([await isEnabled('a'), await isEnabled('c')]).toEqual([false, true]);
  });

  it.each([
    ['batch', {}, 400, 'missing required field: operations'],
    [
      'batch',
      { operations: [{ do: 'explode', proxy: 'a' }, { do: 'cut' }] },
      400,
      /^operation 1: do 'explode': use .*; operation 2: missing required field: proxy$/,
    ],
    ['batch', { operations: Array(4_097).fill({}) }, 400, /at most 4096 in one call/],
    [
      'batch',
      { operations: [{ do: 'enable', proxy: 'a' }], lease: { ttl_ms: 1 } },
      400,
      /ttl_ms 1: use a whole number from 50/,
    ],
    ['cut', { proxies: ['a'], within_bytes: 0 }, 400, /within_bytes 0: use a whole number from 1/],
    ['matrix', {}, 400, /^cut nothing: give pairs, a shape/],
    ['matrix', { shape: 'star' }, 400, /^shape 'star': use partition, one_way, bridge, ring$/],
    ['matrix', { pairs: [[1, 1]] }, 400, /a pair must be two different DCs/],
    ['matrix', { pairs: [[1, 2]], how: 'softly' }, 400, /use refuse or hold/],
    [
      'matrix',
      {
        shape: 'partition',
        groups: [
          [1, 2],
          [2, 3],
        ],
      },
      400,
      /a DC is in two of them/,
    ],
    ['matrix', { pairs: [[1, 2]] }, 404, /there are no proxies for: 1 to 2/],
    ['leases/nobody', {}, 404, /there is no lease 'nobody'/],
  ])('refuses %s %j', async (path, body, status, error) => {
    const reply = await call(url, 'POST', `/quincunx/${path}`, body);
    expect(reply.status).toBe(status);
    expect(reply.json.error).toMatch(error);
  });
});

describe('matrix', () => {
  it.each([
    [
      'partition',
      partitionPairs([
        [1, 2],
        [3, 4, 5],
      ]),
      12,
    ],
    ['one way', oneWayPairs([1], [3]), 1],
    [
      'bridge',
      bridgePairs(
        [
          [1, 2, 3],
          [3, 4, 5],
        ],
        3,
      ),
      8,
    ],
    ['ring', ringPairs(DCS), 10],
  ])('%s: cuts just these pairs, and mends them', async (_name, pairs, count) => {
    await fiveDcs();
    for (const how of ['hold', 'refuse'] as const) {
      const answer = await extensions.matrix({ pairs, how, lease: { id: 'm' } });
      expect(answer.skew_us).toBeLessThan(100_000);
      const wanted = pairs.map(({ from, to }) => `${from}>${to}`);
      const state = how === 'hold' ? 'held' : 'refused';
      expect((await pairsThatAre(state)).toSorted()).toEqual(wanted.toSorted());
      expect(wanted).toHaveLength(count);
      expect((await extensions.end('m')).problems).toEqual([]);
      expect(await pairsThatAre('open')).toHaveLength(20);
    }
  });

  it('every DC of a ring sees a majority, and no two the same', () => {
    const cut = ringPairs(DCS);
    const seen = DCS.map((dc) =>
      DCS.filter((other) => !cut.some(({ from, to }) => from === dc && to === other)).join(),
    );
    expect(seen).toEqual(['1,2,5', '1,2,3', '2,3,4', '3,4,5', '1,4,5']);
  });

  it('holds one direction only, and loses nothing', async () => {
    await fiveDcs();
    const from1 = await dial((await call(url, 'GET', '/proxies/link_1_3')).json.listen);
    const from3 = await dial((await call(url, 'GET', '/proxies/link_3_1')).json.listen);
    await roundTripMs(from1, 'a');
    await roundTripMs(from3, 'b');
    const inFrom1 = echo.peers.at(-2)!;
    const inFrom3 = echo.peers.at(-1)!;
    await extensions.matrix({ pairs: [{ from: 1, to: 3 }], how: 'hold', lease: { id: 'm' } });
    from1.send('question');
    from3.send('other');
    // What 3 asks gets to 1; what 1 answers does not get back, and what 1 asks does not get there.
    await eventually(() => inFrom3.text === 'bother', 'the other way is open');
    expect([inFrom1.text, from3.text]).toEqual(['a', 'b']);
    from1.socket.end(); // a FIN is held as well
    await eventually(async () => {
      const { toxics } = (await extensions.injected())['link_1_3']!;
      return toxics['hold_upstream_m']!.held_bytes > 0;
    }, 'the question is held');
    expect(inFrom1.ended).toBe(false);
    await extensions.end('m');
    await from1.received('aquestion'.length);
    await from3.received('bother'.length);
    await from1.gone();
    expect([from1.text, from3.text]).toEqual(['aquestion', 'bother']);
  });

  it('cuts off clients', async () => {
    await fiveDcs();
    await extensions.matrix({ clients: [2], lease: { id: 'm' } });
    expect([await isEnabled('dc2'), await isEnabled('dc1')]).toEqual([false, true]);
    await extensions.end('m');
    expect(await isEnabled('dc2')).toBe(true);
    // Its gateway as well, where there is one.
    await makeProxy(url, 'gw2', echo.address);
    await extensions.matrix({ clients: [2], how: 'hold', lease: { id: 'm' } });
    const streams = ['hold_upstream_m', 'hold_downstream_m'];
    expect([await toxicNames('dc2'), await toxicNames('gw2')]).toEqual([streams, streams]);
  });
});

describe('leases', () => {
  it('undo everything when nobody renews them', async () => {
    await makeProxy(url, 'a', echo.address);
    const listen = await makeProxy(url, 'b', echo.address);
    await addToxic(url, 'b', { type: 'latency', name: 'first', attributes: { latency: 1 } });
    await addToxic(url, 'b', { type: 'latency', name: 'second', attributes: { latency: 2 } });
    const { lease } = await extensions.batch(
      [
        { do: 'disable', proxy: 'a' },
        { do: 'add_toxic', proxy: 'b', toxic: { type: 'bandwidth', name: 'slow' } },
        { do: 'remove_toxic', proxy: 'b', name: 'first' },
        { do: 'update_toxic', proxy: 'b', name: 'second', toxic: { attributes: { latency: 9 } } },
      ],
      { ttlMs: 150 },
    );
    expect(lease).toMatchObject({ ttl_ms: 150, state: 'running', to_undo: 4 });
    expect(await toxicNames('b')).toEqual(['second', 'slow']);
    await eventually(async () => (await extensions.leases()).length === 0, 'the lease is over');
    expect(await isEnabled('a')).toBe(true);
    expect(await toxicNames('b')).toEqual(['first', 'second']);
    const { json } = await call(url, 'GET', '/proxies/b/toxics/second');
    expect(json.attributes.latency).toBe(2);
    await roundTripMs(await dial(listen));
  });

  it('live as long as they are renewed, and end early', async () => {
    await makeProxy(url, 'a', echo.address);
    await extensions.batch([{ do: 'disable', proxy: 'a' }], { id: 'mine/1', ttlMs: 400 });
    const startMs = performance.now();
    while (performance.now() - startMs < 900) {
      expect((await extensions.renew('mine/1')).state).toBe('running');
      expect(await isEnabled('a')).toBe(false);
    }
    expect(await extensions.end('mine/1')).toEqual({ undone: 1, problems: [] });
    expect(await isEnabled('a')).toBe(true);
    await expect(extensions.renew('mine/1')).rejects.toThrow("there is no lease 'mine/1'");
  });

  it('share a proxy: it is enabled with the last of them', async () => {
    await makeProxy(url, 'a', echo.address);
    const disable = [{ do: 'disable', proxy: 'a' }] as const;
    await extensions.batch(disable, { id: 'one' });
    await extensions.batch(disable, { id: 'two' });
    await extensions.end('one');
    expect(await isEnabled('a')).toBe(false);
    await extensions.end('two');
    expect(await isEnabled('a')).toBe(true);
  });

  it('leave alone what was disabled before them, and what others did since', async () => {
    await makeProxy(url, 'a', echo.address);
    await makeProxy(url, 'b', echo.address);
    await call(url, 'POST', '/proxies/a', { enabled: false });
    const toxic = { type: 'latency', name: 't' };
    await extensions.batch(
      [
        { do: 'disable', proxy: 'a' },
        { do: 'add_toxic', proxy: 'b', toxic },
      ],
      { id: 'one' },
    );
    await call(url, 'DELETE', '/proxies/b/toxics/t');
    await addToxic(url, 'b', toxic);
    await extensions.end('one');
    expect(await isEnabled('a')).toBe(false);
    expect(await toxicNames('b')).toEqual(['t']);
  });

  it('leave no more to undo when a link flaps', async () => {
    await makeProxy(url, 'a', echo.address);
    const toxic = { type: 'latency', name: 't' };
    for (let round = 0; round < 10; round++) {
      await extensions.batch(
        [
          { do: 'disable', proxy: 'a' },
          { do: 'add_toxic', proxy: 'a', toxic },
        ],
        { id: 'flap' },
      );
      await extensions.batch(
        [
          { do: 'enable', proxy: 'a' },
          { do: 'remove_toxic', proxy: 'a', name: 't' },
        ],
        { id: 'flap' },
      );
    }
    await extensions.batch([{ do: 'disable', proxy: 'a' }], { id: 'flap' });
    expect((await extensions.leases())[0]).toMatchObject({ id: 'flap', to_undo: 1 });
    await extensions.end('flap');
    expect(await isEnabled('a')).toBe(true);
  });

  it('try again when a port is taken', async () => {
    const listen = await makeProxy(url, 'a', echo.address);
    await extensions.batch([{ do: 'disable', proxy: 'a' }], { id: 'one' });
    await call(url, 'POST', '/proxies', { name: 'b', listen, upstream: echo.address });
    const { problems } = await extensions.end('one');
    expect(problems).toEqual([expect.stringContaining('a cannot be enabled')]);
    expect((await extensions.leases())[0]).toMatchObject({ state: 'ending', to_undo: 1 });
    await call(url, 'DELETE', '/proxies/b');
    await eventually(() => isEnabled('a'), 'it is enabled');
    await eventually(async () => (await extensions.leases()).length === 0, 'the lease is gone');
  });

  it('end at once behind a reader that does not read, and lose nothing', async () => {
    const { client, sent, source } = await stalledReader(url, 30_000_000, 20);
    await extensions.batch(
      [
        { do: 'add_toxic', proxy: 'p', toxic: { type: 'hold' } },
        { do: 'add_toxic', proxy: 'p', toxic: { type: 'bandwidth', attributes: { rate: 1 } } },
      ],
      { id: 'one' },
    );
    const startMs = performance.now();
    expect(await extensions.end('one')).toEqual({ undone: 2, problems: [] });
    expect(performance.now() - startMs).toBeLessThan(2_000);
    client.socket.resume();
    await client.gone();
    expect(Buffer.concat(client.chunks).equals(sent)).toBe(true);
    source.close();
  });

  it('end with a reset', async () => {
    await makeProxy(url, 'a', echo.address);
    await addToxic(url, 'a', { type: 'latency', name: 't' });
    await extensions.batch([{ do: 'remove_toxic', proxy: 'a', name: 't' }], { ttlMs: 100 });
    await call(url, 'POST', '/reset');
    expect(await extensions.leases()).toEqual([]);
  });
});
