/** Comparisons of times without a branch, which chance would make mispredict. */

/** The later of two times; neither is NaN. */
export function later(a: f64, b: f64): f64 {
  return f64x2.extract_lane(f64x2.pmax(f64x2.splat(a), f64x2.splat(b)), 0);
}
