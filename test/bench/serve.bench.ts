/**
 * How long a person waits: from starting `quincunx serve` on an empty data folder until a message
 * between two users who have just signed up is delivered.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../system-under-test/live/live-cluster.ts';
import { inScratch } from './live-cluster.ts';
import { People } from './live-people.ts';

interface Measured {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly ratioTo?: string;
  readonly ratio?: number;
}

const ROUNDS = 3;
const TARGET_SECONDS = 3;
const PORT_BASE_MAX = 60_000;
const CLI = fileURLToPath(new URL('../../bin/quincunx.ts', import.meta.url));

export async function bench(): Promise<Measured[]> {
  const rounds: { ready: number; delivered: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await inScratch(oneStart));
  const median = (values: number[]): number => values.sort((a, b) => a - b)[ROUNDS >> 1]!;
  const delivered = median(rounds.map((round) => round.delivered));
  return [
    { name: 'serve: all five answer', value: median(rounds.map((r) => r.ready)), unit: 's' },
    {
      name: 'serve: first delivered message',
      value: delivered,
      unit: 's',
      ratioTo: `the target of ${TARGET_SECONDS} s`,
      ratio: delivered / TARGET_SECONDS,
    },
  ];
}

async function oneStart(folder: string): Promise<{ ready: number; delivered: number }> {
  const [some = 0, toxiproxy = 0] = await freePorts(2);
  const base = Math.min(some, PORT_BASE_MAX);
  const startMs = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...[CLI, 'serve', '--json', '--no-latency', '--data', join(folder, 'data')],
      ...['--port-base', String(base), '--toxiproxy-port', String(toxiproxy)],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const ready = (performance.now() - startMs) / 1000;
    const { dcs, rsaPublicKeyPem } = JSON.parse(line) as {
      dcs: { id: number; host: string; proxied: number }[];
      rsaPublicKeyPem: string;
    };
    const addresses = new Map(dcs.map(({ id, host, proxied }) => [id, `${host}:${proxied}`]));
    const people = await People.open(addresses, rsaPublicKeyPem);
    const [ann, bob] = (await people.arrive(new Map([[1, 2]]))).get(1)!;
    await ann!.meet(bob!);
    const heard = Promise.withResolvers<void>();
    bob!.onMessage = () => heard.resolve();
    await ann!.send(bob!, 'hello');
    await heard.promise;
    const delivered = (performance.now() - startMs) / 1000;
    await people.leave();
    return { ready, delivered };
  } finally {
    child.kill('SIGINT');
    if (child.exitCode === null) await once(child, 'exit');
  }
}
