/**
 * Distributions for hot loops: a random word becomes a value by one look-up and one interpolation,
 * without logarithms. The top 12 bits of a word choose one of 4,096 cells of equal probability; the
 * lower 20 bits interpolate. The outermost cell on either side is cut again into halves of halves,
 * four parts each, so tails reach probability 2^-32.
 */
import { exactExp, exactLog, normalQuantile } from './exact-math.ts';
import type { WordSource } from './xoshiro.ts';

const CELLS = 4096;
const TAIL_BITS = 20;
const TAIL_STEPS = 4 * (TAIL_BITS + 1);

export class QuantileTable {
  /** Mean of what `at` returns for uniform words: exact for the table, not for the ideal law. */
  readonly mean: number;
  /** Largest value that `at` can return. */
  readonly max: number;
  /** Values at the nodes i/4096, and at those of the tails: for copies of the table elsewhere. */
  readonly cells: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;

  /** From values at the nodes i/4096 (i from 1 to 4,095) and on the nodes of both tails. */
  private constructor(cells: Float64Array, low: Float64Array, high: Float64Array) {
    this.cells = cells;
    this.low = low;
    this.high = high;
    let sum = 0;
    for (let i = 1; i < CELLS - 1; i++) sum += (cells[i]! + cells[i + 1]!) / 2;
    this.mean = (sum + tailMean(low) + tailMean(high)) / CELLS;
    this.max = high[0]!;
  }

  /** `quantile(p, q)` gets the probability below and, exactly, above: q = 1 - p. */
  static from(quantile: (p: number, q: number) => number): QuantileTable {
    const cells = new Float64Array(CELLS + 1);
    for (let i = 1; i < CELLS; i++) cells[i] = quantile(i / CELLS, (CELLS - i) / CELLS);
    const low = new Float64Array(TAIL_STEPS + 1);
    const high = new Float64Array(TAIL_STEPS + 1);
    for (let i = 0; i <= TAIL_STEPS; i++) {
      const p = Math.max(tailNode(i), 0.5) / 2 ** TAIL_BITS / CELLS;
      low[i] = quantile(p, 1 - p);
      high[i] = quantile(1 - p, p);
    }
    return new QuantileTable(cells, low, high);
  }

  /** The same law with every value multiplied. */
  scaled(factor: number): QuantileTable {
    const times = (x: number): number => x * factor;
    return new QuantileTable(this.cells.map(times), this.low.map(times), this.high.map(times));
  }

  /** The value at a uniform unsigned 32-bit word. */
  at(word: number): number {
    const cell = word >>> TAIL_BITS;
    const rest = word & 0xfffff;
    if ((cell - 1) >>> 0 < CELLS - 2) {
      const from = this.cells[cell]!;
      return from + (this.cells[cell + 1]! - from) * (rest * (1 / 1048576));
    }
    return cell === 0 ? tailAt(this.low, rest) : tailAt(this.high, 0xfffff - rest);
  }

  /** `values[i]` becomes the value at `words[i]`: several times faster a draw than one by one. */
  fill(words: Uint32Array, values: Float64Array): void {
    const { cells, low, high } = this;
    for (let i = 0; i < values.length; i++) {
      const word = words[i]!;
      const cell = word >>> TAIL_BITS;
      const rest = word & 0xfffff;
      if ((cell - 1) >>> 0 < CELLS - 2) {
        const from = cells[cell]!;
        values[i] = from + (cells[cell + 1]! - from) * (rest * (1 / 1048576));
      } else {
        values[i] = cell === 0 ? tailAt(low, rest) : tailAt(high, 0xfffff - rest);
      }
    }
  }

  sample(words: WordSource): number {
    return this.at(words.nextWord());
  }
}

/** Where step i of a tail begins, as a count of 2^20: four linear steps in every octave. */
function tailNode(i: number): number {
  const octave = i >> 2;
  const start = octave === 0 ? 0 : 2 ** (octave - 1);
  const width = octave === 0 ? 1 : start;
  return start + (width * (i & 3)) / 4;
}

function tailAt(nodes: Float64Array, rest: number): number {
  const octave = 32 - Math.clz32(rest);
  if (octave === 0) return nodes[0]!;
  const start = 2 ** (octave - 1);
  const position = ((rest - start) / start) * 4;
  const step = Math.floor(position);
  const from = nodes[octave * 4 + step]!;
  return from + (nodes[octave * 4 + step + 1]! - from) * (position - step);
}

/** Mean over the 2^20 values of `rest`, by the trapezoid of every step. */
function tailMean(nodes: Float64Array): number {
  let sum = nodes[0]!;
  for (let i = 4; i < TAIL_STEPS; i++) {
    const width = tailNode(i + 1) - tailNode(i);
    sum += (width * (nodes[i]! + nodes[i + 1]!)) / 2;
  }
  return sum / 2 ** TAIL_BITS;
}

let exponential: QuantileTable | undefined;
let normal: QuantileTable | undefined;

/** Exponential law, mean 1 (the table is scaled so that its own mean is 1). */
export function exponentialTable(): QuantileTable {
  if (exponential === undefined) {
    const raw = QuantileTable.from((_, q) => -exactLog(q));
    exponential = raw.scaled(1 / raw.mean);
  }
  return exponential;
}

/** Standard normal law. */
export function normalTable(): QuantileTable {
  normal ??= QuantileTable.from((p, q) => (p < q ? normalQuantile(p) : -normalQuantile(q)));
  return normal;
}

/** Lognormal law by its median and the standard deviation of its logarithm. */
export function lognormalTable(median: number, sigma: number): QuantileTable {
  if (!(median > 0) || !(sigma >= 0 && sigma <= 4)) {
    throw new RangeError(`lognormal: median ${median}, sigma ${sigma}; use > 0, and 0 to 4`);
  }
  return QuantileTable.from(
    (p, q) => median * exactExp(sigma * (p < q ? normalQuantile(p) : -normalQuantile(q))),
  );
}

/** Every draw is the same: for M/D/1 and for switching a part off. */
export function constantTable(value: number): QuantileTable {
  return QuantileTable.from(() => value);
}
