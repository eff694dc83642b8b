/** What is said before a run: pure text, so every line can be looked at. */
import { describe, expect, test } from 'vitest';
import { scenario } from '../../../scenarios/define.ts';
import { areaChart, axisLine, resampled, spanLine } from '../../../scenarios/explain/area-chart.ts';
import { explanationOf } from '../../../scenarios/explain/explanation.ts';
import { listText } from '../../../scenarios/explain/list-text.ts';
import { sloWords } from '../../../scenarios/explain/slo-words.ts';
import { explanationText } from '../../../scenarios/explain/text.ts';
import { libraryNames, loadScenario } from '../../../scenarios/load.ts';

const ESCAPE = String.fromCharCode(27);
const withoutColours = (text: string): string =>
  text.replaceAll(new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g'), '');
const dcName = (id: string): string => (id === '3' ? 'Dubai' : `DC ${id}`);

describe('promises in words', () => {
  test.each<readonly [string, string, string]>([
    [
      'delivery_latency{path:same_dc}',
      'p(99)<100ms',
      '99 of 100 deliveries within a datacentre take less than 100 ms',
    ],
    [
      'ack_latency{ack:queued,dc:3}',
      'med<=5s',
      'Half of all acknowledgements as "queued" of people at home in Dubai take at most 5 s',
    ],
    ['writes_lost', 'count==0', 'No acknowledged writes that are lost'],
    [
      'delivery_latency{phase:fault}',
      'p(99.9)<1s confident',
      '999 of 1,000 deliveries while a fault is in force take less than 1 s, beyond what chance explains',
    ],
    [
      'delivery_latency',
      'within(250ms)>=99.99%',
      'At least 99.99 % of deliveries are there within 250 ms',
    ],
    ['post_last_delivery{kind:channel}', 'max<2s', 'All posts'],
  ])('%s %s', (metric, threshold, words) => {
    expect(sloWords(metric, threshold, dcName).words).toContain(words);
  });

  test('what is no promise stays as it is written', () => {
    expect(sloWords('no_such', 'p(99)<1', dcName).words).toBe('no_such p(99)<1');
  });
});

describe('charts', () => {
  test('the greatest of each stretch is kept', () => {
    expect(resampled([1, 9, 2, 3], 2)).toEqual([9, 3]);
    expect(resampled([], 3)).toEqual([0, 0, 0]);
    expect(resampled([5], 3)).toEqual([5, 5, 5]);
  });

  test('half the height is half the rows', () => {
    const [top, bottom] = areaChart([10, 5, 0], 3, 2);
    expect(top).toMatch(/10\/s │█ {2}$/);
    expect(bottom).toMatch(/0 │██ $/);
  });

  test('a bar lies where its seconds are, and is never nothing', () => {
    expect(spanLine(5, 10, 0, 20, 8)).toBe('··██····');
    expect(spanLine(0, 0.001, 0, 20, 4)).toBe('█···');
    expect(spanLine(19.999, 20, 0, 20, 4)).toBe('···█');
  });

  test('marks that would touch are left out', () => {
    const line = axisLine(
      [
        [0, '0 s'],
        [1, '1 s'],
        [10, '10 s'],
      ] as const,
      0,
      10,
      12,
    );
    expect(line.trim()).toBe('0 s     10 s');
  });
});

describe.each(libraryNames())('%s', (name) => {
  test.each([80, 120])(
    'is explained within %d columns, with and without colours',
    async (width) => {
      const explained = explanationOf(await loadScenario(name, '/'), name, '1');
      const plain = explanationText(explained, { plain: true, width });
      const coloured = withoutColours(explanationText(explained, { plain: false, width }));
      for (const text of [plain, coloured]) {
        const longest = Math.max(...text.split('\n').map((line) => line.length));
        expect(longest).toBeLessThanOrEqual(width);
        expect(text).not.toMatch(/undefined|NaN/);
      }
      const beyondAscii = [...plain].filter((glyph) => glyph.charCodeAt(0) > 126);
      expect(beyondAscii).toEqual([]);
      for (const part of [
        'The load',
        'What breaks',
        'What must hold',
        'Where',
        'nothing has been',
      ]) {
        expect(plain).toContain(part);
      }
      expect(plain).toContain(`quincunx run ${name} --world model`);
    },
  );
});

test('as data: worlds with sizes, verdicts and commands, faults with names', async () => {
  const explained = explanationOf(await loadScenario('dc-outage', '/'), 'dc-outage', '1');
  expect(explained.faults).toEqual([
    { description: 'dc_loss of Dubai', atSeconds: 25, forSeconds: 25 },
  ]);
  expect(explained.worlds[1]).toMatchObject({
    ...{ world: 'cluster', users: 300, messages: 9900, expected: 'held', remarks: [] },
    command: 'quincunx run dc-outage --world cluster',
  });
  // 64,673,859 were carried in a run of the model with seed 1.
  expect(explained.worlds[0]!.messages / 64_673_859).toBeCloseTo(1, 2);
  expect(JSON.parse(JSON.stringify(explained))).toEqual(explained);
});

test('a world that cannot do a fault is told, and not among the commands', () => {
  const wiped = scenario({
    name: 'wiped',
    title: 'A machine is replaced',
    traffic: { users: 1e6, messagesPerDay: 1e7 },
    window: { fromUtc: '15:00', seconds: 20 },
    faults: [{ kind: 'wipe', dc: 4, atSeconds: 5, forSeconds: 5 }],
    slos: { writes_lost: ['count==0'] },
  });
  const text = explanationText(explanationOf(wiped, './wiped.ts', '1'), { plain: true, width: 90 });
  expect(text).toContain('cannot run: faults[0].kind');
  expect(text).toContain('quincunx run ./wiped.ts --world cluster');
  expect(text).not.toContain('--world live');
});

test.each([80, 120])('the list fits %d columns', (width) => {
  const worlds = (['model', 'cluster', 'live'] as const).map((world) => ({
    ...{ world, expected: world === 'live' ? undefined : ('undecided' as const) },
  }));
  const row = { name: 'a-name', title: 'word '.repeat(30).trim(), teaches: '', seconds: 9 };
  const text = listText([{ ...row, needs: [], worlds }], [row], { plain: true, width });
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width);
  expect(text).toMatch(/a-name +undecided undecided -/);
});
