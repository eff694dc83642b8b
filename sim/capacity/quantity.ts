/**
 * A number of a plan: what it is most likely to be, how far it may lie from that, and how anybody
 * knows. Everything a plan computes rests on quantities, so their origins are never lost.
 */

/**
 * - `given`: the plan's author or the cited source says so.
 * - `measured`: on a running system; the source says which and where.
 * - `published`: by somebody else, about their system or their prices.
 * - `assumed`: nobody has measured it; the source says why it is plausible.
 */
export const ORIGINS = ['given', 'measured', 'published', 'assumed'] as const;
export type Origin = (typeof ORIGINS)[number];

export interface Quantity {
  /** Least, most likely and greatest value; equal where it is one number. */
  readonly low: number;
  readonly mode: number;
  readonly high: number;
  readonly from: Origin;
  /** Where it comes from, or why it is plausible. */
  readonly source: string;
}

/** One kind of number that a plan needs. */
export interface Field {
  /** Such as "messages/day"; decides how it is printed. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** One line for a person who fills it in. */
  readonly about: string;
  /** What a plan has that says nothing about it. */
  readonly base: Quantity;
}

type Spread = number | readonly [low: number, mode: number, high: number];

function quantity(from: Origin, value: Spread, source: string): Quantity {
  const [low, mode, high] = typeof value === 'number' ? [value, value, value] : value;
  return { low, mode, high, from, source };
}
export const given = (value: Spread, source: string): Quantity => quantity('given', value, source);
export const measured = (value: Spread, source: string): Quantity =>
  quantity('measured', value, source);
export const published = (value: Spread, source: string): Quantity =>
  quantity('published', value, source);
export const assumed = (value: Spread, source: string): Quantity =>
  quantity('assumed', value, source);

/** A field, in the order in which one reads it. */
export function field(
  unit: string,
  [min, max]: readonly [number, number],
  about: string,
  base: Quantity,
): Field {
  return { unit, min, max, about, base };
}

/**
 * The value below which a share `p` of a triangular law lies: the law of an interval about which
 * nothing but its three numbers is known. Exact operations only, so the same on every engine.
 */
export function triangularQuantile({ low, mode, high }: Quantity, p: number): number {
  const width = high - low;
  if (width === 0) return mode;
  const below = (mode - low) / width;
  return p < below
    ? low + Math.sqrt(p * width * (mode - low))
    : high - Math.sqrt((1 - p) * width * (high - mode));
}

export const isInterval = ({ low, high }: Quantity): boolean => low < high;
