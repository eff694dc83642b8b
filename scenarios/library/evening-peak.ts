/**
 * The busiest hour of the day: Asia's evening, while Europe is still awake.
 */
import { type Scenario, scenario } from '../define.ts';

const eveningPeak: Scenario = scenario({
  name: 'evening-peak',
  title: 'The busiest minute of the day: evening in India, afternoon in Europe',
  teaches: [
    'Fleets are sized for the peak and not for the mean. At 14:30 UTC it is 20:00 in India and 15:30',
    'in Paris, and the planet writes some half more than in the mean of the day, Mumbai far more than',
    'that. The promises are those of steady-day: whoever only measures at noon learns here',
    'whether the reserve is there. In the cluster and live worlds the rate is that much higher, too.',
  ].join(' '),
  traffic: { users: 800e6, messagesPerDay: 55e9 },
  window: { fromUtc: '14:30', seconds: 60, warmupSeconds: 5 },
  slos: {
    'delivery_latency{path:same_dc}': ['p(50)<50ms', 'p(99)<100ms'],
    'delivery_latency{path:cross_dc}': ['p(99)<250ms'],
    'ack_latency{ack:stored}': ['p(99)<150ms'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
  // A sixth more than at noon, as on the planet.
  worlds: { cluster: { messagesPerSecond: 150 }, live: { messagesPerSecond: 150 } },
  expected: { model: 'held', cluster: 'held', live: 'held' },
});

export default eveningPeak;
