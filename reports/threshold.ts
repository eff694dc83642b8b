/**
 * The grammar of one threshold, k6's with units. As a comment, as k6 has it:
 *
 *     threshold    = aggregation operator number [ unit ] [ "confident" ]
 *     aggregation  = trend | counter | gauge
 *     trend        = "avg" | "min" | "med" | "max" | "count" | "p(" number ")"     number 0 to 100
 *                  | "within(" number [ unit ] ")"                 share of what was due, 0 to 1
 *     counter      = "count" | "rate"                                              rate: per second
 *     gauge        = "value" | "last" | "max"                                      value is last
 *     operator     = "<=" | "<" | ">=" | ">" | "===" | "==" | "!="
 *     number       = digits [ "." digits ] [ "e" [ "+" | "-" ] digits ]
 *     unit         = "us" | "ms" | "s" | "%"    of times, of shares; none: the metric's own unit
 *
 * White space may stand between the parts. Two things are ours. `within(250ms)>=99.99%` is
 * availability (burn-rate.ts). `confident`, of percentiles and shares, asks that the whole 95 %
 * interval of the value is on the right side; where it straddles the limit, that is undecided.
 * Which metric a threshold applies to is known to the caller (slo.ts), which also decides what a
 * verdict needs.
 */
import type { MetricDefinition, MetricKind, Unit } from './metrics.ts';

export type Aggregation =
  | 'avg'
  | 'min'
  | 'med'
  | 'max'
  | 'count'
  | 'rate'
  | 'last'
  | 'percentile'
  | 'within';
export type Operator = '<' | '<=' | '>' | '>=' | '==' | '!=';

export interface Threshold {
  readonly aggregation: Aggregation;
  /** 0 to 100; only of `percentile`, and 50 of `med`. */
  readonly percentile?: number;
  /** Only of `within`: the time, in the metric's unit. */
  readonly within?: number;
  readonly operator: Operator;
  /** In `unit`. */
  readonly limit: number;
  readonly unit: Unit | 'per second';
  /** The interval of the value must decide, not the value alone. */
  readonly confident?: true;
}

/** A threshold, or what is wrong with it and what would be right. */
export type ParsedThreshold = { readonly threshold: Threshold } | { readonly problem: string };

export const EXPRESSION_LENGTH_MAX = 120;

const EXPRESSION =
  /^\s*((?:p|within)\s*\(\s*([^()\s]+)\s*\)|[a-z]+)\s*(<=|>=|===|==|!=|<|>)\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([a-zµ/%]*?)(\s*confident)?\s*$/i;

const VALID: Readonly<Record<MetricKind, readonly string[]>> = {
  trend: ['avg', 'min', 'med', 'max', 'count', 'p(N)', 'within(T)'],
  counter: ['count', 'rate'],
  gauge: ['value', 'last', 'max'],
};

const EXAMPLE: Readonly<Record<MetricKind, string>> = {
  trend: 'p(99)<100ms',
  counter: 'count==0',
  gauge: 'max<60',
};

const SECONDS_PER: Readonly<Record<string, number>> = { us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1 };

export function parseThreshold(text: string, definition: MetricDefinition): ParsedThreshold {
  const example = `such as '${EXAMPLE[definition.kind]}'`;
  if (typeof text !== 'string')
    return { problem: `${JSON.stringify(text)} is no text; ${example}` };
  if (text.length > EXPRESSION_LENGTH_MAX) {
    return { problem: `is longer than ${EXPRESSION_LENGTH_MAX} characters` };
  }
  const match = EXPRESSION.exec(text);
  if (!match) return { problem: `is no threshold; use aggregation, operator, number, ${example}` };
  const [, word, argument, operatorText, numberText, unitText, confidentText] = match;

  const aggregated = /^within/i.test(word!)
    ? parseWithin(argument ?? '', definition)
    : parseAggregation(word!, argument, definition.kind);
  if ('problem' in aggregated) return aggregated;
  const unit = unitOf(aggregated.aggregation, definition);
  const factor = unitFactor(unitText!, unit);
  if (typeof factor !== 'number') return factor;
  const limit = exactDecimal(Number(numberText) * factor);
  if (aggregated.aggregation === 'within' && limit > 1) {
    return { problem: `${numberText}${unitText} is no share; use 0 to 100 %, such as 99.99%` };
  }
  if (!Number.isFinite(limit)) return { problem: `${numberText} is too large a number` };
  const operator = operatorText === '===' ? '==' : (operatorText as Operator);
  if (confidentText === undefined) return { threshold: { ...aggregated, operator, limit, unit } };
  if (aggregated.percentile === undefined && aggregated.within === undefined) {
    return {
      problem: `'confident' is for percentiles and within, such as 'p(99)<100ms confident'`,
    };
  }
  return { threshold: { ...aggregated, operator, limit, unit, confident: true } };
}

type Aggregated = Pick<Threshold, 'aggregation' | 'percentile' | 'within'> | { problem: string };

/** "250ms": a time in the metric's unit. */
function parseWithin(text: string, definition: MetricDefinition): Aggregated {
  if (definition.kind !== 'trend') return { problem: wrongAggregation('within', definition.kind) };
  const match = /^(\d+(?:\.\d+)?)([a-zµ]*)$/.exec(text);
  if (!match) return { problem: `within(${text}) needs a time, such as within(250ms)` };
  const factor = unitFactor(match[2]!, definition.unit);
  if (typeof factor !== 'number') return factor;
  return { aggregation: 'within', within: exactDecimal(Number(match[1]) * factor) };
}

function parseAggregation(
  word: string,
  percentileText: string | undefined,
  kind: MetricKind,
): Aggregated {
  if (percentileText !== undefined) {
    if (kind !== 'trend') return { problem: wrongAggregation('p(N)', kind) };
    const percentile = /^\d+(\.\d+)?$/.test(percentileText) ? Number(percentileText) : Number.NaN;
    if (!(percentile >= 0 && percentile <= 100)) {
      return { problem: `p(${percentileText}) is no percentile; use 0 to 100, such as p(99.9)` };
    }
    return { aggregation: 'percentile', percentile };
  }
  if (!VALID[kind].includes(word)) return { problem: wrongAggregation(word, kind) };
  if (word === 'med') return { aggregation: 'med', percentile: 50 };
  return { aggregation: word === 'value' ? 'last' : (word as Aggregation) };
}

function wrongAggregation(word: string, kind: MetricKind): string {
  return `'${word}' is not for a ${kind}; use ${VALID[kind].join(', ')}`;
}

function unitOf(aggregation: Aggregation, definition: MetricDefinition): Threshold['unit'] {
  if (aggregation === 'rate') return 'per second';
  if (aggregation === 'within') return 'ratio';
  if (aggregation === 'count' && definition.kind === 'trend') return 'count';
  return definition.unit;
}

function unitFactor(unitText: string, unit: Threshold['unit']): number | { problem: string } {
  if (unitText === '') return 1;
  if (unit === 'per second' && unitText === '/s') return 1;
  if (unit === 'ratio' && unitText === '%') return 0.01;
  const seconds = SECONDS_PER[unitText];
  const isTime = unit === 'ms' || unit === 's';
  if (seconds === undefined) {
    const right = isTime ? 'use us, ms or s' : `it counts in ${unit}; leave the unit out`;
    return { problem: `unit '${unitText}' is not known; ${right}` };
  }
  if (!isTime)
    return { problem: `'${unitText}' is a time, but this counts in ${unit}; leave it out` };
  return seconds / SECONDS_PER[unit]!;
}

/** 0.1 s is 100 ms, not 100.00000000000001: 15 digits are what a double can hold. */
function exactDecimal(value: number): number {
  return Number(value.toPrecision(15));
}

export function compare(value: number, operator: Operator, limit: number): boolean {
  switch (operator) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '==':
      return value === limit;
    case '!=':
      return value !== limit;
  }
}
