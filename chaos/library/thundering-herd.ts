/** Everyone comes back at once. */
import type { DrillInput } from '../drill.ts';

const drill: DrillInput = {
  name: 'thundering-herd',
  title: 'The largest datacentre cannot be reached by devices for 15 seconds, then all come back',
  teaches: [
    'Nothing is broken inside; devices just cannot get in. Then all of them reconnect, sign their',
    'sessions in and ask what they missed within a second or two. Recovery must not be the second outage.',
  ].join(' '),
  steadyState: {
    seconds: 12,
    slos: {
      'delivery_latency{path:same_dc}': ['p(99)<150ms'],
      'delivery_latency{path:cross_dc}': ['p(90)<350ms'],
    },
  },
  faults: [{ kind: 'clients_cut', dc: 4, atSeconds: 0, forSeconds: 15 }],
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
