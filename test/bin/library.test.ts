/** `quincunx list`, `explain` and `new` as a person uses them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quincunx } from '../setup/command.ts';

const SLOW_MS = 60_000;
let cwd = '';
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

test.each(['list', 'explain', 'new'])('%s --help has examples', async (command) => {
  const { code, stdout } = await quincunx([command, '--help']);
  expect(stdout).toMatch(new RegExp(`Examples:\n {2}quincunx ${command}`));
  expect(code).toBe(0);
});

test('list: scenarios with what each world should say, and drills', async () => {
  const { code, stdout } = await quincunx(['list']);
  expect(stdout).toMatch(/hot-partition +broken +held +held/);
  expect(stdout).toMatch(/rolling-restart +Every/);
  expect(code).toBe(0);
  const { stdout: json } = await quincunx(['list', '--json']);
  const { scenarios, drills } = JSON.parse(json);
  expect(drills.length).toBeGreaterThan(5);
  expect(scenarios.find(({ name }: { name: string }) => name === 'traveller')).toMatchObject({
    needs: ['travellers'],
    worlds: [
      { world: 'model', expected: 'undecided' },
      { world: 'cluster', expected: 'held' },
      { world: 'live', expected: 'held' },
    ],
  });
});

describe('explain', () => {
  test('text, and one JSON document', async () => {
    const text = await quincunx(['explain', 'two-dcs']);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expect(text.stdout).toContain('dc_loss of Mumbai: from 22 s to 40 s');
    const { stdout, code } = await quincunx(['explain', 'two-dcs', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ scenario: 'two-dcs', users: 800e6 });
    expect(code).toBe(0);
  });

  test('what is not there', async () => {
    const { code, stderr, stdout } = await quincunx(['explain', 'two-dc']);
    expect(stderr).toContain('the nearest: two-dcs');
    expect({ code, stdout }).toEqual({ code: 104, stdout: '' });
  });
});

describe('new', () => {
  test.each([
    ['yaml', 'traveller', ['--yaml', '--from', 'traveller'], 'explain', 'A third of the people'],
    ['yaml', 'night', ['--from', 'new-year'], 'explain', 'new_year'],
    ['ts', 'burst', ['--ts', '--from', 'supergroup-burst'], 'explain', '+ supergroup_burst'],
    ['yaml', 'split', ['--drill', '--from', 'partition-2-3'], 'drill', 'no link'],
    ['ts', 'lost', ['--drill', '--ts'], 'drill', 'Dubai'],
  ])(
    'a %s file that loads: %s',
    async (extension, name, options, command, says) => {
      const { code, stdout } = await quincunx(['new', name, ...options], { cwd });
      expect(stdout).toContain(`${name}.${extension} is written`);
      expect(code).toBe(0);
      const dry = command === 'drill' ? ['--dry-run'] : [];
      const after = await quincunx([command, `./${name}.${extension}`, ...dry], { cwd });
      expect(after.stderr).toBe('');
      expect(after.stdout).toContain(says);
      const text = readFileSync(join(cwd, `${name}.${extension}`), 'utf8');
      expect(
        Math.max(
          ...text
            .split('\n')
            .slice(1)
            .map((line) => line.length),
        ),
      ).toBeLessThan(101);
    },
    SLOW_MS,
  );

  test('runs at once, names its schema, and is never written over', async () => {
    await quincunx(['new', 'mine'], { cwd });
    const before = readFileSync(join(cwd, 'mine.yaml'), 'utf8');
    const schema = /^# yaml-language-server: \$schema=(file:\S+)\n/.exec(before)?.[1] ?? '';
    expect(JSON.parse(readFileSync(fileURLToPath(schema), 'utf8'))).toHaveProperty('properties');
    const run = 'run ./mine.yaml --world model --fidelity flow --quiet'.split(' ');
    expect(await quincunx(run, { cwd })).toMatchObject({ code: 0 });
    const again = await quincunx(['new', 'mine'], { cwd });
    expect(again).toMatchObject({ code: 104, stdout: '' });
    expect(again.stderr).toContain('mine.yaml: is there already');
    expect(readFileSync(join(cwd, 'mine.yaml'), 'utf8')).toBe(before);
  }, 60_000);

  test('everything that is wrong at once', async () => {
    const { code, stderr } = await quincunx(['new', 'My File', '--yaml', '--ts'], { cwd });
    expect(stderr).toContain('My File: use a-z, 0-9 and dashes');
    expect(stderr).toContain('--yaml and --ts: use one of them');
    expect(code).toBe(104);
    const unknown = await quincunx(['new', 'mine2', '--from', 'dc-outge'], { cwd });
    expect(unknown.stderr).toContain('the nearest: dc-outage');
    expect(unknown.code).toBe(104);
  });

  test.each(['scenario', 'drill'])('--schema %s', async (which) => {
    const { code, stdout } = await quincunx(['new', '--schema', which]);
    expect(JSON.parse(stdout).description).toContain(`A ${which} of Quincunx`);
    expect(code).toBe(0);
  });
});
