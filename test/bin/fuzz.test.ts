/** The command: its JSON, its files, its exit codes. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { plantedNames } from '../../sim/cluster/planted/index.ts';
import { quincunx } from '../setup/command.ts';

const SLOW_MS = 90_000;
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quincunx-fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const fuzz = (...args: string[]) => quincunx(['fuzz', '--out', join(folder, 'out'), ...args]);

test(
  '--json is one document, the same for any number of workers',
  async () => {
    const args = ['--seeds', '4', '--seed', 'suite', '--json'];
    const one = await fuzz(...args, '--workers', '1');
    expect(one.code, one.stderr).toBe(0);
    const { wallSeconds, ...result } = JSON.parse(one.stdout);
    expect(wallSeconds).toBeGreaterThan(0);
    expect(result).toMatchObject({ seeds: 4, failures: [], interrupted: false });
    expect(result.digest).toMatch(/^[0-9a-f]{32}$/);
    expect(result.statesCovered).toBeGreaterThan(5);
    const { wallSeconds: _, ...other } = JSON.parse((await fuzz(...args, '--workers', '2')).stdout);
    expect(other).toEqual(result);
  },
  SLOW_MS,
);

test(
  'a failure leaves a history that runs again, and a timeline',
  async () => {
    // This bug shows in nearly every world.
    const planted = ['--planted', 'stream-position-one-too-far', '--json'];
    const search = JSON.parse((await fuzz(...planted, '--seeds', '50')).stdout);
    expect(search).toMatchObject({ found: 1, planted: [{ found: true }] });
    const from = /--from (\d+) --seeds 1 /.exec(search.planted[0].replay)![1]!;
    const one = ['--from', from, '--seeds', '1', '--shrink-seconds', '5'];
    const { code, stdout } = await fuzz(...planted, ...one);
    expect(code).toBe(99);
    const [failure] = JSON.parse(stdout).failures;
    expect(failure).toMatchObject({ seed: `quincunx-${from}`, invariant: expect.any(String) });
    const { history, timeline } = failure.shrunk;
    expect(failure.replay).toBe(`quincunx fuzz --replay ${history}`);
    expect(readFileSync(timeline, 'utf8')).toContain(`Broken: ${failure.invariant}`);
    const replay = await fuzz('--replay', history);
    expect(replay.stdout).toContain('the same run as recorded');
    expect(replay.code).toBe(99);
  },
  SLOW_MS,
);

test('--planted list names them all, with a sentence', async () => {
  const { code, stdout } = await fuzz('--planted', 'list');
  expect(code).toBe(0);
  for (const name of plantedNames) expect(stdout).toContain(`${name}\n  `);
});

test(
  'Ctrl-C prints what was found so far, and exits with 105',
  async () => {
    let pressed = false;
    const args = ['fuzz', '--seeds', '100000', '--json', '--seed', 'suite', '--keep-going'];
    const { code, stdout } = await quincunx([...args, '--out', join(folder, 'out')], {
      onOutput: (text, kill) => {
        if (pressed || !/\d+ of 100000 seeds/.test(text)) return;
        pressed = true;
        kill('SIGINT');
      },
    });
    expect(code).toBe(105);
    const result = JSON.parse(stdout);
    expect(result.interrupted).toBe(true);
    expect(result.seeds).toBeGreaterThan(0);
  },
  SLOW_MS,
);

test('what is not right is told, all at once', async () => {
  const file = join(folder, 'broken.json');
  writeFileSync(file, '{ "schema": 1, "world": { "people": [] } }');
  const { code, stderr } = await fuzz(
    ...['--seeds', '0', '--workers', '0', '--shrink-seconds', 'x'],
    ...['--planted', 'nothing', '--replay', file],
  );
  expect(code).toBe(104);
  expect(stderr).toContain('--seeds 0: use a whole number');
  expect(stderr).toContain('--workers 0: use a whole number from 1 to 256');
  expect(stderr).toContain('--shrink-seconds x');
  expect(stderr).toContain('--planted nothing: is not known; see quincunx fuzz --planted list');
  expect(stderr).toContain('world.people: use 1 to 10000');
  expect(stderr).toContain('leave --planted away');
  const gone = await fuzz('--replay', join(folder, 'gone.json'));
  expect(gone.stderr).toContain('cannot be read');
  expect(existsSync(join(folder, 'gone.json'))).toBe(false);
});
