/**
 * The embedded Toxiproxy in a process of its own, so that what it carries does not share a thread
 * with what measures it. This file is both: `startEmbeddedChild` for the parent, and, where it was
 * started with an IPC channel by that, the child itself.
 */
import { fork } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { startToxiproxy } from './server.ts';

export interface EmbeddedChild {
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

const READY_MS = 10_000;
const STOP_MS = 3_000;
const CHILD_ARGUMENT = '--embedded-toxiproxy-child';

/**
 * Listens on a port of the loopback interface, 0 for a free one. Rejects when the child cannot
 * start, for example because the port is in use.
 */
export function startEmbeddedChild(seed: string, port = 0): Promise<EmbeddedChild> {
  const child = fork(fileURLToPath(import.meta.url), [CHILD_ARGUMENT, seed, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(timer);
  };
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      void close();
      reject(new Error(`the embedded toxiproxy could not start: ${why}`));
    };
    const timer = setTimeout(() => fail(`no answer in ${READY_MS / 1000} s`), READY_MS);
    const ended = (): void => fail('its process ended');
    child.once('exit', ended);
    child.once('message', (message: { url?: string; why?: string }) => {
      if (message.url === undefined) return fail(message.why ?? 'no reason given');
      clearTimeout(timer);
      child.off('exit', ended);
      resolve({ url: message.url, pid: child.pid ?? 0, close });
    });
  });
}

async function runChild(seed: string, port: number): Promise<void> {
  process.on('SIGINT', () => {}); // a Ctrl-C reaches the whole group: the parent decides
  try {
    const server = await startToxiproxy({ port, seed });
    process.on('disconnect', () => void server.close().finally(() => process.exit(0)));
    process.send?.({ url: server.url });
  } catch (error) {
    process.send?.({ why: (error as Error).message });
    process.exitCode = 1;
    process.disconnect?.();
  }
}

if (process.argv[2] === CHILD_ARGUMENT && process.send) {
  void runChild(process.argv[3] ?? '', Number(process.argv[4] ?? 0));
}
