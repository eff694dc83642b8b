/**
 * The grammar of one threshold, k6's with units. As a comment, as k6 has it:
 *
 *     threshold    = aggregation operator number [ unit ] [ "confident" ]
 *     aggregation  = trend | counter | gauge
 *     trend        = "avg" | "min" | "med" | "max" | "count" | "p(" number ")"     number 0 to 100
 *     counter      = "count" | "rate"                                              rate: per second
 *     gauge        = "value" | "last" | "max"                                      value is last
 *     operator     = "<=" | "<" | ">=" | ">" | "===" | "==" | "!="
 *     number       = digits [ "." digits ] [ "e" [ "+" | "-" ] digits ]
 *     unit         = "us" | "ms" | "s"          of time metrics only; none: the metric's own unit
 *
 * White space may stand between the parts. `confident` (percentiles only, ours) asks that the whole
 * 95 % interval of the value is on the right side; where it straddles the limit, it is undecided. Which metric it applies to is known to the caller
 * (slo.ts), which also decides what a verdict needs.
 */
import type { MetricDefinition, MetricKind, Unit } from './metrics.ts';

export type Aggregation = 'avg' | 'min' | 'med' | 'max' | 'count' | 'rate' | 'last' | 'percentile';
export type Operator = '<' | '<=' | '>' | '>=' | '==' | '!=';

export interface Threshold {
  readonly aggregation: Aggregation;
  /** 0 to 100; only of `percentile`, and 50 of `med`. */
  readonly percentile?: number;
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
  /^\s*(p\s*\(\s*([^()\s]+)\s*\)|[a-z]+)\s*(<=|>=|===|==|!=|<|>)\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([a-zµ/]*?)(\s*confident)?\s*$/i;

const VALID: Readonly<Record<MetricKind, readonly string[]>> = {
  trend: ['avg', 'min', 'med', 'max', 'count', 'p(N)'],
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
  const [, word, percentileText, operatorText, numberText, unitText, confidentText] = match;

  const aggregated = parseAggregation(word!, percentileText, definition.kind);
  if ('problem' in aggregated) return aggregated;
  const unit = unitOf(aggregated.aggregation, definition);
  const factor = unitFactor(unitText!, unit);
  if (typeof factor !== 'number') return factor;
  const limit = exactDecimal(Number(numberText) * factor);
  if (!Number.isFinite(limit)) return { problem: `${numberText} is too large a number` };
  const operator = operatorText === '===' ? '==' : (operatorText as Operator);
  if (confidentText === undefined) return { threshold: { ...aggregated, operator, limit, unit } };
  if (aggregated.percentile === undefined) {
    return { problem: `'confident' is for percentiles, such as 'p(99)<100ms confident'` };
  }
  return { threshold: { ...aggregated, operator, limit, unit, confident: true } };
}

function parseAggregation(
  word: string,
  percentileText: string | undefined,
  kind: MetricKind,
): { aggregation: Aggregation; percentile?: number } | { problem: string } {
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
  if (aggregation === 'count' && definition.kind === 'trend') return 'count';
  return definition.unit;
}

function unitFactor(unitText: string, unit: Threshold['unit']): number | { problem: string } {
  if (unitText === '') return 1;
  if (unit === 'per second' && unitText === '/s') return 1;
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
