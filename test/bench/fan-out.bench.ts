/**
 * A supergroup of 200,000 members who are all online, 10,000 posts a minute, in the model: how many
 * cores it takes, and when the last device has a post. The costs are those that the supergroup
 * bench measured with 2,000 devices; nothing of the 200,000 is real here.
 */
import { runFanOut } from '../../sim/model/fan-out.ts';
import fiveDatacentres from '../../system-under-test/five-datacentres.json' with { type: 'json' };
import type { Topology } from '../../system-under-test/topology.ts';
import type { BenchResult } from './run.ts';

const ONLINE = 200_000;
const POSTS_PER_SECOND = 10_000 / 60;
/** `npm run bench -- --only supergroup`, 2026-11-21: to all of 2,000 online; a post of 50. */
const DELIVERY_MICROS = 56;
const POST_MICROS = 1_130;
const HOME = 1;
const DCS = [1, 2, 3, 4, 5];
const POSTS = 200_000;

export async function bench(): Promise<BenchResult[]> {
  const name = '200K online in the model';
  const rows: BenchResult[] = [];
  for (const share of [0.5, 0.7, 0.9]) {
    const perDc = ONLINE / DCS.length;
    const cores = Math.ceil((perDc * POSTS_PER_SECOND * DELIVERY_MICROS) / 1e6 / share);
    const { lastDeliveryMs } = runFanOut({
      topology: fiveDatacentres as unknown as Topology,
      seed: 'fan-out bench',
      home: HOME,
      listeners: new Map(DCS.map((dc) => [dc, perDc])),
      cores: new Map(DCS.map((dc) => [dc, cores])),
      postsPerSecond: POSTS_PER_SECOND,
      posts: POSTS,
      postMicros: POST_MICROS,
      deliveryMicros: DELIVERY_MICROS,
    });
    const sorted = lastDeliveryMs.sort();
    const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
    const busy = `${name}, cores ${share * 100} % busy`;
    rows.push(
      { name: `${busy}, cores of all five DCs`, value: cores * DCS.length, unit: 'cores' },
      { name: `${busy}, last delivery p50`, value: at(0.5), unit: 'ms from due' },
      { name: `${busy}, last delivery p99`, value: at(0.99), unit: 'ms from due' },
    );
  }
  const note = `costs as measured with 2,000 online: ${DELIVERY_MICROS} CPU µs a delivery, ${POST_MICROS} a post at home; links of the map, even shares of members`;
  return rows.map((row, index) => (index === 0 ? { ...row, note } : row));
}
