/** What the live view says of a run that goes on: figures of its last seconds, SLOs so far. */
import { describeFault, type Fault } from '../chaos/plan.ts';
import { excerpt } from '../reports/excerpt.ts';
import { phasesOf } from '../reports/phases.ts';
import { evaluateSlos, type SloMap, type SloResult } from '../reports/slo.ts';
import { definitionOf, parseSelection } from '../reports/tags.ts';
import type { Look } from '../scenarios/worlds/world.ts';

/** Rates and percentiles are of so many seconds. */
export const RECENT_SECONDS = 5;

/** What of a scenario the view needs. */
export interface Watched {
  readonly slos: SloMap;
  readonly faults: readonly Fault[];
  readonly topology: {
    readonly sites: readonly { readonly id: number; readonly name: string }[];
  };
}

export interface LatencyFigure {
  /** `all`: of a backend of which no paths are known. */
  readonly path: 'same_dc' | 'cross_dc' | 'outage' | 'all';
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** `pending`: nothing to judge yet, or it can still come right by itself. */
export interface Light {
  readonly slo: SloResult;
  readonly state: 'holds' | 'broken' | 'pending';
}

export interface LiveFigures {
  readonly atSeconds: number;
  readonly windowSeconds: number;
  /** Messages a second over the last seconds; absent in the first one. */
  readonly duePerSecond?: number;
  readonly deliveredPerSecond?: number;
  readonly latencies: readonly LatencyFigure[];
  /** Writes that wait for a DC, the longest first; none where nothing waits. */
  readonly backlogs: readonly { readonly name: string; readonly waiting: number }[];
  /** What is broken now, and for how long still. */
  readonly faults: readonly { readonly text: string; readonly secondsLeft: number }[];
  readonly lights: readonly Light[];
}

/** Undefined in the warm-up, of which nothing is measured. */
export function liveFigures(look: Look, watched: Watched): LiveFigures | undefined {
  const { atSeconds, measurements } = look;
  if (atSeconds < 0) return undefined;
  const { bucketSeconds } = measurements;
  const from = Math.floor(Math.max(0, atSeconds - RECENT_SECONDS) / bucketSeconds) * bucketSeconds;
  const seconds = atSeconds - from;
  const recent = excerpt(measurements, [[from, Math.max(from + bucketSeconds, atSeconds)]]);
  const rate = (metric: 'messages_offered' | 'messages_delivered'): number =>
    (recent.summary(metric)?.count ?? 0) / seconds;
  const ofPath = (path: LatencyFigure['path']): LatencyFigure[] => {
    const summary = recent.summary('delivery_latency', path === 'all' ? {} : { path });
    return summary === undefined ? [] : [{ path, p50Ms: summary.p50, p99Ms: summary.p99 }];
  };
  const byPath = (['same_dc', 'cross_dc', 'outage'] as const).flatMap(ofPath);
  const latencies = byPath.length > 0 ? byPath : ofPath('all');
  const { sites } = watched.topology;
  const backlogs = sites.flatMap(({ id, name }) => {
    const waiting = measurements.summary('backlog', { dc: String(id) })?.last ?? 0;
    return waiting > 0 ? [{ name, waiting }] : [];
  });
  return {
    ...{ atSeconds, windowSeconds: measurements.windowSeconds, latencies },
    ...(seconds < 1
      ? {}
      : {
          duePerSecond: rate('messages_offered'),
          deliveredPerSecond: rate('messages_delivered'),
        }),
    backlogs: backlogs.sort((a, b) => b.waiting - a.waiting),
    faults: look.inForce.map((fault) => ({
      text: named(describeFault(fault), sites),
      secondsLeft: Math.max(0, fault.atSeconds + fault.forSeconds - atSeconds),
    })),
    lights: lightsOf(look, watched),
  };
}

function lightsOf({ measurements }: Look, { slos, faults }: Watched): Light[] {
  const results = evaluateSlos(slos, measurements, phasesOf(measurements, faults));
  return results.map((slo) => ({ slo, state: stateOf(slo) }));
}

/** A counter that must reach something is not broken before the end. */
function stateOf({ metric, operator, verdict }: SloResult): Light['state'] {
  if (verdict === 'held') return 'holds';
  if (verdict === 'undecided') return 'pending';
  const name = parseSelection(metric)?.metric ?? '';
  const grows = definitionOf(name as Parameters<typeof definitionOf>[0])?.kind === 'counter';
  return grows && operator.startsWith('>') ? 'pending' : 'broken';
}

/** "DC 3" becomes "Dubai". */
function named(text: string, sites: Watched['topology']['sites']): string {
  return text.replace(/\bDC (\d+)\b/g, (whole, id: string) => {
    return sites.find((site) => site.id === Number(id))?.name ?? whole;
  });
}
