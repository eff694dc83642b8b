/** kill -9 of a process that writes: nothing acknowledged is lost, no batch is half there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { checked } from '../../../system-under-test/datacenter/checked-store.ts';
import { openLevelStore } from '../../../system-under-test/live/level-store.ts';

const WRITER = fileURLToPath(new URL('./store-writer.ts', import.meta.url));
const KILLS = 8;

/** Starts a writer at `first`, kills it after so many acknowledgements; the last one it gave. */
async function writeUntilKilled(folder: string, first: number, count: number): Promise<number> {
  const writer = spawn(process.execPath, [WRITER, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(writer, 'exit');
  let last = first - 1;
  for await (const line of createInterface({ input: writer.stdout })) {
    last = Number(line);
    if (last - first + 1 >= count) writer.kill('SIGKILL');
  }
  const [, signal] = await exited;
  expect(signal).toBe('SIGKILL');
  return last;
}

it(`survives ${KILLS} kills with every acknowledged batch`, { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quincunx-kill-'));
  try {
    let acknowledged = -1;
    for (let kill = 0; kill < KILLS; kill++) {
      acknowledged = await writeUntilKilled(folder, acknowledged + 1, 40 + kill * 17);
      const store = checked(await openLevelStore(folder));
      const parts = await Promise.all(
        ['a', 'b', 'c'].map((part) =>
          store.range(`log ${part}`, { from: '', to: '~', limit: 1_000_000 }),
        ),
      );
      await store.close();
      const numbers = parts.map((entries) => entries.map((entry) => Number(entry.key)));
      // Dense from 0, at most one batch beyond what was said, and the same in all partitions.
      expect(numbers[0]).toEqual(numbers[0]!.map((_, index) => index));
      expect(numbers[0]!.length - 1 - acknowledged).toBeOneOf([0, 1]);
      expect(numbers[1]).toEqual(numbers[0]);
      expect(numbers[2]).toEqual(numbers[0]);
      acknowledged = numbers[0]!.length - 1;
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
