/** A run for tests of the dashboard: what two worlds would show of themselves. */
import type { AboutRun } from '../../../reports/dashboard/events.ts';
import type { NamedFault, Snapshot, Watched } from '../../../reports/live-figures.ts';
import { Measurements } from '../../../reports/measurements.ts';
import { type WorldResult, worldResult } from '../../../reports/results.ts';

export const ABOUT: AboutRun = {
  ...{ command: 'run', name: 'short-outage', title: 'Dubai <is> lost', seed: '1' },
  ...{ version: '0.1.0', worlds: ['cluster', 'live'], windowSeconds: 30 },
};

export const LOSS: NamedFault = { text: 'dc_loss of Dubai', atSeconds: 4, forSeconds: 6 };

export const WATCHED: Watched = {
  slos: {
    'delivery_latency{path:same_dc}': ['p(99)<100ms', 'p(99)<10ms'],
    drain_time: ['max<60s'],
  },
  faults: [LOSS],
  topology: { sites: [1, 2, 3].map((id) => ({ id, name: ['Miami', 'Oslo', 'Dubai'][id - 1]! })) },
};

/** At second `at`: 100 messages a second, a backlog for DC 3 from second 4 on. */
export function measuredUntil(at: number): Measurements {
  const measurements = new Measurements({ windowSeconds: ABOUT.windowSeconds });
  for (let second = 0; second < at; second++) {
    for (const [path, ms] of [
      ['same_dc', 25 + (second % 7)],
      ['cross_dc', 80 + 5 * (second % 5)],
    ] as const) {
      const tags = { path, dc: '1' };
      measurements.add('messages_offered', 50, { dc: '1' }, second);
      measurements.add('messages_delivered', 50, tags, second);
      measurements.record('delivery_latency', ms, tags, second, 50);
    }
    if (second >= 4) measurements.gauge('backlog', 3 * second, { dc: '3' }, second);
  }
  return measurements;
}

/** Faults are in force when they are planned. */
export function snapshotAt(at: number): Snapshot {
  const isOn = at >= LOSS.atSeconds && at < LOSS.atSeconds + LOSS.forSeconds;
  return { atSeconds: at, measurements: measuredUntil(at), inForce: isOn ? [LOSS] : [] };
}

export function resultOf(): WorldResult {
  return worldResult({
    measurements: measuredUntil(30),
    ...{ digest: 'd', messages: 3000, wallSeconds: 30, notes: [], voidReasons: [] },
    faults: [
      {
        ...{ kind: 'dc_loss', description: 'dc_loss of DC 3', atSeconds: 4, forSeconds: 6 },
        ...{ firedAtSeconds: 4.1, healedAtSeconds: 10.2 },
      },
    ],
    slos: WATCHED.slos,
  });
}
