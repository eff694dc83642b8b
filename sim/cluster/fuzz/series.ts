/**
 * What a series of seeds comes to: outcomes in the order of their seeds become one result, which is
 * the same whoever ran them.
 */
import { Digest } from '../../core/digest.ts';
import type { Failure, WorldOutcome } from './run-world.ts';

export interface SeedFailure extends Failure {
  readonly seed: string;
  /** Its place in the series, for `--from`. */
  readonly number: number;
}

export interface SeriesResult {
  readonly seeds: number;
  readonly failures: readonly SeedFailure[];
  /** How often each kind of fault really struck. */
  readonly faultsFired: Readonly<Record<string, number>>;
  /** Distinct situations that the cluster was in. */
  readonly statesCovered: number;
  readonly messages: number;
  /** How often each kind of operation beside messages was due. */
  readonly operations: Readonly<Record<string, number>>;
  readonly events: number;
  /** Over the outcomes of all seeds, in order. */
  readonly digest: string;
}

/** So often in vain, and something is wrong with the fault and not with the luck of the draw. */
const PLANNED_IN_VAIN_MAX = 30;

export class Series {
  readonly #digest = new Digest();
  readonly #failures: SeedFailure[] = [];
  readonly #fired: Record<string, number> = {};
  readonly #planned: Record<string, number> = {};
  readonly #operations: Record<string, number> = {};
  readonly #states = new Set<string>();
  #seeds = 0;
  #messages = 0;
  #events = 0;

  /** To be called in the order of the seeds. */
  add(number: number, seed: string, outcome: WorldOutcome): void {
    this.#seeds++;
    this.#messages += outcome.messages;
    this.#events += outcome.events;
    this.#digest.text(seed).text(outcome.digest);
    addUp(this.#operations, outcome.operations);
    addUp(this.#fired, outcome.faultsFired);
    addUp(this.#planned, outcome.faultsPlanned);
    for (const state of outcome.states) this.#states.add(state);
    const { failure } = outcome;
    if (failure) this.#failures.push({ seed, number, ...failure });
    for (const [kind, planned] of Object.entries(outcome.faultsPlanned)) {
      if (planned === 0 || this.#fired[kind] || (this.#planned[kind] ?? 0) < PLANNED_IN_VAIN_MAX)
        continue;
      const text = `${kind} was planned ${this.#planned[kind]} times and never struck`;
      this.#failures.push({ seed, number, invariant: 'harness', text, virtualSeconds: 0 });
      this.#fired[kind] = 0;
      this.#planned[kind] = 0; // say it once, and again only after as many more
    }
  }

  /** The seed's run did not come back. */
  addStuck(number: number, seed: string): void {
    const text = 'the run never came to an end (an endless loop within one event)';
    this.#seeds++;
    this.#digest.text(seed).text('stuck');
    this.#failures.push({ seed, number, invariant: 'endless', text, virtualSeconds: 0 });
  }

  get failed(): number {
    return this.#failures.length;
  }

  result(): SeriesResult {
    return {
      seeds: this.#seeds,
      failures: [...this.#failures],
      faultsFired: { ...this.#fired },
      statesCovered: this.#states.size,
      messages: this.#messages,
      operations: { ...this.#operations },
      events: this.#events,
      digest: this.#digest.hex(),
    };
  }
}

function addUp(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [kind, count] of Object.entries(more)) sums[kind] = (sums[kind] ?? 0) + count;
}
