/**
 * The live world: five processes behind a Toxiproxy, embedded and real. A DC is lost and comes
 * back; afterwards nothing is left: no process, no port, no file.
 */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findRealToxiproxy, INSTALL_COMMAND } from '../../../chaos/toxiproxy/real.ts';
import { evaluateSlos } from '../../../reports/slo.ts';
import { run, runWatched } from '../../../scenarios/worlds/live.ts';
import type { Look } from '../../../scenarios/worlds/world.ts';
import { runWorld } from './run-world.ts';
import { smallOutage } from './small-outage.ts';

const RUN_MS = 90_000;

describe.each(['embedded', 'real'] as const)('the live world through the %s toxiproxy', (which) => {
  const missing = which === 'real' && !findRealToxiproxy();
  if (missing && !process.env['CI']) {
    console.warn(`skipped: no real toxiproxy-server; ${INSTALL_COMMAND}`);
  }

  test.runIf(!missing || process.env['CI'])(
    'loses a DC and keeps every promise',
    async () => {
      const result = await runWorld(run, smallOutage, { toxiproxy: which });
      expect(result.faults[0]?.firedAtSeconds).toBeGreaterThanOrEqual(3);
      expect(result.faults[0]?.healedAtSeconds).toBeGreaterThanOrEqual(7);
      const slos = evaluateSlos(smallOutage.slos, result.measurements);
      expect(slos.filter((slo) => slo.verdict === 'broken')).toEqual([]);
      expect(result.measurements.summary('messages_delivered', {})?.count).toBe(result.messages);
      expect(result.measurements.summary('writes_queued', {})?.count).toBeGreaterThan(0);
    },
    RUN_MS,
  );
});

describe('the live world with its users on two threads', () => {
  test(
    'loses a DC and keeps every promise, and is looked on meanwhile',
    async () => {
      const looks: Look[] = [];
      const result = await runWorld(
        (scenario, options) => runWatched(scenario, options, { threads: 2 }),
        smallOutage,
        { observe: (look) => looks.push(look) },
      );
      const { measurements } = result;
      const slos = evaluateSlos(smallOutage.slos, measurements);
      expect(slos.filter((slo) => slo.verdict === 'broken')).toEqual([]);
      expect(measurements.summary('messages_delivered', {})?.count).toBe(result.messages);
      expect(measurements.summary('writes_queued', {})?.count).toBeGreaterThan(0);
      expect(measurements.summary('generator_lag', {})?.count).toBe(result.messages);
      expect(result.notes.some((note) => note.startsWith('generator: 2 threads'))).toBe(true);
      // What was told while it went on is what was there in the end.
      const seen = looks.at(-1)?.measurements.summary('messages_delivered', {})?.count ?? 0;
      expect(seen).toBeGreaterThan(result.messages / 2);
      expect(looks.some(({ inForce }) => inForce.length > 0)).toBe(true);
    },
    RUN_MS,
  );
});

describe('the live world, ended early', () => {
  test.each([1, 2])(
    'heals its faults and has what was measured: %d threads',
    async (threads) => {
      const end = new AbortController();
      const looks: number[] = [];
      const result = await runWorld(
        (scenario, options) => runWatched(scenario, options, { threads }),
        smallOutage,
        {
          observe: ({ atSeconds }) => {
            looks.push(atSeconds);
            if (atSeconds >= 4.5) end.abort();
          },
          endNow: end.signal,
        },
      );
      const { measurements, faults, voidReasons } = result;
      expect(result.endedEarly).toBe(true);
      // Of the messages of the whole window about a third was due by then, and none is missing.
      const offered = measurements.summary('messages_offered')?.count ?? 0;
      expect(offered).toBe(result.messages);
      expect(offered).toBeGreaterThan(40 * 3);
      expect(offered).toBeLessThan(40 * 7);
      expect(measurements.summary('writes_lost')).toBeUndefined();
      expect(faults).toHaveLength(1);
      expect(faults[0]!.healedAtSeconds).toBeGreaterThan(4.4);
      expect(faults[0]!.healedAtSeconds).toBeLessThan(8);
      // A busy machine may void it; that it ended early is no reason.
      expect(voidReasons.filter((reason) => !/late|busy|stalled/.test(reason))).toEqual([]);
      // Three looks a second and more, also while a datacentre is gone.
      const inWindow = looks.filter((at) => at >= 0);
      expect(inWindow.length).toBeGreaterThan(3 * 4.5);
    },
    RUN_MS,
  );
});

describe('the live world, interrupted', () => {
  test(
    'leaves nothing behind',
    async () => {
      const controller = new AbortController();
      let scratch = '';
      const started = runWorld(
        (scenario, options) => {
          scratch = options.scratch;
          return run(scenario, options);
        },
        smallOutage,
        {
          signal: controller.signal,
          progress: ({ phase }) => phase === 'load' && controller.abort(new Error('told to stop')),
        },
      );
      await expect(started).rejects.toThrow('told to stop');
      expect(scratch).not.toBe('');
      expect(existsSync(scratch)).toBe(false);
      // Every process of the run had the run's folder or the proxy's marker on its command line or
      // was our child: none of our children is left.
      const { readdir, readFile } = await import('node:fs/promises');
      const left: string[] = [];
      for (const pid of await readdir('/proc').catch(() => [])) {
        if (!/^\d+$/.test(pid)) continue;
        const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
        if (new RegExp(`^PPid:\\s+${process.pid}$`, 'm').test(status)) {
          const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
          if (/dc-process|toxiproxy/.test(line)) left.push(line.replaceAll('\0', ' '));
        }
      }
      expect(left).toEqual([]);
    },
    RUN_MS,
  );
});
