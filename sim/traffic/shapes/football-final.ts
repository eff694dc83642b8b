/**
 * A final that a fifth of mankind watches: everybody writes at kick-off, at each goal, at
 * half-time, and most of all when it is decided.
 */
import { Pulse } from '../pulse.ts';
import {
  AT_SECONDS,
  countryList,
  factsOf,
  minuteList,
  numbersOf,
  secondsField,
  shareField,
} from './fields.ts';
import { addMessages, usersIn } from './members.ts';
import type { NumberField, NumberFields, ShapeContext, ShapeDefinition } from './shape.ts';
import { short, whole } from './words.ts';

export interface FootballFinal {
  readonly kind: 'football_final';
  /** Kick-off. */
  readonly atSeconds: number;
  /** Who plays: ISO 3166-1 codes. Default: Argentina and France. */
  readonly countries?: readonly string[];
  /** Minutes of play. Default: those of the final of 2022. */
  readonly goalMinutes?: readonly number[];
  /** Minute of play after which it is decided; above 90 with extra time. */
  readonly endMinute?: number;
  /** Share of the users who watch, at home and elsewhere. */
  readonly homeShare?: number;
  readonly worldShare?: number;
  /** At each moment those who watch write so many times their mean, besides. */
  readonly kickOffTimesMean?: number;
  readonly goalTimesMean?: number;
  readonly halfTimeTimesMean?: number;
  readonly endTimesMean?: number;
  readonly riseSeconds?: number;
  readonly halfLifeSeconds?: number;
}

const times = (value: number, source: string): NumberField => ({
  ...{ min: 0, max: 10_000, default: value, unit: 'times the mean', source },
});

const NUMBERS = {
  atSeconds: AT_SECONDS,
  endMinute: {
    min: 45,
    max: 130,
    default: 120,
    unit: 'min of play',
    source: 'published: the final of 2022, decided by penalties after 120',
  },
  homeShare: shareField(0.8, 'assumed'),
  worldShare: shareField(0.19, 'published: close to 1.5 billion viewers in 2022 (FIFA), of 8'),
  kickOffTimesMean: times(15, 'assumed'),
  goalTimesMean: times(50, 'assumed'),
  halfTimeTimesMean: times(20, 'assumed'),
  endTimesMean: times(
    80,
    'published: 25 million WhatsApp messages a second in the final of 2022, at its penalties ' +
      '(Zuckerberg, 20 December 2022), some 22 times the mean of 100 billion a day; with the ' +
      'viewers and goals above 80 gives that',
  ),
  riseSeconds: secondsField(10, 'assumed'),
  halfLifeSeconds: secondsField(90, 'assumed'),
} as const satisfies NumberFields;

const COUNTRIES = ['AR', 'FR'] as const;
const GOAL_MINUTES = [23, 36, 80, 81, 108, 118] as const;
/** Breaks after these minutes of play, in minutes. */
const BREAKS = [
  [45, 15],
  [90, 5],
  [105, 1],
] as const;

export const footballFinal: ShapeDefinition = {
  numbers: NUMBERS,
  others: { countries: countryList, goalMinutes: minuteList },
  build(shape, context) {
    const values = numbersOf(NUMBERS, shape);
    const { countries = COUNTRIES, goalMinutes = GOAL_MINUTES } = shape as FootballFinal;
    const watching = audience(context, countries, values);
    const pulse = new Pulse({ ...values, holdSeconds: 0 });
    const moments = [
      { minute: 0, height: values.kickOffTimesMean },
      { minute: 45, height: values.halfTimeTimesMean },
      ...goalMinutes.map((minute) => ({ minute, height: values.goalTimesMean })),
      { minute: values.endMinute, height: values.endTimesMean },
    ].map(({ minute, height }) => ({ second: values.atSeconds + elapsed(minute), height }));
    const seconds = moments.map(({ second }) => second);
    const dcCount = context.dcIds.length;
    const share = watching.reduce((sum, part) => sum + part, 0);
    return {
      kind: 'football_final',
      label:
        `a final of ${countries.join(' and ')}: ${short(share * context.world.users)} users watch ` +
        `(${whole(share * 100)} %), ${goalMinutes.length} goals`,
      fromSecond: Math.min(...seconds),
      toSecond: Math.max(...seconds) + pulse.seconds,
      facts: factsOf(NUMBERS, shape),
      hubs: [],
      addRates(second, out) {
        let height = 0;
        for (const moment of moments) height += moment.height * pulse.at(second - moment.second);
        if (height === 0) return;
        const rate = height * context.meanRate;
        for (let dc = 0; dc < dcCount; dc++) addMessages(context, out, dc, rate * watching[dc]!);
      },
    };
  },
};

/** Seconds from kick-off to the end of a minute of play, breaks included. */
function elapsed(minute: number): number {
  const breaks = BREAKS.reduce((sum, [after, length]) => sum + (minute > after ? length : 0), 0);
  return Math.round((minute + breaks) * 60);
}

/** Share of all users, by home DC, who watch. */
function audience(
  context: ShapeContext,
  countries: readonly string[],
  { homeShare, worldShare }: { readonly homeShare: number; readonly worldShare: number },
): Float64Array {
  return usersIn(context, countries).map((atHome, dc) => {
    const all = context.activity.meanRateOf(dc) / context.meanRate;
    return atHome * homeShare + (all - atHome) * worldShare;
  });
}
