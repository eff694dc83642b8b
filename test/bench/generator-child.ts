/**
 * One process of the generator benchmark, by its first argument: the echo server, our generator
 * (its own threads and driver, as `quincunx run --driver` has them), or a client of a few lines on
 * `ws`. Everything else comes from the environment, as k6 takes it.
 */
import { WebSocket, WebSocketServer } from 'ws';
import { createCommonClock } from '../../sim/parallel/common-clock.ts';
import { startLoadThreads } from '../../sim/parallel/load-threads.ts';
import { sharedBook } from '../../sim/users/load-book.ts';

const given = (name: string): number => Number(process.env[name]);
const [users, rate, startAt, seconds] = [
  given('USERS'),
  given('RATE'),
  given('START_MS'),
  given('SECONDS'),
];
const url = process.env['URL'] ?? '';
const TEXT_BYTES = 128;
const CONNECTS_AT_ONCE = 32;

async function server(): Promise<void> {
  const echo = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  let echoed = 0;
  echo.on('connection', (socket) => {
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => {
      echoed++;
      socket.send(data, { binary: false });
    });
  });
  await new Promise((resolve) => echo.once('listening', resolve));
  process.on('message', () => process.send?.({ connections: echo.clients.size, echoed }));
  process.on('disconnect', () => process.exit(0));
  process.send?.(echo.address());
}

/** Evenly spaced, each user in turn. */
async function ours(): Promise<void> {
  const messages = Array.from({ length: Math.floor(rate * seconds) }, (_, n) => {
    const sender = n % users;
    return { dueMs: (n * 1_000) / rate, sender, recipient: sender, textBytes: TEXT_BYTES };
  });
  const { control, finished } = startLoadThreads({
    threads: 1,
    driver: { url: new URL('./echo-driver.ts', import.meta.url).href, packageUrl: '' },
    users: Array.from({ length: users }, (_, index) => ({ index, name: '', target: url })),
    book: sharedBook(messages),
    ...{ run: '00000000', seed: '1' },
    signal: new AbortController().signal,
  });
  while (!control.allAre('ready')) await Promise.race([sleep(20), finished]);
  const startMs = createCommonClock().monotonicMs() + startAt - Date.now();
  control.start(startMs, startMs, startMs + seconds * 1_000);
  await Promise.race([sleep(startAt - Date.now() + seconds * 1_000), finished]);
  control.stop();
  await finished;
}

async function plain(): Promise<void> {
  const sockets: WebSocket[] = [];
  const latencies: number[] = [];
  const connect = async (): Promise<void> => {
    while (sockets.length < users) {
      const socket = new WebSocket(url, { perMessageDeflate: false });
      sockets.push(socket);
      await new Promise((resolve) => socket.once('open', resolve));
      socket.on('message', (data) => latencies.push(Date.now() - Number(String(data).trim())));
    }
  };
  await Promise.all(Array.from({ length: CONNECTS_AT_ONCE }, connect));
  await sleep(startAt - Date.now());
  for (let n = 0; Date.now() < startAt + seconds * 1_000; await sleep(1)) {
    for (; (n * 1_000) / rate <= Date.now() - startAt; n++) {
      const dueMs = startAt + (n * 1_000) / rate;
      sockets[n % users]?.send(String(dueMs).padEnd(TEXT_BYTES));
    }
  }
  for (const socket of sockets) socket.terminate();
}

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

const modes = { server, ours, plain };
const mode = process.argv[2] as keyof typeof modes;
await modes[mode]();
