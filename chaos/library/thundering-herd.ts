/** Everyone comes back at once. */
import type { DrillInput } from '../drill.ts';
import { CALM, SPREADING, UNNOTICED } from '../drill-terms.ts';

const drill: DrillInput = {
  name: 'thundering-herd',
  title: 'The largest datacentre cannot be reached by devices for 15 seconds, then all come back',
  teaches: [
    'Nothing is broken inside; devices just cannot get in. Then all of them reconnect, sign their',
    'sessions in and ask what they missed within a second or two. Recovery must not be the second outage.',
  ].join(' '),
  steadyState: CALM,
  faults: [{ kind: 'clients_cut', dc: 4, atSeconds: 0, forSeconds: 15 }],
  abortWhen: SPREADING,
  recoverySeconds: 25,
  slos: {
    ...UNNOTICED,
    drain_time: ['max<30s'],
  },
};

export default drill;
