/**
 * What a source states beside what its own inputs give, and the places where it contradicts itself.
 */
import { SECONDS_PER_DAY } from '../core/virtual-time.ts';
import type { PlanBuilder, PlanFlag } from './document.ts';
import type { Layer, Values } from './inputs.ts';
import type { PlanetRates } from './load.ts';
import type { Planet } from './planet.ts';
import { CLAIM_NAMES, CLAIMS, type ClaimName, type Settings } from './settings.ts';
import { storedRates } from './stored.ts';
import { withUnit as say } from './units.ts';

/** Sources round, and some cut off: 92,593 becomes 92K. */
const ROUNDING = 0.02;
const DAYS_IN_TEN_YEARS = 3650; // as sources count
const DAYS_OF_A_TOTAL = 365; // a total that is passed within a year is none
const PEAK_MATTERS = 1.05;

interface ClaimRule {
  readonly label: string;
  readonly formula: string;
  readonly value: (of: Computed) => number;
}

/** The few numbers that claims are made of. */
interface Computed {
  readonly messagesPerDay: number;
  readonly readsPerWrite: number;
  readonly textPerDay: number;
  readonly mediaPerDay: number;
}

const IN = 'stored.mediaPerDay / 86,400 s';

const RULES: Readonly<Record<ClaimName, ClaimRule>> = {
  messagesPerDay: {
    label: 'messages a day',
    formula: 'load.messagesPerDay',
    value: ({ messagesPerDay }) => messagesPerDay,
  },
  messagesPerSecond: {
    label: 'messages a second, mean',
    formula: 'load.mean',
    value: ({ messagesPerDay }) => messagesPerDay / SECONDS_PER_DAY,
  },
  readsPerSecond: {
    label: 'reads a second, mean',
    formula: 'load.mean × traffic.readsPerWrite',
    value: ({ messagesPerDay, readsPerWrite }) =>
      (messagesPerDay / SECONDS_PER_DAY) * readsPerWrite,
  },
  textPerDay: {
    label: 'text a day',
    formula: 'stored.textPerDay',
    value: ({ textPerDay }) => textPerDay,
  },
  mediaPerDay: {
    label: 'media a day',
    formula: 'stored.mediaPerDay',
    value: ({ mediaPerDay }) => mediaPerDay,
  },
  storedPerDay: {
    label: 'text and media a day',
    formula: 'stored.textPerDay + stored.mediaPerDay',
    value: ({ textPerDay, mediaPerDay }) => textPerDay + mediaPerDay,
  },
  storedTenYears: {
    label: 'text and media in ten years',
    formula: '3,650 days × (stored.textPerDay + stored.mediaPerDay)',
    value: ({ textPerDay, mediaPerDay }) => (textPerDay + mediaPerDay) * DAYS_IN_TEN_YEARS,
  },
  storedTotal: {
    label: 'all media, after one year',
    formula: '365 days × stored.mediaPerDay',
    value: ({ mediaPerDay }) => mediaPerDay * DAYS_OF_A_TOTAL,
  },
  bytesIn: { label: 'media in', formula: IN, value: ({ mediaPerDay }) => mediaPerDay / 86_400 },
  bytesOut: {
    label: 'media out',
    formula: `${IN} × traffic.readsPerWrite`,
    value: ({ mediaPerDay, readsPerWrite }) => (mediaPerDay / 86_400) * readsPerWrite,
  },
  bytesBoth: {
    label: 'media in and out',
    formula: `${IN} × (1 + traffic.readsPerWrite)`,
    value: ({ mediaPerDay, readsPerWrite }) => (mediaPerDay / 86_400) * (1 + readsPerWrite),
  },
};

/** The size of a file that the source's own media figure implies. */
function impliedMediaBytes(v: Values, rates: PlanetRates, settings: Settings): number | undefined {
  const { mediaPerDay } = settings.claims;
  const files = rates.messagesPerDay * v.traffic.mediaShare;
  if (mediaPerDay === undefined || files === 0) return undefined;
  const implied = mediaPerDay / files;
  return Math.abs(implied / v.traffic.mediaBytes - 1) > ROUNDING ? implied : undefined;
}

export function addClaims(
  plan: PlanBuilder,
  v: Values,
  rates: PlanetRates,
  settings: Settings,
): void {
  const { textPerDay, mediaPerDay } = storedRates(v, rates);
  const { messagesPerDay } = rates;
  const { readsPerWrite } = v.traffic;
  const computed: Computed = { messagesPerDay, readsPerWrite, textPerDay, mediaPerDay };
  const implied = impliedMediaBytes(v, rates, settings);
  const asCounted =
    implied === undefined
      ? undefined
      : { ...computed, mediaPerDay: (mediaPerDay * implied) / v.traffic.mediaBytes };
  const rows = CLAIM_NAMES.filter((name) => settings.claims[name] !== undefined).map((name) => {
    const stated = settings.claims[name]!;
    const rule = RULES[name];
    const ours = rule.value(computed);
    const counted = asCounted && rule.value(asCounted);
    return {
      ...{ id: name, figure: rule.label, unit: CLAIMS[name], source: stated, ours },
      ratio: ours / stated,
      verdict: verdictOf(stated, ours, counted),
      ...{ formula: rule.formula, restsOn: plan.restsOn(rule.formula) },
    };
  });
  if (rows.length === 0) return;
  const note =
    implied === undefined
      ? undefined
      : `"as counted": with files of ${implied} bytes, its own slip`;
  plan.table(
    'source',
    "the source's figures, from its own inputs",
    [
      ['figure', 'figure', 'text'],
      ['source', 'source', 'row'],
      ['ours', 'ours', 'row'],
      ['ratio', 'ratio', 'x'],
      ['verdict', '', 'text'],
      ['restsOn', 'rests on', 'text'],
      ['formula', 'formula', 'text'],
    ],
    rows,
    note,
  );
}

function verdictOf(stated: number, ours: number, counted: number | undefined): string {
  if (Math.abs(ours / stated - 1) <= ROUNDING) return 'same';
  const slip = counted !== undefined && Math.abs(counted / stated - 1) <= ROUNDING;
  return slip ? 'differs (as counted)' : 'differs';
}

/** Where the source contradicts itself, by stable names. */
export function claimFlags(
  v: Values,
  inputs: Layer,
  rates: PlanetRates,
  planet: Planet,
  settings: Settings,
): PlanFlag[] {
  const flags: PlanFlag[] = [];
  const flag = (name: string, text: string): void => void flags.push({ name, text });
  const { claims } = settings;
  const { mediaPerDay } = storedRates(v, rates);
  if (claims.storedTotal !== undefined && claims.storedTotal / mediaPerDay < DAYS_OF_A_TOTAL) {
    const days = claims.storedTotal / mediaPerDay;
    flag(
      'media-outgrows-total',
      `the total of ${say(claims.storedTotal, 'bytes')} is passed after ${say(days, 'days')} ` +
        `of its own media (${say(mediaPerDay, 'bytes/day')})`,
    );
  }
  const implied = impliedMediaBytes(v, rates, settings);
  if (implied !== undefined) {
    const ten = 3650 * (mediaPerDay + storedRates(v, rates).textPerDay);
    flag(
      'media-size-mismatch',
      `its media figure of ${say(claims.mediaPerDay!, 'bytes/day')} uses files of ` +
        `${say(implied, 'bytes')}, its input says ${say(v.traffic.mediaBytes, 'bytes')}: ` +
        `${say(mediaPerDay, 'bytes/day')}, ${say(ten, 'bytes')} in ten years`,
    );
  }
  if (claims.messagesPerSecond !== undefined && planet.peak > PEAK_MATTERS) {
    const peak = rates.messagesPerSecond * planet.peak;
    flag(
      'mean-is-not-peak',
      `${say(claims.messagesPerSecond, 'messages/s')} is the mean of the day; at ` +
        `${planet.peakUtc} UTC it is ${say(peak, 'messages/s')}, and the busiest day adds ` +
        `${say(v.traffic.busiestDayFactor, 'x')}: ` +
        `${say(peak * v.traffic.busiestDayFactor, 'messages/s')}`,
    );
  }
  const hop = inputs.get('slo.hopMs')!;
  const left = [v.slo.deliveryMs - hop.high, v.slo.deliveryMs - hop.low] as const;
  if (hop.from === 'given' && left[0] <= v.slo.deliveryMs / 10) {
    flag(
      'hop-eats-the-budget',
      `${say(v.slo.deliveryMs, 'ms')} delivery and a hop of ${hop.low}–${say(hop.high, 'ms')} ` +
        `leave ${leftText(left)} for everything else`,
    );
  }
  return flags;
}

function leftText([least, most]: readonly [number, number]): string {
  return most <= 0 ? 'nothing' : `${Math.max(0, least)}–${say(most, 'ms')}`;
}
