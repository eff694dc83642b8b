/**
 * Shapes of broken networks as sets of directed pairs of DCs: (a, b) is cut when no byte gets from
 * a to b. Names as in Jepsen's nemesis. Pure.
 */

export interface Pair {
  readonly from: number;
  readonly to: number;
}

/** Nobody in one group reaches anybody in another; inside a group all is well. */
export function partitionPairs(groups: readonly (readonly number[])[]): Pair[] {
  return groups.flatMap((group, index) =>
    groups.flatMap((other, otherIndex) => (index === otherIndex ? [] : oneWayPairs(group, other))),
  );
}

/** What `from` sends does not reach `to`; what `to` sends does reach `from`. */
export function oneWayPairs(from: readonly number[], to: readonly number[]): Pair[] {
  return from.flatMap((a) => to.filter((b) => b !== a).map((b) => ({ from: a, to: b })));
}

/** Two groups that only `bridge` still connects: it reaches both, and both reach it. */
export function bridgePairs(groups: readonly (readonly number[])[], bridge: number): Pair[] {
  return partitionPairs(groups.map((group) => group.filter((dc) => dc !== bridge)));
}

/**
 * Each DC reaches only those nearest to it on a ring in this order, no more than it takes to have a
 * majority with itself: with five each sees three, and no two see the same three. Three need none.
 */
export function ringPairs(dcs: readonly number[]): Pair[] {
  const reach = Math.floor((Math.floor(dcs.length / 2) + 1) / 2);
  return dcs.flatMap((from, index) =>
    dcs.flatMap((to, other) => {
      const apart = Math.abs(index - other);
      const steps = Math.min(apart, dcs.length - apart);
      return steps > reach ? [{ from, to }] : [];
    }),
  );
}
