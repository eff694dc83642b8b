/** Bots that call as fast as they can: a release of tickets, a loop that somebody forgot to end. */
import { BOT } from '../kinds.ts';
import { Pulse } from '../pulse.ts';
import { AT_SECONDS, factsOf, numbersOf, optionalDc, secondsField } from './fields.ts';
import type { NumberFields, ShapeDefinition } from './shape.ts';
import { short } from './words.ts';

export interface BotStorm {
  readonly kind: 'bot_storm';
  readonly atSeconds: number;
  readonly forSeconds?: number;
  /** Where the bots are at home. Default: everywhere, as the users are. */
  readonly dc?: number;
  /** Bot calls a second, besides those of the mix. */
  readonly callsPerSecond?: number;
  readonly riseSeconds?: number;
  readonly halfLifeSeconds?: number;
}

const NUMBERS = {
  atSeconds: AT_SECONDS,
  forSeconds: secondsField(60, 'assumed'),
  callsPerSecond: {
    min: 1,
    max: 1e9,
    default: 1_740_000,
    unit: 'calls/s',
    source: 'assumed: ten times the mean of profile A (15 billion calls a day)',
  },
  riseSeconds: secondsField(5, 'assumed'),
  halfLifeSeconds: secondsField(10, 'assumed: limits of rate take hold'),
} as const satisfies NumberFields;

export const botStorm: ShapeDefinition = {
  numbers: NUMBERS,
  others: { dc: optionalDc },
  build(shape, context) {
    const values = numbersOf(NUMBERS, shape);
    const { dc: only } = shape as BotStorm;
    const { atSeconds, callsPerSecond } = values;
    const pulse = new Pulse({ ...values, holdSeconds: values.forSeconds });
    const { dcIds, activity, meanRate } = context;
    const shares = dcIds.map((id, dc) =>
      only === undefined ? activity.meanRateOf(dc) / meanRate : Number(id === only),
    );
    return {
      kind: 'bot_storm',
      label:
        `bots call ${short(callsPerSecond)} times a second ` +
        (only === undefined ? 'from everywhere' : `at DC ${only}`),
      fromSecond: atSeconds,
      toSecond: atSeconds + pulse.seconds,
      facts: factsOf(NUMBERS, shape),
      hubs: [],
      addRates(second, out) {
        const rate = callsPerSecond * pulse.at(second - atSeconds);
        shares.forEach((share, dc) => {
          out[BOT * dcIds.length + dc]! += rate * share;
        });
      },
    };
  },
};
