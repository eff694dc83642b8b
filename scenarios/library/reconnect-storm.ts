/**
 * The minute after an outage: everybody is back at once and asks what was missed.
 */
import { type Scenario, scenario } from '../define.ts';

const reconnectStorm: Scenario = scenario({
  name: 'reconnect-storm',
  title: 'Mumbai blinks for four seconds; everybody there connects again and asks what was missed',
  teaches: [
    'The outage is short, its echo is not. Four seconds without Mumbai, and a fifth of the planet',
    'opens connections again, asks what was missed and sends what it could not, all within half a',
    'minute: a second outage if clients do not spread their return and servers do not pace the drain.',
    'Pairs elsewhere must not notice, and Mumbai must be calm again within fifteen seconds. The model',
    'at --fidelity flow carries the requests beside messages as well.',
  ].join(' '),
  traffic: {
    users: 800e6,
    messagesPerDay: 55e9,
    shapes: [{ kind: 'reconnect_storm', atSeconds: 19, dc: 4 }],
  },
  window: { fromUtc: '14:30', seconds: 60, warmupSeconds: 5 },
  faults: [{ kind: 'dc_loss', dc: 4, atSeconds: 15, forSeconds: 4 }],
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    'delivery_latency{path:cross_dc}': ['p(99)<250ms'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
    drain_time: ['max<15s'],
  },
  // One message in twenty leaves its DC: enough of those for a p99.
  worlds: { cluster: { messagesPerSecond: 150 }, live: { messagesPerSecond: 130 } },
  expected: { model: 'held', cluster: 'held', live: 'held' },
});

export default reconnectStorm;
