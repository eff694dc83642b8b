/**
 * The example backend behind its driver, whole: two generator threads, real sockets, a verdict.
 * And the same with a server that loses, repeats and turns around messages, which must be seen.
 */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { evaluateSlos } from '../../../reports/slo.ts';
import { type Scenario, scenario } from '../../../scenarios/define.ts';
import example from '../../../scenarios/examples/websocket-chat/scenario.ts';
import { startChatServer } from '../../../scenarios/examples/websocket-chat/server.ts';
import { loadDriver } from '../../../scenarios/load/driver-file.ts';
import { driverWorld } from '../../../scenarios/worlds/live-driver.ts';
import { runWorld } from '../worlds/run-world.ts';

const RUN_MS = 60_000;
const DRIVER = fileURLToPath(
  new URL('../../../scenarios/examples/websocket-chat/driver.ts', import.meta.url),
);

const small = (slos: Scenario['slos'] = example.slos): Scenario =>
  scenario({
    ...example,
    slos,
    window: { ...example.window, seconds: 3, warmupSeconds: 1 },
    worlds: { live: { users: 60, messagesPerSecond: 200 } },
  });

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function target(): Promise<string> {
  const server = await startChatServer(0);
  closers.push(() => server.close());
  return `ws://127.0.0.1:${server.port}`;
}

describe('a chat server behind its driver', () => {
  test(
    'two threads share the users, and every message arrives once and in order',
    async () => {
      const driver = await loadDriver(DRIVER);
      const world = driverWorld({ driver, target: await target(), threads: 2 });
      const { measurements, ...result } = await runWorld(world, small());
      expect(result.messages).toBeGreaterThan(400);
      const count = (metric: 'messages_sent' | 'messages_delivered' | 'messages_unsent') =>
        measurements.summary(metric, {})?.count;
      expect(count('messages_sent')).toBe(result.messages);
      expect(count('messages_delivered')).toBe(result.messages);
      expect(count('messages_unsent')).toBe(0);
      expect(measurements.summary('delivery_latency')?.count).toBe(result.messages);
      expect(measurements.summary('ack_latency')?.count).toBe(result.messages);
      const correctness = evaluateSlos(small().slos, measurements).filter(({ threshold }) =>
        threshold.startsWith('count'),
      );
      expect(correctness.map(({ verdict }) => verdict)).toEqual(['held', 'held', 'held']);
      expect(result.notes.some((note) => note.startsWith('generator: 2 threads'))).toBe(true);
    },
    RUN_MS,
  );

  test(
    'what such a backend cannot show is not judged, with the reason',
    async () => {
      const slos = { 'delivery_latency{path:same_dc}': ['p(99)<1s'], drain_time: ['max<1s'] };
      const driver = await loadDriver(DRIVER);
      const world = driverWorld({ driver, target: await target(), threads: 1 });
      const result = await runWorld(world, small(slos));
      expect(result.notJudged).toEqual({
        'delivery_latency{path:same_dc}': 'a backend behind a driver has no "path"',
        drain_time: 'a backend behind a driver does not show it',
      });
      expect(result.voidReasons).toContain(
        'none of the SLOs can be judged of a backend behind a driver',
      );
    },
    RUN_MS,
  );

  test(
    'loss, repeats and wrong order are seen by number; a broken connection is made anew',
    async () => {
      const troubles = await startBadServer();
      const driver = await loadDriver(DRIVER);
      const world = driverWorld({ driver, target: troubles.url, threads: 2 });
      const { measurements, notes } = await runWorld(world, small());
      const { lost, doubled } = troubles.counts;
      expect(lost).toBeGreaterThan(0);
      // Of a broken connection, more may be gone on its way.
      expect(measurements.summary('writes_lost')?.count).toBeGreaterThanOrEqual(lost);
      expect(measurements.summary('writes_doubled')?.count).toBe(doubled);
      expect(measurements.summary('order_violations')?.count).toBeGreaterThan(0);
      expect(notes.some((note) => note.startsWith('connection lost: code 1013'))).toBe(true);
      // What was lost is in the latencies, with the time that it was waited for.
      expect(measurements.summary('delivery_latency')?.max).toBeGreaterThan(9_000);
      expect(measurements.summary('delivery_latency')?.count).toBe(
        measurements.summary('messages_offered')?.count,
      );
    },
    RUN_MS,
  );

  test('a target where nobody listens is said, with the user', async () => {
    const driver = await loadDriver(DRIVER);
    const world = driverWorld({ driver, target: 'ws://127.0.0.1:1', threads: 2 });
    await expect(runWorld(world, small())).rejects.toThrow(
      /user \d+ cannot connect to ws:\/\/127.0.0.1:1: connect ECONNREFUSED/,
    );
  });
});

interface BadServer {
  readonly url: string;
  readonly counts: { lost: number; doubled: number };
}

/** Speaks as the example does, and does what must not be done with some messages. */
async function startBadServer(): Promise<BadServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.once('listening', resolve));
  closers.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const counts = { lost: 0, doubled: 0 };
  const online = new Map<number, (text: string) => void>();
  /** By chat: one that is held back until the next one has passed. */
  const held = new Map<string, string>();
  let hellos = 0;
  server.on('connection', (socket) => {
    let self = 0;
    socket.on('error', () => {});
    socket.on('message', (data) => {
      const said = JSON.parse(String(data)) as
        | { hello: number }
        | { n: number; to: number; text: string };
      if ('hello' in said) {
        self = said.hello;
        online.set(self, (text) => socket.send(JSON.stringify({ from: 0, text })));
        socket.send('{"welcome":true}');
        if (++hellos === 60) setTimeout(() => socket.close(1013), 1_500);
        return;
      }
      socket.send(`{"ok":${said.n}}`);
      const deliver = online.get(said.to);
      if (!deliver) return;
      const chat = `${self} ${said.to}`;
      const before = held.get(chat);
      held.delete(chat);
      if (said.n % 100 === 7) counts.lost++;
      else if (said.n % 5 === 0 && before === undefined) held.set(chat, said.text);
      else deliver(said.text);
      if (said.n % 100 === 13) {
        counts.doubled++;
        deliver(said.text);
      }
      if (before !== undefined) deliver(before);
    });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server has a port');
  return { url: `ws://127.0.0.1:${address.port}`, counts };
}
