/**
 * How fast the cluster world runs: virtual seconds a CPU second with five DCs and 500 users in
 * light traffic, messages a second at full load, and worlds of the fuzzer a minute. CPU time of the
 * thread that runs the world; the engine's own threads (garbage, compiling) come on top.
 */
import process from 'node:process';
import { runSeed } from '../../sim/cluster/fuzz/run-world.ts';
import { runCluster } from '../../sim/cluster/run-cluster.ts';
import { intBelow, uniform53 } from '../../sim/core/draws.ts';
import { keyOfSeed } from '../../sim/core/seed.ts';
import { randomStream } from '../../sim/core/streams.ts';
import type { CrowdPerson, DueMessage } from '../../sim/users/crowd.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import { loadCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { dcIds, type Topology } from '../../system-under-test/topology.ts';
import type { BenchResult } from './run.ts';

const topology = fiveDatacentres as unknown as Topology;
const USERS = 500;
/** Light: 2,000 messages an hour among 500 users, the mean of the planet's 69 a user and day. */
const LIGHT_PER_SECOND = (USERS * 69) / 86_400;
const LIGHT_SECONDS = 300;
const BUSY_PER_SECOND = 200;
const BUSY_SECONDS = 20;
const SEEDS = 30;

/** CPU time of this thread so far, µs. */
function cpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

export async function bench(): Promise<BenchResult[]> {
  const crypto = await loadCrypto();
  const run = async (perSecond: number, windowSeconds: number) => {
    const random = randomStream(keyOfSeed('bench'), 'cluster.bench');
    const people: CrowdPerson[] = Array.from({ length: USERS }, (_, index) => {
      const homeDc = dcIds(topology)[index % 5] ?? 1;
      const phone = `99966${homeDc}${String(Math.floor(index / 5)).padStart(4, '0')}`;
      return { index, homeDc, phone, name: `user ${index}` };
    });
    const dues = Array.from(
      { length: Math.round(perSecond * windowSeconds) },
      () => uniform53(random) * windowSeconds * 1000,
    ).sort((a, b) => a - b);
    const messages: DueMessage[] = dues.map((dueMs) => {
      const sender = intBelow(random, USERS);
      const recipient = (sender + 1 + intBelow(random, USERS - 1)) % USERS;
      return { dueMs, sender, recipient, textBytes: 150 };
    });
    let [startUs, windowUs, events] = [0, 0, 0];

    const result = await runCluster({
      topology,
      people,
      messages,
      warmupSeconds: 0,
      windowSeconds,
      faults: [],
      seed: 'bench',
      crypto,
      onSecond: (atSeconds) => {
        if (atSeconds === 0 || startUs === 0) startUs = cpuUs();
        if (atSeconds === windowSeconds) windowUs = cpuUs() - startUs;
      },
    });
    events = result.events;
    if (result.unsettled > 0) throw new Error(`${result.unsettled} messages never settled`);
    return { cpuSeconds: windowUs / 1e6, events, messages: messages.length };
  };
  const light = await run(LIGHT_PER_SECOND, LIGHT_SECONDS);
  const busy = await run(BUSY_PER_SECOND, BUSY_SECONDS);
  const before = cpuUs();
  for (let seed = 0; seed < SEEDS; seed++) {
    const { failure } = await runSeed(`bench-${seed}`, { topology, crypto }, false);
    if (failure) throw new Error(`seed bench-${seed} failed: ${failure.text}`);
  }
  const used = cpuUs() - before;
  return [
    {
      name: 'cluster world, 500 users, light traffic',
      value: (LIGHT_SECONDS - 1) / light.cpuSeconds,
      unit: 'virtual s/CPU s',
      ratioTo: 'an hour a minute',
      ratio: (LIGHT_SECONDS - 1) / light.cpuSeconds / 60,
    },
    {
      name: 'cluster world, 500 users, 200 messages/s',
      value: busy.messages / busy.cpuSeconds,
      unit: 'messages/CPU s',
    },
    {
      name: 'fuzzer, worlds of 2 to 12 users',
      value: (SEEDS * 60e6) / used,
      unit: 'seeds/CPU min',
    },
  ];
}
