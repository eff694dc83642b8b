/** One direction of one link carries nothing. */
import type { DrillInput } from '../drill.ts';

const drill: DrillInput = {
  name: 'asymmetric-partition',
  title: 'What Amsterdam sends to Mumbai vanishes; the other way works',
  teaches: [
    'The hardest of partitions, since each side sees another world: one gets everything and nobody',
    'answers it. A stream whose bytes vanish stands still; whoever waits for an answer must notice.',
  ].join(' '),
  steadyState: {
    seconds: 12,
    slos: {
      'delivery_latency{path:same_dc}': ['p(99)<150ms'],
      'delivery_latency{path:cross_dc}': ['p(90)<350ms'],
    },
  },
  faults: [{ kind: 'one_way_cut', from: 2, to: 4, atSeconds: 0, forSeconds: 20 }],
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
