/**
 * The minute after an outage: everybody is back at once and asks what was missed.
 */
import { type Scenario, scenario } from '../define.ts';

const reconnectStorm: Scenario = scenario({
  name: 'reconnect-storm',
  title: 'Mumbai blinks for four seconds; everybody there connects again',
  teaches: [
    'The outage is short, its echo is not. Four seconds without Mumbai, and all devices there open',
    'connections again, ask what was missed and send what they could not. How long they take over it',
    'decides: here they spread their return over five minutes, and nobody else notices. Set',
    'spreadSeconds to 120 and look at --fidelity flow, which carries the requests beside messages:',
    'then the return is a second outage, longer than the first, in Mumbai and where its users had gone.',
  ].join(' '),
  traffic: {
    users: 800e6,
    messagesPerDay: 55e9,
    shapes: [{ kind: 'reconnect_storm', atSeconds: 19, dc: 4, spreadSeconds: 300 }],
  },
  window: { fromUtc: '13:55', seconds: 60, warmupSeconds: 5 },
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
