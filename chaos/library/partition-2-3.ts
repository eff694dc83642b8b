/** The backbone splits into two halves. */
import type { DrillInput } from '../drill.ts';
import { CALM, SPREADING, UNNOTICED } from '../drill-terms.ts';

const drill: DrillInput = {
  name: 'partition-2-3',
  title: 'The backbone splits: two datacentres here, three there',
  teaches: [
    'Nobody is down and everybody thinks the others are. Messages within a side flow as ever; those',
    'across wait in outboxes on the side where they were written, and nobody may elect a second home.',
  ].join(' '),
  steadyState: CALM,
  faults: [
    {
      kind: 'partition',
      groups: [
        [1, 2],
        [3, 4, 5],
      ],
      atSeconds: 0,
      forSeconds: 20,
    },
  ],
  abortWhen: SPREADING,
  recoverySeconds: 25,
  slos: UNNOTICED,
};

export default drill;
