/** Two datacentres are gone at the same time. */
import type { DrillInput } from '../drill.ts';

const drill: DrillInput = {
  name: 'two-dcs',
  title: 'Two of five datacentres are lost at the same time',
  teaches: [
    'Plans for N+1 say nothing about the second loss. Three of five remain, a majority; the users of',
    'the other two are taken in by those, and the budget of this drill says so beforehand.',
  ].join(' '),
  steadyState: {
    seconds: 12,
    slos: {
      'delivery_latency{path:same_dc}': ['p(99)<150ms'],
      'delivery_latency{path:cross_dc}': ['p(90)<350ms'],
    },
  },
  faults: [
    { kind: 'dc_loss', dc: 2, atSeconds: 0, forSeconds: 20 },
    { kind: 'dc_loss', dc: 4, atSeconds: 5, forSeconds: 20 },
  ],
  abortWhen: [
    { metric: 'delivery_latency{path:same_dc}', is: 'p(99)>3s', overSeconds: 5, forSeconds: 3 },
  ],
  recoverySeconds: 25,
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<200ms'],
    drain_time: ['max<40s'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
  blastRadius: { dcsLostMax: 2 },
};

export default drill;
