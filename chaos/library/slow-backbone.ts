/** A gray failure: a datacentre is slow, not down. */
import type { DrillInput } from '../drill.ts';
import { CALM, SPREADING, UNNOTICED } from '../drill-terms.ts';

const drill: DrillInput = {
  name: 'slow-backbone',
  title: 'Everything to and from Mumbai takes 400 ms longer',
  teaches: [
    'A gray failure: health checks are green, and users suffer. Only a latency budget sees it. Writes',
    'to that home slow down by the round trip; everybody else must stay within budget.',
  ].join(' '),
  steadyState: CALM,
  faults: [{ kind: 'slow_dc', dc: 4, addedMs: 400, atSeconds: 0, forSeconds: 20 }],
  abortWhen: SPREADING,
  recoverySeconds: 25,
  slos: UNNOTICED,
};

export default drill;
