/**
 * One home has all the load: more of it than a partition can carry.
 */
import { type Scenario, scenario } from '../define.ts';

const hotPartition: Scenario = scenario({
  name: 'hot-partition',
  title: 'A cricket final is decided: all India writes, and Mumbai alone must take it',
  teaches: [
    'Who partitions by home has as much capacity as one home. The planet’s five datacentres have room',
    'for what follows the last ball; Mumbai has not, and the four others cannot help, because they',
    'may not write for it. So this scenario is expected to be broken in the model: writes of people',
    'at home in Mumbai wait, are refused and repeated, while Miami notices nothing; the remedy is not',
    'more machines everywhere but another cut. In the two worlds of real code the same skew is scaled',
    'down to a load that one process bears; there it shows that skew alone breaks no promise.',
  ].join(' '),
  traffic: {
    users: 800e6,
    messagesPerDay: 55e9,
    shapes: [
      // A moment for which four of five Indians look, and after which they write: the first of the
      // shape's moments, its kick-off, stands for the last ball.
      {
        ...{ kind: 'football_final', atSeconds: 10, countries: ['IN'] },
        ...{ homeShare: 0.8, worldShare: 0, kickOffTimesMean: 26 },
      },
    ],
  },
  window: { fromUtc: '14:30', seconds: 40, warmupSeconds: 5 },
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    'ack_latency{dc:4}': ['p(99)<100ms'],
    'ack_latency{dc:1}': ['p(99)<100ms'],
    writes_lost: ['count==0'],
    writes_doubled: ['count==0'],
    order_violations: ['count==0'],
  },
  worlds: { cluster: { messagesPerSecond: 150 }, live: { messagesPerSecond: 150 } },
  expected: { model: 'broken', cluster: 'held', live: 'held' },
});

export default hotPartition;
