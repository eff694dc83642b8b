/**
 * Reads a results.json back, for rendering it again: everything that a renderer touches must be
 * there and of the right kind, whatever else the file holds.
 */
import * as z from 'zod';
import type { ResultsDocument } from './results.ts';

const text = z.string().max(1_000_000);
const number = z.number();
const verdict = z.enum(['held', 'broken', 'undecided']);
const column = z.array(number.nullable());
const pairs = z.record(text, z.array(z.tuple([number, number])));
const summary = z.discriminatedUnion('kind', [
  z.looseObject({
    ...{ kind: z.literal('trend'), unit: text, count: number, mean: number, min: number },
    ...{ p50: number, p90: number, p99: number, p999: number, max: number },
  }),
  z.looseObject({ kind: z.literal('counter'), unit: text, count: number }),
  z.looseObject({ kind: z.literal('gauge'), unit: text, last: number, max: number }),
]);
const slo = z.looseObject({
  metric: text,
  threshold: text,
  operator: z.enum(['<', '<=', '>', '>=', '==', '!=']),
  limit: number,
  value: number.optional(),
  unit: text,
  verdict,
  samples: number,
  why: text.optional(),
  interval: z
    .looseObject({ low: number.optional(), high: number.optional(), straddles: z.boolean() })
    .optional(),
  budget: z
    .looseObject({
      ...{ allowed: number, bad: number, all: number, spent: number },
      windows: z.array(
        z.looseObject({
          ...{ factor: number, longSeconds: number, shortSeconds: number, peak: number },
          alarms: z.boolean(),
        }),
      ),
    })
    .optional(),
});
const fault = z.looseObject({
  kind: text,
  description: text,
  atSeconds: number,
  forSeconds: number,
  firedAtSeconds: number.optional(),
  healedAtSeconds: number.optional(),
});
const world = z.looseObject({
  digest: text,
  messages: number,
  wallSeconds: number,
  verdict,
  slos: z.array(slo),
  metrics: z.record(text, summary),
  faults: z.array(fault),
  notes: z.array(text),
  voidReasons: z.array(text),
  timeline: z.looseObject({
    bucketSeconds: number,
    atSeconds: z.array(number),
    trends: z.record(
      text,
      z.looseObject({ count: z.array(number), p50: column, p99: column, max: column }),
    ),
    rates: z.record(text, z.array(number)),
    levels: z.record(text, column),
  }),
  percentiles: pairs,
  histograms: z.record(text, z.string()),
  buckets: pairs,
});
const results = z.looseObject({
  schema: z.literal(1),
  quincunx: text,
  scenario: text,
  title: text,
  teaches: text,
  seed: text,
  verdict,
  window: z.looseObject({ fromUtc: text, seconds: number, warmupSeconds: number }),
  traffic: z.looseObject({ users: number, messagesPerDay: number }),
  datacentres: z.array(z.looseObject({ id: number, name: text })),
  reproduce: text,
  environment: z.looseObject({ node: text, platform: text, cores: number }),
  worlds: z.record(text, world),
});

/** Told of a file that is wrong in many places. */
const PROBLEMS_SHOWN = 5;

/** The document, or the first things that are wrong with it, each with its place. */
export function readResults(
  value: unknown,
): { readonly results: ResultsDocument } | { readonly problems: readonly string[] } {
  const parsed = results.safeParse(value);
  // Nothing is dropped or changed: the check only says that it is what the type promises.
  if (parsed.success) return { results: value as ResultsDocument };
  const problems = parsed.error.issues.slice(0, PROBLEMS_SHOWN).map(({ path, message }) => {
    return `${path.length === 0 ? 'the document' : path.join('.')}: ${message}`;
  });
  return { problems };
}
