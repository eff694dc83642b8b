/**
 * What the dashboard's page is told, one JSON document an event. All texts are for people; times
 * are seconds from the start of the measured window, latencies milliseconds.
 */
import type { Verdict } from '../slo.ts';

/** What a page is about; it stands in the page itself. */
export interface AboutRun {
  readonly command: 'run' | 'drill';
  /** Name of the scenario or drill. */
  readonly name: string;
  readonly title: string;
  readonly seed: string;
  readonly version: string;
  /** In the order in which they run. */
  readonly worlds: readonly string[];
  readonly windowSeconds: number;
}

export interface ProgressEvent {
  readonly type: 'progress';
  readonly world: string;
  readonly phase: string;
  /** 0 to 1. */
  readonly done: number;
  readonly text: string;
}

/** One moment of the charts; a figure that is not known is absent. */
export interface PointEvent {
  readonly type: 'point';
  readonly world: string;
  readonly atSeconds: number;
  readonly duePerSecond?: number;
  readonly deliveredPerSecond?: number;
  /** By path: [p50, p99]. */
  readonly latencyMs: Readonly<Record<string, readonly [p50: number, p99: number]>>;
  /** Writes that wait for any DC. */
  readonly backlog: number;
}

export type LightState = 'holds' | 'broken' | 'pending';

/** One SLO, provisional until its world has ended. */
export interface LightShown {
  readonly metric: string;
  readonly threshold: string;
  readonly state: LightState;
  readonly value: string;
  /** Why there is no verdict. */
  readonly why?: string;
}

/** A fault as it was seen; without an end while it is in force. */
export interface FaultShown {
  readonly description: string;
  readonly firedAtSeconds: number;
  readonly healedAtSeconds?: number;
}

export interface StateEvent {
  readonly type: 'state';
  readonly world: string;
  readonly lights: readonly LightShown[];
  /** What is broken now. */
  readonly inForce: readonly { readonly text: string; readonly secondsLeft: number }[];
  readonly faults: readonly FaultShown[];
}

/** The world has ended: this stands. */
export interface JudgedEvent {
  readonly type: 'judged';
  readonly world: string;
  readonly verdict: Verdict;
  readonly lights: readonly LightShown[];
  readonly faults: readonly FaultShown[];
  /** Why it is void, if it is. */
  readonly voidReasons: readonly string[];
}

/** The command has ended; nothing comes after this. */
export interface EndEvent {
  readonly type: 'end';
  readonly how: 'ended' | 'interrupted' | 'failed';
  /** Where it ended by itself. */
  readonly verdict?: Verdict;
  readonly text: string;
  /** Path of report.html, if it was written. */
  readonly report?: string;
}

export type DashboardEvent = ProgressEvent | PointEvent | StateEvent | JudgedEvent | EndEvent;

export interface NumberedEvent {
  /** Ascending from 1. */
  readonly id: number;
  readonly event: DashboardEvent;
}
