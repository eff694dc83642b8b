/**
 * The events model against the reference simulator while nothing is out: calm, overloaded, and
 * with every kind of message on several servers.
 */
import { afterAll, expect, test } from 'vitest';
import {
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

test('calm, front servers at 51 %: latencies by path and acknowledgements', {
  timeout: SLOW,
}, () => {
  const name = 'calm';
  const runs = runBoth(planetCase({ name, seconds: 20, rate: 2000 }), { model: 48, reference: 12 });
  const rows = [...countRows(runs), ...latencyRows(runs)];
  judge(name, rows);
  expect(shareDecided(rows)).toBe(1);
});

test('a rush: refusals, repeats, what is given up, and how late all is', { timeout: SLOW }, () => {
  const name = 'overload';
  const planet = planetCase({
    name,
    seconds: 30,
    rate: 450,
    times: (second) => (second >= 4 && second < 12 ? 2 : 0.5),
    service: {
      front: { meanUs: 2000, sigma: 0.5 },
      admission: { alertMs: 400, shedAfterMs: 1500, retryMs: 800, attemptsMax: 4 },
    },
  });
  const runs = runBoth(planet, { model: 72, reference: 24 });
  expect(runs.reference.all.givenUp).toBeGreaterThan(100);
  expect(runs.reference.all.refused).toBeGreaterThan(100_000);
  const rows = [...countRows(runs), ...latencyRows(runs)];
  judge(name, rows);
  // What one column refuses sways with all that came before: means are only so well known.
  expect(shareDecided(rows)).toBeGreaterThan(0.3);
});

test('groups, bots and files, three servers of each role', { timeout: SLOW }, () => {
  const name = 'kinds of messages';
  const planet = planetCase({
    name,
    seconds: 20,
    rate: 1500,
    servers: 3,
    mix: { direct: 0.5, group: 0.25, bot: 0.125, media: 0.125 },
    service: { front: { meanUs: 1000, sigma: 0.8 }, delivery: { meanUs: 800, sigma: 0.8 } },
  });
  const runs = runBoth(planet, { model: 48, reference: 12 });
  const rows = [...countRows(runs), ...latencyRows(runs)];
  judge(name, rows);
  expect(shareDecided(rows)).toBeGreaterThan(0.8);
});
