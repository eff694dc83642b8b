/** What is told of a recovery: the newest state, about once a second, and the same in words. */
import type { RecoveryState } from '../datacenter/recovery-progress.ts';

/** Of one phase no oftener than this. */
const EVERY_MS = 1_000;

export class RecoveryReport {
  readonly #tell: (state: RecoveryState) => void;
  readonly #nowMs: () => number;
  #toldMs = 0;
  #phase: RecoveryState['phase'] | undefined;
  #untold: RecoveryState | undefined;

  constructor(tell: (state: RecoveryState) => void, nowMs: () => number) {
    this.#tell = tell;
    this.#nowMs = nowMs;
  }

  moved(state: RecoveryState): void {
    this.#untold = state;
    if (state.phase !== this.#phase || this.#nowMs() - this.#toldMs >= EVERY_MS) this.flush();
  }

  /** Tells now what has not been told yet. */
  flush(): void {
    const state = this.#untold;
    if (!state) return;
    this.#untold = undefined;
    this.#phase = state.phase;
    this.#toldMs = this.#nowMs();
    this.#tell(state);
  }
}

/** "DC 5 gets back what its disk has lost: 3 of 5 domains, 120,000 entries". */
export function recoveryText(dc: number, state: RecoveryState): string {
  const { phase, domains, domainsDone, entries } = state;
  const what = `DC ${dc} gets back what its disk has lost`;
  if (phase === 'asking') return `${what}: it asks the others what they have`;
  return `${what}: ${domainsDone} of ${domains} domains, ${entries.toLocaleString('en')} entries`;
}
