/** How far a datacentre is with its start, if that takes long: told about once a second. */
import type { RecoveryState } from '../datacenter/recovery-progress.ts';

export type StartState =
  /** So many bytes of the store were read and found sound. */
  { readonly phase: 'checking'; readonly bytes: number } | RecoveryState;

/** Of one phase no oftener than this. */
const EVERY_MS = 1_000;
const MIB = 2 ** 20;

export class StartReport {
  readonly #tell: (state: StartState) => void;
  readonly #nowMs: () => number;
  #toldMs: number;
  #phase: StartState['phase'] = 'checking';
  #untold: StartState | undefined;
  #checkedBytes = 0;

  constructor(tell: (state: StartState) => void, nowMs: () => number) {
    this.#tell = tell;
    this.#nowMs = nowMs;
    this.#toldMs = nowMs();
  }

  /** So many bytes more. */
  checked(bytes: number): void {
    this.#checkedBytes += bytes;
    this.moved({ phase: 'checking', bytes: this.#checkedBytes });
  }

  moved(state: StartState): void {
    this.#untold = state;
    if (state.phase !== this.#phase || this.#nowMs() - this.#toldMs >= EVERY_MS) this.#flush();
  }

  /** Tells the end of a recovery; a check that was short is not worth it. */
  done(): void {
    if (this.#phase !== 'checking') this.#flush();
  }

  #flush(): void {
    const state = this.#untold;
    if (!state) return;
    this.#untold = undefined;
    this.#phase = state.phase;
    this.#toldMs = this.#nowMs();
    this.#tell(state);
  }
}

/** "DC 5 gets back what its disk has lost: 3 of 5 domains, 120,000 entries". */
export function startText(dc: number, state: StartState): string {
  if (state.phase === 'checking') {
    return `DC ${dc} checks its disk: ${Math.floor(state.bytes / MIB).toLocaleString('en')} MiB`;
  }
  const { phase, domains, domainsDone, entries } = state;
  const what = `DC ${dc} gets back what its disk has lost`;
  if (phase === 'asking') return `${what}: it asks the others what they have`;
  return `${what}: ${domainsDone} of ${domains} domains, ${entries.toLocaleString('en')} entries`;
}
