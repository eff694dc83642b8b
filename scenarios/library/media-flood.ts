/**
 * Everybody sends files.
 */
import { type Scenario, scenario } from '../define.ts';

const mediaFlood: Scenario = scenario({
  name: 'media-flood',
  title: 'Everybody sends photos: three times the usual files, on top of all else',
  teaches: [
    'A file is two things: a message that refers to it, cheap, and a megabyte that must go in and',
    'out, dear. A house that lets the second share a queue with the first has chats that stand still',
    'while holiday photos pass. The promise is about messages: text must not notice the flood. At',
    '--fidelity flow the model also shows the servers and disks that carry the files',
    '(utilisation{station:media}, storage_bytes{content:media}).',
  ].join(' '),
  traffic: {
    users: 800e6,
    messagesPerDay: 55e9,
    mix: 'messenger',
    shapes: [{ kind: 'media_flood', atSeconds: 10, forSeconds: 30 }],
  },
  window: { fromUtc: '17:00', seconds: 60, warmupSeconds: 5 },
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms'],
    'delivery_latency{path:cross_dc}': ['p(99)<250ms'],
    writes_lost: ['count==0'],
  },
  needs: ['media'],
  expected: { model: 'held', cluster: 'undecided', live: 'undecided' },
});

export default mediaFlood;
