/**
 * A short calibration against five real processes, and what is made of it: a file that is read
 * again, laws of every station, links as long as the map, an outage that was seen.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { calibrate } from '../../../scenarios/calibrate/calibrate.ts';
import dcOutage from '../../../scenarios/library/dc-outage.ts';
import { predict } from '../../../scenarios/twin/prediction.ts';
import { scaledLoad } from '../../../scenarios/worlds/load.ts';
import { calibrationText, parseCalibration } from '../../../sim/model/calibration.ts';

const SLOW_MS = 90_000;

test('measures stations, links, group commit and an outage', { timeout: SLOW_MS }, async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'quincunx-calibrate-'));
  const phases = new Set<string>();
  const { topology } = dcOutage;
  const calibration = await calibrate({
    ...{ topology, users: 60, messagesPerSecond: 60, textBytes: 150, lostDc: 3, seed: '1' },
    lengths: { calmSeconds: 5, outageSeconds: 4, restSeconds: 4, outages: 1, rounds: 5 },
    ...{ toxiproxy: 'embedded', scratch, version: '0.0.0' },
    signal: new AbortController().signal,
    progress: ({ phase }) => phases.add(phase),
    measuredAt: new Date().toISOString(),
    machine: { cores: 2, cpu: 'test', platform: 'test', node: process.versions.node },
    loadAverage: () => 0,
    cpuTime: () => ({ busy: 0, all: performance.now() }),
  }).finally(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 }));
  expect(parseCalibration(calibrationText(calibration))).toEqual({ value: calibration });
  expect(phases).toEqual(new Set(['start', 'arrive', 'load', 'audit', 'store']));

  const { service, links, groupCommit, outage } = calibration;
  for (const name of ['front', 'sync', 'delivery'] as const) {
    expect(service[name].meanUs, name).toBeGreaterThan(0);
  }
  // The proxies hold every chunk back by 6 to 18 ms.
  expect(service.access!.meanUs).toBeGreaterThan(10_000);
  expect(links.length).toBeGreaterThan(5);
  for (const { mapMs, p50Ms } of links) expect(p50Ms).toBeGreaterThanOrEqual(mapMs);
  expect(groupCommit.map(({ appends }) => appends)).toContain(128);
  expect(outage['restartMs']!.value).toBeGreaterThan(0);
  expect(outage['writeGapMs']!.value).toBeGreaterThan(0);

  const load = scaledLoad(dcOutage, { users: 60, messagesPerSecond: 60 }, '1');
  const { window, faults, traffic } = dcOutage;
  const figures = predict({
    ...{ topology, window, faults, load, calibration, seed: '1', draws: 5 },
    textBytes: traffic.textBytes,
  });
  expect(figures.get('delivery, same DC, p50')!.value).toBeGreaterThan(20);
  expect(figures.get('backlog, peak')!.value).toBeGreaterThan(100);
});
