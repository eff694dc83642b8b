/** A link that comes and goes. */
import type { DrillInput } from '../drill.ts';
import { CALM, SPREADING, UNNOTICED } from '../drill-terms.ts';

const drill: DrillInput = {
  name: 'flapping-link',
  title: 'The link between Amsterdam and Dubai is down for 2 s and up for 3 s, again and again',
  teaches: [
    'Worse than a dead link: each time it is back, both sides begin to catch up, and are cut off in the',
    'middle. Whatever was half sent must be sent again and count once.',
  ].join(' '),
  steadyState: CALM,
  faults: [
    {
      kind: 'flapping_link',
      ...{ a: 2, b: 3, downMs: 2000, upMs: 3000 },
      ...{ atSeconds: 0, forSeconds: 20 },
    },
  ],
  abortWhen: SPREADING,
  recoverySeconds: 25,
  slos: UNNOTICED,
};

export default drill;
