/**
 * The shape of results.json, for people and for machines: what reading one back checks, and what
 * the published JSON Schema (results.schema.json, beside this) is made from. It is open: a later
 * version may add to any object, and says `schema: 2` before it takes anything away.
 */
import { z } from 'zod';

const text = z.string().max(1_000_000);
const number = z.number();
const verdict = z
  .enum(['held', 'broken', 'undecided'])
  .describe('undecided: too little data, or the run is void');
const numbers = z.array(number);
const column = z.array(number.nullable()).describe('null where nothing was recorded');
const pairs = z.array(z.tuple([number, number]));
const atSeconds = number.describe('seconds from the start of the measured window');
const unit = text.describe('ms, s, count, messages, ratio (0 to 1), bytes or USD');

const summary = z
  .discriminatedUnion('kind', [
    z.object({
      ...{ kind: z.literal('trend'), count: number, mean: number, min: number, p50: number },
      ...{ p90: number, p99: number, p999: number, max: number, unit },
    }),
    z.object({ kind: z.literal('counter'), count: number, unit }),
    z.object({ kind: z.literal('gauge'), last: number, max: number, unit }),
  ])
  .describe('all samples of a series in one');

const slo = z.object({
  metric: text.describe('name{tags}, tags sorted'),
  threshold: text.describe('as the scenario wrote it, such as p(99)<100ms'),
  operator: z.enum(['<', '<=', '>', '>=', '==', '!=']),
  limit: number.describe('what value is compared with, in unit'),
  value: number.optional().describe('absent where nothing was measured'),
  unit: text,
  verdict,
  samples: number.describe('samples of a trend, events of a counter, 1 for a gauge'),
  why: text.optional().describe('why it is undecided'),
  interval: z
    .object({
      low: number.optional(),
      high: number.optional(),
      straddles: z.boolean().describe('the limit lies inside'),
    })
    .optional()
    .describe('where the true value lies with 95 % confidence; a side may be open'),
  budget: z
    .object({
      allowed: number.describe('share of events that may be bad'),
      bad: number,
      all: number,
      spent: number.describe('of the allowed, 1 is all of it'),
      windows: z.array(
        z.object({
          factor: number.describe('burn rate from which it alarms'),
          ...{ longSeconds: number, shortSeconds: number, peak: number, alarms: z.boolean() },
        }),
      ),
    })
    .optional()
    .describe('error budget, of a share that must be at least so much'),
});

const fault = z.object({
  kind: text,
  description: text,
  atSeconds: atSeconds.describe('planned, in seconds of the window'),
  forSeconds: number,
  firedAtSeconds: number.optional().describe('absent if it never struck'),
  healedAtSeconds: number.optional().describe('absent if it never healed'),
  effects: number.optional().describe('how often it made a difference, where that is counted'),
});

const heat = z.object({
  columnSeconds: number.describe('width of a column; column n begins at n times this'),
  edgesMs: numbers.describe('lower edges of the bands; a band reaches up to the next'),
  columns: z
    .record(text, z.array(numbers))
    .describe('by name{tag}: for each column pairs of band and samples, [band, count, ...]'),
});

const timeline = z.object({
  bucketSeconds: number,
  atSeconds: z.array(atSeconds).describe('starts of the buckets; each list has a value for each'),
  trends: z.record(text, z.object({ count: numbers, p50: column, p99: column, max: column })),
  rates: z.record(text, numbers).describe('counters, per second'),
  levels: z.record(text, column).describe('gauges, as they stood at the end of a bucket'),
  heat: heat.optional().describe('how latencies were spread over time'),
});

const latencyBudget = z.object({
  source: text.describe('worked out how, for which moment, from which numbers'),
  paths: z.array(
    z.object({
      path: z.enum(['same_dc', 'cross_dc']),
      hops: z.array(
        z.object({ name: text, meanMs: number, waitMs: number.describe('of which in a queue') }),
      ),
    }),
  ),
});

const drill = z.object({
  steps: z.array(
    z.object({
      name: z.enum(['steady state', 'aborted', 'rolled back', 'recovered']),
      ...{ atSeconds, verdict, why: text.optional() },
    }),
  ),
  blast: z
    .array(
      z.object({
        fromSeconds: number.describe('of the fault plan'),
        toSeconds: number,
        faults: z.array(text),
        lost: numbers.describe('DCs out of reach'),
        cutPairs: pairs.describe('DCs without a link between them'),
        usersWithoutHome: number.describe('share of all, 0 to 1'),
        usersTouched: number.describe('share of all, 0 to 1'),
        largestGroup: number.describe('DCs that still reach each other'),
      }),
    )
    .describe('what the drill touches, worked out before it ran'),
});

const world = z.object({
  digest: text.describe('hex, of everything deterministic in the run'),
  messages: number.describe('due in the measured window'),
  wallSeconds: number,
  verdict,
  slos: z.array(slo),
  metrics: z.record(text, summary).describe('by name{tags}'),
  faults: z.array(fault),
  notes: z.array(text),
  voidReasons: z.array(text).describe('why the run cannot be trusted; then it is undecided'),
  timeline,
  percentiles: z
    .record(text, pairs)
    .describe('curves: [percentile 0 to 100, value in the unit of the metric]'),
  histograms: z
    .record(text, z.string())
    .describe('compressed base64 HDR histograms (V2), in microseconds'),
  buckets: z
    .record(text, pairs)
    .describe('cumulative counts: [limit in the unit of the metric, samples at or below]'),
  latencyBudget: latencyBudget.optional().describe('where the time of a message goes'),
  drill: drill.optional(),
  aborted: z
    .object({ atSeconds, metric: text, threshold: text })
    .optional()
    .describe('what ended the run before its time: an SLO with abortOnFail'),
});

const curve = z.object({
  fromSeconds: atSeconds,
  stepSeconds: number,
  messages: z.record(text, numbers).describe('by kind, per second'),
  calls: z.record(text, numbers).describe('what is no message, per second'),
});
const load = z.object({
  source: text,
  notes: z.array(text),
  window: curve,
  around: curve,
  shapes: z.array(
    z.object({
      kind: text,
      label: text,
      curve,
      facts: z.array(z.object({ name: text, value: number, unit: text, source: text })),
    }),
  ),
});

export const RESULTS = z
  .object({
    schema: z.literal(1),
    quincunx: text.describe('version'),
    scenario: text,
    title: text,
    teaches: text,
    seed: text.describe('as given'),
    verdict,
    window: z.object({
      fromUtc: text.describe('HH:MM'),
      seconds: number,
      warmupSeconds: number,
      date: text.optional().describe('YYYY-MM-DD'),
    }),
    traffic: z.object({
      users: number,
      messagesPerDay: number,
      series: text.optional().describe('where rates come from that stand instead'),
    }),
    datacentres: z.array(z.object({ id: number, name: text })),
    reproduce: text.describe('command that repeats the run'),
    environment: z.object({ node: text, platform: text, cores: number }),
    load: load.optional().describe('what was offered, as planned'),
    worlds: z.record(text, world).describe('model, cluster, live, in the order in which they ran'),
  })
  .describe('results.json of Quincunx: what a run leaves behind');

/** Draft 2020-12; `closed` refuses what is not described, to find what nobody described. */
export function resultsSchema(closed = false): object {
  return z.toJSONSchema(RESULTS, {
    target: 'draft-2020-12',
    io: closed ? 'output' : 'input',
  });
}
