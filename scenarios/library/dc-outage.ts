/**
 * The main job: a datacentre is lost at the evening peak of its region and comes back.
 */
import { type Scenario, scenario } from '../define.ts';

const dcOutage: Scenario = scenario({
  name: 'dc-outage',
  title: 'Dubai is lost at its evening peak and comes back 25 seconds later',
  teaches: [
    'A home datacentre holds the only place where its users may write. While it is out, the others',
    'take those writes into a durable outbox, tell the sender "queued" rather than "stored", and',
    'answer reads from their replicas; when it returns they hand everything over, once and in order.',
    'So an outage costs freshness, never a message. Pairs that the outage does not touch must not',
    'notice it: that is what the same-DC and cross-DC budgets check while DC 3 is away.',
  ].join(' '),
  // Profile A, every message taken as one-to-one: 637 thousand a second on average.
  traffic: { users: 800e6, messagesPerDay: 55e9 },
  // 17:00 UTC is 21:00 in Dubai, where the evening of the region is at its highest.
  window: { fromUtc: '17:00', seconds: 90, warmupSeconds: 5 },
  // 25 s of calm, 25 s of outage, 40 s to drain and to be calm again.
  faults: [{ kind: 'dc_loss', dc: 3, atSeconds: 25, forSeconds: 25 }],
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    // Budget: two access links (12 ms in the median, about 35 ms at the tail), the longest backbone
    // hop (Miami to Singapore, 125 ms one way), and 55 ms for servers and syncing to disk.
    'delivery_latency{path:cross_dc}': ['p(99)<250ms'],
    'ack_latency{ack:queued}': ['p(99)<5s'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
    drain_time: ['max<30s'],
  },
  // Enough that a p99 of what was queued rests on 300 acknowledgements whatever the seed.
  worlds: { cluster: { messagesPerSecond: 110 } },
  expected: { model: 'held', cluster: 'held', live: 'held' },
});

export default dcOutage;
