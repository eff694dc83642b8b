/**
 * New Year (or any midnight that the world waits for): at 0:00 of each zone's own clocks those who
 * live there write to everybody, and the wave goes round the planet within 26 hours.
 */
import { dayOf } from '../calendar.ts';
import { Pulse } from '../pulse.ts';
import { midnightOf } from '../time-zones.ts';
import { dateInWindow, factsOf, numbersOf, secondsField } from './fields.ts';
import { addMessages } from './members.ts';
import type { NumberFields, ShapeContext, ShapeDefinition } from './shape.ts';

export interface NewYear {
  readonly kind: 'new_year';
  /** The day that begins. Default: the day after `window.date`. */
  readonly date?: string;
  /** At midnight each person writes so many times what he does in the mean of a day, besides. */
  readonly timesMean?: number;
  readonly riseSeconds?: number;
  readonly halfLifeSeconds?: number;
}

const NUMBERS = {
  timesMean: {
    min: 0,
    max: 1000,
    default: 8.7,
    unit: 'times the mean',
    source:
      'published: 100 billion WhatsApp messages on 31 December 2019 (company statement) beside 65 ' +
      'billion on other days (F8, 2018); with the form assumed here 8.7 gives those 54 % more',
  },
  riseSeconds: secondsField(300, 'assumed: the impatient'),
  halfLifeSeconds: secondsField(3600, 'assumed'),
} as const satisfies NumberFields;

export const newYear: ShapeDefinition = {
  numbers: NUMBERS,
  others: { date: dateInWindow },
  build(shape, context) {
    const { timesMean, ...form } = numbersOf(NUMBERS, shape);
    const { places } = context;
    const day = dayOf((shape as NewYear).date ?? places.date) + ((shape as NewYear).date ? 0 : 1);
    const pulse = new Pulse({ ...form, holdSeconds: 0 });
    const dcCount = context.dcIds.length;
    const midnights = midnightsOf(context, day);
    const before = Math.ceil(form.riseSeconds);
    const first = midnights[0]!.second - before;
    const last = midnights.at(-1)!.second - before + pulse.seconds;
    return {
      kind: 'new_year',
      label:
        `midnight goes round the world in ${midnights.length} steps: at each, people there write ` +
        `${timesMean} times their mean besides`,
      fromSecond: first,
      toSecond: last,
      facts: factsOf(NUMBERS, shape),
      hubs: [],
      addRates(second, out) {
        for (const midnight of midnights) {
          const height = pulse.at(second - (midnight.second - before));
          if (height === 0) continue;
          const rate = height * timesMean * context.meanRate;
          for (let dc = 0; dc < dcCount; dc++) {
            addMessages(context, out, dc, rate * midnight.shares[dc]!);
          }
        }
      },
    };
  },
};

interface Midnight {
  /** Of the window. */
  readonly second: number;
  /** Share of all users, by home DC, whose clocks then show 0:00. */
  readonly shares: Float64Array;
}

/** In the order of their times. */
function midnightsOf({ world, dcIds, places }: ShapeContext, day: number): Midnight[] {
  const start = dayOf(places.date) * 86_400 + places.fromUtcSecond;
  const bySecond = new Map<number, Float64Array>();
  for (const { zone, home, users } of world.cities) {
    const second = midnightOf(zone, day) - start;
    const shares = bySecond.get(second) ?? new Float64Array(dcIds.length);
    shares[home]! += users / world.users;
    bySecond.set(second, shares);
  }
  return [...bySecond].sort((a, b) => a[0] - b[0]).map(([second, shares]) => ({ second, shares }));
}
