/**
 * How long a person waits: from starting `quincunx serve` on an empty data folder until a message
 * between two users who have just signed up is delivered, and what that time goes into.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { dcFolder } from '../../system-under-test/live/cluster-files.ts';
import { freePorts } from '../../system-under-test/live/live-cluster.ts';
import { later } from './clean-up.ts';
import { DCS, inScratch } from './live-cluster.ts';
import { People } from './live-people.ts';
import { repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

/** Seconds; `links` counts from the start like `total`, the others are one after the other. */
interface Start {
  readonly ready: number;
  readonly links: number;
  readonly signedUp: number;
  readonly delivered: number;
  readonly total: number;
}

interface Ready {
  readonly dcs: readonly { readonly id: number; readonly host: string; readonly proxied: number }[];
  readonly rsaPublicKeyPem: string;
}

const ROUNDS = 3;
const TARGET_SECONDS = 3;
const STOP_MS = 10_000;
/** What serve adds to --port-base, and how many bases are tried. */
const PORT_OFFSETS = [30, 40, 130].flatMap((offset) => DCS.map((dc) => offset + dc));
const PORT_BASES = Array.from({ length: 50 }, (_, index) => 12_000 + index * 200);
const CLI = fileURLToPath(new URL('../../bin/quincunx.ts', import.meta.url));

export async function bench(): Promise<BenchResult[]> {
  const rounds: Start[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await inScratch(oneStart));
  const seconds = (name: string, part: (start: Start) => number): BenchResult => {
    const { median: value, spread } = repeats(rounds.map(part));
    return { name: `serve: ${name}`, value, spread, unit: 's' };
  };
  const total = seconds('first delivered message', (start) => start.total);
  return [
    seconds('part: all five answer', (start) => start.ready),
    seconds('part: two key exchanges and sign-ups', (start) => start.signedUp),
    seconds('part: finding a contact, delivery', (start) => start.delivered),
    seconds('all links between them up', (start) => start.links),
    {
      ...total,
      ratioTo: `the target of ${TARGET_SECONDS} s`,
      ratio: total.value / TARGET_SECONDS,
    },
  ];
}

async function oneStart(folder: string): Promise<Start> {
  const data = join(folder, 'data');
  const base = await freePortBase();
  const [toxiproxy = 0] = await freePorts(1);
  const startedAt = Date.now();
  const startMs = performance.now();
  const since = (): number => (performance.now() - startMs) / 1000;
  const child = spawn(
    process.execPath,
    [
      ...[CLI, 'serve', '--json', '--no-latency', '--data', data],
      ...['--port-base', String(base), '--toxiproxy-port', String(toxiproxy)],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = once(child, 'exit');
  const stop = later(async () => {
    child.kill('SIGINT');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  });
  try {
    const { dcs, rsaPublicKeyPem } = await readyLine(child);
    const ready = since();
    const addresses = new Map(dcs.map(({ id, host, proxied }) => [id, `${host}:${proxied}`]));
    const people = await People.open(addresses, rsaPublicKeyPem);
    const [ann, bob] = (await people.arrive(new Map([[1, 2]]))).get(1)!;
    const signedUp = since();
    await ann!.meet(bob!);
    const heard = Promise.withResolvers<void>();
    bob!.onMessage = () => heard.resolve();
    await ann!.send(bob!, 'hello');
    await heard.promise;
    const total = since();
    await people.leave();
    const links = ((await lastLinkUp(data)) - startedAt) / 1000;
    return { ready, links, signedUp: signedUp - ready, delivered: total - signedUp, total };
  } finally {
    await stop();
  }
}

/** Rejects with what serve said when it ends before it is ready. */
async function readyLine(child: ChildProcess): Promise<Ready> {
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout!).once('line', resolve);
    child.once('close', () => reject(new Error(`serve ended before it was ready: ${said}`)));
  });
  return JSON.parse(line) as Ready;
}

/** When the last of the 20 links was first up, from the logs; wall time, ms. */
async function lastLinkUp(data: string): Promise<number> {
  const wanted = DCS.length * (DCS.length - 1);
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = new Map<string, number>();
    for (const dc of DCS) {
      const log = await readFile(join(dcFolder(data, dc), 'log.jsonl'), 'utf8');
      for (const line of log.split('\n').filter((each) => each.includes('"link_up"'))) {
        const { time, to } = JSON.parse(line) as { time: string; to: number };
        const link = `${dc}>${to}`;
        if (!first.has(link)) first.set(link, Date.parse(time));
      }
    }
    if (first.size === wanted) return Math.max(...first.values());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the logs do not tell of all links');
}

/**
 * A --port-base of which every port is free at the moment, below the ports the system gives out.
 */
async function freePortBase(): Promise<number> {
  for (const base of PORT_BASES) {
    const free = await Promise.all(PORT_OFFSETS.map((offset) => isFree(base + offset)));
    if (free.every(Boolean)) return base;
  }
  throw new Error('no 15 ports are free for serve');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
