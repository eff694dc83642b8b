/** The processes of a datacentre die and are started again. */
import type { DrillInput } from '../drill.ts';

const drill: DrillInput = {
  name: 'front-crash',
  title: 'The processes of Amsterdam die (kill -9) and start again 5 seconds later',
  teaches: [
    'No goodbye and no flush: what was acknowledged is on disk, what was not is asked for again. Its',
    'network stays, so devices are refused at once and go elsewhere, and come home afterwards.',
  ].join(' '),
  steadyState: {
    seconds: 12,
    slos: {
      'delivery_latency{path:same_dc}': ['p(99)<150ms'],
      'delivery_latency{path:cross_dc}': ['p(90)<350ms'],
    },
  },
  faults: [{ kind: 'dc_crash', dc: 2, atSeconds: 0, forSeconds: 5 }],
  abortWhen: [
    { metric: 'delivery_latency{path:same_dc}', is: 'p(99)>3s', overSeconds: 5, forSeconds: 3 },
  ],
  recoverySeconds: 25,
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<200ms'],
    drain_time: ['max<30s'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
};

export default drill;
