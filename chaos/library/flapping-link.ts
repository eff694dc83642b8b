/** A link that comes and goes. */
import type { DrillInput } from '../drill.ts';

const drill: DrillInput = {
  name: 'flapping-link',
  title: 'The link between Amsterdam and Dubai is down for 2 s and up for 3 s, again and again',
  teaches: [
    'Worse than a dead link: each time it is back, both sides begin to catch up, and are cut off in the',
    'middle. Whatever was half sent must be sent again and count once.',
  ].join(' '),
  steadyState: {
    seconds: 12,
    slos: {
      'delivery_latency{path:same_dc}': ['p(99)<150ms'],
      'delivery_latency{path:cross_dc}': ['p(90)<350ms'],
    },
  },
  faults: [
    {
      kind: 'flapping_link',
      ...{ a: 2, b: 3, downMs: 2000, upMs: 3000 },
      ...{ atSeconds: 0, forSeconds: 20 },
    },
  ],
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
