/** Rates from CSV as Prometheus, Grafana and people write them; problems and oddities by line. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSeriesCsv, SeriesError } from '../../scenarios/series-csv.ts';

function problemsOf(text: string, column?: string): readonly string[] {
  try {
    readSeriesCsv(text, { column });
  } catch (error) {
    if (error instanceof SeriesError) return error.problems;
    throw error;
  }
  return [];
}

const STEADY = [
  [0, 1000],
  [60, 2000],
  [120, 1500],
];

describe('forms that are read', () => {
  test.each([
    ['epoch seconds, no header', '1768496400,1000\n1768496460,2000\n1768496520,1500\n'],
    [
      'epoch milliseconds',
      'timestamp,rate\n1768496400000,1000\n1768496460000,2000\n1768496520000,1500',
    ],
    ['seconds from 0', '0,1000\n60,2000\n120,1500\n'],
    [
      'ISO with a header',
      'time,rate\n2026-01-15T17:00:00Z,1000\n2026-01-15T17:01:00Z,2000\n2026-01-15T17:02:00Z,1500\n',
    ],
    [
      'ISO with an offset',
      '2026-01-15T18:00:00+01:00,1e3\n2026-01-15T18:01:00.000+0100,2e3\n2026-01-15 17:02:00Z,1.5e3\n',
    ],
    [
      'Grafana, quoted, units',
      '"Time","sum(rate(sent[1m]))"\n"2026-01-15T17:00:00Z","1 K"\n"2026-01-15T17:01:00Z","2.00 K"\n"2026-01-15T17:02:00Z","1.5 K msg/s"\n',
    ],
    [
      'Grafana, joined by time, one chosen',
      '"Time","other","sent"\n1768496400,7,1K\n1768496460,7,2K req/s\n1768496520,7,90 Kmsg/m\n',
    ],
    [
      'Grafana, series as rows',
      'Series;Time;Value\nsent;2026-01-15T17:00:00Z;1000\nsent;2026-01-15T17:01:00Z;2000\nsent;2026-01-15T17:02:00Z;1500\n',
    ],
    [
      'Excel: sep, semicolons, decimal commas',
      'sep=;\r\ntime;rate\r\n1768496400;1000,0\r\n1768496460;2000,00\r\n1768496520;1500,0\r\n',
    ],
    [
      'a byte order mark, tabs, empty lines',
      '\ufefftime\trate\n\n1768496400\t1000\n1768496460\t2000.0\n\n1768496520\t1,500.0\n\n',
    ],
    [
      'time in the second column',
      'rate,timestamp\n1000,1768496400\n2000,1768496460\n1500,1768496520\n',
    ],
  ])('%s', (_name, text) => {
    const column = text.includes('"other"') ? 'sent' : undefined;
    const { points, warnings } = readSeriesCsv(text, { column });
    expect(points).toEqual(STEADY);
    expect(warnings).toEqual([]);
  });

  test('several columns added up, in either form', () => {
    const wide = 'Time,"a{pod=""x"", zone=""1""}",b\n0,400,600\n60,2000,\n120,500,1000\n';
    expect(readSeriesCsv(wide, { column: 'sum' }).points).toEqual(STEADY);
    const long =
      'Series,Time,Value\na,1768496400,400\na,1768496460,2000\na,1768496520,500\n' +
      'b,1768496400,600\nb,1768496520,1000\n';
    expect(readSeriesCsv(long, { column: 'sum' }).points).toEqual(STEADY);
    expect(readSeriesCsv(long, { column: 'b' }).points).toEqual([
      [0, 600],
      [120, 1000],
    ]);
  });
  test('when it began is known where its times are a clock’s', () => {
    expect(readSeriesCsv('1768496400,1\n1768496460,2\n').startsAtEpoch).toBe(1768496400);
    expect(readSeriesCsv('0,1\n1,2\n').startsAtEpoch).toBeUndefined();
  });
});

describe('odd, but read', () => {
  test('gaps, empty cells, rows twice: each with its line', () => {
    const text = 'time,rate\n0,10\n10,20\n20,NaN\n30,30\n30,30\n40,40\n100,50\n110,60\n';
    const { points, warnings } = readSeriesCsv(text);
    expect(points.map(([time]) => time)).toEqual([0, 10, 30, 40, 100, 110]);
    expect(warnings).toEqual([
      'line 4: no value; the row is left out',
      'line 6: the same as line 5',
      'line 5: a gap of 20 s before it, where 10 s are usual; a straight line goes across it',
      'line 8: a gap of 60 s before it, where 10 s are usual; a straight line goes across it',
    ]);
  });
  test('newest first, and times without a zone', () => {
    const text = '2026-01-15 17:02,3\n2026-01-15 17:01,2\n2026-01-15 17:00,1\n';
    const { points, warnings, startsAtEpoch } = readSeriesCsv(text);
    expect(points).toEqual([
      [0, 1],
      [60, 2],
      [120, 3],
    ]);
    expect(startsAtEpoch).toBe(1768496400);
    expect(warnings).toEqual([
      'its times have no zone: they are taken as UTC',
      'the newest row comes first: it is read from its end',
    ]);
  });
  test('many of a kind are counted', () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i * 10},${i % 3 === 1 ? '' : 5}`);
    const { warnings } = readSeriesCsv(`${rows.join('\n')}\n`);
    expect(warnings.filter((text) => /no value;/.test(text)).length).toBe(8);
    expect(warnings).toContain('no value: 25 more lines');
  });
});

describe('errors, all at once, with their lines', () => {
  test('times that go back, one time with two rates, what cannot be read', () => {
    const text = [
      'time,rate',
      '1768496400,1',
      '1768496300,2',
      '1768496400,3',
      'yesterday,4',
      '1768496500,many',
      '1768496600,-5',
      '1768496700,5 furlongs',
      '2026-01-15T18:00:00Z,6',
      '1768496800,+Inf',
    ].join('\n');
    const problems = problemsOf(text);
    expect(problems).toEqual([
      'line 5: "yesterday" is not a time; use ISO 8601 or epoch seconds',
      'line 6: "many" is not a rate: use a number such as 1250.5 or "1.25 K"',
      'line 7: "-5" is not a rate: it is below 0',
      'line 8: "5 furlongs" is not a rate: the unit "furlongs" is not known',
      'line 9: this time is iso, those above are epoch',
      'line 10: "+Inf" is not a rate: use a number such as 1250.5 or "1.25 K"',
      'line 3: its time is 100 s before that of line 2',
      'line 4: the time of line 2 again, with another rate',
    ]);
  });
  test('a lonely comma may be decimal or not: neither is guessed', () => {
    expect(problemsOf('0;1,500\n1;2,500\n')[0]).toContain('before decimals or after thousands');
    expect(readSeriesCsv('0,"1,500"\n1,"2,500"\n').points[0]).toEqual([0, 1500]);
    expect(readSeriesCsv('0;1500,5\n1;2500,25\n').points[1]).toEqual([1, 2500.25]);
  });
  test('“m” may be milli or a minute: neither is guessed', () => {
    expect(problemsOf('0,5 m\n1,6 m\n')[0]).toContain('the unit "m" is not known');
  });
  test('many of a kind are counted', () => {
    const rows = Array.from({ length: 50 }, (_, i) => `${1000 - i * (i % 2)},${i}`);
    const problems = problemsOf(rows.join('\n'));
    expect(problems.length).toBeLessThan(20);
    expect(problems.at(-1)).toMatch(/: \d+ more lines$/);
  });
  test('several columns want a choice; a wrong one is told what there is', () => {
    const text = 'time,a,b\n0,1,2\n1,1,2\n';
    expect(problemsOf(text)[0]).toContain('2 columns of rates, "a", "b": name the one to take');
    expect(problemsOf(text, 'c')[0]).toContain('no column "c"; there are "a", "b", or "sum"');
  });
  test.each([
    ['', 'is empty'],
    ['1768496400\n1768496460\n', 'one column'],
    ['0,1\n', 'fewer than two rows'],
    ['time,rate\n', 'fewer than two rows'],
    ['0,0\n1,0\n', 'every rate is 0'],
    ['"a,b\n0,1\n', 'is not CSV'],
    ['1768496400000000,1\n1768496460000000,2\n', 'is not a time'],
    ['2026-13-45T00:00:00Z,1\n2026-13-46T00:00:00Z,1\n', 'is not a time'],
    ['0,2e12\n1,2e12\n', 'its rate is 2000000000000'],
  ])('%j: %s', (text, message) => {
    expect(problemsOf(text).join('; ')).toContain(message);
  });
});

test('what is written is read, whatever the rates and intervals', () => {
  const rows = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1e6, noNaN: true })),
    { minLength: 2, maxLength: 50 },
  );
  fc.assert(
    fc.property(rows, fc.constantFrom(',', ';', '\t'), (steps, mark) => {
      fc.pre(steps.some(([, rate]) => rate > 0));
      let time = 1768496400;
      const points = steps.map(([step, rate]) => {
        time += step;
        return [time, rate] as const;
      });
      const text = points.map(([at, rate]) => `${at}${mark}${rate}`).join('\n');
      const from = points[0]![0];
      expect(readSeriesCsv(text).points).toEqual(points.map(([at, rate]) => [at - from, rate]));
    }),
  );
});

test('whatever a file holds, it is read or every problem is told: nothing else is thrown', () => {
  const cell = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('0', '1', '2', '5 K', 'NaN'));
  const text = fc.array(
    fc.array(cell, { maxLength: 4 }).map((cells) => cells.join(',')),
    {
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(text, (lines) => {
      expect(Array.isArray(problemsOf(lines.join('\n')))).toBe(true);
    }),
    { numRuns: 500 },
  );
});
