/** One direction of one link carries nothing. */
import type { DrillInput } from '../drill.ts';
import { CALM, SPREADING, UNNOTICED } from '../drill-terms.ts';

const drill: DrillInput = {
  name: 'asymmetric-partition',
  title: 'What Amsterdam sends to Mumbai vanishes; the other way works',
  teaches: [
    'The hardest of partitions, since each side sees another world: one gets everything and nobody',
    'answers it. A stream whose bytes vanish stands still; whoever waits for an answer must notice.',
  ].join(' '),
  steadyState: CALM,
  faults: [{ kind: 'one_way_cut', from: 2, to: 4, atSeconds: 0, forSeconds: 20 }],
  abortWhen: SPREADING,
  recoverySeconds: 25,
  slos: UNNOTICED,
};

export default drill;
