/**
 * A datacentre that starts on an empty disk: as long as its copying moves it is waited for, and
 * when nothing moves it is given up. The parent's clock is moved by hand.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StoreWrite } from '../../../system-under-test/environment/index.ts';
import { dcFolder } from '../../../system-under-test/live/cluster-files.ts';
import {
  freePorts,
  LiveCluster,
  type LiveClusterOptions,
} from '../../../system-under-test/live/live-cluster.ts';
import type { StartState } from '../../../system-under-test/live/start-report.ts';
import { writeDisks } from '../../bench/disk-writing.ts';
import { manualClock } from '../datacenter/manual-clock.ts';
import { DCS, topology, until } from './five-processes.ts';

const EMPTY = 5;
const ENTRIES = 3_000;
/** Less than a silent datacentre is given, but twice of it is more. */
const SOME_MS = 15_000;
const SILENT_MS = 20_000;
const SLOW_MS = 40_000;

let folder: string;
let options: LiveClusterOptions;
let cluster: LiveCluster;
const clock = manualClock();
const told: StartState[] = [];
/** The empty one dials where nobody listens. */
let cut = false;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quincunx-recovery-'));
  await writeDisks(folder, async (store) => {
    for (const domain of DCS) await store.write(boxOf(domain));
  });
  const ports = await freePorts(2 * DCS.length + 1);
  const at = (index: number): string => `127.0.0.1:${ports[index]}`;
  const backbone = (dc: number): string => at(DCS.length + dc - 1);
  options = {
    topology,
    dataFolder: folder,
    listen: new Map(DCS.map((dc) => [dc, { clients: at(dc - 1), backbone: backbone(dc) }])),
    dialAddress: (from, to) => (cut && from === EMPTY ? at(2 * DCS.length) : backbone(to)),
    clientAddresses: [],
    testPhones: true,
    clock,
    onStarting: (_dc, state) => {
      if (state.phase === 'checking') return;
      told.push(state);
      clock.pass(SOME_MS);
    },
  };
  cluster = await LiveCluster.start(options);
}, SLOW_MS);

afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true });
});

/** Something in the domain of a DC. */
function boxOf(dc: number): StoreWrite[] {
  const value = new Uint8Array(200).map((_, at) => at);
  return Array.from({ length: ENTRIES }, (_, index) => {
    const key = `m${`${index}`.padStart(8, '0')}`;
    return { kind: 'put', partition: `d${dc}/box/${dc}`, key, value };
  });
}

/** The machine of the DC is replaced by one with an empty disk. */
async function wipe(): Promise<void> {
  await cluster.kill(EMPTY);
  await rm(join(dcFolder(folder, EMPTY), 'store'), { recursive: true });
  told.length = 0;
}

test('it is waited for as long as something moves', { timeout: SLOW_MS }, async () => {
  await wipe();
  await cluster.startDc(EMPTY);
  expect(clock.monotonicMs()).toBeGreaterThan(SILENT_MS);
  expect(told[0]).toMatchObject({ phase: 'asking', domains: 5, domainsDone: 0, entries: 0 });
  const last = told.at(-1);
  expect(last).toMatchObject({ phase: 'copies', domains: 5, domainsDone: 5 });
  expect(last && 'entries' in last && last.entries).toBeGreaterThanOrEqual(5 * ENTRIES);
});

test('it is given up when nothing moves', { timeout: SLOW_MS }, async () => {
  await wipe();
  cut = true;
  const started = cluster.startDc(EMPTY);
  started.catch(() => {});
  await until('it has begun to ask', () => told.length > 0);
  clock.pass(SILENT_MS);
  await expect(started).rejects.toThrow(
    /^DC 5 could not start: nothing new in 20 s \(DC 5 gets back .*: it asks the others/,
  );
  expect(told).toHaveLength(1);
  await until('it has ended', () => !cluster.isRunning(EMPTY));
});

test('a start that nobody wants any more is given up', { timeout: SLOW_MS }, async () => {
  await wipe();
  await cluster.stop();
  const controller = new AbortController();
  const started = LiveCluster.start({ ...options, signal: controller.signal });
  started.catch(() => {});
  await until('it has begun to ask', () => told.length > 0);
  controller.abort(new Error('not any more'));
  await expect(started).rejects.toThrow('not any more');
});

test('given up in whichever turn, it leaves no process behind', { timeout: SLOW_MS }, async () => {
  await cluster.stop();
  cut = false;
  const own = await mkdtemp(join(tmpdir(), 'quincunx-given-up-'));
  const { clock: _clock, onStarting: _onStarting, ...plain } = options;
  const start = (signal?: AbortSignal): Promise<LiveCluster> =>
    LiveCluster.start({ ...plain, dataFolder: own, ...(signal ? { signal } : {}) });
  const processes = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
  const before = processes();
  for (let turns = 0; turns < 12; turns++) {
    const controller = new AbortController();
    const started = start(controller.signal);
    started.catch(() => {});
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
    controller.abort(new Error('not any more'));
    await expect(started).rejects.toThrow('not any more');
  }
  // Processes of a start that went on by itself would hold the ports, and the disks.
  await (await start()).stop();
  await until('the last process is gone', () => processes() <= before);
  await rm(own, { recursive: true });
});
