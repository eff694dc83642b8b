/** What a datacentre costs in a mean month: servers, their disks, links, the Internet. */
import type { LinkPlan } from './backbone.ts';
import type { Fleet } from './fleet.ts';
import type { Values } from './inputs.ts';
import { meanLoad, type PlanetRates } from './load.ts';
import type { LossState } from './losses.ts';
import type { Planet } from './planet.ts';
import type { Role } from './settings.ts';
import { DAYS_PER_MONTH } from './stored.ts';

export interface DcCost {
  /** Cores and memory. */
  readonly compute: number;
  /** Flash of the stores. */
  readonly flash: number;
  /** Disks of the media servers. */
  readonly disk: number;
  /** What leaves over the backbone. */
  readonly backbone: number;
  /** To the Internet, without what the edge cache answers. */
  readonly egress: number;
  readonly cdn: number;
}

export const costOf = (cost: DcCost): number =>
  cost.compute + cost.flash + cost.disk + cost.backbone + cost.egress + cost.cdn;

const GB = 1e9;
const SECONDS_PER_MONTH = DAYS_PER_MONTH * 86_400;

/** Cores, memory and disks of a server, for a month. */
export function serverPrice(
  { machines: m, prices: p }: Values,
  role: Role,
): {
  readonly compute: number;
  readonly disk: number;
} {
  const compute = (cores: number, memoryBytes: number): number =>
    cores * p.coreMonth + (memoryBytes / GB) * p.memoryGbMonth;
  switch (role) {
    case 'front':
      return { compute: compute(m.frontCores, m.frontMemoryBytes), disk: 0 };
    case 'router':
      return { compute: compute(m.routerCores, m.routerMemoryBytes), disk: 0 };
    case 'store':
      return {
        compute: compute(m.storeCores, m.storeMemoryBytes),
        disk: (m.storeDiskBytes / GB) * p.flashGbMonth,
      };
    case 'media':
      return {
        compute: compute(m.mediaCores, m.mediaMemoryBytes),
        disk: (m.mediaDiskBytes / GB) * p.diskGbMonth,
      };
  }
}

export function costs(
  v: Values,
  planet: Planet,
  rates: PlanetRates,
  normal: LossState,
  fleet: Fleet,
  links: readonly LinkPlan[],
  priceFactors: Readonly<Record<string, number>>,
): DcCost[] {
  const wire = v.traffic.textBytes + v.service.frameBytes;
  const prices = { front: serverPrice(v, 'front'), router: serverPrice(v, 'router') };
  const [store, media] = [serverPrice(v, 'store'), serverPrice(v, 'media')];
  return planet.ids.map((id, dc) => {
    const factor = priceFactors[id] ?? 1;
    const counts = fleet[dc]!;
    const load = meanLoad(v, rates, normal, dc);
    const monthly = (bytesPerSecond: number): number => (bytesPerSecond * SECONDS_PER_MONTH) / GB;
    const leaving = links
      .filter(({ from }) => from === dc)
      .reduce((sum, { bytesPerMonth }) => sum + bytesPerMonth, 0);
    const edge = load.uploadBytes * v.traffic.readsPerWrite * v.storage.cdnShare;
    const out = wire * (load.requests + load.pushes) + load.downloadBytes;
    return {
      compute:
        factor *
        (counts.front * prices.front.compute +
          counts.router * prices.router.compute +
          counts.store * store.compute +
          counts.media * media.compute),
      flash: factor * counts.store * store.disk,
      disk: factor * counts.media * media.disk,
      backbone: factor * (leaving / GB) * v.prices.backboneGb,
      egress: factor * monthly(out) * v.prices.egressGb,
      cdn: factor * monthly(edge) * v.prices.cdnGb,
    };
  });
}
