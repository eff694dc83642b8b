/** Everybody sends pictures and films: something is seen in the street, or a filter is new. */
import { KINDS } from '../kinds.ts';
import { Pulse } from '../pulse.ts';
import { AT_SECONDS, countryList, factsOf, numbersOf, secondsField } from './fields.ts';
import { usersIn } from './members.ts';
import type { NumberFields, ShapeContext, ShapeDefinition } from './shape.ts';
import { short } from './words.ts';

export interface MediaFlood {
  readonly kind: 'media_flood';
  readonly atSeconds: number;
  readonly forSeconds?: number;
  /** Where. Default: everywhere. */
  readonly countries?: readonly string[];
  /** Messages with files that each person there sends, times the mean of all that he sends. */
  readonly timesMean?: number;
  readonly riseSeconds?: number;
  readonly halfLifeSeconds?: number;
}

const NUMBERS = {
  atSeconds: AT_SECONDS,
  forSeconds: secondsField(120, 'assumed'),
  timesMean: {
    min: 0,
    max: 1000,
    default: 0.9,
    unit: 'times the mean',
    source: 'assumed: three times the files of profile A (30 % of all messages), besides',
  },
  riseSeconds: secondsField(10, 'assumed'),
  halfLifeSeconds: secondsField(60, 'assumed'),
} as const satisfies NumberFields;

const MEDIA = KINDS.indexOf('media');

export const mediaFlood: ShapeDefinition = {
  numbers: NUMBERS,
  others: { countries: countryList },
  build(shape, context) {
    const values = numbersOf(NUMBERS, shape);
    const { atSeconds, timesMean } = values;
    const { countries } = shape as MediaFlood;
    const pulse = new Pulse({ ...values, holdSeconds: values.forSeconds });
    const shares = sharesOf(context, countries);
    const peak = shares.reduce((sum, share) => sum + share, 0) * timesMean * context.meanRate;
    return {
      kind: 'media_flood',
      label:
        `${short(peak)} messages a second with files, from ` +
        (countries === undefined ? 'everywhere' : countries.join(', ')),
      fromSecond: atSeconds,
      toSecond: atSeconds + pulse.seconds,
      facts: factsOf(NUMBERS, shape),
      hubs: [],
      addRates(second, out) {
        const rate = timesMean * context.meanRate * pulse.at(second - atSeconds);
        shares.forEach((share, dc) => {
          out[MEDIA * shares.length + dc]! += rate * share;
        });
      },
    };
  },
};

function sharesOf(context: ShapeContext, countries: readonly string[] | undefined): Float64Array {
  const { dcIds, activity, meanRate } = context;
  if (countries === undefined) {
    return Float64Array.from(dcIds, (_, dc) => activity.meanRateOf(dc) / meanRate);
  }
  return usersIn(context, countries);
}
