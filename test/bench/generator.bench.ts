/**
 * What a virtual user and a message cost the generator, beside the real k6 (one user a VU, as it is
 * meant to be used, and a hundred a VU, its best) and a client of a few lines on `ws`. All keep as
 * many connections to one echo server and send as many messages of 128 bytes at the same rate; what
 * was echoed is counted by the server. Their own CPU time is compared, which a busy machine
 * lengthens less than their wall time. One after the other, in rounds; values are medians.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findK6, INSTALL_K6 } from '../../scenarios/k6/run-k6.ts';
import { later } from './clean-up.ts';
import { repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

const ROUNDS = 3;
const USERS = 3_000;
/** A process without users: what its users cost is beyond this. */
const USERS_FEW = 100;
/** Near what k6 can send with a core. */
const RATE = 6_000;
/** Compilers warm up, and collectors come to their pace. */
const WARM_MS = 2_000;
const MEASURED_MS = 4_000;
const K6_VUS_PER_SECOND = 300;
const TARGET_KIB = 30;
/** Of the kernel, in /proc/<pid>/stat: USER_HZ. */
const TICKS_PER_SECOND = 100;

interface Arm {
  readonly name: string;
  /** Before everyone is connected, ms. */
  connectMs(users: number): number;
  start(environment: Readonly<Record<string, string>>): ChildProcess;
}

/** Of one arm in one round. */
interface Cost {
  readonly cpuMicros: number;
  readonly idleKib: number;
  readonly loadedKib: number;
}

const CHILD = fileURLToPath(new URL('./generator-child.ts', import.meta.url));

export async function bench(): Promise<BenchResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'quincunx-bench-'));
  const remove = later(() => rm(folder, { recursive: true, force: true }));
  const server = await EchoServer.start();
  try {
    const script = join(folder, 'echo.js');
    await writeFile(script, K6_SCRIPT);
    const arms = [nodeArm('ours', 'ours'), nodeArm('a plain ws client', 'plain')];
    const k6 = findK6();
    if (k6 === undefined) process.stderr.write(`no k6 to compare with; ${INSTALL_K6}\n`);
    else arms.push(k6Arm(k6, script, 100), k6Arm(k6, script, 1));
    return await measure(server, arms);
  } finally {
    await server.stop();
    await remove();
  }
}

async function measure(server: EchoServer, arms: readonly Arm[]): Promise<BenchResult[]> {
  const few: Cost[] = [];
  for (const arm of arms) few.push(await run(server, arm, USERS_FEW));
  const rounds: Cost[][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const costs: Cost[] = [];
    for (const turn of arms.keys()) {
      const index = (turn + round) % arms.length;
      costs[index] = await run(server, arms[index]!, USERS);
    }
    rounds.push(costs);
  }
  const kib = (index: number, of: (cost: Cost) => number): number[] =>
    rounds.map((costs) => (of(costs[index]!) - of(few[index]!)) / (USERS - USERS_FEW));
  return arms.flatMap(({ name }, index) => {
    const rate = repeats(rounds.map((costs) => 1e6 / costs[index]!.cpuMicros));
    const idle = repeats(kib(index, ({ idleKib }) => idleKib));
    const loaded = repeats(kib(index, ({ loadedKib }) => loadedKib));
    const toOurs = repeats(rounds.map((c) => c[index]!.cpuMicros / c[0]!.cpuMicros));
    const ours = index === 0;
    const note = `generator: ${USERS} connections, ${RATE} messages/s of 128 bytes; echoes counted by the server`;
    return [
      {
        name: `generator, messages: ${name}`,
        ...{ value: rate.median, spread: rate.spread, unit: 'messages/s a core', note },
        ...(ours ? {} : { ratioTo: 'of its messages are what ours sends', ratio: toOurs.median }),
      },
      {
        name: `generator, a user idle: ${name}`,
        ...{ value: idle.median, spread: idle.spread, unit: 'KiB' },
      },
      {
        name: `generator, a user loaded: ${name}`,
        ...{ value: loaded.median, spread: loaded.spread, unit: 'KiB' },
        ...(ours
          ? { ratioTo: `the target of ${TARGET_KIB} KiB`, ratio: loaded.median / TARGET_KIB }
          : {}),
      },
    ];
  });
}

async function run(server: EchoServer, arm: Arm, users: number): Promise<Cost> {
  const startAt = Date.now() + arm.connectMs(users);
  const child = arm.start({
    ...{ URL: server.url, USERS: String(users), RATE: String(RATE), START_MS: String(startAt) },
    SECONDS: String((WARM_MS + MEASURED_MS) / 1_000 + 1),
  });
  const exit = once(child, 'exit');
  const stop = later(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  try {
    await sleep(startAt - 500 - Date.now());
    const { connections } = await server.counts();
    if (connections !== users) {
      throw new Error(`${arm.name}: ${connections} of ${users} connected in time`);
    }
    const idleKib = await residentKib(child.pid);
    await sleep(startAt + WARM_MS - Date.now());
    const before = { cpu: await cpuSeconds(child.pid), ...(await server.counts()) };
    await sleep(MEASURED_MS);
    const after = { cpu: await cpuSeconds(child.pid), ...(await server.counts()) };
    const echoed = after.echoed - before.echoed;
    const wanted = (RATE * MEASURED_MS) / 1_000;
    if (echoed < wanted * 0.9) process.stderr.write(`${arm.name}: ${echoed} of ${wanted}\n`);
    return {
      cpuMicros: ((after.cpu - before.cpu) * 1e6) / echoed,
      idleKib,
      loadedKib: await residentKib(child.pid),
    };
  } finally {
    await stop();
    while ((await server.counts()).connections > 0) await sleep(100);
  }
}

const nodeArm = (name: string, mode: string): Arm => ({
  name,
  connectMs: (users) => 3_000 + users,
  start: (environment) =>
    spawn(process.execPath, [CHILD, mode], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
});

const k6Arm = (path: string, script: string, usersPerVu: number): Arm => ({
  name: `k6 1.8, ${usersPerVu === 1 ? 'one' : usersPerVu} a VU`,
  connectMs: (users) => 5_000 + (users / (usersPerVu === 1 ? K6_VUS_PER_SECOND : 1_000)) * 1_000,
  start: (environment) =>
    spawn(path, ['run', '--quiet', '--address', '', '--no-summary', script], {
      env: { ...process.env, ...environment, PER_VU: String(usersPerVu) },
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
});

const K6_SCRIPT = `
import { WebSocket } from 'k6/websockets';
import { Trend } from 'k6/metrics';
import exec from 'k6/execution';

const perVu = Number(__ENV.PER_VU);
const users = Number(__ENV.USERS);
const rate = Number(__ENV.RATE);
const startAt = Number(__ENV.START_MS);
const endAt = startAt + Number(__ENV.SECONDS) * 1000;
const everyMs = (users * 1000) / rate;
const latency = new Trend('latency', true);

export const options = {
  systemTags: [],
  scenarios: {
    users: {
      executor: 'per-vu-iterations',
      vus: users / perVu,
      iterations: 1,
      maxDuration: '10m',
    },
  },
};

export default function () {
  const first = (exec.vu.idInTest - 1) * perVu;
  for (let user = first; user < first + perVu; user++) open(user);
}

function open(user) {
  const socket = new WebSocket(__ENV.URL);
  let due = startAt + (user * 1000) / rate;
  const send = () => {
    if (due > endAt) return socket.close();
    socket.send(String(due).padEnd(128));
    due += everyMs;
    setTimeout(send, Math.max(0, due - Date.now()));
  };
  socket.onopen = () => setTimeout(send, Math.max(0, due - Date.now()));
  socket.onmessage = ({ data }) => latency.add(Date.now() - Number(data.trim()));
}
`;

/** In a process of its own, so that its CPU is nobody's. */
class EchoServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly stop: () => Promise<void>;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.url = `ws://127.0.0.1:${port}`;
    const exit = once(child, 'exit');
    this.stop = later(async () => {
      child.kill();
      await exit;
    });
  }

  static async start(): Promise<EchoServer> {
    const child = fork(CHILD, ['server'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [{ port }] = (await once(child, 'message')) as [AddressInfo];
    return new EchoServer(child, port);
  }

  async counts(): Promise<{ readonly connections: number; readonly echoed: number }> {
    this.#child.send('counts');
    const [counts] = (await once(this.#child, 'message')) as [
      { readonly connections: number; readonly echoed: number },
    ];
    return counts;
  }
}

/** Of all its threads, also those that have ended. */
async function cpuSeconds(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function residentKib(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
