/**
 * One post in a channel of millions.
 */
import { type Scenario, scenario } from '../define.ts';

const celebrityPost: Scenario = scenario({
  name: 'celebrity-post',
  title: 'A channel of ten million posts once; they read, react, comment and forward',
  teaches: [
    'A single write can be half a million pushes. The post goes to every connected subscriber who',
    'has not muted the channel, shared out among the cores of five datacentres; behind it comes the',
    'wave of those who look, react, comment in its discussion and pass it on. How long the last',
    'device waits is the size of the pools of pushing cores and the longest way, nothing else.',
    'Messages between two people must not notice.',
  ].join(' '),
  traffic: {
    users: 800e6,
    messagesPerDay: 55e9,
    shapes: [{ kind: 'celebrity_post', atSeconds: 10, subscribers: 10_000_000 }],
  },
  window: { fromUtc: '17:00', seconds: 60, warmupSeconds: 5 },
  slos: {
    'post_latency{kind:channel}': ['p(50)<100ms', 'p(99)<1s'],
    'post_last_delivery{kind:channel}': ['max<2s'],
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    'delivery_latency{path:cross_dc}': ['p(99)<250ms'],
  },
  needs: ['posts'],
  expected: { model: 'held', cluster: 'undecided', live: 'undecided' },
});

export default celebrityPost;
