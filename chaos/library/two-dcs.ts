/** Two datacentres are gone at the same time. */
import type { DrillInput } from '../drill.ts';
import { CALM, SPREADING, UNNOTICED } from '../drill-terms.ts';

const drill: DrillInput = {
  name: 'two-dcs',
  title: 'Two of five datacentres are lost at the same time',
  teaches: [
    'Plans for N+1 say nothing about the second loss. Three of five remain, a majority; the users of',
    'the other two are taken in by those, and the budget of this drill says so beforehand.',
  ].join(' '),
  steadyState: CALM,
  faults: [
    { kind: 'dc_loss', dc: 2, atSeconds: 0, forSeconds: 20 },
    { kind: 'dc_loss', dc: 4, atSeconds: 5, forSeconds: 20 },
  ],
  abortWhen: SPREADING,
  recoverySeconds: 25,
  slos: {
    ...UNNOTICED,
    drain_time: ['max<40s'],
  },
  blastRadius: { dcsLostMax: 2 },
};

export default drill;
