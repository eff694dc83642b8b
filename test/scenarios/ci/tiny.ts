/** So small that a gate over it takes seconds: for the tests of the workflow examples. */
import { type Scenario, scenario } from '../../../scenarios/define.ts';

const tiny: Scenario = scenario({
  name: 'tiny',
  title: 'Forty people for fifteen seconds',
  traffic: { users: 2e6, messagesPerDay: 20e6 },
  window: { fromUtc: '15:00', seconds: 15, warmupSeconds: 1 },
  slos: { 'delivery_latency{path:same_dc}': ['p(99)<100ms'], writes_lost: ['count==0'] },
  worlds: { cluster: { users: 40, messagesPerSecond: 40 } },
});

export default tiny;
