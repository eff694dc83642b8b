/**
 * The machines of a live world as faults see them: processes that are killed, stopped and started,
 * and what is wrong with their clocks and disks. A datacentre whose disk is full ends by itself, as
 * it should; a supervisor would start it again, and so does this, until there is room.
 */
import {
  type Machines,
  type MachineTrouble,
  NO_EFFECTS,
  type TroubleEffects,
} from '../../chaos/machines.ts';
import type { Clock } from '../../system-under-test/environment/index.ts';
import type { LiveCluster } from '../../system-under-test/live/live-cluster.ts';
import { NO_TROUBLE } from '../../system-under-test/live/machine-trouble.ts';

/** A supervisor's pause before it starts what has ended: systemd's RestartSec is 100 ms. */
const RESTART_MS = 500;
/** A write that failed just before there was room again may still be the end of its process. */
const GRACE_MS = 10_000;

export class LiveMachines implements Machines {
  readonly #cluster: () => LiveCluster;
  readonly #clock: Clock;
  readonly #full = new Set<number>();
  /** Until when a process may still end of the disk having been full. */
  readonly #fullUntilMs = new Map<number, number>();
  readonly #starting = new Map<number, Promise<void>>();
  /** Of processes that have ended, and what the running one had at the last look. */
  readonly #ended = new Map<number, TroubleEffects>();
  readonly #seen = new Map<number, TroubleEffects>();
  /** Deaths of processes on a full disk. */
  readonly #deaths = new Map<number, number>();
  readonly #problem: (why: string) => void;
  #stopped = false;

  /** `problem` takes what ended without a fault having asked for it. */
  constructor(cluster: () => LiveCluster, clock: Clock, problem: (why: string) => void) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#problem = problem;
  }

  async kill(dc: number): Promise<void> {
    await this.#starting.get(dc)?.catch(() => {});
    await this.#look(dc);
    await this.#cluster().kill(dc);
    this.#keep(dc);
  }

  async start(dc: number): Promise<void> {
    if (this.#stopped) return;
    await this.#starting.get(dc)?.catch(() => {});
    if (this.#cluster().isRunning(dc)) return;
    const started = this.#cluster().startDc(dc);
    this.#starting.set(dc, started);
    try {
      await started;
    } finally {
      this.#starting.delete(dc);
    }
  }

  pause(dc: number): Promise<void> {
    this.#cluster().pause(dc);
    return Promise.resolve();
  }

  resume(dc: number): Promise<void> {
    this.#cluster().resume(dc);
    return Promise.resolve();
  }

  trouble(dc: number, trouble: MachineTrouble): Promise<void> {
    if (trouble.diskFull) this.#full.add(dc);
    else if (this.#full.delete(dc)) {
      this.#fullUntilMs.set(dc, this.#clock.monotonicMs() + GRACE_MS);
    }
    this.#cluster().trouble(dc, { ...NO_TROUBLE, ...trouble });
    return Promise.resolve();
  }

  async effects(dc: number): Promise<TroubleEffects> {
    await this.#look(dc);
    const all = sum(this.#ended.get(dc), this.#seen.get(dc));
    // Whoever dies of a write that failed says nothing more: each such end is one.
    return { ...all, failedWrites: all.failedWrites + (this.#deaths.get(dc) ?? 0) };
  }

  /** To be told when a process ends by itself. */
  ended(dc: number, why: string): void {
    this.#keep(dc);
    if (this.#stopped) return;
    const full = this.#full.has(dc);
    const recently = this.#clock.monotonicMs() < (this.#fullUntilMs.get(dc) ?? 0);
    if (!full && !recently) {
      this.#problem(why);
      return;
    }
    this.#deaths.set(dc, (this.#deaths.get(dc) ?? 0) + 1);
    this.#clock.after(RESTART_MS, () => {
      // It cannot start on a full disk either: tried again until there is room.
      this.start(dc).catch((error: Error) => this.ended(dc, error.message));
    });
  }

  /** Nothing is started any more. */
  stop(): void {
    this.#stopped = true;
  }

  async #look(dc: number): Promise<void> {
    const status = await this.#cluster().status(dc);
    if (status) this.#seen.set(dc, status.troubleEffects);
  }

  #keep(dc: number): void {
    this.#ended.set(dc, sum(this.#ended.get(dc), this.#seen.get(dc)));
    this.#seen.delete(dc);
  }
}

function sum(a: TroubleEffects = NO_EFFECTS, b: TroubleEffects = NO_EFFECTS): TroubleEffects {
  return {
    skewedReads: a.skewedReads + b.skewedReads,
    slowedCalls: a.slowedCalls + b.slowedCalls,
    failedWrites: a.failedWrites + b.failedWrites,
  };
}
