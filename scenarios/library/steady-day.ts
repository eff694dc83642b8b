/**
 * The baseline: an ordinary noon, in which nothing breaks.
 */
import { type Scenario, scenario } from '../define.ts';

const steadyDay: Scenario = scenario({
  name: 'steady-day',
  title: 'An ordinary minute: everybody writes, nothing breaks',
  teaches: [
    'What normal looks like. Every other scenario is read against this one: a promise that does not',
    'hold here is no promise, and a budget far above what is measured here hides a regression. Run',
    'the model for a whole day (--for 1d --fidelity flow) to see the wave of the world’s zones pass',
    'over the five datacentres, each of which has its peak and its night at another hour.',
  ].join(' '),
  traffic: { users: 800e6, messagesPerDay: 55e9 },
  window: { fromUtc: '12:00', seconds: 60, warmupSeconds: 5 },
  slos: {
    // Two access links (12 ms in the median each) and one datacentre.
    'delivery_latency{path:same_dc}': ['p(50)<50ms', 'p(99)<100ms'],
    // As in dc-outage: the longest backbone hop is 125 ms one way.
    'delivery_latency{path:cross_dc}': ['p(99)<250ms'],
    'ack_latency{ack:stored}': ['p(99)<150ms'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
  // One message in twenty leaves its DC: enough of those for a p99.
  worlds: { cluster: { messagesPerSecond: 130 }, live: { messagesPerSecond: 130 } },
  expected: { model: 'held', cluster: 'held', live: 'held' },
});

export default steadyDay;
