/** The processes of a datacentre die and are started again. */
import type { DrillInput } from '../drill.ts';
import { CALM, SPREADING, UNNOTICED } from '../drill-terms.ts';

const drill: DrillInput = {
  name: 'front-crash',
  title: 'The processes of Amsterdam die (kill -9) and start again 5 seconds later',
  teaches: [
    'No goodbye and no flush: what was acknowledged is on disk, what was not is asked for again. Its',
    'network stays, so devices are refused at once and go elsewhere, and come home afterwards.',
  ].join(' '),
  steadyState: CALM,
  faults: [{ kind: 'dc_crash', dc: 2, atSeconds: 0, forSeconds: 5 }],
  abortWhen: SPREADING,
  recoverySeconds: 25,
  slos: {
    ...UNNOTICED,
    drain_time: ['max<30s'],
  },
};

export default drill;
