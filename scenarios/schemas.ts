/**
 * The published JSON Schemas of scenario and drill files, made from the tables that check them, for
 * editors: they complete and underline while somebody writes YAML. Loading a file checks more than
 * a schema can say (times inside the window, grammar of thresholds); a test holds that whatever the
 * library has is right by both.
 */
import { z } from 'zod';
import { FAULT_FIELDS, FAULT_KINDS, type FieldRule } from '../chaos/plan.ts';
import { METRICS } from '../reports/metrics.ts';
import { THRESHOLDS_PER_METRIC_MAX } from '../reports/slo.ts';
import { DURATION } from '../reports/slo-threshold.ts';
import { EXPRESSION_LENGTH_MAX } from '../reports/threshold.ts';
import { CONVERSATION_LIMITS } from '../sim/traffic/conversations.ts';
import { KINDS, MIXES } from '../sim/traffic/kinds.ts';
import { SHAPES } from '../sim/traffic/shapes/index.ts';
import type { NumberField } from '../sim/traffic/shapes/shape.ts';
import { CAPABILITIES } from './capabilities.ts';
import { WORLD_LIMITS, WORLD_NAMES } from './define.ts';
import { WINDOW_SECONDS_MAX } from './traffic-fields.ts';

export const SCHEMA_KINDS = ['scenario', 'drill'] as const;
export type SchemaKind = (typeof SCHEMA_KINDS)[number];

const dcId = z.number().int().min(1).max(99).describe('id of a datacentre');
const seconds = z.number().min(0).max(WINDOW_SECONDS_MAX);
const day = z.string().regex(/^20\d\d-\d\d-\d\d$/);

const threshold = z.string().min(4).max(EXPRESSION_LENGTH_MAX);
const aborting = z.strictObject({
  threshold,
  abortOnFail: z.boolean().optional().describe('ends the run when it is broken for good'),
  delayAbortEval: z
    .string()
    .regex(DURATION)
    .optional()
    .describe('such as 10s: not before, from the start of the window'),
});

/** `metric` or `metric{tag:value,...}` to thresholds in k6's grammar. */
const thresholdsOf = (one: z.ZodType): z.ZodType =>
  z
    .record(
      z.string().regex(new RegExp(`^(${Object.keys(METRICS).join('|')})(\\{[^{}]*\\})?$`)),
      z.array(one).min(1).max(THRESHOLDS_PER_METRIC_MAX),
    )
    .describe("such as delivery_latency{path:same_dc}: ['p(99)<100ms']; all must hold");
const thresholds = thresholdsOf(threshold);

function faultField(rule: FieldRule): z.ZodType {
  if (rule === 'dc') return dcId;
  const { min, max, above, whole } = rule;
  const number = whole === true ? z.number().int() : z.number();
  return (above === true ? number.gt(min) : number.min(min)).max(max);
}

const timed = {
  atSeconds: seconds.describe('from the start of the measured window'),
  forSeconds: z.number().gt(0).max(WINDOW_SECONDS_MAX).describe('then it is undone'),
};
const dcGroup = z.array(dcId).min(1);

const fault = z.union(
  FAULT_KINDS.map((kind) => {
    const own = Object.entries(FAULT_FIELDS[kind]).map(([name, rule]) => [name, faultField(rule)]);
    const groups = kind === 'partition' ? { groups: z.tuple([dcGroup, dcGroup]) } : {};
    return z.strictObject({
      kind: z.literal(kind),
      ...timed,
      ...groups,
      ...(Object.fromEntries(own) as Readonly<Record<string, z.ZodType>>),
    });
  }),
);

function shapeNumber({ min, max, whole, default: usual, unit, source }: NumberField): z.ZodType {
  const number = (whole === true ? z.number().int() : z.number()).min(min).max(max);
  if (usual === undefined) return number.describe(unit);
  return number.optional().describe(`${unit}; ${usual} if absent (${source})`);
}

/** Fields of shapes that are no numbers. */
const SHAPE_OTHERS: Readonly<Record<string, z.ZodType>> = {
  dc: dcId,
  countries: z.array(z.string().regex(/^[A-Z]{2}$/)).min(1),
  goalMinutes: z.array(z.number().int().min(1).max(130)).max(100),
  date: day,
};

const shape = z.union(
  Object.entries(SHAPES).map(([kind, { numbers, others }]) => {
    const fields = Object.entries(numbers).map(([name, field]) => [name, shapeNumber(field)]);
    const rest = Object.keys(others).map((name) => {
      const check = SHAPE_OTHERS[name];
      if (check === undefined) throw new Error(`the schema knows no field '${name}' of shapes`);
      const isNeeded = kind === 'reconnect_storm' && name === 'dc';
      return [name, isNeeded ? check : check.optional()];
    });
    return z.strictObject({
      kind: z.literal(kind),
      ...(Object.fromEntries([...fields, ...rest]) as Readonly<Record<string, z.ZodType>>),
    });
  }),
);

const mix = z.union([
  z.enum(Object.keys(MIXES) as [string, ...string[]]),
  z.strictObject(Object.fromEntries(KINDS.map((kind) => [kind, z.number().min(0).max(1000)]))),
]);

const { answeredShareMax, medianMin, medianMax, p95Max } = CONVERSATION_LIMITS;
const conversations = z.strictObject({
  answeredShare: z.number().min(0).max(answeredShareMax).describe('of all messages, answers too'),
  thinkSeconds: z
    .strictObject({
      median: z.number().min(medianMin).max(medianMax),
      p95: z.number().min(medianMin).max(p95Max).describe('above the median, 50 times it at most'),
    })
    .describe('from a message until its answer; lognormal'),
});

const seriesPoint = z.tuple([z.number(), z.number().min(0)]);
const { usersMin, usersMax, rateMin, rateMax } = WORLD_LIMITS;
const size = z.strictObject({
  users: z.number().int().min(usersMin).max(usersMax).optional(),
  messagesPerSecond: z.number().min(rateMin).max(rateMax).optional(),
});
const liveSize = size.extend({
  rampSeconds: z.number().min(0).max(3600).optional().describe('of the warm-up; 0 if absent'),
});
const verdict = z.enum(['held', 'broken', 'undecided']).optional();

const named = {
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
    .describe('names it on the command line: a-z, 0-9 and dashes'),
  title: z.string().min(1).describe('what happens, in one line'),
  teaches: z.string().optional().describe('what one learns from it, in a paragraph'),
};

const SCENARIO = z
  .strictObject({
    ...named,
    traffic: z.strictObject({
      users: z.number().min(1000).max(1e10).describe('people with an account, on the planet'),
      messagesPerDay: z.number().min(1).max(1e13).describe('of all, in the mean of a week'),
      textBytes: z.number().min(1).max(4096).optional().describe('mean; 150 if absent'),
      mediaBytes: z.number().min(1).max(2e9).optional().describe('mean of a file; 1 MB if absent'),
      mix: mix.optional().describe('kinds of messages; all-direct if absent'),
      shapes: z.array(shape).max(100).optional().describe('what happens on top of the wave'),
      series: z
        .union([
          z.strictObject({ file: z.string().min(1), column: z.string().optional() }),
          z.array(seriesPoint).min(2),
        ])
        .optional()
        .describe('messages a second of your own, instead of the wave'),
      travellersShare: z.number().min(0).max(1).optional().describe('people abroad'),
      conversations: conversations.optional().describe('who answers whom; nobody if absent'),
    }),
    window: z.strictObject({
      fromUtc: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
      seconds: z.number().min(1).max(WINDOW_SECONDS_MAX).describe('what is measured'),
      warmupSeconds: z.number().min(0).max(3600).optional().describe('load before it; 5 if absent'),
      date: day.optional(),
    }),
    topology: z
      .looseObject({ sites: z.array(z.looseObject({ id: dcId, name: z.string() })).min(2) })
      .optional()
      .describe('datacentres of your own; five if absent'),
    faults: z.array(fault).optional(),
    slos: thresholdsOf(z.union([threshold, aborting])),
    worlds: z
      .strictObject({ cluster: size.optional(), live: liveSize.optional() })
      .optional()
      .describe('how large the worlds are in which people really exist'),
    expected: z
      .strictObject(Object.fromEntries(WORLD_NAMES.map((world) => [world, verdict])))
      .optional()
      .describe('what each world should say; a run that says something else notes it'),
    needs: z.array(z.enum(CAPABILITIES)).optional().describe('a world without it is undecided'),
  })
  .describe('A scenario of Quincunx: quincunx run FILE');

const DRILL = z
  .strictObject({
    ...named,
    steadyState: z.strictObject({ seconds: z.number().min(1).max(86_400), slos: thresholds }),
    faults: z.array(fault).min(1),
    abortWhen: z
      .array(
        z.strictObject({
          metric: z.string(),
          is: z.string().describe("what stands for trouble, such as 'p(99)>2s'"),
          overSeconds: z.number().min(1).max(86_400).optional(),
          forSeconds: z.number().min(1).max(86_400).optional(),
        }),
      )
      .optional(),
    recoverySeconds: z.number().min(1).max(86_400).optional(),
    slos: thresholds,
    blastRadius: z
      .strictObject({
        dcsLostMax: z.number().int().min(0).optional(),
        usersWithoutHomeMax: z.number().min(0).max(1).optional(),
        mayBreakMajority: z.boolean().optional(),
      })
      .optional()
      .describe('what it may touch; a drill beyond it is refused'),
  })
  .describe('A drill of Quincunx: quincunx drill FILE');

const SOURCES = { scenario: SCENARIO, drill: DRILL } as const;

/** Draft 2020-12. The one that is published lies in scenarios/schemas/, and a test compares. */
export function fileSchema(kind: SchemaKind): object {
  return z.toJSONSchema(SOURCES[kind], { target: 'draft-2020-12', reused: 'ref' });
}
