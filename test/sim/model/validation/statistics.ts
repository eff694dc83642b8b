/**
 * Estimates from independent replications and their intervals by Student's t, and the table in
 * which a family of them is printed. Seeds are fixed, so a test gives the same numbers each time:
 * what is right passes always. A family of n right estimates has some n/20 outside their 95 %
 * intervals, so what must hold is the interval of 99.9 %, and a half-width of the 95 % one that is
 * small enough to find a mistake.
 */
import { expect } from 'vitest';

/** Independent runs of each estimate. */
export const REPLICATIONS = 24;
/** Student's t with 23 degrees of freedom, two-sided 95 % and 99.9 % (standard tables). */
const T_95 = 2.069;
const T_999 = 3.768;
/** Half-width of a 95 % interval beside the value, at most. */
export const HALF_WIDTH_MAX = 0.005;

export const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

export const meanOf = (values: readonly number[]): number => sum(values) / values.length;

/** Of one value, unbiased. */
export function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return sum(values.map((x) => (x - mean) ** 2)) / (values.length - 1);
}

/** Of the mean of independent values. */
export const standardErrorOf = (values: readonly number[]): number =>
  Math.sqrt(varianceOf(values) / values.length);

export interface Finding {
  readonly what: string;
  /** The closed form. */
  readonly expected: number;
  readonly measured: number;
  /** Of the 95 % interval, as a share of the closed form. */
  readonly halfWidth: number;
  /** How far off, in half-widths of the 95 % and of the 99.9 % interval. */
  readonly off95: number;
  readonly off999: number;
}

/** Closed forms beside what replications gave, of one test file. */
export class Findings {
  readonly all: Finding[] = [];
  private readonly title: string;

  constructor(title: string) {
    this.title = title;
  }

  /** `measured` holds one estimate from each replication. */
  add(what: string, expected: number, measured: readonly number[]): Finding {
    expect(measured.length).toBe(REPLICATIONS);
    const mean = meanOf(measured);
    const error = standardErrorOf(measured);
    const off = Math.abs(mean - expected) / error;
    const finding = {
      what,
      expected,
      measured: mean,
      halfWidth: (T_95 * error) / expected,
      off95: off / T_95,
      off999: off / T_999,
    };
    this.all.push(finding);
    return finding;
  }

  /** Adds it, and holds it to the closed form. */
  check(what: string, expected: number, measured: readonly number[]): void {
    const { halfWidth, off999 } = this.add(what, expected, measured);
    expect(halfWidth, `${what}: half-width of the 95 % interval`).toBeLessThan(HALF_WIDTH_MAX);
    expect(off999, `${what}: beyond the 99.9 % interval`).toBeLessThan(1);
  }

  /** Of a family of right estimates so many lie outside 95 % with a probability below 0.1 %. */
  checkFamily(): void {
    const outside = this.all.filter(({ off95 }) => off95 > 1).length;
    expect(outside).toBeLessThan(unlikelyMany(this.all.length, 0.05));
  }

  /** The table, as Markdown. */
  toString(): string {
    const rows = this.all.map(({ what, expected, measured, halfWidth, off95 }) => {
      const difference = `${percent(measured / expected - 1)} ± ${percent(halfWidth)}`;
      return `| ${what} | ${figure(expected)} | ${figure(measured)} | ${difference} | ${
        off95 > 1 ? 'outside 95 %' : 'inside'
      } |`;
    });
    return [
      `${this.title}: ${REPLICATIONS} replications`,
      '| what | closed form | measured | difference ± 95 % | |',
      '|---|---|---|---|---|',
      ...rows,
    ].join('\n');
  }
}

/** The least count that a binomial number reaches with a probability below 0.001. */
function unlikelyMany(n: number, share: number): number {
  let [probability, atLeast] = [(1 - share) ** n, 1];
  for (let count = 0; count <= n; count++) {
    if (atLeast < 0.001) return count;
    atLeast -= probability;
    probability *= ((n - count) / (count + 1)) * (share / (1 - share));
  }
  return n + 1;
}

export const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

export const figure = (value: number): string => Number(value.toPrecision(5)).toString();

/** By Simpson's rule, `steps` even. */
export function integral(
  f: (x: number) => number,
  from: number,
  to: number,
  steps = 20_000,
): number {
  const width = (to - from) / steps;
  let total = f(from) + f(to);
  for (let i = 1; i < steps; i++) total += f(from + i * width) * (i % 2 === 0 ? 2 : 4);
  return (total * width) / 3;
}

/** Distribution function of the standard normal law, within 1e-9. */
export function normalCdf(z: number): number {
  if (z < 0) return 1 - normalCdf(-z);
  if (z > 9) return 1;
  const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  return 0.5 + integral(density, 0, z, 400);
}

/** The t, from 0 to 1,000, at which a falling function is `level`. */
export function solve(falling: (t: number) => number, level: number): number {
  let [low, high] = [0, 1000];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (falling(middle) > level) low = middle;
    else high = middle;
  }
  return low;
}
