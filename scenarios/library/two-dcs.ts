/**
 * Two neighbouring datacentres are lost, one shortly after the other.
 */
import { type Scenario, scenario } from '../define.ts';

const twoDcs: Scenario = scenario({
  name: 'two-dcs',
  title: 'Dubai is lost, then Mumbai, where its users had gone; both come back',
  teaches: [
    'Capacity plans survive one loss; this is the second. The nearest refuge of Dubai’s users is',
    'Mumbai, and it goes seven seconds later, so devices move twice, outboxes exist for two homes at',
    'once, and some of those that waited in Mumbai for Dubai can only be handed over when both are',
    'back. Nothing acknowledged may be missing, doubled or out of order; pairs at home in the three',
    'other datacentres must not notice.',
  ].join(' '),
  traffic: { users: 800e6, messagesPerDay: 55e9 },
  window: { fromUtc: '17:00', seconds: 80, warmupSeconds: 5 },
  faults: [
    { kind: 'dc_loss', dc: 3, atSeconds: 15, forSeconds: 20 },
    { kind: 'dc_loss', dc: 4, atSeconds: 22, forSeconds: 18 },
  ],
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    'delivery_latency{path:cross_dc}': ['p(99)<250ms'],
    'ack_latency{ack:queued}': ['p(90)<6s'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
    drain_time: ['max<30s'],
  },
  // One message in twenty leaves its DC: enough of those for a p99.
  worlds: { cluster: { messagesPerSecond: 120 }, live: { messagesPerSecond: 120 } },
  expected: { model: 'held', cluster: 'held', live: 'held' },
});

export default twoDcs;
