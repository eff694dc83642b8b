/**
 * Fields of shapes: checked, filled with their defaults, and told with their sources. The fields
 * that several shapes have are here, too.
 */
import { dayOf, isDate } from '../calendar.ts';
import { countriesWithUsers } from '../cities.ts';
import type {
  Fact,
  FieldCheck,
  NumberField,
  NumberFields,
  Numbers,
  ShapeInput,
  ShapePlaces,
} from './shape.ts';

/** Longest that a shape may go on or begin before the window. */
const SECONDS_MAX = 7 * 86_400;
const LIST_MAX = 100;

/** When it begins, in seconds of the window; before it is negative. */
export const AT_SECONDS = {
  min: -86_400,
  max: 366 * 86_400,
  whole: true,
  unit: 's',
  source: 'set by the scenario',
} as const satisfies NumberField;

export function secondsField(value: number, source: string): NumberField {
  return { min: 1, max: SECONDS_MAX, default: value, unit: 's', source };
}

export function shareField(value: number, source: string): NumberField {
  return { min: 0, max: 1, default: value, unit: 'share', source };
}

/** The given numbers, and defaults where none is given. The shape has been checked. */
export function numbersOf<F extends NumberFields>(fields: F, shape: ShapeInput): Numbers<F> {
  const given = shape as unknown as Readonly<Record<string, number | undefined>>;
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, given[name] ?? field.default!]),
  ) as Numbers<F>;
}

/** Every number that the shape uses, with its source. */
export function factsOf(fields: NumberFields, shape: ShapeInput): Fact[] {
  const given = shape as unknown as Readonly<Record<string, number | undefined>>;
  return Object.entries(fields)
    .filter(([name]) => name !== 'atSeconds')
    .map(([name, field]) => ({
      name,
      value: given[name] ?? field.default!,
      unit: field.unit,
      source: given[name] === undefined ? field.source : 'set by the scenario',
    }));
}

export function numberProblem(
  name: string,
  field: NumberField,
  value: unknown,
  places: ShapePlaces,
): string | undefined {
  if (value === undefined) {
    return field.default === undefined ? `${name}: is missing; use ${rangeOf(field)}` : undefined;
  }
  const isRight =
    typeof value === 'number' &&
    value >= field.min &&
    value <= field.max &&
    (field.whole !== true || Number.isInteger(value));
  if (!isRight) return `${name}: ${JSON.stringify(value)} is not right; use ${rangeOf(field)}`;
  if (name === 'atSeconds' && value >= places.windowSeconds) {
    return `atSeconds: ${value} is behind the window, which ends at ${places.windowSeconds} s`;
  }
  return undefined;
}

function rangeOf({ min, max, whole, unit }: NumberField): string {
  return `a ${whole ? 'whole ' : ''}number from ${min} to ${max} (${unit})`;
}

/** Id of a DC; absent means that the shape chooses. */
export const optionalDc: FieldCheck = (value, places) =>
  value === undefined ? undefined : requiredDc(value, places);

export const requiredDc: FieldCheck = (value, { dcs }) =>
  dcs.includes(value as number)
    ? undefined
    : `${JSON.stringify(value) ?? 'missing'} is not a datacentre; use ${dcs.join(', ')}`;

/** ISO 3166-1 codes of countries in which users live. */
export const countryList: FieldCheck = (value) => {
  const isRight =
    value === undefined ||
    (Array.isArray(value) &&
      value.length >= 1 &&
      value.length <= LIST_MAX &&
      value.every((code) => typeof code === 'string' && /^[A-Z]{2}$/.test(code)));
  if (!isRight) return `${JSON.stringify(value)}: use a list such as ["AR", "FR"]`;
  const empty = ((value ?? []) as string[]).filter((code) => !countriesWithUsers().has(code));
  return empty.length === 0 ? undefined : `no city with users is in ${empty.join(', ')}`;
};

/** Minutes of play from 1 to 130, at most 100 of them. */
export const minuteList: FieldCheck = (value) => {
  const isRight =
    value === undefined ||
    (Array.isArray(value) &&
      value.length <= LIST_MAX &&
      value.every((minute) => typeof minute === 'number' && minute >= 1 && minute <= 130));
  return isRight ? undefined : `${JSON.stringify(value)}: use a list of minutes, 1 to 130`;
};

/** A day whose first midnight somewhere falls into the window. */
export const dateInWindow: FieldCheck = (value, places) => {
  if (value !== undefined && (typeof value !== 'string' || !isDate(value))) {
    return `${JSON.stringify(value)} is not a day; use YYYY-MM-DD`;
  }
  const day = value === undefined ? dayOf(places.date) + 1 : dayOf(value as string);
  const midnight = (day - dayOf(places.date)) * 86_400 - places.fromUtcSecond;
  // The first place is 14 hours ahead of UTC, the last 12 behind.
  const overlaps = midnight - 14 * 3600 < places.windowSeconds && midnight + 13 * 3600 > 0;
  const span = 'which begins 14 hours before to 12 hours after midnight UTC';
  return overlaps ? undefined : `no midnight of that day, ${span}, is in the window`;
};
