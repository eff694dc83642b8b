/**
 * A third of the people are abroad: another datacentre than home serves them.
 */
import { type Scenario, scenario } from '../define.ts';

const traveller: Scenario = scenario({
  name: 'traveller',
  title: 'A third of the people are abroad, served by another datacentre than their home',
  teaches: [
    'Who travels keeps their home: the box stays where it was, and the datacentre nearby passes on',
    'what is written and what arrives. So two people at home in one datacentre can be a backbone',
    'apart, and a write costs its author a round trip home. The promise for pairs of one home is',
    'therefore that of two here, and only the median shows who stayed. Nothing may be lost or change',
    'its order, and pushes must find the device wherever it is.',
  ].join(' '),
  traffic: { users: 800e6, messagesPerDay: 55e9, travellersShare: 0.33 },
  window: { fromUtc: '17:00', seconds: 60, warmupSeconds: 5 },
  slos: {
    'delivery_latency{path:same_dc}': ['p(50)<100ms', 'p(95)<250ms'],
    // At worst from abroad to the sender's home, to the recipient's, and abroad again.
    'delivery_latency{path:cross_dc}': ['p(50)<150ms', 'p(99)<400ms'],
    // A round trip home (250 ms from Singapore to Miami), two ways of access, and servers.
    'ack_latency{ack:stored}': ['p(50)<50ms', 'p(99)<400ms'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
  needs: ['travellers'],
  // One message in twenty leaves its DC: enough of those for a p99.
  worlds: { cluster: { messagesPerSecond: 130 }, live: { messagesPerSecond: 130 } },
  expected: { model: 'undecided', cluster: 'held', live: 'held' },
});

export default traveller;
