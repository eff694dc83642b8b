/**
 * Midnight of New Year where most people of one datacentre live.
 */
import { type Scenario, scenario } from '../define.ts';

const newYear: Scenario = scenario({
  name: 'new-year',
  title: 'Midnight of New Year in Manila, Kuala Lumpur and Perth: three times the mean',
  teaches: [
    'The one peak that everybody can put into the calendar. Midnight goes round the planet in steps,',
    'and the highest is at 16:00 UTC: one offset for East Asia from Perth to Manila, and all of it at',
    'home in Singapore, which writes two thirds of the planet’s messages in that minute. The fleet of',
    'the model bears every evening and the loss of a neighbour, and it does not bear this: requests',
    'are refused in Singapore, and people are told that their message was not sent. So the model is',
    'expected to break its promises there, and to keep them in Amsterdam. quincunx plan sizes a fleet',
    'that bears it; the two worlds of real code carry the same skew scaled down, and hold.',
  ].join(' '),
  traffic: { users: 800e6, messagesPerDay: 55e9, shapes: [{ kind: 'new_year' }] },
  window: { date: '2025-12-31', fromUtc: '16:00', seconds: 30, warmupSeconds: 5 },
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    'ack_latency{dc:5}': ['p(99)<100ms'],
    'ack_latency{dc:2}': ['p(99)<100ms'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
  worlds: { cluster: { messagesPerSecond: 150 }, live: { messagesPerSecond: 150 } },
  expected: { model: 'broken', cluster: 'held', live: 'held' },
});

export default newYear;
