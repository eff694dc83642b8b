/**
 * A gate for every change: an outage with all its phases in half a minute.
 */
import { type Scenario, scenario } from '../define.ts';

const shortOutage: Scenario = scenario({
  name: 'short-outage',
  title: 'Dubai is lost for six seconds, in half a minute',
  teaches: [
    'What dc-outage shows, small enough for a gate on every change: ten seconds of calm, six of',
    'outage, fourteen to drain. The promises are the same but for percentiles that so few messages',
    'cannot show, and one more: while the fault is in force, pairs that it does not touch keep theirs.',
  ].join(' '),
  traffic: { users: 800e6, messagesPerDay: 55e9 },
  window: { fromUtc: '17:00', seconds: 30, warmupSeconds: 2 },
  faults: [{ kind: 'dc_loss', dc: 3, atSeconds: 10, forSeconds: 6 }],
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    'delivery_latency{path:same_dc,phase:fault}': ['p(95)<100ms'],
    // Two access links, the longest backbone hop, servers and syncing, as in dc-outage.
    'delivery_latency{path:cross_dc}': ['p(95)<250ms'],
    'ack_latency{ack:queued}': ['p(90)<5s'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
    drain_time: ['max<20s'],
  },
  // Some 3,000 messages within a DC: a p99 that rests on thirty of them.
  worlds: { cluster: { users: 200, messagesPerSecond: 120 } },
  expected: { model: 'held', cluster: 'held', live: 'held' },
});

export default shortOutage;
