/**
 * The offered load as the results document has it: curves to draw, and what each shape believes.
 * Means over equal steps, so that nothing falls between two points.
 */

/** Steps from `fromSeconds` of the window on; each list has a value a step, in so many a second. */
export interface LoadCurve {
  readonly fromSeconds: number;
  readonly stepSeconds: number;
  /** Messages by kind, as far as there are any; they add up to the whole. */
  readonly messages: Readonly<Record<string, readonly number[]>>;
  /** What is no message: bot calls, reconnects and other requests, as far as there are any. */
  readonly calls: Readonly<Record<string, readonly number[]>>;
}

export interface ShapeFact {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** "given", "published: ...", "assumed: ..." or "set by the scenario". */
  readonly source: string;
}

/** What one shape adds, by itself. */
export interface ShapeResult {
  readonly kind: string;
  readonly label: string;
  readonly curve: LoadCurve;
  readonly facts: readonly ShapeFact[];
}

export interface LoadResult {
  /** Where it comes from: the wave of a day, or a file. */
  readonly source: string;
  readonly notes: readonly string[];
  /** The window with its warm-up. */
  readonly window: LoadCurve;
  /** The day around it, or all that a series covers. */
  readonly around: LoadCurve;
  readonly shapes: readonly ShapeResult[];
}

/** The whole of a curve's messages, step by step. */
export function messagesOf({ messages }: LoadCurve): number[] {
  const lists = Object.values(messages);
  return (lists[0] ?? []).map((_, i) => lists.reduce((sum, list) => sum + list[i]!, 0));
}
