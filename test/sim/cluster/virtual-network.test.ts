import { describe, expect, it } from 'vitest';
import { bytesOf, connected, hear, LATENCY_MS, smallWorld } from './world.ts';

const cutBetween = (from: string, to: string) => ({
  name: `cut ${from}→${to}`,
  state: (a: string, b: string) => (a === from && b === to ? ('cut' as const) : undefined),
});

describe('time', () => {
  it('takes a round trip to connect and one way to deliver', async () => {
    const world = smallWorld();
    const { loop, network } = world;
    let acceptedAtMs = 0;
    await network.forNode('b').listen('b:1', () => {
      acceptedAtMs = loop.nowMs();
    });
    await loop.settle(network.forNode('a').connect('b:1', 1000));
    expect(loop.nowMs()).toBe(2 * LATENCY_MS);
    await loop.run(() => acceptedAtMs > 0);
    expect(acceptedAtMs).toBe(3 * LATENCY_MS);
  });

  it('shares the bandwidth of a link among its streams', async () => {
    const { loop, stream } = smallWorld();
    const { createVirtualNetwork } = await import('../../../sim/cluster/virtual-network.ts');
    const network = createVirtualNetwork({
      loop,
      random: stream('network'),
      link: (from) => ({ latencyMs: 1, ...(from === 'a' && { bytesPerSecond: 100_000 }) }),
    });
    const received = [0, 0];
    let next = 0;
    await network.forNode('b').listen('b:1', (connection) => {
      const index = next++;
      connection.setHandlers({
        onData: (bytes) => {
          received[index]! += bytes.length;
        },
        onClose: () => {},
      });
    });
    const startMs = loop.nowMs();
    for (let index = 0; index < 2; index++) {
      void network
        .forNode('a')
        .connect('b:1', 1000)
        .then((connection) => {
          hear(loop, connection);
          connection.write(new Uint8Array(50_000));
        });
    }
    await loop.run(() => received[0]! + received[1]! === 100_000);
    const tookMs = loop.nowMs() - startMs;
    expect(tookMs).toBeGreaterThanOrEqual(1000);
    expect(tookMs).toBeLessThan(1050);
  });

  it('never reorders a stream, whatever the jitter', async () => {
    const world = smallWorld('jitter', 50);
    const { a, b } = await connected(world);
    let expected = '';
    for (let index = 0; index < 300; index++) {
      a.connection.write(bytesOf(`${index} `));
      expected += `${index} `;
      await world.loop.run(world.loop.nowMs() + 0.5);
    }
    await world.loop.run(() => b.text.length >= expected.length);
    expect(b.text).toBe(expected);
  });

  it('joins the writes of one turn', async () => {
    const world = smallWorld();
    const { a, b } = await connected(world);
    const before = world.network.view().chunks;
    for (let index = 0; index < 100; index++) a.connection.write(bytesOf('x'));
    await world.loop.run(() => b.text.length === 100);
    // One chunk, or two where the seed has drawn to split it.
    expect(world.network.view().chunks - before).toBeLessThanOrEqual(2);
  });
});

describe('cuts', () => {
  it('delays a stream that a short cut hits in mid-stream, and loses nothing', async () => {
    const world = smallWorld();
    const { loop, network } = world;
    const { a, b } = await connected(world);
    a.connection.write(bytesOf('before,'));
    await loop.run(() => b.text !== '');
    a.connection.write(bytesOf('under way,'));
    const heal = network.addRule(cutBetween('a', 'b'));
    await loop.run(loop.nowMs() + 500);
    a.connection.write(bytesOf('during,'));
    await loop.run(loop.nowMs() + 500);
    expect(b.text).toBe('before,');
    expect(network.view().drops).toBeGreaterThanOrEqual(2);
    heal();
    heal();
    // A write that follows the heal must not overtake what is sent again.
    a.connection.write(bytesOf('after'));
    await loop.run(loop.nowMs() + 1000);
    expect(b.text).toBe('before,under way,during,after');
    expect([a.closedAtMs, b.closedAtMs]).toEqual([undefined, undefined]);
  });

  it('is asymmetric where asked: bytes still come the other way', async () => {
    const world = smallWorld();
    const { loop, network } = world;
    const { a, b } = await connected(world);
    const heal = network.addRule(cutBetween('a', 'b'));
    a.connection.write(bytesOf('lost for now'));
    b.connection.write(bytesOf('arrives'));
    await loop.run(loop.nowMs() + 1000);
    expect([a.text, b.text]).toEqual(['arrives', '']);
    heal();
    await loop.run(loop.nowMs() + 1000);
    expect(b.text).toBe('lost for now');
  });

  it('stalls a sender whose acknowledgements are cut off, until they come again', async () => {
    const world = smallWorld();
    const { loop, network } = world;
    const { a, b } = await connected(world);
    const heal = network.addRule(cutBetween('b', 'a'));
    for (let index = 0; index < 10; index++) a.connection.write(new Uint8Array(100_000).fill(65));
    await loop.run(loop.nowMs() + 1000);
    expect(b.text.length).toBe(256 * 1024);
    expect(a.connection.bufferedBytes).toBe(1_000_000 - 256 * 1024);
    heal();
    await loop.run(loop.nowMs() + 1000);
    expect(b.text.length).toBe(1_000_000);
    expect(a.connection.bufferedBytes).toBe(0);
  });

  it('closes both ends when it outlasts the retransmission time-out', async () => {
    const world = smallWorld();
    const { loop, network } = world;
    const { a, b } = await connected(world);
    const cutAtMs = loop.nowMs();
    const heal = network.addRule(cutBetween('b', 'a'));
    await loop.run(cutAtMs + 6000);
    expect([a.closedAtMs, b.closedAtMs]).toEqual([cutAtMs + 5000, cutAtMs + 5000]);
    expect(network.view()).toMatchObject({ streamsTimedOut: 1, connections: 0 });
    heal();
  });

  it('starts the time-out anew after a heal', async () => {
    const world = smallWorld();
    const { loop, network } = world;
    const { a, b } = await connected(world);
    for (let round = 0; round < 3; round++) {
      const heal = network.addRule(cutBetween('a', 'b'));
      await loop.run(loop.nowMs() + 4000);
      heal();
    }
    await loop.run(loop.nowMs() + 6000);
    expect([a.closedAtMs, b.closedAtMs]).toEqual([undefined, undefined]);
  });

  it('lets connecting time out, or succeed late when it heals in time', async () => {
    const { loop, network } = smallWorld();
    await network.forNode('b').listen('b:1', (connection) => void hear(loop, connection));
    const heal = network.addRule(cutBetween('b', 'a'));
    await expect(loop.settle(network.forNode('a').connect('b:1', 700))).rejects.toThrow(
      'b:1 did not answer within 700 ms',
    );
    expect(loop.nowMs()).toBe(700);
    loop.schedule(1500, 'test', 'heal', heal);
    await loop.settle(network.forNode('a').connect('b:1', 10_000));
    expect(loop.nowMs()).toBe(700 + 1000 + 2000 + 2 * LATENCY_MS);
  });

  it('holds as long as any of two overlapping rules does', async () => {
    const world = smallWorld();
    const { loop, network } = world;
    const { a, b } = await connected(world);
    const healFirst = network.addRule(cutBetween('a', 'b'));
    const healSecond = network.addRule(cutBetween('a', 'b'));
    a.connection.write(bytesOf('x'));
    healFirst();
    await loop.run(loop.nowMs() + 1000);
    expect(b.text).toBe('');
    healSecond();
    await loop.run(loop.nowMs() + 1000);
    expect(b.text).toBe('x');
  });
});

describe('refusal', () => {
  it('resets open streams and answers new ones at once', async () => {
    const world = smallWorld();
    const { loop, network } = world;
    const { a, b } = await connected(world);
    const nowMs = loop.nowMs();
    network.addRule({ name: 'firewall', state: () => 'refused' });
    await loop.run(nowMs + 1);
    expect([a.closedAtMs, b.closedAtMs]).toEqual([nowMs, nowMs]);
    await expect(loop.settle(network.forNode('a').connect('b:1', 1000))).rejects.toThrow(/refused/);
    expect(loop.nowMs()).toBe(nowMs + 1 + 2 * LATENCY_MS);
  });
});

describe('crash', () => {
  it('ends connections at the peers one way later and takes the listeners along', async () => {
    const world = smallWorld();
    const { loop, network } = world;
    const { a, b } = await connected(world);
    const crashedAtMs = loop.nowMs();
    network.crash('b');
    await loop.run(crashedAtMs + 100);
    expect(a.closedAtMs).toBe(crashedAtMs + LATENCY_MS);
    expect(b.closedAtMs).toBeUndefined(); // nobody is there to hear of it
    expect(network.view().listeners).toEqual([]);
    await expect(loop.settle(network.forNode('a').connect('b:1', 1000))).rejects.toThrow(/refused/);
  });

  it('lets arrive what was under way, before the reset, whatever the jitter', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const world = smallWorld(`last words ${seed}`, 50);
      const { a, b } = await connected(world);
      b.connection.write(bytesOf('last words'));
      await world.loop.run(world.loop.nowMs() + 0.001);
      world.network.crash('b');
      await world.loop.run(() => a.closedAtMs !== undefined);
      expect(a.text).toBe('last words');
    }
  });

  it('is not noticed behind a cut until something is sent after the heal', async () => {
    const world = smallWorld();
    const { loop, network } = world;
    const { a } = await connected(world);
    const heal = network.addRule(cutBetween('b', 'a'));
    network.crash('b');
    await loop.run(loop.nowMs() + 1000);
    heal();
    await loop.run(loop.nowMs() + 20_000);
    expect(a.closedAtMs).toBeUndefined();
    const sentAtMs = loop.nowMs();
    a.connection.write(bytesOf('anybody there?'));
    await loop.run(sentAtMs + 100);
    expect(a.closedAtMs).toBe(sentAtMs + 2 * LATENCY_MS);
  });

  it('leaves the handles of the dead process without effect, and the next life whole', async () => {
    const world = smallWorld();
    const { loop, network } = world;
    const old = network.forNode('b');
    const { a, b } = await connected(world);
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    old.connect('a:1', 1000).then(note, note);
    network.crash('b');
    b.connection.write(bytesOf('from the grave'));
    old.listen('b:2', () => {}).then(note, note);
    old.connect('b:1', 1000).then(note, note);
    await loop.run(loop.nowMs() + 5000);
    expect(settled).toBe(false);
    expect(a.text).toBe('');
    const again = await connected(world);
    again.a.connection.write(bytesOf('hello'));
    await loop.run(loop.nowMs() + 100);
    expect(again.b.text).toBe('hello');
  });
});

describe('use', () => {
  it('stops the world when nobody set handlers in time', async () => {
    const { loop, network } = smallWorld();
    await network.forNode('b').listen('b:1', () => {});
    const connection = await loop.settle(network.forNode('a').connect('b:1', 1000));
    connection.write(bytesOf('x'));
    await expect(loop.run(1000)).rejects.toThrow(/setHandlers was not called/);
  });

  it('shows what it carried as a value', async () => {
    const world = smallWorld();
    const { a, b } = await connected(world);
    a.connection.write(bytesOf('12345'));
    await world.loop.run(() => b.text === '12345');
    const view = world.network.view();
    expect(view).toMatchObject({ connections: 1, connected: 1, bytes: 5, drops: 0 });
    expect(view.listeners).toEqual([{ address: 'b:1', node: 'b' }]);
    expect(view.links.find((link) => link.from === 'a')).toMatchObject({ to: 'b', bytes: 5 });
  });
});
