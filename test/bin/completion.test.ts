/** The scripts in the real shells, on a real terminal: what Tab makes of what was typed. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quincunx } from '../setup/command.ts';

const SLOW_MS = 30_000;
const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
  writeFileSync(join(folder, 'my-scenario.yaml'), '');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout, stderr } = await quincunx(['completion', shell]);
    expect(code, stderr).toBe(0);
    writeFileSync(join(folder, `complete.${shell}`), stdout);
  }
}, SLOW_MS);
afterAll(() => rmSync(folder, { recursive: true }));

/** What the shell runs after these key presses; the command itself only says how it was called. */
function typed(shell: string, setup: string, lines: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn('script', ['-qec', shell, '/dev/null'], {
      cwd: folder,
      env: { ...process.env, TERM: 'dumb', HOME: folder },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', () => {
      const found = [...output.matchAll(/called:(.*?):end/g)].map(([, words]) => words!);
      resolve(found.filter((words) => !words.includes('$')));
    });
    // In quotes of its own: zsh would read "$*:end" as a modifier.
    const command = `quincunx() { echo "called:$*"":end"; }`;
    child.stdin.end([command, setup, ...lines, 'exit', ''].join('\n'));
  });
}

const KEYS = [
  'quincunx ru\t--fid\tfl\t dc-outa\t',
  'quincunx run --world=clus\t my-sc\t',
  'quincunx run --toxiproxy re\t--world model,li\t',
  'quincunx drill dc-l\t --qui\t',
  'quincunx report --format open\t',
];
const CALLED = [
  /^run --fidelity[ =]flow +dc-outage$/,
  /^run --world=cluster my-scenario\.yaml$/,
  /^run --toxiproxy real --world model,live$/,
  /^drill dc-loss --quiet$/,
  /^report --format openmetrics$/,
];

describe.runIf(has('script'))('on a terminal', () => {
  test.each([
    ['bash', 'bash --norc --noprofile -i', 'source complete.bash'],
    ['zsh', 'zsh -f -i', 'autoload -U compinit; compinit -D -u; source complete.zsh'],
  ])('%s, where it is installed', { timeout: SLOW_MS }, async (shell, command, setup) => {
    if (!has(shell)) return;
    const called = await typed(command, setup, KEYS);
    expect(called).toHaveLength(CALLED.length);
    for (const [index, words] of called.entries()) expect(words).toMatch(CALLED[index]!);
  });
});

test('fish, where it is installed', async () => {
  if (!has('fish')) return;
  const asked = ['ru', 'run --fidelity f', 'run my-sc', 'drill dc-l', 'report --format open'];
  const offered = asked.map((words) => {
    const script = `source complete.fish; complete -C 'quincunx ${words}'`;
    const { stdout } = spawnSync('fish', ['-N', '-c', script], { cwd: folder, encoding: 'utf8' });
    return stdout.trim().split(/[\t\n]/)[0];
  });
  expect(offered).toEqual(['run', 'flow', 'my-scenario.yaml', 'dc-loss', 'openmetrics']);
});

test('a shell that is not known is refused with those that are', async () => {
  const { code, stdout, stderr } = await quincunx(['completion', 'powershell']);
  expect(stderr).toContain('Allowed choices are bash, zsh, fish');
  expect(stdout).toBe('');
  expect(code).toBe(104);
});
