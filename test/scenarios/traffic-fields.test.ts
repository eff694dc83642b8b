/** Traffic and window of a scenario: defaults, and every problem at once. */
import { describe, expect, test } from 'vitest';
import { type ScenarioInput, scenario } from '../../scenarios/define.ts';
import { loadInput } from '../../scenarios/load-input.ts';
import { loadPicture } from '../../scenarios/load-picture.ts';
import { atScale } from '../../scenarios/scale.ts';
import { seriesOddities } from '../../scenarios/traffic-fields.ts';
import { scaledLoad } from '../../scenarios/worlds/load.ts';
import { ALL_DIRECT, MIXES } from '../../sim/traffic/kinds.ts';

const input = (
  traffic: object = {},
  window: object = {},
): ScenarioInput & { readonly name: string } => ({
  name: 'traffic',
  title: 'Traffic',
  traffic: { users: 800e6, messagesPerDay: 55e9, ...traffic },
  window: { fromUtc: '17:00', seconds: 60, ...window },
  slos: { writes_lost: ['count==0'] },
});

function problemsOf(made: ScenarioInput): readonly string[] {
  try {
    scenario(made);
    return [];
  } catch (error) {
    return (error as { readonly problems: readonly string[] }).problems;
  }
}

describe('defaults', () => {
  test('every message direct, nothing on top, a Thursday; profile A’s sizes', () => {
    const { traffic, window } = scenario(input());
    expect(traffic).toEqual({
      ...{ users: 800e6, messagesPerDay: 55e9, textBytes: 150, mediaBytes: 1e6 },
      ...{ mix: ALL_DIRECT, shapes: [], series: undefined, travellersShare: 0 },
    });
    expect(window).toEqual({ fromUtc: '17:00', seconds: 60, warmupSeconds: 5, date: '2026-01-15' });
  });
  test('a mix by name; what is checked again stays as it is', () => {
    const once = scenario(
      input({
        mix: 'messenger',
        shapes: [{ kind: 'bot_storm', atSeconds: 3 }],
        series: [
          [0, 1],
          [60, 2],
        ],
      }),
    );
    expect(once.traffic.mix).toEqual(MIXES.messenger);
    expect(scenario(once)).toEqual(once);
  });
});

describe('problems', () => {
  test('of all parts at once, each with its field', () => {
    const problems = problemsOf(
      input(
        {
          ...{ users: 5, textBytes: 0, mediaBytes: 3e9, mix: 'usual', mesagesPerDay: 1 },
          ...{ shapes: [{ kind: 'flood' }], series: [[0, 1]] },
        },
        { date: '2026-02-30', second: 5 },
      ),
    );
    const told = [
      'traffic.users: 5 is not right; use a number from 1000',
      'traffic.textBytes: 0 is not right',
      'traffic.mediaBytes: 3000000000 is not right',
      'traffic.mix: "usual" is not a mix',
      'traffic.mesagesPerDay: is not known; use users, messagesPerDay,',
      'window.date: "2026-02-30" is not a day; use YYYY-MM-DD',
      'window.second: is not known; use fromUtc, seconds,',
    ];
    told.forEach((text, i) => {
      expect(problems[i]).toContain(text);
    });
    expect(problems.length).toBe(told.length);
  });
  test('shapes and series are looked at against a window that is right', () => {
    const problems = problemsOf(
      input({
        shapes: [{ kind: 'flood' }, { kind: 'bot_storm', atSeconds: 60 }],
        series: [
          [5, 1],
          [30, 1],
        ],
      }),
    );
    expect(problems).toEqual([
      expect.stringContaining('traffic.shapes[0].kind: "flood" is not a shape'),
      'traffic.shapes[1].atSeconds: 60 is behind the window, which ends at 60 s',
      'traffic.series: begins at 5 s, after the start of the window',
      'traffic.series: ends at 30 s, and the window at 60 s; use a window of at most 30 s',
    ]);
  });
  test.each([
    [{ date: '2019-12-31' }, 'known from 2020-01-01 to 2035-12-31'],
    [{ date: '2035-12-31', seconds: 86_400 * 3 }, 'not on 2036-01-03'],
    [{ date: 20260115 }, '20260115 is not a day'],
  ])('window %j: %s', (window, text) => {
    expect(problemsOf(input({}, window))[0]).toContain(text);
  });
  test('a file that nobody has read is no traffic', () => {
    const unread = scenario(input({ series: { file: './rates.csv' } }));
    expect(() => loadInput(unread, '1')).toThrow('./rates.csv has not been read');
    expect(problemsOf(input({ series: { file: '' } }))[0]).toContain("use { file: './rates.csv' }");
  });
  test('a file of another time of day is told', () => {
    const file = (startsAtEpoch: number) =>
      scenario(
        input({
          series: {
            file: 'r.csv',
            points: [
              [0, 1],
              [60, 2],
            ],
            startsAtEpoch,
            warnings: ['w'],
          },
        }),
      );
    expect(seriesOddities(file(1768496400))).toEqual(['r.csv: w']); // 17:00 UTC
    expect(seriesOddities(file(1768450000)).at(-1)).toContain(
      'begins at 04:06 UTC, the window at 17:00',
    );
  });
});

describe('what worlds and pictures make of it', () => {
  const shaped = scenario(
    input({
      ...{ mix: 'messenger', users: 8e6, messagesPerDay: 55e7 },
      shapes: [
        { kind: 'media_flood', atSeconds: 20, forSeconds: 10, timesMean: 5, halfLifeSeconds: 1 },
        { kind: 'supergroup_burst', atSeconds: 5, peakPerMinute: 300 },
        { kind: 'reconnect_storm', atSeconds: 10, dc: 2 },
      ],
    }),
  );
  test('1:N has the mean of the shaped window', () => {
    const small = atScale(shaped, 10_000);
    const plain = atScale(scenario(input({ users: 8e6, messagesPerDay: 55e7 })), 10_000);
    expect(small.worlds.cluster.users).toBe(800);
    const ratio = small.worlds.cluster.messagesPerSecond / plain.worlds.cluster.messagesPerSecond;
    expect(ratio).toBeGreaterThan(1.5);
    expect(ratio).toBeLessThan(2.5);
  });
  test('a scaled world says what it does not carry', () => {
    const { notes, messages } = scaledLoad(shaped, { users: 50, messagesPerSecond: 10 }, '1');
    expect(messages.length).toBeGreaterThan(300);
    expect(notes.join('; ')).toContain('messages of every kind are written one to one here');
    expect(notes.join('; ')).toContain(
      'bot calls and requests beside messages are not in this world',
    );
    const plain = scaledLoad(scenario(input()), { users: 50, messagesPerSecond: 10 }, '1');
    expect(plain.notes).toEqual([]);
  });
  test('pictures: the day, the window, each shape; kinds add up; numbers have sources', () => {
    const picture = loadPicture(shaped, '1');
    expect(picture).toEqual(loadPicture(shaped, '1'));
    expect(picture.around.fromSeconds).toBe(-17 * 3600);
    expect(Object.keys(picture.window.messages)).toEqual([
      ...['one to one', 'groups', 'supergroups', 'channels', 'with files'],
    ]);
    expect(Object.keys(picture.window.calls)).toContain('connections opened again');
    expect(picture.shapes.map(({ kind }) => kind)).toEqual([
      ...['media_flood', 'supergroup_burst', 'reconnect_storm'],
    ]);
    const burst = picture.shapes[1]!.curve;
    const posts = burst.messages['supergroups']!.reduce((sum, rate) => sum + rate, 0);
    expect(posts * burst.stepSeconds).toBeGreaterThan(1000);
    for (const curve of [picture.window, picture.around, ...picture.shapes.map((s) => s.curve)]) {
      const lists = Object.values({ ...curve.messages, ...curve.calls });
      expect(lists.length).toBeGreaterThan(0);
      expect(new Set(lists.map((list) => list.length)).size).toBe(1);
      expect(lists[0]!.length).toBeLessThanOrEqual(300);
      for (const list of lists) expect(list.every((rate) => rate >= 0)).toBe(true);
    }
    for (const { facts } of picture.shapes) {
      for (const { source } of facts) expect(source.length).toBeGreaterThan(3);
    }
  });
  test('a series is shown as far as it goes', () => {
    const own = loadPicture(
      scenario(
        input({
          series: [
            [-60, 10],
            [600, 20],
          ],
        }),
      ),
      '1',
    );
    expect(own.source).toBe('rates of the scenario');
    expect(own.around.fromSeconds).toBe(-60);
    expect(
      own.around.stepSeconds * own.around.messages['one to one']!.length,
    ).toBeGreaterThanOrEqual(660);
  });
});
