/** A short outage for tests of the worlds: small, but with every phase. */
import { type Scenario, scenario } from '../../../scenarios/define.ts';

export const smallOutage: Scenario = scenario({
  name: 'small-outage',
  title: 'Mumbai is lost for four seconds',
  traffic: { users: 800e6, messagesPerDay: 55e9 },
  window: { fromUtc: '15:30', seconds: 12, warmupSeconds: 1 },
  faults: [{ kind: 'dc_loss', dc: 4, atSeconds: 3, forSeconds: 4 }],
  slos: {
    'delivery_latency{path:same_dc}': ['med<1s'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
    drain_time: ['max<60s'],
  },
  worlds: {
    cluster: { users: 40, messagesPerSecond: 20 },
    live: { users: 40, messagesPerSecond: 40 },
  },
});
