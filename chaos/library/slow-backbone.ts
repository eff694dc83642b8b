/** A gray failure: a datacentre is slow, not down. */
import type { DrillInput } from '../drill.ts';

const drill: DrillInput = {
  name: 'slow-backbone',
  title: 'Everything to and from Mumbai takes 400 ms longer',
  teaches: [
    'A gray failure: health checks are green, and users suffer. Only a latency budget sees it. Writes',
    'to that home slow down by the round trip; everybody else must stay within budget.',
  ].join(' '),
  steadyState: {
    seconds: 12,
    slos: {
      'delivery_latency{path:same_dc}': ['p(99)<150ms'],
      'delivery_latency{path:cross_dc}': ['p(90)<350ms'],
    },
  },
  faults: [{ kind: 'slow_dc', dc: 4, addedMs: 400, atSeconds: 0, forSeconds: 20 }],
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
