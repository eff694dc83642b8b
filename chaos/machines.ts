/**
 * What a fault may do to the machines of datacentres: the interface that a world which really has
 * processes, disks and clocks hands to the interpreter of a plan.
 */

/** What is wrong with a machine. Several troubles of one DC add up. */
export interface MachineTrouble {
  /** Its wall clock is ahead by so much (behind, where negative). */
  readonly skewMs?: number;
  /** Every call of its disk takes so many times as long. */
  readonly diskSlowFactor?: number;
  /** No write to its disk succeeds. */
  readonly diskFull?: boolean;
}

/** How often the troubles of a machine made a difference since its process began. */
export interface TroubleEffects {
  readonly skewedReads: number;
  readonly slowedCalls: number;
  readonly failedWrites: number;
}

export const NO_EFFECTS: TroubleEffects = { skewedReads: 0, slowedCalls: 0, failedWrites: 0 };

export interface Machines {
  /** kill -9. Nothing where it is down. Resolves when the processes are gone. */
  kill(dc: number): Promise<void>;
  /** Starts it on its disk; resolves when it serves. Nothing where it runs. */
  start(dc: number): Promise<void>;
  /** SIGSTOP: sockets stay open, nothing answers. */
  pause(dc: number): Promise<void>;
  /** SIGCONT. */
  resume(dc: number): Promise<void>;
  /** From now on, also for processes that start later. `{}`: nothing is wrong any more. */
  trouble(dc: number, trouble: MachineTrouble): Promise<void>;
  /** Since the machine's first process, whatever became of that. */
  effects(dc: number): Promise<TroubleEffects>;
}

/** All of them at once: offsets add, factors multiply. */
export function combinedTrouble(troubles: readonly MachineTrouble[]): Required<MachineTrouble> {
  let skewMs = 0;
  let diskSlowFactor = 1;
  let diskFull = false;
  for (const trouble of troubles) {
    skewMs += trouble.skewMs ?? 0;
    diskSlowFactor *= trouble.diskSlowFactor ?? 1;
    diskFull ||= trouble.diskFull ?? false;
  }
  return { skewMs, diskSlowFactor, diskFull };
}
