/**
 * Midnight of New Year in the zone with most people.
 */
import { type Scenario, scenario } from '../define.ts';

const newYear: Scenario = scenario({
  name: 'new-year',
  title: 'Midnight of New Year in India: a fifth of mankind writes at once',
  teaches: [
    'The one peak that everybody can put into the calendar. Midnight goes round the planet in steps,',
    'and India’s is the highest: a single zone for all, at home in a single datacentre, at 18:30 UTC.',
    'Load concentrates in time and in place, so a reserve computed from the planet’s mean says',
    'nothing; look at utilisation{dc:4}. Whoever is not at home there must not notice.',
  ].join(' '),
  traffic: { users: 800e6, messagesPerDay: 55e9, shapes: [{ kind: 'new_year' }] },
  window: { date: '2025-12-31', fromUtc: '18:29', seconds: 60, warmupSeconds: 5 },
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    'delivery_latency{path:cross_dc}': ['p(99)<250ms'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
  worlds: { cluster: { messagesPerSecond: 150 }, live: { messagesPerSecond: 150 } },
  expected: { model: 'held', cluster: 'held', live: 'held' },
});

export default newYear;
