/**
 * What most drills of the library have in common: when it is calm enough to begin, when to stop,
 * and what must never happen. A drill that means something else writes it down itself.
 */
import type { AbortCondition, DrillInput, Thresholds } from './drill.ts';

/**
 * Twelve seconds of latencies as the map's distances make them. Of p(95), since they are a thousand
 * messages: one stall of the machine by a tenth of a second would be their p(99).
 */
export const CALM: DrillInput['steadyState'] = {
  seconds: 12,
  slos: {
    'delivery_latency{path:same_dc}': ['p(95)<100ms'],
    'delivery_latency{path:cross_dc}': ['p(90)<350ms'],
  },
};

/** Whoever has nothing to do with the fault suffers from it, and not for a moment only. */
export const SPREADING: readonly AbortCondition[] = [
  { metric: 'delivery_latency{path:same_dc}', is: 'p(99)>3s', overSeconds: 5, forSeconds: 3 },
];

export const NOTHING_LOST: Thresholds = {
  writes_lost: ['count==0'],
  writes_doubled: ['count==0'],
  order_violations: ['count==0'],
};

/** And whoever has nothing to do with the fault does not notice it. */
export const UNNOTICED: Thresholds = {
  'delivery_latency{path:same_dc}': ['p(99)<200ms'],
  ...NOTHING_LOST,
};
