/** The disk meter, on a real disk. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DiskMeter } from '../../../sim/parallel/disk-meter.ts';

test('syncs again and again until it is stopped, and says when the longest began', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quincunx-disk-'));
  try {
    let at = 100;
    const meter = await DiskMeter.start({ folder, everyMs: 5, now: () => at++ });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const figures = await meter.stop();
    expect(figures.syncs).toBeGreaterThan(1);
    expect(figures.medianMs).toBeGreaterThan(0);
    expect(figures.longestMs).toBeGreaterThanOrEqual(figures.medianMs);
    expect(figures.longestAt).toBeGreaterThanOrEqual(100);
    expect(figures.longestAt).toBeLessThan(100 + figures.syncs);
    expect(await readdir(folder)).toEqual(['disk-meter']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a folder that is not there is an error before anything is metered', async () => {
  const start = DiskMeter.start({ folder: join(tmpdir(), 'quincunx-none'), now: () => 0 });
  await expect(start).rejects.toThrow('ENOENT');
});
