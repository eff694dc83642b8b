import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quincunx } from '../setup/command.ts';
import { ROOT } from '../setup/source-files.ts';

const GOOD = join(ROOT, 'test/fixtures/scenarios/good.ts');
const SLOW_MS = 60_000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(await quincunx(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

test('--help has examples (of every command: help.test.ts)', async () => {
  const { code, stdout } = await quincunx(['run', '--help']);
  expect(stdout).toMatch(/Examples:\n {2}quincunx run/);
  expect(code).toBe(0);
});

describe('what is not right', () => {
  test('everything at once, each with what would be right, and exit code 104', async () => {
    const { code, stdout, stderr } = await quincunx(
      'run dc-outge --world mars,model --workers 0 --for 3y --from 7 --out /proc/x'.split(' '),
    );
    expect(stderr).toContain('--world mars: is not a world; use model, cluster, live');
    expect(stderr).toContain('--workers 0: use a whole number from 1 to 256');
    expect(stderr).toContain('--for 3y: use 1s to 366d');
    expect(stderr).toContain('--from 7: use a time of day in UTC');
    expect(stderr).toContain('--out /proc/x: cannot be written to');
    expect(stderr).toContain('dc-outge: there is no scenario of this name; the nearest: dc-outage');
    expect(stdout).toBe('');
    expect(code).toBe(104);
  });

  test('a window into which the faults do not fit', async () => {
    const { code, stderr } = await quincunx(['run', 'dc-outage', '--for', '30s']);
    expect(stderr).toContain('faults[0]: heals after the window ends (30 s)');
    expect(code).toBe(104);
  });

  test('a fault that one of the worlds cannot do', async () => {
    const file = join(folder, 'wiped.mjs');
    const scenario = {
      name: 'wiped',
      title: 'A machine is replaced',
      traffic: { users: 1e6, messagesPerDay: 1e7 },
      window: { fromUtc: '15:00', seconds: 20 },
      faults: [{ kind: 'wipe', dc: 4, atSeconds: 5, forSeconds: 5 }],
      slos: { writes_lost: ['count==0'] },
    };
    writeFileSync(file, `export default ${JSON.stringify(scenario)};`);
    const { code, stderr } = await quincunx(['run', file, '--world', 'cluster,live']);
    expect(stderr).toContain("--world live: faults[0].kind: the live world cannot do 'wipe'");
    expect(code).toBe(104);
  });

  test.each([['lab'], ['worker']])('%s: not in this version', async (command) => {
    const { code, stderr } = await quincunx([command]);
    expect(stderr).toContain(`does not have the command '${command}' yet`);
    expect(code).toBe(104);
  });

  test.each([['nonsense'], ['run'], ['run dc-outage --speed 9'], ['list extra']])(
    '"%s" is refused',
    async (words) => {
      const { code, stdout } = await quincunx(words.split(' '));
      expect(stdout).toBe('');
      expect(code).toBe(104);
    },
  );
});

test.each(['run steady-day', 'drill dc-loss'])(
  '%s with more users than a world takes',
  async (what) => {
    const args = [...what.split(' '), '--world', 'cluster', '--scale', '1:20000', '--quiet'];
    const { code, stderr } = await quincunx(args);
    expect(stderr).toMatch(
      /^(the cluster .*\n)?Invalid input:\n {2}- 40000 users: DC \d has no test numbers for more/,
    );
    expect(code).toBe(104);
  },
);

test('list --json and doctor --json print one document each', async () => {
  const list = await quincunx(['list', '--json']);
  const names = JSON.parse(list.stdout).scenarios.map((row: { name: string }) => row.name);
  expect(names).toContain('dc-outage');
  const doctor = await quincunx(['doctor', '--json']);
  expect(JSON.parse(doctor.stdout).parts).toContainEqual(
    expect.objectContaining({ name: 'toxiproxy-server' }),
  );
  expect(doctor.code).toBe(0);
});

describe('run', () => {
  test(
    '--json prints the results and nothing else; --out writes every form of the report',
    async () => {
      const out = join(folder, 'new', 'out');
      const args = ['run', GOOD, '--world', 'model', '--seed', '7', '--json', '--out', out];
      const { code, stdout, stderr } = await quincunx(args, { env: { NO_COLOR: '1' } });
      const results = JSON.parse(stdout);
      expect(results).toMatchObject({ schema: 1, scenario: 'mine', seed: '7', verdict: 'held' });
      expect(results.worlds.model.digest).toMatch(/^[0-9a-f]+$/);
      expect(results.reproduce).toContain('--world model --seed 7');
      expect(stderr).toMatch(/^model +100% /m);
      expect(stderr).not.toContain('\u001b');
      expect(readdirSync(out).sort()).toEqual([
        'junit.xml',
        'metrics.prom',
        'report.html',
        'results.json',
        'summary.md',
      ]);
      expect(JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'))).toEqual(results);
      expect(code).toBe(0);
    },
    SLOW_MS,
  );

  test(
    'the summary goes to standard output; a pipe gets no colours; --quiet no progress',
    async () => {
      const args = ['run', GOOD, '--world', 'model', '--quiet'];
      const { code, stdout, stderr } = await quincunx(args);
      expect(stdout).toContain('HELD');
      expect(stdout).not.toContain('\u001b');
      expect(stderr).toBe('');
      expect(code).toBe(0);
    },
    SLOW_MS,
  );

  test(
    'Ctrl-C stops it, cleans up, and gives 105',
    async () => {
      const temporary = mkdtempSync(join(folder, 'tmp-'));
      let sent = false;
      const { code, stdout, stderr } = await quincunx(['run', 'dc-outage', '--world', 'model'], {
        env: { TMPDIR: temporary },
        onOutput: (text, kill) => {
          if (!sent && /^model +\d+%/m.test(text)) {
            sent = true;
            // Twice at once: the terminal and npm pass the same key press on.
            kill('SIGINT');
            kill('SIGINT');
          }
        },
      });
      expect(stderr).toContain('SIGINT: stopping and cleaning up');
      expect(stdout).toBe('');
      expect(code).toBe(105);
      expect(readdirSync(temporary)).toEqual([]);
    },
    SLOW_MS,
  );
});

test('toxiproxy serves until it is stopped', async () => {
  let sent = false;
  const { code, stdout } = await quincunx(['toxiproxy', '--port', '0', '--json'], {
    onOutput: (text, kill) => {
      if (!sent && text.includes('"ready":true')) {
        sent = true;
        kill('SIGTERM');
      }
    },
  });
  expect(JSON.parse(stdout).toxiproxy).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(code).toBe(105);
});
