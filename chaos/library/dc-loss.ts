/** One datacentre is gone and comes back. */
import type { DrillInput } from '../drill.ts';
import { CALM, SPREADING, UNNOTICED } from '../drill-terms.ts';

const drill: DrillInput = {
  name: 'dc-loss',
  title: 'A datacentre is lost for 20 seconds',
  teaches: [
    'The drill every operator should be bored by: a datacentre is out of reach and its processes are',
    'dead. Others take its users and their writes into durable outboxes; when it is back the outboxes',
    'drain in order. What does not touch it must not notice.',
  ].join(' '),
  steadyState: CALM,
  faults: [{ kind: 'dc_loss', dc: 3, atSeconds: 0, forSeconds: 20 }],
  abortWhen: SPREADING,
  recoverySeconds: 25,
  slos: {
    ...UNNOTICED,
    'ack_latency{ack:queued}': ['p(90)<5s'],
    drain_time: ['max<30s'],
  },
};

export default drill;
