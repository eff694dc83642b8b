/**
 * What relaying alone costs: CPU microseconds a delivered message of a bare `net` relay in a
 * process of its own, without any protocol, durability or replicas.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { eventually } from './live-cluster.ts';
import { type Repeats, repeats } from './repeats.ts';

const ROUNDS = 3;
const CONNECTED_MS = 5_000;
/** Of a one-to-one message in its envelope. */
const MESSAGE_BYTES = 280;

/** Between pairs of clients, each of which always has so many under way in each direction. */
export function pairRelayCpu(pairs: number, messages: number, atOnce = 1): Promise<Repeats> {
  const bytes = new Uint8Array(MESSAGE_BYTES);
  return relayCpu([], 2 * pairs, messages, (sockets, count) => {
    return new Promise((resolve) => {
      let [sent, received] = [0, 0];
      const whole = Math.ceil(count);
      const send = (socket: Socket): void => {
        if (sent >= whole) return;
        socket.write(bytes);
        sent++;
      };
      for (const socket of sockets) {
        let had = 0;
        socket.removeAllListeners('data');
        socket.on('data', (chunk) => {
          received += chunk.length;
          if (received === whole * bytes.length) resolve();
          for (had += chunk.length; had >= bytes.length; had -= bytes.length) send(socket);
        });
      }
      for (const socket of sockets) for (let each = 0; each < atOnce; each++) send(socket);
    });
  });
}

/** From one client to all others: the next message goes when all of them have the last one. */
export function fanOutRelayCpu(
  receivers: number,
  messageBytes: number,
  deliveries: number,
): Promise<Repeats> {
  const bytes = new Uint8Array(messageBytes);
  return relayCpu(['fan-out'], receivers + 1, deliveries, ([source, ...others], count) => {
    return new Promise((resolve) => {
      let [received, wanted] = [0, 0];
      const next = (): void => {
        if (wanted < count * bytes.length) {
          wanted += receivers * bytes.length;
          source!.write(bytes);
        } else resolve();
      };
      for (const socket of others) {
        socket.removeAllListeners('data');
        socket.on('data', (chunk) => {
          received += chunk.length;
          if (received === wanted) next();
        });
      }
      next();
    });
  });
}

async function relayCpu(
  mode: readonly string[],
  clients: number,
  messages: number,
  run: (sockets: readonly Socket[], count: number) => Promise<void>,
): Promise<Repeats> {
  const child = fork(fileURLToPath(new URL('./relay-child.ts', import.meta.url)), mode, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
  try {
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    const ask = async (): Promise<{ cpuMicros: number; clients: number }> => {
      child.send('status');
      const [status] = (await once(child, 'message')) as [{ cpuMicros: number; clients: number }];
      return status;
    };
    const sockets: Socket[] = [];
    for (let index = 0; index < clients; index++) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      sockets.push(socket);
    }
    // A connection can be there for the client before the relay has taken it.
    const allTaken = async (): Promise<boolean> => (await ask()).clients === clients;
    await eventually('the relay has not taken all connections', CONNECTED_MS, allTaken);
    await run(sockets, messages / 4);
    const samples: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = (await ask()).cpuMicros;
      await run(sockets, messages / ROUNDS);
      samples.push(((await ask()).cpuMicros - before) / (messages / ROUNDS));
    }
    for (const socket of sockets) socket.destroy();
    return repeats(samples);
  } finally {
    child.disconnect();
  }
}
