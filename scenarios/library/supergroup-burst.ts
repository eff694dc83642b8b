/**
 * A supergroup of 200,000 in which everybody writes at once.
 */
import { type Scenario, scenario } from '../define.ts';

const supergroupBurst: Scenario = scenario({
  name: 'supergroup-burst',
  title: 'A supergroup of 200,000 people writes 12,000 posts a minute',
  teaches: [
    'Fan-out is where a messenger’s work multiplies: each of these posts is one write and about ten',
    'thousand pushes. Something happens outside, people write, and posts draw answers that draw',
    'answers (a self-exciting process), so the burst feeds itself for minutes. The promise is about',
    'all listening devices, and about the last of them; messages between two people share the',
    'machines with it and keep their own promise.',
  ].join(' '),
  traffic: {
    users: 800e6,
    messagesPerDay: 55e9,
    shapes: [{ kind: 'supergroup_burst', atSeconds: 10, peakPerMinute: 12_000, riseSeconds: 10 }],
  },
  window: { fromUtc: '17:00', seconds: 60, warmupSeconds: 5 },
  slos: {
    'post_latency{kind:supergroup}': ['p(99)<1s'],
    'post_last_delivery{kind:supergroup}': ['p(95)<2s'],
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    'delivery_latency{path:cross_dc}': ['p(99)<250ms'],
  },
  needs: ['posts'],
  expected: { model: 'held', cluster: 'undecided', live: 'undecided' },
});

export default supergroupBurst;
