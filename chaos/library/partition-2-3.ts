/** The backbone splits into two halves. */
import type { DrillInput } from '../drill.ts';

const drill: DrillInput = {
  name: 'partition-2-3',
  title: 'The backbone splits: two datacentres here, three there',
  teaches: [
    'Nobody is down and everybody thinks the others are. Messages within a side flow as ever; those',
    'across wait in outboxes on the side where they were written, and nobody may elect a second home.',
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
      kind: 'partition',
      groups: [
        [1, 2],
        [3, 4, 5],
      ],
      atSeconds: 0,
      forSeconds: 20,
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
