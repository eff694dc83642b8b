import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { libraryNames, loadScenario } from '../../scenarios/load.ts';
import { edits } from '../../sim/capacity/nearest-name.ts';
import { quincunx } from '../setup/command.ts';
import { ROOT } from '../setup/source-files.ts';

const fixture = (name: string): string => join(ROOT, 'test/fixtures/scenarios', name);
/** Loads in a process of its own, as Node and not the test runner must resolve the imports. */
const load = (path: string, cwd = ROOT) =>
  quincunx(['run', path, '--world', 'model', '--for', '0s'], { cwd });

test('the library has dc-outage, and it loads', async () => {
  expect(libraryNames()).toContain('dc-outage');
  const outage = await loadScenario('dc-outage', '/');
  expect(outage.faults).toEqual([{ kind: 'dc_loss', dc: 3, atSeconds: 25, forSeconds: 25 }]);
});

test('an unknown name is answered with the nearest ones', async () => {
  await expect(loadScenario('dc-outrage', '/')).rejects.toMatchObject({
    kind: 'invalid',
    problems: [expect.stringContaining('dc-outage')],
  });
  expect(edits('kitten', 'sitting')).toBe(3);
  expect(edits('', 'abc')).toBe(3);
});

describe("a person's own file", () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'quincunx-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('runs from any folder, by a relative path, without a warning', async () => {
    copyFileSync(fixture('good.ts'), join(folder, 'good.ts'));
    const { code, stderr } = await load('./good.ts', folder);
    // The file is fine: all that is left to complain about is the option.
    expect(stderr.trim().split('\n')).toEqual([
      'Invalid input:',
      expect.stringContaining('--for 0s: use 1s to'),
    ]);
    expect(code).toBe(104);
  });

  const bad: readonly (readonly [string, number, readonly RegExp[]])[] = [
    ['nowhere.ts', 104, [/nowhere\.ts: there is no such file/]],
    ['no-default.ts', 104, [/has no default export; write: export default scenario/]],
    ['a-function.ts', 104, [/its default export is not a scenario/]],
    ['syntax-error.ts', 104, [/syntax-error\.ts:4: /]],
    ['syntax-error.mjs', 104, [/syntax-error\.mjs:4: Unexpected identifier 'title'/]],
    ['missing-import.ts', 104, [/Cannot find module .*not-there\.ts/]],
    ['throws.ts', 107, [/throws\.ts:/, /boom at 42/, /throws\.ts:2:7/]],
    [
      'many-problems.ts',
      104,
      [
        /many-problems\.ts: name: "Bad Name" is not right/,
        /traffic\.users: 5 is not right; use a number from 1000/,
        /window\.fromUtc: "25:00" is not right/,
        /faults\[0\]\.dc: there is no DC 9; use 1, 2, 3, 4, 5/,
        /faults\[0\]: heals after the window ends/,
        /slos\['delivery_latencie'\]: .*delivery_latency/,
        /slos\['writes_lost'\]: 'count=0'/,
      ],
    ],
  ];
  test.each(bad)('%s: exit code %i, and what is wrong', async (name, code, patterns) => {
    const outcome = await load(fixture(name));
    for (const pattern of patterns) expect(outcome.stderr).toMatch(pattern);
    expect(outcome.code).toBe(code);
    expect(outcome.stdout).toBe('');
  });

  const sample = (file: string, rates: string): string => {
    const text = [
      "import { scenario } from 'quincunx';",
      'export default scenario({',
      "  name: 'own-rates',",
      "  title: 'Rates of my own',",
      `  traffic: { users: 1e6, messagesPerDay: 1e6, series: { file: '${file}' } },`,
      "  window: { fromUtc: '17:00', seconds: 60 },",
      "  slos: { writes_lost: ['count==0'] },",
      '});',
    ].join('\n');
    writeFileSync(join(folder, 'own-rates.ts'), text);
    writeFileSync(join(folder, 'rates.csv'), rates);
    return './own-rates.ts';
  };
  test('a file of rates counts from the scenario’s folder; its problems have lines', async () => {
    const wrong = await load(sample('./rates.csv', 'time,rate\n0,5\n60,x\n120,7\n'), folder);
    expect(wrong.stderr).toContain('traffic.series: ./rates.csv: line 3: "x" is not a rate');
    expect(wrong.code).toBe(104);
    const short = await load(sample('./rates.csv', '0,5\n30,7\n'), folder);
    expect(short.stderr).toContain('traffic.series: ends at 30 s, and the window at 60 s');
    const none = await load(sample('./others.csv', ''), folder);
    expect(none.stderr).toContain('traffic.series: ./others.csv: there is no such file');
    const right = await load(sample('./rates.csv', '0,5\n60,7\n'), folder);
    expect(right.stderr).not.toContain('traffic');
  });

  test('problems of YAML have lines, those of SLOs too', async () => {
    const lines = [
      ...['name: mine', 'title: Mine', 'traffic: { users: 1e6, messagesPerDay: 1e6 }'],
      ...["window: { fromUtc: '17:00', seconds: 60 }", 'slos:', "  writes_lost: ['count=0']"],
      "  'delivery_latency{path:same_dcs}': ['p(99)<1s']",
    ];
    writeFileSync(join(folder, 'mine.yaml'), lines.join('\n'));
    const { stderr } = await load('./mine.yaml', folder);
    expect(stderr).toMatch(/line 6:\d+: slos\['writes_lost'\]: 'count=0' is no threshold/);
    expect(stderr).toMatch(/line 7:\d+: slos\['delivery_latency\{path:same_dcs\}'\]: /);
  });

  test('a plain object is checked like a scenario', async () => {
    const plain = await loadScenario(fixture('plain-object.mjs'), '/');
    expect(plain.window.warmupSeconds).toBe(5);
  });
});
