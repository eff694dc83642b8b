/** A wall clock that is wrong. */
import type { DrillInput } from '../drill.ts';

const drill: DrillInput = {
  name: 'clock-skew',
  title: 'The clock of Mumbai is 90 seconds ahead, and steps back',
  teaches: [
    'Message ids of MTProto carry the time, and a server refuses those from too far in the future. Order',
    'and deduplication must not come from wall clocks, or this drill finds it.',
  ].join(' '),
  steadyState: {
    seconds: 12,
    slos: {
      'delivery_latency{path:same_dc}': ['p(99)<150ms'],
      'delivery_latency{path:cross_dc}': ['p(90)<350ms'],
    },
  },
  faults: [{ kind: 'clock_jump', dc: 4, ms: 90_000, atSeconds: 0, forSeconds: 20 }],
  abortWhen: [
    { metric: 'delivery_latency{path:same_dc}', is: 'p(99)>3s', overSeconds: 5, forSeconds: 3 },
  ],
  recoverySeconds: 25,
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<200ms'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
};

export default drill;
