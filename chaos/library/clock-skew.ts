/** A wall clock that is wrong. */
import type { DrillInput } from '../drill.ts';
import { CALM, SPREADING, UNNOTICED } from '../drill-terms.ts';

const drill: DrillInput = {
  name: 'clock-skew',
  title: 'The clock of Mumbai is 90 seconds ahead, and steps back',
  teaches: [
    'Message ids of MTProto carry the time, and a server refuses those from too far in the future. Order',
    'and deduplication must not come from wall clocks, or this drill finds it.',
  ].join(' '),
  steadyState: CALM,
  faults: [{ kind: 'clock_jump', dc: 4, ms: 90_000, atSeconds: 0, forSeconds: 20 }],
  abortWhen: SPREADING,
  recoverySeconds: 25,
  slos: UNNOTICED,
};

export default drill;
