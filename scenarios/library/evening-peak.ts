/**
 * The busiest minutes of the day: Asia's evening, while Europe is at work.
 */
import { type Scenario, scenario } from '../define.ts';

const eveningPeak: Scenario = scenario({
  name: 'evening-peak',
  title: 'The busiest minute of the day: evening in Asia, afternoon in Europe',
  teaches: [
    'Fleets are sized for the peak and not for the mean. At 13:55 UTC it is 21:55 in Manila and 14:55',
    'in Paris, and the planet writes a third more than in the mean of the day, three quarters more',
    'than at half past ten in the evening UTC. The promises are those of steady-day: whoever measures',
    'at night only learns here whether the reserve is there.',
  ].join(' '),
  traffic: { users: 800e6, messagesPerDay: 55e9 },
  window: { fromUtc: '13:55', seconds: 60, warmupSeconds: 5 },
  slos: {
    'delivery_latency{path:same_dc}': ['p(50)<50ms', 'p(99)<100ms'],
    'delivery_latency{path:cross_dc}': ['p(99)<250ms'],
    'ack_latency{ack:stored}': ['p(99)<150ms'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
  // 6 % more than steady-day, as on the planet.
  worlds: { cluster: { messagesPerSecond: 138 }, live: { messagesPerSecond: 138 } },
  expected: { model: 'held', cluster: 'held', live: 'held' },
});

export default eveningPeak;
