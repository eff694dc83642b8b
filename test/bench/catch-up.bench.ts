/**
 * A datacentre whose disk is empty beside four that have everything: how long until it serves with
 * its own domain and whole copies of the others, and how much that is a GiB. Beside it, one process
 * that writes the same entries in the same batches to the same kind of store. No map delays.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dcFolder } from '../../system-under-test/live/cluster-files.ts';
import { makeFullWorld } from './full-world.ts';
import { between, DCS, eventually, inScratch, startCluster, usedBy } from './live-cluster.ts';
import { repeats } from './repeats.ts';
import type { BenchResult } from './run.ts';

const EMPTY = 5;
const MIB = 2 ** 20;
const GIB = 2 ** 30;
const BYTES = 64 * MIB;
const ROUNDS = 3;
const WHOLE_WITHIN_MS = 60_000;

export function bench(): Promise<BenchResult[]> {
  return inScratch(async (folder) => {
    const world = await makeFullWorld(folder, BYTES);
    const mib = world.bytes / MIB;
    say(`${mib.toFixed(0)} MiB in ${world.entries} entries on each disk`);
    const live = await startCluster(folder);
    const { cluster } = live;
    try {
      const took: number[] = [];
      const serving: number[] = [];
      const cpu: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        await cluster.kill(EMPTY);
        await rm(join(dcFolder(folder, EMPTY), 'store'), { recursive: true });
        const before = await usedBy(live, OTHERS);
        const startMs = performance.now();
        await cluster.startDc(EMPTY);
        serving.push((performance.now() - startMs) / 1000);
        await eventually('the copies were not whole in time', WHOLE_WITHIN_MS, async () => {
          const status = await cluster.status(EMPTY);
          return status?.notWhole.length === 0 && status.linksUp.length === OTHERS.length;
        });
        took.push((performance.now() - startMs) / 1000);
        const after = await usedBy(live, OTHERS);
        const own = (await cluster.status(EMPTY))?.cpuMicros ?? 0;
        cpu.push((between(before.cpuMicros, after.cpuMicros, OTHERS) + own) / 1e6);
        await requireWhole(folder, world.bytes);
        say(`round ${round + 1}: ${took.at(-1)!.toFixed(1)} s`);
      }
      const [whole, serves, cpuSeconds] = [repeats(took), repeats(serving), repeats(cpu)];
      const perGiB = (seconds: number): number => (seconds * GIB) / world.bytes;
      const name = (text: string): string => `catch-up: ${text}`;
      const ratioTo = 'one process writing the same';
      return [
        { name: name('data of all five domains'), value: mib, unit: 'MiB of keys and values' },
        {
          name: name('empty DC serves after'),
          value: serves.median,
          spread: serves.spread,
          unit: 's',
        },
        {
          name: name('all of its copies whole after'),
          value: whole.median,
          spread: whole.spread,
          unit: 's',
          ratioTo,
          ratio: whole.median / world.writeSeconds,
        },
        { name: name('rate'), value: mib / whole.median, unit: 'MiB/s' },
        { name: name('rate'), value: world.entries / whole.median, unit: 'entries/s' },
        {
          name: name('a GiB would take'),
          value: perGiB(whole.median),
          unit: 's',
          ratioTo,
          ratio: whole.median / world.writeSeconds,
          note:
            `catch-up: extrapolated from ${mib.toFixed(0)} MiB, start of the process included; ` +
            'with more data the disks compact more',
        },
        { name: name('CPU of all five, a GiB'), value: perGiB(cpuSeconds.median), unit: 'CPU s' },
      ];
    } finally {
      await cluster.stop();
    }
  });
}

const OTHERS = DCS.filter((dc) => dc !== EMPTY);
const say = (text: string): unknown => process.stderr.write(`  ${text}\n`);

/** A disk that is much smaller than the others' does not hold what it should. */
async function requireWhole(folder: string, bytes: number): Promise<void> {
  const [full, filled] = await Promise.all(
    [OTHERS[0]!, EMPTY].map((dc) => diskBytes(join(dcFolder(folder, dc), 'store'))),
  );
  if (filled! < full! / 2) {
    throw new Error(`${filled} bytes on the disk of DC ${EMPTY}, ${full} elsewhere, of ${bytes}`);
  }
}

async function diskBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) {
    bytes += (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}
