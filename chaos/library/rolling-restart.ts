/** A deployment: every datacentre restarts, one after the other. */
import type { DrillInput } from '../drill.ts';

const drill: DrillInput = {
  name: 'rolling-restart',
  title: 'Every datacentre restarts, one after the other',
  teaches: [
    'What happens on every deployment. Each restart is a small outage, and the next one begins while',
    'users of the last are still coming home: the drill finds the pause that is too short.',
  ].join(' '),
  steadyState: {
    seconds: 12,
    slos: {
      'delivery_latency{path:same_dc}': ['p(99)<150ms'],
      'delivery_latency{path:cross_dc}': ['p(90)<350ms'],
    },
  },
  faults: [{ kind: 'rolling_restart', pauseBetweenMs: 6000, atSeconds: 0, forSeconds: 45 }],
  abortWhen: [{ metric: 'delivery_latency', is: 'p(50)>10s', overSeconds: 5, forSeconds: 5 }],
  recoverySeconds: 25,
  slos: {
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
};

export default drill;
