/**
 * How far a datacentre is with getting back what its disk has lost. It tells only when something
 * has moved, so that whoever waits for it can tell a long copy from one that stands still.
 */

export type RecoveryPhase =
  /** The other datacentres are asked what this one should have. */
  | 'asking'
  /** Its own domain is being copied back. */
  | 'own_domain'
  /** Copies of the others' domains are being taken. */
  | 'copies';

export interface RecoveryState {
  readonly phase: RecoveryPhase;
  /** Of all datacentres, and how many of them are as they should be here. */
  readonly domains: number;
  readonly domainsDone: number;
  /** Entries of pages that were compared with what is here, since the process began. */
  readonly entries: number;
  /** Records of the other datacentres' streams that are here, all together. */
  readonly records: number;
}

export class RecoveryProgress {
  readonly #told: (state: RecoveryState) => void;
  #state: RecoveryState;

  constructor(domains: number, told: (state: RecoveryState) => void = () => {}) {
    this.#told = told;
    this.#state = { phase: 'asking', domains, domainsDone: 0, entries: 0, records: 0 };
  }

  /** It has begun: until then there is nothing to tell. */
  begins(): void {
    this.#told(this.#state);
  }

  /** So many more entries are here. */
  copied(entries: number): void {
    this.#move({ entries: this.#state.entries + entries });
  }

  reached(state: Partial<Pick<RecoveryState, 'phase' | 'domainsDone' | 'records'>>): void {
    this.#move(state);
  }

  #move(change: Partial<RecoveryState>): void {
    const next = { ...this.#state, ...change };
    const names = Object.keys(next) as (keyof RecoveryState)[];
    if (names.every((name) => next[name] === this.#state[name])) return;
    this.#state = next;
    this.#told(next);
  }
}
