/**
 * How busy a machine was: the share of its cores' time in which anything ran, ours or not. The same
 * load on the same machine takes the same; what is more is somebody else's.
 */

/** Of all cores together since some moment, any unit. */
export interface CpuTime {
  readonly busy: number;
  readonly all: number;
}

/** The share between this call and the one of what it gives, 0 to 1. */
export function busySince(read: () => CpuTime): () => number {
  const before = read();
  return () => {
    const after = read();
    const all = after.all - before.all;
    return all > 0 ? Math.min(1, Math.max(0, (after.busy - before.busy) / all)) : 0;
  };
}
