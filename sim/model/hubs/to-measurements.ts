/** The counts of a run of posts, as the measurements that every world hands to the judge. */
import type { Measurements } from '../../../reports/measurements.ts';
import { POST_KINDS } from '../../../reports/metrics.ts';
import { BUCKET_COUNT, bucketMiddle } from '../latency-buckets.ts';
import type { HubTally } from './hub-tally.ts';
import type { HubPlan } from './plan.ts';

/** `dcs`: ids by index. Latencies lie at the second in which their posts were due. */
export function addHubResult(
  { plan, tally }: { readonly plan: HubPlan; readonly tally: HubTally },
  dcs: readonly number[],
  measurements: Measurements,
): void {
  const { shape } = tally;
  POST_KINDS.forEach((kind, k) => {
    const last = histogram(tally.last, k * shape.cells * BUCKET_COUNT, shape.cells);
    addHistogram(last, shape.cellUs, (ms, at, count) =>
      measurements.record('post_last_delivery', ms, { kind }, at, count),
    );
    dcs.forEach((id, dc) => {
      const tags = { kind, dc: String(id) };
      const size = shape.cells * BUCKET_COUNT;
      const devices = histogram(tally.latency, (k * dcs.length + dc) * size, shape.cells);
      addHistogram(devices, shape.cellUs, (ms, at, count) =>
        measurements.record('post_latency', ms, tags, at, count),
      );
      for (let cell = 0; cell < tally.countCells; cell++) {
        const at = (cell * shape.cellUs) / 1e6;
        const place = (cell * POST_KINDS.length + k) * dcs.length + dc;
        const [posts, pushes] = [tally.posts[place]!, tally.pushes[place]!];
        if (posts > 0) measurements.add('posts', posts, tags, at);
        if (pushes > 0) measurements.add('post_deliveries', pushes, tags, at);
      }
    });
  });
  dcs.forEach((id, dc) => {
    for (let cell = 0; cell < shape.cells; cell++) {
      const widthUs = Math.min(shape.cellUs, shape.windowUs - cell * shape.cellUs);
      const workUs = tally.load[cell * dcs.length + dc]! * plan.pushUs;
      const share = workUs / plan.settings.fanOutCores[dc]! / widthUs;
      const tags = { dc: String(id), station: 'fan_out' };
      measurements.gauge('utilisation', share, tags, (cell * shape.cellUs) / 1e6);
    }
  });
}

const histogram = (counts: Float64Array, from: number, cells: number): Float64Array =>
  counts.subarray(from, from + cells * BUCKET_COUNT);

function addHistogram(
  counts: Float64Array,
  cellUs: number,
  add: (ms: number, atSeconds: number, count: number) => void,
): void {
  counts.forEach((count, entry) => {
    if (count === 0) return;
    const cell = Math.floor(entry / BUCKET_COUNT);
    add(bucketMiddle(entry % BUCKET_COUNT) / 1000, (cell * cellUs) / 1e6, count);
  });
}
