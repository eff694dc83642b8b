/**
 * What is said of a run that goes on, on a terminal and on the dashboard alike: figures of its last
 * seconds, SLOs so far.
 */
import { excerpt } from './excerpt.ts';
import type { Measurements } from './measurements.ts';
import { type FaultSpan, phasesOf } from './phases.ts';
import { evaluateSlos, type SloMap, type SloResult } from './slo.ts';
import { definitionOf, parseSelection } from './tags.ts';

/** Rates and percentiles are of so many seconds. */
export const RECENT_SECONDS = 5;

/** What of a scenario the view needs. */
export interface Watched {
  readonly slos: SloMap;
  readonly faults: readonly FaultSpan[];
  readonly topology: {
    readonly sites: readonly { readonly id: number; readonly name: string }[];
  };
}

/** A fault in words, with its plan in seconds of the window. */
export interface NamedFault {
  readonly text: string;
  readonly atSeconds: number;
  readonly forSeconds: number;
}

/** A run as it stands. */
export interface Snapshot {
  /** From the start of the window; below 0 in the warm-up. */
  readonly atSeconds: number;
  readonly measurements: Measurements;
  readonly inForce: readonly NamedFault[];
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

/** Of the last seconds. */
export interface RecentFigures {
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
}

export interface LiveFigures extends RecentFigures {
  readonly lights: readonly Light[];
}

/** Undefined in the warm-up, of which nothing is measured. */
export function liveFigures(snapshot: Snapshot, watched: Watched): LiveFigures | undefined {
  const recent = recentFigures(snapshot, watched);
  return recent && { ...recent, lights: lightsOf(snapshot, watched) };
}

/** As `liveFigures`, without the SLOs, which take longer the longer a run has been. */
export function recentFigures(snapshot: Snapshot, watched: Watched): RecentFigures | undefined {
  const { atSeconds, measurements, inForce } = snapshot;
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
    faults: inForce.map(({ text, ...fault }) => ({
      text,
      secondsLeft: Math.max(0, fault.atSeconds + fault.forSeconds - atSeconds),
    })),
  };
}

/** Every SLO as it stands, provisionally. */
export function lightsOf(
  { measurements }: Pick<Snapshot, 'measurements'>,
  { slos, faults }: Watched,
): Light[] {
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
