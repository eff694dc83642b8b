/**
 * The copies in Mumbai are half a second behind, and nothing is down.
 */
import { type Scenario, scenario } from '../define.ts';

const replicaLag: Scenario = scenario({
  name: 'replica-lag',
  title: 'Whatever goes to Mumbai takes half a second longer: its copies are behind',
  teaches: [
    'Replication is asynchronous, so a slow link is not an outage but age: what Mumbai knows of the',
    'other four is half a second old. Messages to people there are late by just that; what',
    'they write themselves, and everybody else’s pairs, must not notice. A session that has seen',
    'something newer than the copy is sent on to the home, so nobody sees time go backwards: order',
    'holds although the copies are behind, and in the end they are the same.',
  ].join(' '),
  traffic: { users: 800e6, messagesPerDay: 55e9 },
  window: { fromUtc: '12:00', seconds: 70, warmupSeconds: 5 },
  faults: [1, 2, 3, 5].map((from) => ({
    ...({ kind: 'slow_link', from, to: 4, addedMs: 500, atSeconds: 15, forSeconds: 30 } as const),
  })),
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    // By the home of who gets it: with what is added to a quarter of a second in Mumbai,
    'delivery_latency{dc:4}': ['p(50)<50ms', 'p(99)<750ms'],
    // and without it elsewhere, also for what Mumbai writes.
    'delivery_latency{dc:1}': ['p(99)<250ms'],
    'delivery_latency{dc:2}': ['p(99)<250ms'],
    'delivery_latency{dc:3}': ['p(99)<250ms'],
    'delivery_latency{dc:5}': ['p(99)<250ms'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
  worlds: { cluster: { messagesPerSecond: 120 }, live: { messagesPerSecond: 100 } },
  expected: { model: 'held', cluster: 'held', live: 'held' },
});

export default replicaLag;
