/** One datacentre is gone and comes back. */
import type { DrillInput } from '../drill.ts';

const drill: DrillInput = {
  name: 'dc-loss',
  title: 'A datacentre is lost for 20 seconds',
  teaches: [
    'The drill every operator should be bored by: a datacentre is out of reach and its processes are',
    'dead. Others take its users and their writes into durable outboxes; when it is back the outboxes',
    'drain in order. What does not touch it must not notice.',
  ].join(' '),
  steadyState: {
    seconds: 12,
    slos: {
      'delivery_latency{path:same_dc}': ['p(99)<150ms'],
      'delivery_latency{path:cross_dc}': ['p(90)<350ms'],
    },
  },
  faults: [{ kind: 'dc_loss', dc: 3, atSeconds: 0, forSeconds: 20 }],
  abortWhen: [
    { metric: 'delivery_latency{path:same_dc}', is: 'p(99)>3s', overSeconds: 5, forSeconds: 3 },
  ],
  recoverySeconds: 25,
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<200ms'],
    'ack_latency{ack:queued}': ['p(90)<5s'],
    drain_time: ['max<30s'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
};

export default drill;
