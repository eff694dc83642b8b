/** No room on the disk of a datacentre. */
import type { DrillInput } from '../drill.ts';
import { CALM, SPREADING, UNNOTICED } from '../drill-terms.ts';

const drill: DrillInput = {
  name: 'disk-full',
  title: 'The disk of Singapore is full for 10 seconds',
  teaches: [
    'A store that cannot write must not acknowledge. The datacentre ends rather than pretend, its',
    'supervisor keeps starting it, and the others queue for it as if it were lost.',
  ].join(' '),
  steadyState: CALM,
  faults: [{ kind: 'disk_full', dc: 5, atSeconds: 0, forSeconds: 10 }],
  abortWhen: SPREADING,
  recoverySeconds: 25,
  slos: UNNOTICED,
};

export default drill;
