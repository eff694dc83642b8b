/**
 * The events model against the reference simulator while something is out: a lost datacentre, two,
 * cut and slow links. Whole distributions of every path and acknowledgement, backlogs and drains.
 */
import { afterAll, describe, expect, test } from 'vitest';
import {
  backlogRows,
  countRows,
  judgement,
  latencyRows,
  runBoth,
  shareDecided,
} from '../reference/comparison.ts';
import { planetCase } from '../reference/planet-case.ts';

const SLOW = 180_000;
const { judge, print } = judgement();
afterAll(print);

describe('a DC is lost for 10 of 40 s', () => {
  test('latencies by path, acknowledgements, backlog and drain', { timeout: SLOW }, () => {
    const name = 'one DC lost';
    const fault = { kind: 'dc_loss', dc: 2, atSeconds: 6.1, forSeconds: 10 } as const;
    const planet = planetCase({ name, seconds: 40, rate: 400, faults: [fault] });
    const runs = runBoth(planet, { model: 48, reference: 24 });
    const rows = [...countRows(runs), ...latencyRows(runs), ...backlogRows(runs, 1, 16.1)];
    judge(name, rows);
    expect(shareDecided(rows)).toBeGreaterThan(0.7);
  });
});

describe('a second DC is lost, which the people of the first had fled to', () => {
  test('latencies, acknowledgements, backlogs and drains of both', { timeout: SLOW }, () => {
    const name = 'two DCs lost';
    const planet = planetCase({
      name,
      seconds: 40,
      rate: 400,
      service: { restartMs: 700, redialMs: 400, guestWayShare: 0.5, guestStayMs: 600 },
      faults: [
        { kind: 'dc_loss', dc: 1, atSeconds: 4.9, forSeconds: 7 },
        { kind: 'dc_crash', dc: 2, atSeconds: 8, forSeconds: 9 },
      ],
    });
    const runs = runBoth(planet, { model: 48, reference: 24 });
    const backlogs = [...backlogRows(runs, 0, 12.6), ...backlogRows(runs, 1, 17.7)];
    const rows = [...countRows(runs), ...latencyRows(runs), ...backlogs];
    judge(name, rows);
    expect(shareDecided(rows)).toBeGreaterThan(0.65);
  });
});

describe('the backbone is disturbed, all DCs live', () => {
  test('a partition, then a slow link', { timeout: SLOW }, () => {
    const name = 'partition and slow link';
    const planet = planetCase({
      name,
      seconds: 30,
      rate: 500,
      faults: [
        { kind: 'partition', groups: [[1], [2, 3]], atSeconds: 5, forSeconds: 6 },
        { kind: 'slow_link', from: 2, to: 3, addedMs: 200, atSeconds: 10, forSeconds: 12.5 },
      ],
    });
    const runs = runBoth(planet, { model: 48, reference: 24 });
    const backlogs = [0, 1, 2].flatMap((dc) => backlogRows(runs, dc, 11));
    const rows = [...countRows(runs), ...latencyRows(runs), ...backlogs];
    judge(name, rows);
    expect(shareDecided(rows)).toBeGreaterThan(0.8);
  });
});
