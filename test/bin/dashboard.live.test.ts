/** `--dashboard` as a person uses it: a process, its address, its events, its end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { DashboardEvent } from '../../reports/dashboard/events.ts';
import { quincunx } from '../setup/command.ts';

vi.setConfig({ testTimeout: 60_000 });

const SCENARIO = `
name: watched
title: Dubai is lost, and somebody looks on
traffic: { users: 800e6, messagesPerDay: 55e9 }
window: { fromUtc: '17:00', seconds: 20, warmupSeconds: 1 }
faults: [{ kind: dc_loss, dc: 3, atSeconds: 4, forSeconds: 8 }]
slos:
  delivery_latency{path:same_dc}: [p(50)<1s]
worlds: { cluster: { users: 60, messagesPerSecond: 40 } }
`;

let cwd = '';
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
  writeFileSync(join(cwd, 'watched.yaml'), SCENARIO);
});
afterAll(() => rmSync(cwd, { recursive: true }));

/** Runs, and reads the events from when the address is said until they end. */
async function watch(
  args: readonly string[],
  onFirst: (kill: (signal: NodeJS.Signals) => void) => void = () => {},
) {
  let text: Promise<string> | undefined;
  const outcome = await quincunx(args, {
    cwd,
    onOutput: (output, kill) => {
      const url = /^dashboard: (http:\/\/127\.0\.0\.1:\d+\/)$/m.exec(output)?.[1];
      if (url === undefined || text !== undefined) return;
      text = fetch(`${url}events`).then((response) => response.text());
      // It is told when it is waited for.
      text.catch(() => {});
      onFirst(kill);
    },
  });
  const events = ((await text) ?? '').match(/^data: .*$/gm) ?? [];
  return {
    outcome,
    events: events.map((line) => JSON.parse(line.slice('data: '.length)) as DashboardEvent),
  };
}

test('run: figures, the verdict, the path of the report; then the process ends', async () => {
  const args = ['run', './watched.yaml', '--world', 'cluster', '--dashboard', '--quiet', '--json'];
  const { outcome, events } = await watch([...args, '--out', 'out']);
  expect(outcome.code, outcome.stderr).toBe(0);
  const { verdict } = JSON.parse(outcome.stdout);
  const types = events.map(({ type }) => type);
  expect(types.filter((type) => type === 'point').length).toBeGreaterThanOrEqual(19);
  expect(types).toContain('state');
  expect(types.slice(-2)).toEqual(['judged', 'end']);
  expect(events.at(-2)).toMatchObject({ world: 'cluster', verdict: 'held' });
  const report = join(cwd, 'out', 'report.html');
  expect(events.at(-1)).toMatchObject({ how: 'ended', verdict, report });
  const faults = events.flatMap((event) => (event.type === 'state' ? event.inForce : []));
  expect(faults.map(({ text }) => text)).toContain('dc_loss of Dubai');
});

test('the model: progress and a verdict', async () => {
  const args = ['run', 'short-outage', '--world', 'model', '--fidelity', 'flow', '--dashboard'];
  const { outcome, events } = await watch(args);
  expect([0, 99, 111], outcome.stderr).toContain(outcome.code);
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['progress', 'judged', 'end']));
});

test('drill: as a run', async () => {
  const { outcome, events } = await watch(['drill', 'dc-loss', '--dashboard', '--quiet']);
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(events.filter(({ type }) => type === 'point').length).toBeGreaterThan(10);
  expect(events.at(-1)).toMatchObject({ how: 'ended', verdict: 'held' });
});

test('Ctrl-C: the page is told, and nothing waits for it', async () => {
  const args = ['run', 'dc-outage', '--world', 'cluster', '--dashboard', '--quiet'];
  let at = 0;
  const { outcome, events } = await watch(args, (kill) => {
    setTimeout(() => {
      at = performance.now();
      kill('SIGINT');
    }, 500);
  });
  expect(outcome.code, outcome.stderr).toBe(105);
  expect(performance.now() - at).toBeLessThan(10_000);
  expect(events.at(-1)).toMatchObject({ type: 'end', how: 'interrupted' });
});

test('a port in use, and what is no port: 104 before anything runs', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const args = ['run', './watched.yaml', '--world', 'cluster', '--dashboard'];
  const used = await quincunx([...args, String(port)], { cwd });
  other.close();
  expect([used.code, used.stdout]).toEqual([104, '']);
  expect(used.stderr).toBe(
    `Invalid input:\n  - --dashboard ${port}: the port is in use; name another one, or none for a free one\n`,
  );
  const wrong = await quincunx([...args, '70000', '--seed', ''], { cwd });
  expect(wrong.code).toBe(104);
  expect(wrong.stderr).toMatch(/--dashboard 70000: use a whole number from 1 to 65535/);
  expect(wrong.stderr).toMatch(/--seed/);
});

test('from the environment: on, and a port', async () => {
  const env = { QUINCUNX_RUN_DASHBOARD: 'no-port' };
  const { code, stderr } = await quincunx(['run', './watched.yaml'], { cwd, env });
  expect(code).toBe(104);
  expect(stderr).toMatch(/--dashboard no-port: .* \(from QUINCUNX_RUN_DASHBOARD\)/);
  const help = await quincunx(['run', '--help']);
  expect(help.stdout).toMatch(/--dashboard \[port\] /);
  expect(help.stdout).toMatch(/short-outage --world live --dashboard 8080/);
});
