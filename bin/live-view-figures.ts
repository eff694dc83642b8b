/** What a world shows of itself while it runs, as reports/live-figures.ts takes it. */
import { describeFault } from '../chaos/plan.ts';
import type { Snapshot, Watched } from '../reports/live-figures.ts';
import type { Look } from '../scenarios/worlds/world.ts';

export function snapshotOf(look: Look, { topology }: Pick<Watched, 'topology'>): Snapshot {
  const { atSeconds, measurements, inForce } = look;
  return {
    ...{ atSeconds, measurements },
    inForce: inForce.map((fault) => ({
      text: named(describeFault(fault), topology.sites),
      atSeconds: fault.atSeconds,
      forSeconds: fault.forSeconds,
    })),
  };
}

/** "DC 3" becomes "Dubai". */
function named(text: string, sites: Watched['topology']['sites']): string {
  return text.replace(/\bDC (\d+)\b/g, (whole, id: string) => {
    return sites.find((site) => site.id === Number(id))?.name ?? whole;
  });
}
