/** No room on the disk of a datacentre. */
import type { DrillInput } from '../drill.ts';

const drill: DrillInput = {
  name: 'disk-full',
  title: 'The disk of Singapore is full for 10 seconds',
  teaches: [
    'A store that cannot write must not acknowledge. The datacentre ends rather than pretend, its',
    'supervisor keeps starting it, and the others queue for it as if it were lost.',
  ].join(' '),
  steadyState: {
    seconds: 12,
    slos: {
      'delivery_latency{path:same_dc}': ['p(99)<150ms'],
      'delivery_latency{path:cross_dc}': ['p(90)<350ms'],
    },
  },
  faults: [{ kind: 'disk_full', dc: 5, atSeconds: 0, forSeconds: 10 }],
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
