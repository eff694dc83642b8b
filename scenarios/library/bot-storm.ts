/**
 * Bots call as fast as they can.
 */
import { type Scenario, scenario } from '../define.ts';

const botStorm: Scenario = scenario({
  name: 'bot-storm',
  title: 'Bots call 1.7 million times a second, ten times their mean',
  teaches: [
    'Machines do not get tired. A release of tickets, or a loop that somebody forgot to end, and the',
    'calls of bots are three times as many as all messages of all people. They arrive at the same',
    'front servers; the question is whether people notice, that is, whether the reserve or the limits',
    'of rate are there before the queues are. Lower the reserve (or raise callsPerSecond) to see',
    'where that ends.',
  ].join(' '),
  traffic: {
    users: 800e6,
    messagesPerDay: 55e9,
    shapes: [{ kind: 'bot_storm', atSeconds: 10, forSeconds: 30 }],
  },
  window: { fromUtc: '17:00', seconds: 60, warmupSeconds: 5 },
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    'delivery_latency{path:cross_dc}': ['p(99)<250ms'],
    writes_lost: ['count==0'],
  },
  needs: ['bots'],
  expected: { model: 'held', cluster: 'undecided', live: 'undecided' },
});

export default botStorm;
