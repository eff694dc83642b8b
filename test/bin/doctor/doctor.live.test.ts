import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { lookAtMachine, machineWarnings } from '../../../bin/doctor/machine.ts';
import { quincunx } from '../../setup/command.ts';

const SLOW_MS = 30_000;

test(
  'says what is there, with versions, and how steady the machine is',
  async () => {
    const env = { QUINCUNX_K6: process.execPath, QUINCUNX_TOXIPROXY: '/nowhere/toxiproxy-server' };
    const { code, stdout } = await quincunx(['doctor', '--json'], { env });
    const found = JSON.parse(stdout);
    const part = (name: string) => found.parts.find((one: { name: string }) => one.name === name);
    expect(part('commander')).toMatchObject({ found: true });
    expect(part('k6')).toMatchObject({ found: true, detail: process.execPath });
    expect(part('toxiproxy-server')).toMatchObject({
      found: false,
      instead: 'the embedded server',
    });
    expect(found.machine.openFilesMax).toBeGreaterThan(0);
    expect(found.noise.clockStepNs).toBeLessThan(1e6);
    expect(found.disk.syncs).toBeGreaterThan(0);
    expect(found.disk.longestMs).toBeGreaterThanOrEqual(found.disk.medianMs);
    expect(found.noise.samples).toBeGreaterThan(10);
    expect(['steady', 'uneasy', 'too busy']).toContain(found.noise.grade);
    expect(code).toBe(0);
    const text = await quincunx(['doctor']);
    for (const row of ['cores', 'memory', 'disk', 'open files', 'ports', 'clock', 'timers', 'so']) {
      expect(text.stdout).toMatch(new RegExp(`^${row} {2}`, 'm'));
    }
  },
  SLOW_MS,
);

test('a port that somebody listens on is told', async () => {
  const server = createServer();
  const taken = await new Promise<number>((resolve) => {
    server.once('error', () => resolve(8474)); // taken by somebody else: as good
    server.listen(8474, '127.0.0.1', () => resolve(8474));
  });
  const { ports } = await lookAtMachine();
  expect(ports.find(({ port }) => port === taken)).toMatchObject({ free: false });
  server.close();
});

test('what is scarce is a warning that says what it means', async () => {
  const machine = await lookAtMachine();
  const poor = {
    ...machine,
    cores: 1,
    loadAverage: 1.5,
    openFilesMax: 256,
    memoryBytes: { total: 1e9, free: 1e8 },
    disks: [{ folder: '/here', freeBytes: 1e6 }],
  };
  expect(machineWarnings(poor).map((text) => text.split(':')[0])).toEqual([
    ...['memory', 'disk', 'open files', 'cores', 'load'],
  ]);
});
