/**
 * A realistic results document without running anything: three worlds, the loss of DC 4 from 40 s
 * to 70 s of a window of 120 s, drawn from fixed formulas. For goldens and for looking at reports.
 */
import { Measurements } from '../../reports/measurements.ts';
import { PATHS } from '../../reports/metrics.ts';
import {
  type FaultResult,
  type ResultsDocument,
  resultsDocument,
  type WorldResult,
  worldResult,
} from '../../reports/results.ts';
import type { SloMap } from '../../reports/slo.ts';

export const SLOS: SloMap = {
  'delivery_latency{path:same_dc}': ['p(99)<100ms'],
  'delivery_latency{path:cross_dc}': ['p(99)<400ms'],
  'ack_latency{ack:queued}': ['p(99)<250ms'],
  writes_lost: ['count==0'],
  writes_doubled: ['count==0'],
  order_violations: ['count==0'],
  drain_time: ['max<60s'],
};

export const SITES = ['Miami', 'Amsterdam', 'Dubai', 'Mumbai', 'Singapore'] as const;
const OUT = 4;
const LOST_AT = 40;
const BACK_AT = 70;
const SECONDS = 120;

export const FAULT: FaultResult = {
  kind: 'dc_loss',
  description: `dc_loss of DC ${OUT}`,
  atSeconds: LOST_AT,
  forSeconds: BACK_AT - LOST_AT,
  firedAtSeconds: LOST_AT,
  healedAtSeconds: BACK_AT,
};

interface Shape {
  readonly perSecond: number;
  /** Samples of latency drawn for each DC, path and second; each stands for many messages. */
  readonly draws: number;
  readonly sameDcMs: number;
  readonly drainSeconds: number;
  readonly jitter: number;
}

/** Repeatable stand-in for randomness: a low-discrepancy sequence (golden ratio), 0 to 1. */
function sequence(): () => number {
  let state = 0;
  return () => {
    state = (state + 0.618_033_988_749_894_9) % 1;
    return state;
  };
}

/** A right-skewed latency: most near the median, some several times it. */
function latency(medianMs: number, jitter: number, u: number): number {
  return medianMs * (1 + jitter * (-Math.log2(1 - Math.min(u, 0.999_99)) / 4 - 0.2));
}

export function measure(shape: Shape): Measurements {
  const measurements = new Measurements({ windowSeconds: SECONDS });
  const next = sequence();
  for (const name of ['writes_lost', 'writes_doubled', 'order_violations'] as const) {
    measurements.add(name, 0, {}, 0);
  }
  let backlog = 0;
  for (let second = 0; second < SECONDS; second++) {
    const out = second >= LOST_AT && second < BACK_AT;
    const draining = second >= BACK_AT && second < BACK_AT + shape.drainSeconds;
    for (let dc = 1; dc <= SITES.length; dc++) {
      const tags = { dc: String(dc) };
      const swing = 1 + 0.05 * Math.sin((second + dc * 9) / 11) + 0.04 * (next() - 0.5);
      const offered = Math.round(
        ((shape.perSecond * [1, 1.6, 0.9, 2.2, 1.5][dc - 1]!) / 7.2) * swing,
      );
      measurements.add('messages_offered', offered, tags, second);
      measurements.add('messages_sent', offered, tags, second);
      const lost = dc === OUT && out;
      const share = { same_dc: 0.7, cross_dc: 0.3, outage: 0 } as Record<string, number>;
      if (out && dc !== OUT) Object.assign(share, { cross_dc: 0.22, outage: 0 });
      if (dc === OUT && draining) Object.assign(share, { outage: 1 });
      if (lost) {
        backlog += offered;
        measurements.add('writes_queued', offered, tags, second);
        queueAcks(measurements, offered, second, next, shape);
        continue;
      }
      for (const path of PATHS) {
        const count = Math.round(offered * share[path]!);
        if (count === 0) continue;
        measurements.add('messages_delivered', count, { path, dc: String(dc) }, second);
        drawLatencies(measurements, path, dc, count, second, next, shape);
      }
      const acks = measurements.series('ack_latency', { ack: 'stored', dc: String(dc) });
      acks.record(latency(28, shape.jitter, next()), second + 0.5, offered);
    }
    if (draining)
      backlog = Math.max(0, backlog - backlog / (BACK_AT + shape.drainSeconds - second));
    measurements.gauge('backlog', Math.round(backlog), { dc: String(OUT) }, second);
    for (let index = 0; index < 4; index++) {
      const lag = Math.min(9, latency(0.4, 3, next()));
      measurements.record('generator_lag', lag, {}, second, Math.ceil(shape.perSecond / 400));
    }
  }
  measurements.gauge('drain_time', shape.drainSeconds, { dc: String(OUT) }, BACK_AT + 20);
  return measurements;
}

function drawLatencies(
  measurements: Measurements,
  path: (typeof PATHS)[number],
  dc: number,
  count: number,
  second: number,
  next: () => number,
  shape: Shape,
): void {
  const series = measurements.series('delivery_latency', { path, dc: String(dc) });
  const recovering = second >= BACK_AT && second < BACK_AT + 8 ? 1.25 : 1;
  const draws = Math.min(shape.draws, count);
  for (let index = 0; index < draws; index++) {
    const share = Math.floor(count / draws) + (index < count % draws ? 1 : 0);
    const median =
      path === 'same_dc' ? shape.sameDcMs : path === 'cross_dc' ? 110 + 22 * dc : 9000 + 400 * dc;
    series.record(latency(median * recovering, shape.jitter, next()), second, share);
  }
}

function queueAcks(
  measurements: Measurements,
  offered: number,
  second: number,
  next: () => number,
  shape: Shape,
): void {
  const series = measurements.series('ack_latency', { ack: 'queued', dc: String(OUT) });
  const parts = Math.min(10, offered);
  for (let index = 0; index < parts; index++) {
    const share = Math.floor(offered / parts) + (index < offered % parts ? 1 : 0);
    series.record(latency(95, shape.jitter, next()), second, share);
  }
}

export function worlds(): Record<string, WorldResult> {
  const made = (
    shape: Shape,
    rest: Pick<WorldResult, 'digest' | 'wallSeconds' | 'notes' | 'voidReasons'>,
  ): WorldResult => {
    const measurements = measure(shape);
    const messages = measurements.summary('messages_offered')?.count ?? 0;
    return worldResult({ measurements, messages, faults: [FAULT], slos: SLOS, ...rest });
  };
  return {
    model: made(
      { perSecond: 636_000, draws: 60, sameDcMs: 41, drainSeconds: 22, jitter: 0.35 },
      {
        digest: '9f2c4e0b7a61d853',
        wallSeconds: 48.3,
        notes: ['800,000,000 users, every message its own latency (1:1)', '2 workers'],
        voidReasons: [],
      },
    ),
    cluster: made(
      { perSecond: 60, draws: 60, sameDcMs: 44, drainSeconds: 9, jitter: 0.3 },
      {
        digest: '41d0a3ffb2c97e16',
        wallSeconds: 12.9,
        notes: ['300 users; virtual clock, network and store'],
        voidReasons: [],
      },
    ),
    live: made(
      { perSecond: 100, draws: 60, sameDcMs: 62, drainSeconds: 14, jitter: 0.6 },
      {
        digest: 'c7714be208f95a3d',
        wallSeconds: 141.6,
        notes: ['200 users over real sockets through the embedded Toxiproxy'],
        voidReasons: [],
      },
    ),
  };
}

let cached: ResultsDocument | undefined;

/** The whole document; made once, as it is never changed. */
export function fixture(): ResultsDocument {
  cached ??= resultsDocument({
    quincunx: '0.1.0',
    scenario: 'dc-outage',
    title: 'Mumbai is lost at the evening peak and comes back',
    teaches:
      'Writes for a lost datacentre are queued durably elsewhere, and drain when it returns.',
    seed: '7',
    window: { fromUtc: '15:00', seconds: SECONDS, warmupSeconds: 5 },
    traffic: { users: 800e6, messagesPerDay: 55e9 },
    datacentres: SITES.map((name, index) => ({ id: index + 1, name })),
    reproduce: 'quincunx run dc-outage --seed 7',
    environment: { node: 'v24.21.0', platform: 'linux x64', cores: 2 },
    worlds: worlds(),
  });
  return cached;
}

/** The same with what only some worlds tell: a drill, hops, stations and the age of copies. */
export function rich(): ResultsDocument {
  const original = fixture();
  const { model, cluster } = original.worlds;
  const seconds = model!.timeline.atSeconds;
  const out = (at: number): boolean => at >= LOST_AT && at < BACK_AT;
  const levels = {
    ...model!.timeline.levels,
    'utilisation{station:front}': seconds.map((at) => (out(at) ? 0.71 : 0.42)),
    'utilisation{station:log}': seconds.map((at) => (at === LOST_AT ? null : 0.6 + at / 1000)),
    'queue_depth{station:devices}': seconds.map((at) => (out(at) ? 1000 * (at - LOST_AT) : 0)),
    'staleness{dc:4}': seconds.map((at) => (out(at) ? at - LOST_AT : 0.06)),
  };
  const blast = {
    ...{ fromSeconds: 0, toSeconds: 30, faults: [FAULT.description], lost: [OUT] },
    ...{ cutPairs: [[1, 2]] as const, usersWithoutHome: 0.29, usersTouched: 0.31 },
    largestGroup: 4,
  };
  return resultsDocument({
    ...original,
    worlds: {
      model: {
        ...model!,
        timeline: { ...model!.timeline, levels },
        latencyBudget: {
          source: 'made up for a picture',
          paths: [
            {
              path: 'same_dc',
              hops: [
                { name: 'device to datacentre', meanMs: 13, waitMs: 0 },
                { name: 'log, synced', meanMs: 9, waitMs: 6 },
                { name: 'datacentre to device', meanMs: 13, waitMs: 0 },
              ],
            },
          ],
        },
      },
      cluster: {
        ...cluster!,
        drill: {
          steps: [
            { name: 'steady state', atSeconds: 0, verdict: 'held' },
            { name: 'aborted', atSeconds: 52.5, verdict: 'broken', why: 'DC 4: p(99)<2s' },
            { name: 'rolled back', atSeconds: 52.7, verdict: 'held' },
            { name: 'recovered', atSeconds: 100, verdict: 'undecided', why: 'too few samples' },
          ],
          blast: [blast],
        },
      },
    },
  });
}

/** One world whose run is void, with too few samples for a verdict. */
export function undecided(): ResultsDocument {
  const measurements = new Measurements({ windowSeconds: SECONDS });
  measurements.record('delivery_latency', 31, { path: 'same_dc', dc: '1' }, 3, 120);
  measurements.add('writes_lost', 0, {}, 0);
  const { firedAtSeconds: _fired, healedAtSeconds: _healed, ...planned } = FAULT;
  const live = worldResult({
    measurements,
    digest: '00',
    messages: 120,
    wallSeconds: 130,
    faults: [{ ...planned, firedAtSeconds: LOST_AT, healedAtSeconds: BACK_AT }],
    notes: [],
    voidReasons: ['the generator was late: p99 310 ms'],
    slos: SLOS,
  });
  return resultsDocument({ ...fixture(), worlds: { live } });
}

/** Every text that comes from a user tries to be something else. */
export function hostile(): ResultsDocument {
  const evil = `</title><script>alert(1)</script><img src=x onerror=alert(2)>" onmouseover="alert(3)`;
  const odd = `${String.fromCharCode(27)}[2J\u202e a|b [link](http://x) \`code\` \\ \n new line \ud800`;
  const original = fixture();
  const world = (result: WorldResult): WorldResult => ({
    ...result,
    faults: result.faults.map((fault) => ({ ...fault, description: evil + odd })),
    notes: [evil, odd],
    voidReasons: [evil, odd],
  });
  return resultsDocument({
    ...original,
    scenario: evil,
    title: evil,
    teaches: evil + odd,
    seed: `7${evil}${odd}`,
    reproduce: `quincunx run '${evil}${odd}'`,
    datacentres: original.datacentres.map(({ id }) => ({ id, name: evil })),
    environment: { node: evil, platform: odd, cores: 2 },
    worlds: Object.fromEntries(
      Object.entries(original.worlds).map(([name, result]) => [name, world(result)]),
    ),
  });
}
