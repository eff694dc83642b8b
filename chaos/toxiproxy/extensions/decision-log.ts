/**
 * What chance decided, in order: the last `LIMITS.decisionsMax` decisions of a server. It holds no
 * times, so that the same seed and the same connections give the same log.
 */
import { LIMITS } from '../limits.ts';
import type { RandomStream } from '../random.ts';

/** Whose decision it is: with the server's seed these name its stream of random numbers. */
export interface Decider {
  readonly proxy: string;
  /** Counts the proxy's connections from 1. */
  readonly connection: number;
  readonly stream: string;
  readonly toxic: string;
}

/**
 * `toxicity`: whether a toxic took hold of a connection (below 1 only: at 1 there is no choice).
 * `draws`: what a toxic drew over its life on a connection (jitter, sizes of slices, losses): how
 * often, their mean in [0, 1), and a digest that differs where any of them does.
 * `cut`: after how many further bytes the connection is to break.
 */
export type Decision = Decider &
  (
    | { readonly kind: 'toxicity'; readonly draw: number; readonly taken: boolean }
    | {
        readonly kind: 'draws';
        readonly count: number;
        readonly mean: number;
        readonly digest: string;
      }
    | { readonly kind: 'cut'; readonly afterBytes: number }
  );

export class DecisionLog {
  #ring: Decision[] = [];
  /** Decisions ever made; the next one's number. */
  #next = 0;

  add(decision: Decision): void {
    this.#ring[this.#next % LIMITS.decisionsMax] = decision;
    this.#next++;
  }

  /** From number `since` on, oldest first; `next` is what to ask for next time. */
  json(since: number, countMax: number): object {
    const oldest = Math.max(0, this.#next - LIMITS.decisionsMax);
    const first = Math.max(since, oldest);
    const last = Math.min(this.#next, first + countMax);
    const decisions: object[] = [];
    for (let number = first; number < last; number++) {
      decisions.push({ number, ...this.#ring[number % LIMITS.decisionsMax]! });
    }
    return { next: Math.max(first, last), dropped: Math.max(0, oldest - since), decisions };
  }
}

/** A random stream that remembers what it gave, and is only made when it is asked. */
export class CountedDraws {
  readonly #make: () => RandomStream;
  #stream: RandomStream | undefined;
  #sum = 0;
  #digest = 0x811c9dc5;
  count = 0;

  constructor(make: () => RandomStream) {
    this.#make = make;
  }

  readonly next: RandomStream = () => {
    this.#stream ??= this.#make();
    const value = this.#stream();
    this.count++;
    this.#sum += value;
    this.#digest = Math.imul(this.#digest ^ (value * 0x1_0000_0000), 0x01000193);
    return value;
  };

  /** Undefined when nothing was drawn. */
  summary(): { count: number; mean: number; digest: string } | undefined {
    if (this.count === 0) return undefined;
    const digest = (this.#digest >>> 0).toString(16).padStart(8, '0');
    return { count: this.count, mean: this.#sum / this.count, digest };
  }
}
