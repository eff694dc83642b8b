/**
 * The real server's five defects: none of them is in the embedded one. Where the real one is
 * installed it is asked too, so that a release without a defect is noticed; in CI it must be there,
 * which real.live.test.ts sees to.
 */
import { describe, expect, it } from 'vitest';
import { findRealToxiproxy, startRealToxiproxy } from '../../../chaos/toxiproxy/real.ts';
import { startToxiproxy } from '../../../chaos/toxiproxy/server.ts';
import type { Started } from './conformance.ts';
import {
  answersBehindAStalledReader,
  bytesLostByRemovingLatency,
  FATAL,
  fates,
  survives,
  updatesWhileADialHangs,
} from './defects.ts';

const TEST_MS_MAX = 40_000;

async function on<Result>(
  start: () => Promise<Started>,
  observe: (url: string) => Promise<Result>,
): Promise<Result> {
  const server = await start();
  try {
    return await observe(server.url);
  } finally {
    await server.close();
  }
}

const embedded = () => startToxiproxy({ port: 0, seed: 'test' });
const real = (...args: string[]) => startRealToxiproxy({ port: 0, args });
describe.concurrent('embedded: without the five defects of the real one', () => {
  it('1: answers while a reader stalls', { timeout: TEST_MS_MAX }, async () => {
    expect(await on(embedded, answersBehindAStalledReader)).toBe(true);
  });

  it('2: removes latency without losing a byte', { timeout: TEST_MS_MAX }, async () => {
    expect(await on(embedded, bytesLostByRemovingLatency)).toBe(0);
  });

  it('3: updates while a dial hangs', { timeout: TEST_MS_MAX }, async () => {
    expect(await on(embedded, updatesWhileADialHangs)).toBe(true);
  });

  it.each(FATAL)('4: survives %j', async (toxic) => {
    expect(await on(embedded, (url) => survives(url, toxic))).toBe(true);
  });

  it('5: heeds the seed', async () => {
    const first = await on(embedded, fates);
    expect(await on(embedded, fates)).toBe(first);
    expect(first).toMatch(/01|10/);
  });
});

if (findRealToxiproxy()) {
  describe.concurrent('real: has them', () => {
    it('1: hangs behind a reader that stalls', { timeout: TEST_MS_MAX }, async () => {
      expect(await on(real, answersBehindAStalledReader)).toBe(false);
    });

    it('2: loses bytes when latency is removed', { timeout: TEST_MS_MAX }, async () => {
      expect(await on(real, bytesLostByRemovingLatency)).toBeGreaterThan(0);
    });

    it('3: hangs while a dial hangs', { timeout: TEST_MS_MAX }, async () => {
      expect(await on(real, updatesWhileADialHangs)).toBe(false);
    });

    it.each(FATAL)('4: panics on %j', async (toxic) => {
      expect(await on(real, (url) => survives(url, toxic))).toBe(false);
    });

    it('5: ignores its seed', async () => {
      const seeded = () => real('-seed', '42');
      // Two draws of 32 halves agree by chance once in four billion times.
      expect(await on(seeded, fates)).not.toBe(await on(seeded, fates));
    });
  });
}
