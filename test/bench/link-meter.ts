/**
 * Counts what crosses each backbone link, from outside: every link goes through a relay in a
 * process of its own. Bytes are those of the TCP streams, frames of the link with their framing.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { later } from './clean-up.ts';
import type { MeteredBytes } from './link-meter-child.ts';
import { DCS, type Dialling } from './live-cluster.ts';
import { within } from './live-load.ts';

const ANSWER_MS = 10_000;

/** "from>to" of the link that `from` dials. */
export type LinkBytes = ReadonlyMap<string, MeteredBytes>;

export interface LinkMeter {
  readonly dialling: Dialling;
  /** Bytes since the start, on each of the 20 links. */
  read(): Promise<LinkBytes>;
  close(): Promise<void>;
}

export function startLinkMeter(): LinkMeter {
  const child = fork(fileURLToPath(new URL('./link-meter-child.ts', import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
  const exited = once(child, 'exit');
  const links = DCS.flatMap((from) => DCS.filter((to) => to !== from).map((to) => ({ from, to })));
  const names = links.map(({ from, to }) => `${from}>${to}`);
  const ask = async <T>(question: readonly string[] | 'read'): Promise<readonly T[]> => {
    child.send(question);
    const told = once(child, 'message');
    const [answer] = (await within(ANSWER_MS, told, 'the link meter')) as [readonly T[]];
    return answer;
  };
  return {
    async dialling(backbone) {
      const ports = await ask<number>(links.map(({ to }) => backbone.get(to)!));
      const addresses = new Map(names.map((name, index) => [name, `127.0.0.1:${ports[index]}`]));
      return (from, to) => addresses.get(`${from}>${to}`)!;
    },
    async read() {
      const counts = await ask<MeteredBytes>('read');
      return new Map(names.map((name, index) => [name, counts[index]!]));
    },
    close: later(async () => {
      if (child.connected) child.disconnect();
      await exited;
    }),
  };
}

/** Bytes from one DC to another between two readings, whoever of them dialled. */
export function bytesBetween(
  before: LinkBytes,
  after: LinkBytes,
  from: number,
  to: number,
): number {
  const forth = (all: LinkBytes): number => all.get(`${from}>${to}`)!.forth;
  const back = (all: LinkBytes): number => all.get(`${to}>${from}`)!.back;
  return forth(after) - forth(before) + back(after) - back(before);
}
