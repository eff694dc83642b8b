/**
 * What every world does with a scenario, and what it hands back. The judge and the report know
 * nothing else of a world.
 */
import type { Fault, FaultRecord } from '../../chaos/plan.ts';
import type { LatencyBudget } from '../../reports/latency-budget.ts';
import type { Measurements } from '../../reports/measurements.ts';
import type { CheckpointKeeper } from '../../sim/model/checkpoint.ts';
import type { ServiceTimes } from '../../sim/model/service-times.ts';
import type { Scenario, WorldName } from '../define.ts';

/**
 * A run as it stands: in the live world about four times a second, in the cluster world once a
 * second, through warm-up, window and the time after it.
 */
export interface Look {
  /** From the start of the window; below 0 in the warm-up. */
  readonly atSeconds: number;
  /** What was measured so far; provisional, see sim/users/running-figures.ts. */
  readonly measurements: Measurements;
  readonly inForce: readonly Fault[];
}

export interface WorldOptions {
  readonly seed: string;
  readonly workers: number;
  /** Aborted on Ctrl-C: the world stops, cleans up, and rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly progress: (report: Progress) => void;
  /** Cluster and live: looks on while the run goes on. */
  readonly observe?: ((look: Look) => void) | undefined;
  /** Cluster and live, aborted: all faults heal now and no other strikes; the run goes on. */
  readonly rollBack?: AbortSignal | undefined;
  /**
   * Cluster and live, aborted: as `rollBack`, and the run ends with what was measured so far. What
   * is under way is not waited for, and boxes are not compared.
   */
  readonly endNow?: AbortSignal | undefined;
  /** Live world: which Toxiproxy carries the links. */
  readonly toxiproxy: 'embedded' | 'real';
  /** Where a world may keep files while it runs; removed by the caller afterwards. */
  readonly scratch: string;
  /** Model: where it keeps what it has, and goes on from. Default: nowhere. */
  readonly checkpoints?: CheckpointKeeper | undefined;
  /** Model: what its stations cost. Default: its own measurements and assumptions. */
  readonly service?: ServiceTimes | undefined;
}

export interface Progress {
  readonly phase: string;
  /** 0 to 1 of the whole world's run. */
  readonly done: number;
  /** One line for people: rates, latencies, backlog. */
  readonly text: string;
}

export interface WorldRun {
  readonly world: WorldName;
  readonly measurements: Measurements;
  /** Hex digest of everything deterministic in the run (live: of the offered load). */
  readonly digest: string;
  /** Messages that were due in the measured window. */
  readonly messages: number;
  readonly wallSeconds: number;
  readonly faults: readonly FaultRecord[];
  /** Reasons why the run cannot be trusted (generator too slow, machine contended): "undecided". */
  readonly voidReasons: readonly string[];
  /** Why times may be longer than the system's own: then a time that is too long proves nothing. */
  readonly slowReasons?: readonly string[];
  /** Facts a reader needs, such as scale, users, workers, what was left out. */
  readonly notes: readonly string[];
  /** What each hop of a message takes, where the world knows. */
  readonly latencyBudget?: LatencyBudget;
  /**
   * What this world cannot know, with the reason, by metric or by the SLO as it is written: these
   * SLOs are not judged here.
   */
  readonly notJudged?: Readonly<Record<string, string>>;
  /** `endNow` ended it before its time. */
  readonly endedEarly?: boolean;
}

export type World = (scenario: Scenario, options: WorldOptions) => Promise<WorldRun>;
