/** The model's own integer counts, as the measurements that every world hands to the judge. */
import type { Measurements } from '../../reports/measurements.ts';
import { PATHS } from '../../reports/metrics.ts';
import { addHubResult } from './hubs/to-measurements.ts';
import { BUCKET_COUNT, bucketMiddle } from './latency-buckets.ts';
import type { ModelResult } from './model.ts';
import { PATH_COUNT } from './tally.ts';

const ACKS = ['stored', 'queued'] as const;

/** Adds everything of `result`; latencies lie at the second in which their messages were due. */
export function addModelResult(result: ModelResult, measurements: Measurements): void {
  const { tally, dcs } = result;
  dcs.forEach((id, dc) => {
    const tags = { dc: String(id) };
    PATHS.forEach((path, i) => {
      const series = measurements.series('delivery_latency', { path, ...tags });
      addLatency(result, i * dcs.length + dc, series);
    });
    ACKS.forEach((ack, i) => {
      const series = measurements.series('ack_latency', { ack, ...tags });
      addLatency(result, (PATH_COUNT + i) * dcs.length + dc, series);
    });
    const counters = [
      ['messages_offered', tally.offered],
      ['messages_sent', tally.sent()],
      ['writes_queued', tally.queued],
      ['requests_refused', tally.refused],
      ['messages_given_up', tally.givenUp],
    ] as const;
    for (const [name, counts] of counters) {
      measurements.add(name, 0, tags, 0);
      forCells(result, (cell, at) => {
        const n = counts[cell * dcs.length + dc]!;
        if (n > 0) measurements.add(name, n, tags, at);
      });
    }
    PATHS.forEach((path, i) => {
      forCells(result, (cell, at) => {
        const n = tally.delivered[(cell * PATH_COUNT + i) * dcs.length + dc]!;
        if (n > 0) measurements.add('messages_delivered', n, { path, ...tags }, at);
      });
    });
    addBacklog(result, dc, measurements);
  });
  measurements.add('writes_lost', result.writesLost, {}, 0);
  measurements.add('writes_doubled', result.writesDoubled, {}, 0);
  measurements.add('order_violations', result.orderViolations, {}, 0);
  if (result.hubs !== undefined) addHubResult(result.hubs, dcs, measurements);
}

interface LatencySeries {
  record(valueMs: number, atSeconds: number, count: number): void;
}

function addLatency(result: ModelResult, index: number, into: LatencySeries): void {
  const { latency, shape } = result.tally;
  for (let cell = 0; cell < shape.cells; cell++) {
    const base = (index * shape.cells + cell) * BUCKET_COUNT;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      const count = latency[base + bucket]!;
      if (count > 0) into.record(bucketMiddle(bucket) / 1000, (cell * shape.cellUs) / 1e6, count);
    }
  }
}

/** Level at the end of each cell, and how long after the return the last one left. */
function addBacklog(result: ModelResult, dc: number, measurements: Measurements): void {
  const { tally, dcs, plan } = result;
  const tags = { dc: String(dcs[dc]) };
  const cutUntilUs = plan.cutUntilUs[dc]!;
  let waiting = 0;
  measurements.gauge('backlog', 0, tags, 0);
  forCells(result, (cell, at) => {
    const change =
      tally.waitingIn[cell * dcs.length + dc]! - tally.waitingOut[cell * dcs.length + dc]!;
    if (change === 0) return;
    waiting += change;
    measurements.gauge('backlog', waiting, tags, at);
  });
  if (cutUntilUs < 0) return;
  const drainUs = Math.max(0, tally.perDc[dc]! - cutUntilUs);
  measurements.gauge('drain_time', drainUs / 1e6, tags, cutUntilUs / 1e6);
}

function forCells(result: ModelResult, visit: (cell: number, atSeconds: number) => void): void {
  const { tally } = result;
  for (let cell = 0; cell < tally.countCells; cell++) {
    visit(cell, (cell * tally.shape.cellUs) / 1e6);
  }
}
