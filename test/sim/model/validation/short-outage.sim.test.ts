/**
 * The events model against the reference simulator where a DC is back before its people are: who
 * has not reconnected when home returns, and what was under way to the DC they had fled to.
 */
import { afterAll, expect, test } from 'vitest';
import { runColumns } from '../../../../sim/model/column-range.ts';
import {
  ACKNOWLEDGED,
  GENERATED,
  GIVEN_UP,
  Tally,
  tallyShape,
} from '../../../../sim/model/tally.ts';
import {
  countRows,
  judgement,
  latencyRows,
  runBoth,
  shareDecided,
} from '../reference/comparison.ts';
import { modelPlanOf, planetCase } from '../reference/planet-case.ts';
import { sum } from './statistics.ts';

const SLOW = 180_000;
const { judge, print } = judgement();
afterAll(print);

test('home is back before its people have fled: latencies by path', { timeout: SLOW }, () => {
  const name = 'short outages';
  const planet = planetCase({
    name,
    seconds: 20,
    rate: 300,
    service: { sync: { meanUs: 20_000, sigma: 0.5 } },
    faults: [
      { kind: 'dc_loss', dc: 3, atSeconds: 3.4, forSeconds: 3.6 },
      { kind: 'dc_crash', dc: 2, atSeconds: 10.9, forSeconds: 0.4 },
    ],
  });
  const runs = runBoth(planet, { model: 60, reference: 24 });
  const rows = [...countRows(runs), ...latencyRows(runs)];
  judge(name, rows);
  expect(shareDecided(rows)).toBeGreaterThan(0.3);
});

test('a link that is slow is cut: what is still on its way waits', { timeout: SLOW }, () => {
  const name = 'slow link cut';
  const planet = planetCase({
    name,
    seconds: 20,
    rate: 300,
    faults: [
      { kind: 'slow_link', from: 3, to: 1, addedMs: 330, atSeconds: 5.9, forSeconds: 7 },
      { kind: 'partition', groups: [[3], [1, 2]], atSeconds: 8.4, forSeconds: 4 },
    ],
  });
  const runs = runBoth(planet, { model: 60, reference: 24 });
  const rows = [...countRows(runs), ...latencyRows(runs)];
  judge(name, rows);
});

test('who has gone home sends again what the DC they had fled to forgot', () => {
  // DC 1 takes the people of DC 2, and is two seconds behind when they leave it and it is lost.
  const planet = planetCase({
    name: 'fault2',
    seconds: 30,
    rate: 300,
    service: { front: { meanUs: 2000, sigma: 0.5 }, writeDrainShare: 0.9 },
    faults: [
      { kind: 'dc_loss', dc: 2, atSeconds: 3, forSeconds: 8 },
      { kind: 'dc_loss', dc: 1, atSeconds: 20, forSeconds: 4 },
    ],
  });
  const plan = modelPlanOf(planet, 4);
  const tally = new Tally(tallyShape(plan));
  tally.add(runColumns({ plan, from: 0, to: 4 }));
  const answered = sum(tally.pairs(ACKNOWLEDGED)) + sum(tally.pairs(GIVEN_UP));
  expect(answered).toBe(sum(tally.pairs(GENERATED)));
});
