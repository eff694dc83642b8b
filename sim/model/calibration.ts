/**
 * The calibration file: what the stations of a live backend cost on one machine, measured. Made by
 * `quincunx calibrate`, read by `twin`, `run --calibration` and `plan --calibration`. Here is its
 * form only: it comes as text and goes as text.
 */
import { z } from 'zod';
import { exactLog } from '../core/exact-math.ts';
import { DEFAULT_SERVICE_TIMES, type ServiceTimes } from './service-times.ts';

export const CALIBRATION_SCHEMA = 1;
/** Characters of a file that is read. */
export const CALIBRATION_LENGTH_MAX = 4_000_000;
/** Values of equal probability between neighbours that a measured law is written down with. */
export const LAW_STEPS = 400;

/** Longest time that any law may hold: an hour. */
const US_MAX = 3600e6;
const DCS_MAX = 99;

const us = z.number().min(0).max(US_MAX);
const ms = z
  .number()
  .min(0)
  .max(US_MAX / 1000);
const how = z.string().max(500);

/** A law as it was measured, and as a lognormal one of the same mean for who wants that. */
const measuredLaw = z.object({
  meanUs: us,
  /** Standard deviation of the logarithm. */
  sigma: z.number().min(0).max(20),
  quantilesUs: z
    .array(us)
    .min(2)
    .max(10_000)
    .refine((all) => all.every((value, i) => i === 0 || value >= all[i - 1]!), {
      message: 'never falls: give quantiles from the least to the most',
    }),
  /** Values that it rests on. */
  count: z.int().min(1),
  how,
});

const law = z.union([
  measuredLaw,
  z.object({ meanUs: us, sigma: z.number().min(0).max(20) }).strict(),
]);

const share = z.number().min(0.001).max(1);
const kind = z.object({ front: z.number().min(0).max(100), extraBytes: z.number().min(0) });

const service = z.object({
  front: law,
  router: law,
  delivery: law,
  sync: law,
  access: law.optional(),
  kinds: z.object({ direct: kind, group: kind, bot: kind, media: kind }),
  admission: z.object({
    alertMs: ms,
    shedAfterMs: ms,
    retryMs: ms,
    attemptsMax: z.int().min(1).max(1000),
  }),
  frameBytes: z.number().min(0).max(1e5),
  linkBitsPerSecond: z.number().min(1e3).max(1e18),
  guestWayShare: z.number().min(0).max(10),
  restartMs: ms,
  redialMs: ms,
  detectMs: ms,
  reconnectSpreadMs: ms,
  moveBackMs: ms,
  guestStayMs: ms,
  writeDrainShare: share,
  deliveryDrainShare: share,
});

const dc = z.int().min(1).max(DCS_MAX);

/** A single figure: its middle, what it rests on, and the two quartiles around the middle. */
const figure = z.object({
  value: z.number(),
  low: z.number(),
  high: z.number(),
  count: z.int(),
  how,
});

const calibration = z.object({
  schema: z.literal(CALIBRATION_SCHEMA, {
    error: `use ${CALIBRATION_SCHEMA}, the form that this version writes`,
  }),
  quincunx: z.string(),
  /** ISO 8601, UTC. */
  measuredAt: z.iso.datetime(),
  machine: z.object({
    cores: z.int().min(1),
    cpu: z.string(),
    platform: z.string(),
    node: z.string(),
    /** Mean number of processes that wanted to run, over the minute before and after. */
    loadBefore: z.number(),
    loadAfter: z.number(),
    /** Share of the cores' time in which something ran, ours or not. */
    busyShare: z.number().min(0).max(1),
  }),
  /** Of the load under which it was measured. */
  load: z.object({
    users: z.int().min(1),
    messagesPerSecond: z.number().positive(),
    calmSeconds: z.number().positive(),
    outageSeconds: z.number().positive(),
    outages: z.int().min(1),
    lostDc: dc,
    textBytes: z.number().positive(),
    toxiproxy: z.enum(['embedded', 'real']),
    seed: z.string(),
  }),
  /** Ready for the model: what was measured, and its own assumptions for everything else. */
  service,
  /**
   * The same stations while a DC is lost and comes back, at people that this does not concern: all
   * processes share the machine. For so long from the loss, and from the fault's end.
   */
  disturbed: z.object({
    access: measuredLaw,
    front: measuredLaw,
    sync: measuredLaw,
    delivery: measuredLaw,
    lossSeconds: z.int().min(0).max(60),
    returnSeconds: z.int().min(0).max(60),
  }),
  /** One way over each backbone link, from durable on one side to taken up on the other. */
  links: z.array(
    z.object({
      from: dc,
      to: dc,
      count: z.int().min(1),
      mapMs: ms,
      p50Ms: ms,
      p90Ms: ms,
      p99Ms: ms,
    }),
  ),
  /** Durable writes by themselves: so many appends at once, until all are durable. */
  groupCommit: z.array(
    z.object({ appends: z.int().min(1), count: z.int().min(1), p50Us: us, p90Us: us, p99Us: us }),
  ),
  outage: z.record(z.string().max(40), figure),
  /** Whether the machine was quiet enough, by the same figures in several slices of time. */
  noise: z.object({
    slices: z.array(z.object({ p50Ms: ms, p99Ms: ms })).min(2),
    /** Half the range over the median. */
    p50Spread: z.number().min(0),
    p99Spread: z.number().min(0),
    generatorLagP99Ms: ms,
    /** The longest sync of any DC: a disk that others use may stall. */
    syncMaxMs: ms,
    busy: z.boolean(),
  }),
  notes: z.array(z.string()),
});

export type Calibration = z.infer<typeof calibration>;
export type MeasuredLaw = z.infer<typeof measuredLaw>;
export type Figure = z.infer<typeof figure>;

export function calibrationText(value: Calibration): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}

/** The calibration that a text holds, or everything that is wrong with it, a line each. */
export function parseCalibration(
  text: string,
): { readonly value: Calibration } | { readonly problems: readonly string[] } {
  if (text.length > CALIBRATION_LENGTH_MAX) {
    return { problems: [`is longer than ${CALIBRATION_LENGTH_MAX} characters`] };
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    return { problems: [`is not JSON: ${(error as Error).message}`] };
  }
  const result = calibration.safeParse(data);
  if (result.success) return { value: result.data };
  return {
    problems: result.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'the file'}: ${message}`,
    ),
  };
}

/** What the model is given. */
export function serviceOf({ service: times }: Calibration): ServiceTimes {
  const { access, ...rest } = times;
  return { ...DEFAULT_SERVICE_TIMES, ...rest, ...(access ? { access } : {}) };
}

/** What the model is given for the moments of a loss and of a return. */
export function disturbedServiceOf(calibration: Calibration): ServiceTimes {
  const { access, front, sync, delivery } = calibration.disturbed;
  return { ...serviceOf(calibration), access, front, sync, delivery };
}

/**
 * What the backend's own stations cost, with the model's clients and access: for a planet, whose
 * people are neither on this machine nor behind its proxies.
 */
export function stationsOf({ service: times }: Calibration): ServiceTimes {
  const { front, router, delivery, sync, writeDrainShare, deliveryDrainShare } = times;
  const { restartMs, redialMs } = times;
  const stations = { front, router, delivery, sync, writeDrainShare, deliveryDrainShare };
  return { ...DEFAULT_SERVICE_TIMES, ...stations, restartMs, redialMs };
}

/** Of measured times, in any order; at least one. Throws `RangeError` for none. */
export function measuredLawOf(valuesUs: readonly number[], how: string): MeasuredLaw {
  const sorted = Float64Array.from(valuesUs, (value) => Math.max(0, value)).sort();
  if (sorted.length === 0) throw new RangeError(`calibration: no values for: ${how}`);
  const quantilesUs = Array.from({ length: LAW_STEPS + 1 }, (_, i) =>
    round(quantileOf(sorted, i / LAW_STEPS)),
  );
  const meanUs = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return { meanUs: round(meanUs), sigma: sigmaOf(sorted), quantilesUs, count: sorted.length, how };
}

/** The middle and the quartiles of some values; at least one. */
export function figureOf(values: readonly number[], how: string): Figure {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) throw new RangeError(`calibration: no values for: ${how}`);
  const at = (p: number): number => round(quantileOf(sorted, p));
  return { value: at(0.5), low: at(0.25), high: at(0.75), count: sorted.length, how };
}

/** Of ascending values, linear between neighbours; 0 is the least, 1 the most. */
export function quantileOf(sorted: ArrayLike<number>, p: number): number {
  const place = p * (sorted.length - 1);
  const before = Math.min(sorted.length - 1, Math.floor(place));
  const from = sorted[before]!;
  const to = sorted[Math.min(sorted.length - 1, before + 1)]!;
  return Math.min(to, from + (to - from) * (place - before)); // rounding may go one beyond
}

/** What a file keeps of a time. */
const US_RESOLUTION = 0.001;
const round = (value: number): number => Math.round(value * 1000) / 1000;

/** Of the lognormal law through the median and the 84th percentile. */
function sigmaOf(sorted: Float64Array): number {
  const [median, upper] = [quantileOf(sorted, 0.5), quantileOf(sorted, 0.8413)];
  return median >= US_RESOLUTION ? round(exactLog(upper / median)) : 0;
}
