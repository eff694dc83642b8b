/** abortOnFail as a person writes and meets it: in YAML, in a run, in `explain`, in k6's script. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quincunx } from '../setup/command.ts';

const scenarioWith = (slo: string): string => `
name: ends
title: Dubai is lost, and the run ends
traffic: { users: 800e6, messagesPerDay: 55e9 }
window: { fromUtc: '17:00', seconds: 20, warmupSeconds: 1 }
faults: [{ kind: dc_loss, dc: 3, atSeconds: 4, forSeconds: 10 }]
slos:
  delivery_latency{path:same_dc}: [p(50)<1s]
  ack_latency{ack:queued}:
    - ${slo}
worlds: { cluster: { users: 60, messagesPerSecond: 40 } }
`;

let cwd = '';
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
  const right = '{ threshold: max<1ms, abortOnFail: true, delayAbortEval: 6s }';
  writeFileSync(join(cwd, 'ends.yaml'), scenarioWith(right));
  const wrong = '{ threshold: max<1ms, abortOnFail: true, delayAbortEval: soon }';
  writeFileSync(join(cwd, 'wrong.yaml'), scenarioWith(wrong));
});
afterAll(() => rmSync(cwd, { recursive: true }));

test('the run ends with 99, a reason, and reports; the live world is not begun', async () => {
  const args = ['run', './ends.yaml', '--world', 'cluster,live', '--json', '--out', 'out'];
  const { code, stdout, stderr } = await quincunx(args, { cwd });
  expect(code, stderr).toBe(99);
  expect(stderr).toMatch(
    /^cluster aborted at \d+ s: ack_latency\{ack:queued\} max<1ms was [\d.]+ ms \(abortOnFail\)$/m,
  );
  const { verdict, worlds } = JSON.parse(stdout);
  expect([verdict, Object.keys(worlds)]).toEqual(['broken', ['cluster']]);
  const { aborted, faults, voidReasons, notes } = worlds.cluster;
  expect(aborted).toMatchObject({ metric: 'ack_latency{ack:queued}', threshold: 'max<1ms' });
  expect(aborted.atSeconds).toBeGreaterThanOrEqual(6);
  expect(faults[0].healedAtSeconds).toBeLessThan(aborted.atSeconds + 1);
  expect(voidReasons).toEqual([]);
  expect(readFileSync(join(cwd, 'out/report.html'), 'utf8')).toContain('aborted at');
  expect(notes[0]).toMatch(/^aborted at/);
}, 60_000);

test('explain says it, k6 does it, and what is wrong has its line', async () => {
  const { stdout } = await quincunx(['explain', './ends.yaml'], { cwd });
  expect(stdout).toMatch(/broken for good, it ends the run/);
  const k6 = await quincunx(['k6', './ends.yaml'], { cwd });
  expect(k6.stdout).toMatch(/threshold: "max<1", abortOnFail: true, delayAbortEval: "12s"/);
  const { code, stderr } = await quincunx(['run', './wrong.yaml'], { cwd });
  expect(code).toBe(104);
  expect(stderr).toMatch(
    /line 9:\S* slos\['ack_\S+\]: delayAbortEval: "soon" is no duration up to/,
  );
}, 60_000);
