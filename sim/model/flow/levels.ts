/**
 * What is seen of a disturbed step beside counts and latencies: how much waits where, how far
 * copies are behind, and which faults made a difference.
 */
import type { People } from './people.ts';
import type { Disturbances, FlowPlan } from './plan.ts';
import { type Recorder, STATION } from './recorder.ts';
import { type FlowStations, replicationWaitUs } from './stations.ts';
import { depthOf, type Waiting } from './waiting.ts';

/** A step of so many seconds. */
export interface Step {
  readonly seconds: number;
  readonly middle: number;
}

export interface LevelParts {
  readonly plan: FlowPlan;
  readonly stations: FlowStations;
  readonly recorder: Recorder;
  readonly now: Disturbances;
  /** Ids by index. */
  readonly dcs: readonly number[];
  readonly waits: Waiting;
  readonly people: readonly People[];
}

export class Levels {
  private readonly parts: LevelParts;

  constructor(parts: LevelParts) {
    this.parts = parts;
  }

  /** At the end of a step. `effects`, by fault, is raised to what it holds up. */
  note(step: Step, effects: Float64Array): void {
    const { plan, stations, recorder, waits, people } = this.parts;
    const { dcCount } = plan;
    const { seconds } = step;
    const note = (station: number, dc: number, n: number): void =>
      recorder.depth.note(station * dcCount + dc, n, seconds);
    for (let dc = 0; dc < dcCount; dc++) {
      const into = waits.into(dc);
      let fullest = 0;
      for (let other = 0; other < dcCount; other++) {
        if (other === dc) continue;
        fullest = Math.max(fullest, stations.links[dc * dcCount + other]!.utilisation);
        this.noteStaleness(step, dc, other);
      }
      recorder.backlog.note(dc, into, seconds);
      note(STATION.front, dc, depthOf(waits.fronts[dc]!));
      note(STATION.router, dc, depthOf(waits.routers[dc]!));
      note(STATION.delivery, dc, depthOf(waits.pushes[dc]!));
      note(STATION.link, dc, waits.outOf(dc));
      note(STATION.devices, dc, people[dc]!.waiting);
      recorder.utilisation.note(STATION.link * dcCount + dc, fullest, seconds);
      this.noteHeldUp(dc, into + people[dc]!.held.n, effects);
    }
  }

  /** `n` messages on a slow link. */
  noteSlowed(from: number, to: number, n: number, effects: Float64Array): void {
    const { plan, now, dcs } = this.parts;
    for (const index of now.active) {
      const fault = plan.faults[index]!;
      if (fault.kind !== 'slow_link') continue;
      if (fault.from === dcs[from] && fault.to === dcs[to]) effects[index]! += n;
    }
  }

  private noteHeldUp(dc: number, n: number, effects: Float64Array): void {
    const { plan, now, dcs } = this.parts;
    const id = dcs[dc]!;
    for (const index of now.active) {
      const fault = plan.faults[index]!;
      const hit =
        fault.kind === 'partition'
          ? fault.groups.some((group) => group.includes(id))
          : 'dc' in fault && fault.dc === id;
      if (hit) effects[index] = Math.max(effects[index]!, n);
    }
  }

  private noteStaleness({ middle, seconds }: Step, home: number, dc: number): void {
    const { plan, stations, recorder, now, waits } = this.parts;
    const pair = home * plan.dcCount + dc;
    const { log } = stations.dcs[home]!;
    const { inbound } = stations.dcs[dc]!;
    const link = stations.links[pair]!;
    const oldest = waits.links[pair]!.oldestDue;
    const waited = oldest === undefined ? 0 : Math.max(0, middle - oldest);
    const way = plan.oneWayUs[pair]! + now.addedUs[pair]! + link.meanUs;
    const wait = replicationWaitUs(plan, stations.dcs[home]!.log.perSecond);
    const us = log.meanUs + wait + way + inbound.meanUs;
    recorder.staleness.note(pair, waited + us / 1e6, seconds);
  }
}
