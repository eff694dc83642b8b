/** A deployment: every datacentre restarts, one after the other. */
import type { DrillInput } from '../drill.ts';
import { CALM, NOTHING_LOST } from '../drill-terms.ts';

const drill: DrillInput = {
  name: 'rolling-restart',
  title: 'Every datacentre restarts, one after the other',
  teaches: [
    'What happens on every deployment. Each restart is a small outage, and the next one begins while',
    'users of the last are still coming home: the drill finds the pause that is too short.',
  ].join(' '),
  steadyState: CALM,
  faults: [{ kind: 'rolling_restart', pauseBetweenMs: 6000, atSeconds: 0, forSeconds: 45 }],
  abortWhen: [{ metric: 'delivery_latency', is: 'p(50)>10s', overSeconds: 5, forSeconds: 5 }],
  recoverySeconds: 25,
  slos: NOTHING_LOST,
};

export default drill;
