/**
 * Whole runs of a channel with listeners in two DCs: when the last device of both has a post, as
 * the maximum of independent delays.
 */
import { afterAll, expect, test } from 'vitest';
import { exponential } from '../../../../sim/core/draws.ts';
import { keyOfSeed } from '../../../../sim/core/seed.ts';
import { randomStream } from '../../../../sim/core/streams.ts';
import { BUCKET_COUNT, bucketMiddle } from '../../../../sim/model/latency-buckets.ts';
import type { Hub } from '../../../../sim/traffic/hubs.ts';
import { Findings, integral, normalCdf, REPLICATIONS } from '../validation/statistics.ts';
import { hubPlan, runPosts } from './hub-planet.ts';

const findings = new Findings('the last device of a post');
afterAll(() => console.log(findings.toString()));

const [HERE, THERE] = [6, 10];
const PUSH_MS = 5;
const SECONDS = 1_000;

function planOf(replication: number) {
  const random = randomStream(keyOfSeed('last device'), 'posts', replication);
  const posts: number[] = [];
  for (let at = 0; at < SECONDS; at += 0.2 + exponential(random, 0.05)) posts.push(at);
  const hub: Hub = {
    ...{ id: 'a', kind: 'channel', homeDc: 0, members: 100 },
    listeners: Float64Array.of(HERE, THERE, 0),
    posts: () => Float64Array.from(posts),
  };
  const nothing = { quantilesUs: [0, 0] };
  return hubPlan({
    ...{ hubs: [hub], seed: `last device ${replication}`, seconds: SECONDS },
    service: { delivery: { meanUs: PUSH_MS * 1000, sigma: 0 }, sync: nothing },
    settings: { fanOutCores: [1, 10, 1], postWork: nothing },
  });
}

/** Distribution function of one way of access, as a fine table. */
function accessBelowOf(medianMs: number, sigma: number): (ms: number) => number {
  const step = 0.01;
  const table = Float64Array.from({ length: 30_000 }, (_, i) =>
    i === 0 ? 0 : normalCdf(Math.log((i * step) / medianMs) / sigma),
  );
  return (ms) => (ms <= 0 ? 0 : table[Math.min(table.length - 1, Math.round(ms / step))]!);
}

test('its mean is that of the maximum over both DCs', () => {
  const { access, oneWayUs } = planOf(0);
  const [medianMs, sigma] = [access.medianUs / 1000, access.sigma];
  const accessBelow = accessBelowOf(medianMs, sigma);
  /** All of a DC have it so long after its arrival there. */
  const dcBelow = (ms: number, listeners: number, cores: number): number => {
    const stepMs = PUSH_MS / cores;
    const lastMs = (listeners - 1) * stepMs;
    const othersMs = lastMs - stepMs;
    const other = integral((at) => accessBelow(ms - PUSH_MS - at), 0, othersMs, 40) / othersMs;
    return accessBelow(ms - PUSH_MS - lastMs) * other ** (listeners - 1);
  };
  const wayMs = oneWayUs[1]! / 1000;
  const below = (ms: number): number => dcBelow(ms, HERE, 1) * dcBelow(ms - wayMs, THERE, 10);
  const senderMs = medianMs * Math.exp(sigma ** 2 / 2);
  const expected = senderMs + integral((ms) => 1 - below(ms), 0, 200, 2_000);
  // Both DCs decide: neither alone comes near.
  const alone = integral((ms) => 1 - dcBelow(ms - wayMs, THERE, 10), 0, 200, 2_000);
  expect(expected - senderMs - alone).toBeGreaterThan(1);
  const means = Array.from({ length: REPLICATIONS }, (_, replication) => {
    const { last } = runPosts(planOf(replication));
    let [count, sum] = [0, 0];
    last.forEach((n, entry) => {
      count += n;
      sum += n * (bucketMiddle(entry % BUCKET_COUNT) / 1000);
    });
    expect(count).toBeGreaterThan(3_000);
    return sum / count;
  });
  findings.check('last device of a post (ms), mean', expected, means);
});
