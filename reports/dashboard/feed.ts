/**
 * Turns what is seen of a run into the dashboard's events: figures as the terminal's live view has
 * them (live-figures.ts), SLOs so far, verdicts. It does no IO, and its clock is handed in.
 */
import {
  type Light,
  lightsOf,
  type NamedFault,
  type RecentFigures,
  recentFigures,
  type Snapshot,
  type Watched,
} from '../live-figures.ts';
import { Measurements } from '../measurements.ts';
import { formatDuration, nameDatacentres, sloValue } from '../render/format.ts';
import type { WorldResult } from '../results.ts';
import type { SloResult, Verdict } from '../slo.ts';
import { POINTS_MAX } from './event-buffer.ts';
import type {
  AboutRun,
  DashboardEvent,
  EndEvent,
  FaultShown,
  LightShown,
  LightState,
} from './events.ts';

/** No world reports more often than people read. */
const PROGRESS_EVERY_MS = 250;
/** To judge all SLOs takes some milliseconds, which a run should not spend every moment. */
const LIGHTS_EVERY_MS = 500;

/** What is kept of a world while it runs. */
interface Seen {
  phase: string;
  progressAtMs: number;
  lightsAtMs: number;
  /** Of the latest look. */
  atSeconds: number;
  pointAtSeconds: number;
  readonly faults: Map<string, FaultShown>;
}

export class DashboardFeed {
  readonly #about: AboutRun;
  readonly #watched: Watched;
  readonly #publish: (event: DashboardEvent) => void;
  readonly #nowMs: () => number;
  readonly #seen = new Map<string, Seen>();
  /** Seconds between two points: a long window is not drawn finer than a screen is. */
  readonly #stepSeconds: number;

  constructor(
    about: AboutRun,
    watched: Watched,
    publish: (event: DashboardEvent) => void,
    nowMs: () => number,
  ) {
    this.#about = about;
    this.#watched = watched;
    this.#publish = publish;
    this.#nowMs = nowMs;
    this.#stepSeconds = Math.max(1, Math.ceil(about.windowSeconds / POINTS_MAX));
  }

  progress(
    world: string,
    { phase, done, text }: { readonly phase: string; readonly done: number; readonly text: string },
  ): void {
    const seen = this.#of(world);
    const now = this.#nowMs();
    const changed = seen.phase !== phase || done >= 1;
    if (!changed && now - seen.progressAtMs < PROGRESS_EVERY_MS) return;
    seen.phase = phase;
    seen.progressAtMs = now;
    this.#publish({ type: 'progress', world, phase, done: Math.min(1, Math.max(0, done)), text });
  }

  /** Takes `look` as often as the world shows itself; what is said is bounded. */
  look(world: string, snapshot: Snapshot): void {
    const seen = this.#of(world);
    const { atSeconds } = snapshot;
    const changed = noteFaults(seen, snapshot);
    seen.atSeconds = atSeconds;
    if (atSeconds < seen.pointAtSeconds + this.#stepSeconds && !changed) return;
    const figures = recentFigures(snapshot, this.#watched);
    if (figures === undefined) return;
    if (atSeconds >= seen.pointAtSeconds + this.#stepSeconds) {
      seen.pointAtSeconds = Math.floor(atSeconds);
      this.#publish(pointOf(world, figures));
    }
    const now = this.#nowMs();
    if (!changed && now - seen.lightsAtMs < LIGHTS_EVERY_MS) return;
    seen.lightsAtMs = now;
    this.#publish({
      type: 'state',
      world,
      lights: lightsOf(snapshot, this.#watched).map(lightShown),
      inForce: figures.faults,
      faults: [...seen.faults.values()],
    });
  }

  /** Its verdict takes the place of what was provisional. */
  judged(world: string, { verdict, slos, faults, voidReasons }: WorldResult): void {
    const { sites } = this.#watched.topology;
    const named = (text: string): string => nameDatacentres(text, { datacentres: sites });
    this.#publish({
      type: 'judged',
      world,
      verdict,
      voidReasons,
      lights: slos.map((slo) => lightShown({ slo, state: STATES[slo.verdict] })),
      faults: faults.flatMap(({ description, firedAtSeconds, healedAtSeconds }) =>
        firedAtSeconds === undefined
          ? []
          : [
              {
                ...{ description: named(description), firedAtSeconds },
                ...(healedAtSeconds === undefined ? {} : { healedAtSeconds }),
              },
            ],
      ),
    });
  }

  end(end: Omit<EndEvent, 'type'>): void {
    this.#publish({ type: 'end', ...end });
  }

  /** The SLOs before anything was measured: what the page begins with. */
  lightsAtStart(): LightShown[] {
    const measurements = new Measurements({ windowSeconds: this.#about.windowSeconds });
    return lightsOf({ measurements }, this.#watched).map(lightShown);
  }

  #of(world: string): Seen {
    const known = this.#seen.get(world);
    if (known) return known;
    const never = Number.NEGATIVE_INFINITY;
    const seen: Seen = {
      ...{ phase: '', progressAtMs: never, lightsAtMs: never },
      ...{ atSeconds: never, pointAtSeconds: never, faults: new Map() },
    };
    this.#seen.set(world, seen);
    return seen;
  }
}

const STATES: Readonly<Record<Verdict, LightState>> = {
  ...{ held: 'holds', broken: 'broken', undecided: 'pending' },
};

function lightShown({ slo, state }: Light): LightShown {
  const { metric, threshold, why }: SloResult = slo;
  return { metric, threshold, state, value: sloValue(slo), ...(why === undefined ? {} : { why }) };
}

function pointOf(world: string, figures: RecentFigures): DashboardEvent {
  const { duePerSecond, deliveredPerSecond, latencies, backlogs, atSeconds } = figures;
  return {
    type: 'point',
    world,
    atSeconds: Math.round(atSeconds * 100) / 100,
    ...(duePerSecond === undefined ? {} : { duePerSecond }),
    ...(deliveredPerSecond === undefined ? {} : { deliveredPerSecond }),
    latencyMs: Object.fromEntries(
      latencies.map(({ path, p50Ms, p99Ms }) => [path, [p50Ms, p99Ms] as const]),
    ),
    backlog: backlogs.reduce((sum, { waiting }) => sum + waiting, 0),
  };
}

/**
 * Begins and ends faults as they come into force and go. Between two looks nobody saw it: then it
 * was as planned, as far as both looks allow. True if anything changed.
 */
function noteFaults(seen: Seen, { atSeconds, inForce }: Snapshot): boolean {
  const from = Math.max(0, Math.min(seen.atSeconds, atSeconds));
  const between = (seconds: number): number => Math.min(atSeconds, Math.max(from, seconds));
  const now = new Map(inForce.map((fault) => [keyOf(fault), fault]));
  let changed = false;
  for (const [key, { text, atSeconds: planned }] of now) {
    if (seen.faults.has(key)) continue;
    seen.faults.set(key, { description: text, firedAtSeconds: between(planned) });
    changed = true;
  }
  for (const [key, fault] of seen.faults) {
    if (now.has(key) || fault.healedAtSeconds !== undefined) continue;
    const [, plannedEnd] = key.split(' ', 2);
    seen.faults.set(key, { ...fault, healedAtSeconds: between(Number(plannedEnd)) });
    changed = true;
  }
  return changed;
}

const keyOf = ({ text, atSeconds, forSeconds }: NamedFault): string =>
  `${atSeconds} ${atSeconds + forSeconds} ${text}`;

/** "short-outage, seed 1, cluster and live, a window of 30 s". */
export function settingOf({ command, seed, worlds, windowSeconds }: AboutRun): string {
  const several = worlds.length > 1 ? 'worlds' : 'world';
  const where = `${several} ${worlds.join(', ')}`;
  return `${command}, seed ${seed}, ${where}, a window of ${formatDuration(windowSeconds)}`;
}
