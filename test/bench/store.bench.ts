/**
 * The store under a datacentre: durable writes a second through the commit log (group commit,
 * checksums, a stream record a batch) beside bare classic-level with a synced batch, in turns in
 * the same run; how long a commit takes and what reaches the disk; what checksums cost a read; how
 * fast opening, backup and restore are.
 */
import { readFileSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { checked } from '../../system-under-test/datacenter/checked-store.ts';
import { CommitLog } from '../../system-under-test/datacenter/commit-log.ts';
import {
  boxPartition,
  messageKey,
  position,
  STREAM_PARTITION,
} from '../../system-under-test/datacenter/keys.ts';
import type { Store, StoreWrite } from '../../system-under-test/environment/index.ts';
import { restoreBackup, writeBackup } from '../../system-under-test/live/backup.ts';
import { checkDataFolder } from '../../system-under-test/live/data-folder.ts';
import { openLevelStore } from '../../system-under-test/live/level-store.ts';
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';
import { inScratch } from './live-cluster.ts';
import { quantile } from './live-load.ts';
import { type Repeats, repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

/** Writers that each wait for their own: so many writes share a sync. */
const WRITERS = 40;
const VALUE_BYTES = 150;
const BOXES = 5000;
/** As a DC does once the others have a record. */
const STREAM_RECORDS_KEPT = 500;
const ROUNDS = 6;
const ROUND_MS = 2_500;
const READS = 20_000;
const RANGE_ENTRIES = 50;
const READ_ROUNDS = 7;

/** Half of a value is like text, half is like noise: about what a packed message is. */
const VALUES = Array.from({ length: 1000 }, (_, number) =>
  Uint8Array.from({ length: VALUE_BYTES }, (_byte, at) =>
    at < VALUE_BYTES / 2 ? 97 + ((number + at) % 5) : (number * 7919 + at * at * 31) & 0xff,
  ),
);

const messages = new Uint32Array(BOXES);
let drawn = 0;

/** The next message of some box. */
function nextPut(): StoreWrite {
  // A multiplicative step visits all boxes in an order that looks random to the disk.
  const box = (drawn++ * 1777) % BOXES;
  const number = ++messages[box]!;
  return {
    kind: 'put',
    partition: boxPartition(1, box),
    key: messageKey(box + 1, number),
    value: VALUES[drawn % VALUES.length]!,
  };
}

interface Loop {
  readonly perSecond: number;
  /** Of one batch, or of one append that waits for it. */
  readonly p99Ms: number;
  readonly bytesPut: number;
}

export function bench(): Promise<BenchResult[]> {
  return inScratch(async (folder) => {
    const results = await writes(folder);
    results.push(...(await reads(folder)), ...(await wholeStore(folder)));
    return results;
  });
}

async function writes(folder: string): Promise<BenchResult[]> {
  const raw = new ClassicLevel<string, Uint8Array>(join(folder, 'raw'), {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
  });
  await raw.open();
  const store = checked(await openLevelStore(join(folder, 'ours')));
  const commits = commitLogOn(store);
  const [bare, ours]: [Loop[], Loop[]] = [[], []];
  let diskBytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await rawLoop(raw));
    const before = bytesToDisk();
    ours.push(await commitLoop(commits));
    diskBytes += bytesToDisk() - before;
  }
  await raw.close();
  await store.close();
  const rate = (loops: readonly Loop[]): Repeats => repeats(loops.map((loop) => loop.perSecond));
  const p99 = (loops: readonly Loop[]): Repeats => repeats(loops.map((loop) => loop.p99Ms));
  const row = (name: string, { median, spread }: Repeats, unit: string): BenchResult => {
    return { name: `store: ${name}`, value: median, spread, unit };
  };
  // In turns: each round has its own ratio, since the disk is not as fast at all times.
  const ratio = repeats(ours.map((loop, index) => loop.perSecond / bare[index]!.perSecond));
  const bytesPut = ours.reduce((sum, loop) => sum + loop.bytesPut, 0);
  return [
    row(`bare classic-level, ${WRITERS} a sync`, rate(bare), 'writes/s'),
    {
      ...row('commit log, checksums and stream', rate(ours), 'writes/s'),
      ratioTo: `bare classic-level, round by round (target 0.5; ±${percent(ratio.spread)})`,
      ratio: ratio.median,
    },
    row('bare batch p99', p99(bare), 'ms'),
    row('append p99', p99(ours), 'ms'),
    {
      name: 'store: bytes to disk, with the compactions',
      value: diskBytes / 1e6,
      unit: 'MB',
      ratioTo: 'the bytes put, stream included',
      ratio: diskBytes / bytesPut,
    },
  ];
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

async function rawLoop(level: ClassicLevel<string, Uint8Array>): Promise<Loop> {
  const took: number[] = [];
  let bytesPut = 0;
  const startMs = performance.now();
  while (performance.now() - startMs < ROUND_MS) {
    const batch = level.batch();
    for (let index = 0; index < WRITERS; index++) {
      const write = nextPut();
      if (write.kind !== 'put') continue;
      batch.put(`${write.partition}\0${write.key}`, write.value);
      bytesPut += write.key.length + write.value.length;
    }
    const beforeMs = performance.now();
    await batch.write({ sync: true });
    took.push(performance.now() - beforeMs);
  }
  return loopOf(took, took.length * WRITERS, performance.now() - startMs, bytesPut);
}

function commitLogOn(store: Store): CommitLog {
  const commits: CommitLog = new CommitLog({
    store,
    clock: createNodeClock(),
    nextStreamNumber: 1,
    onRecord: (number) => {
      const old = number - STREAM_RECORDS_KEPT;
      if (old < 1) return;
      const key = position(old);
      void commits.appendLater([{ kind: 'delete', partition: STREAM_PARTITION, key }]);
    },
    onFatal: (error) => {
      throw error;
    },
  });
  return commits;
}

async function commitLoop(commits: CommitLog): Promise<Loop> {
  const took: number[] = [];
  let bytesPut = 0;
  const streamBytes = commits.totals.bytes;
  const startMs = performance.now();
  const writer = async (): Promise<void> => {
    while (performance.now() - startMs < ROUND_MS) {
      const write = nextPut();
      if (write.kind === 'put') bytesPut += write.key.length + write.value.length;
      const beforeMs = performance.now();
      await commits.append([write]);
      took.push(performance.now() - beforeMs);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  const elapsedMs = performance.now() - startMs;
  await commits.idle();
  return loopOf(took, took.length, elapsedMs, bytesPut + commits.totals.bytes - streamBytes);
}

function loopOf(
  took: readonly number[],
  writes: number,
  elapsedMs: number,
  bytesPut: number,
): Loop {
  const sorted = Float64Array.from(took).sort();
  return { perSecond: (writes / elapsedMs) * 1000, p99Ms: quantile(sorted, 0.99), bytesPut };
}

/** Bytes that this process has caused to be written; 0 where the system does not say. */
function bytesToDisk(): number {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** The same reads with and without checksums; what is read is in memory after the first round. */
async function reads(folder: string): Promise<BenchResult[]> {
  const plain = await openLevelStore(join(folder, 'ours'));
  const store = checked(plain);
  const get = (from: Store) => (turn: number) =>
    from.get(boxPartition(1, (turn % 50) + 1), messageKey((turn % 50) + 2, 1 + (turn % 20)));
  const range = (from: Store) => (turn: number) =>
    from.range(boxPartition(1, (turn % 50) + 1), { from: 'm', to: 'n', limit: RANGE_ENTRIES });
  const [bareGet, checkedGet] = await timed(READS, get(plain), get(store));
  const turns = READS / 20;
  const [bareRange, checkedRange] = await timed(turns, range(plain), range(store));
  await plain.close();
  const result = (name: string, value: number, bare: number): BenchResult => ({
    ...{ name: `store: ${name}, checked`, value, unit: 'us' },
    ...{ ratioTo: 'without checksums', ratio: value / bare },
  });
  return [
    result('get', checkedGet, bareGet),
    result(`range of ${RANGE_ENTRIES}`, checkedRange, bareRange),
  ];
}

/** Microseconds a call of each of the two, in turns, the best round of each. */
async function timed(
  count: number,
  ...works: readonly [(turn: number) => Promise<unknown>, (turn: number) => Promise<unknown>]
): Promise<[number, number]> {
  const best: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < READ_ROUNDS; round++) {
    for (const which of [0, 1] as const) {
      const work = works[which];
      const startMs = performance.now();
      for (let turn = 0; turn < count; turn++) await work(turn);
      best[which] = Math.min(best[which], ((performance.now() - startMs) * 1000) / count);
    }
  }
  return best;
}

/** What must read or write all of it: the check before it is opened, backup, restore. */
async function wholeStore(folder: string): Promise<BenchResult[]> {
  const ours = join(folder, 'ours');
  const file = join(folder, 'backup');
  const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
    const startMs = performance.now();
    await work();
    return (performance.now() - startMs) / 1000;
  };
  const check = await secondsOf(() => checkDataFolder(ours));
  const store = await openLevelStore(ours);
  const backup = await secondsOf(() =>
    writeBackup({
      pages: () => store.snapshot(),
      dc: 1,
      topologyHash: 'bench',
      createdAtMs: Date.now(),
      file,
      temporary: `${file}.partial`,
    }),
  );
  await store.close();
  const gigabytes = (await stat(file)).size / 1e9;
  const target = join(folder, 'restored');
  const restore = await secondsOf(() =>
    restoreBackup({ file, folder: target, dc: 1, topologyHash: 'bench' }),
  );
  await rm(target, { recursive: true });
  const rate = (name: string, seconds: number): BenchResult => ({
    name: `store: ${name}, seconds a GB`,
    value: seconds / gigabytes,
    unit: 's',
  });
  return [
    rate('check before opening', check),
    rate('backup while open', backup),
    rate('restore', restore),
  ];
}
