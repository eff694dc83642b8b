/**
 * A supergroup in which everybody writes at once: a self-exciting process that reaches a given rate
 * in its busiest minute. What happened outside makes people write (immigrants); what they write
 * makes others answer, and those others again.
 */
import { randomStream } from '../../core/streams.ts';
import { SUPERGROUP_MEMBERS_MAX } from '../audiences.ts';
import {
  expectedRates,
  HAWKES_EVENTS_MAX,
  type HawkesLaw,
  hawkesTimes,
  hawkesTotal,
} from '../hawkes.ts';
import type { Hub } from '../hubs.ts';
import { Pulse, type PulseForm } from '../pulse.ts';
import { AT_SECONDS, factsOf, numbersOf, optionalDc, secondsField } from './fields.ts';
import { ATTENDANCE, homeOf, listenersOf } from './members.ts';
import type { BuiltShape, Fact, NumberFields, ShapeContext, ShapeDefinition } from './shape.ts';
import { short, whole } from './words.ts';

export interface SupergroupBurst {
  readonly kind: 'supergroup_burst';
  readonly atSeconds: number;
  /** Home of the supergroup. Default: the DC with most users. */
  readonly dc?: number;
  readonly members?: number;
  /** Expected posts in the busiest minute. */
  readonly peakPerMinute?: number;
  /** Mean answers to a post. */
  readonly branching?: number;
  readonly replySeconds?: number;
  readonly riseSeconds?: number;
  readonly holdSeconds?: number;
  readonly halfLifeSeconds?: number;
  readonly connectedShare?: number;
  readonly unmutedShare?: number;
}

const NUMBERS = {
  atSeconds: AT_SECONDS,
  members: {
    min: 2,
    max: SUPERGROUP_MEMBERS_MAX,
    whole: true,
    default: SUPERGROUP_MEMBERS_MAX,
    unit: 'people',
    source: 'given: profile A',
  },
  peakPerMinute: {
    min: 1,
    max: 1_000_000,
    default: 10_000,
    unit: 'posts/min',
    source: 'given: profile A, "bursts 10K+ msgs/min"',
  },
  branching: {
    min: 0,
    max: 0.95,
    default: 0.6,
    unit: 'answers a post',
    source: 'assumed: three of five posts answer another',
  },
  replySeconds: secondsField(20, 'assumed: time to read and to write an answer'),
  riseSeconds: secondsField(20, 'assumed'),
  holdSeconds: { ...secondsField(60, 'assumed: so that a whole minute is at the peak'), min: 0 },
  halfLifeSeconds: secondsField(180, 'assumed'),
  ...ATTENDANCE,
} as const satisfies NumberFields;

export const supergroupBurst: ShapeDefinition = {
  numbers: NUMBERS,
  others: { dc: optionalDc },
  check(shape) {
    const values = numbersOf(NUMBERS, shape);
    return postsProblem(burstOf(values, values, values.peakPerMinute / 60).total.mean);
  },
  build(shape, context) {
    const values = numbersOf(NUMBERS, shape);
    const home = homeOf(context, (shape as SupergroupBurst).dc);
    const burst = burstOf(values, values, values.peakPerMinute / 60);
    const id = `supergroup-${context.index + 1}`;
    const hub = burstHub(context, { id, home, burst, ...values });
    return builtBurst(context, values, home, burst, hub, factsOf(NUMBERS, shape));
  },
};

/** Why so many expected posts cannot be drawn one by one, if they cannot. */
export function postsProblem(mean: number): string | undefined {
  const max = HAWKES_EVENTS_MAX / 2;
  if (mean <= max) return undefined;
  return `${short(mean)} posts are expected, and the limit is ${short(max)}: make it shorter or less`;
}

export interface Burst {
  readonly law: HawkesLaw;
  /** Immigrants a second, from the burst's beginning. */
  readonly immigrants: Float64Array;
  readonly total: { readonly mean: number; readonly variance: number };
}

/** A burst whose busiest minute has `peakRate` posts a second, as expected. */
export function burstOf(law: HawkesLaw, form: PulseForm, peakRate: number): Burst {
  const { values, area } = new Pulse(form);
  const expected = expectedRates(law, { fromSecond: 0, rates: values }, 600);
  let sum = 0;
  let busiest = 0;
  expected.forEach((rate, second) => {
    sum += rate - (second >= 60 ? expected[second - 60]! : 0);
    busiest = Math.max(busiest, sum / 60);
  });
  const height = peakRate / busiest;
  return {
    law,
    immigrants: values.map((value) => value * height),
    total: hawkesTotal(law, area * height),
  };
}

/** The supergroup in which a burst happens. Its posts are drawn once, when they are first asked. */
export function burstHub(
  context: ShapeContext,
  where: {
    readonly id: string;
    readonly home: number;
    readonly members: number;
    readonly atSeconds: number;
    readonly burst: Pick<Burst, 'law' | 'immigrants'>;
    readonly connectedShare: number;
    readonly unmutedShare: number;
  },
): Hub {
  const { id, home, members, atSeconds, burst } = where;
  let posts: Float64Array | undefined;
  return {
    id,
    kind: 'supergroup',
    homeDc: home,
    members,
    listeners: listenersOf(context, home, members, atSeconds, where),
    posts() {
      const immigrants = { fromSecond: atSeconds, rates: burst.immigrants };
      posts ??= hawkesTimes(randomStream(context.key, 'posts'), burst.law, immigrants);
      return posts;
    },
  };
}

function builtBurst(
  context: ShapeContext,
  values: { readonly atSeconds: number; readonly members: number; readonly peakPerMinute: number },
  home: number,
  burst: Burst,
  hub: Hub,
  facts: readonly Fact[],
): BuiltShape {
  const { mean, variance } = burst.total;
  const site = context.dcIds[home]!;
  const listening = hub.listeners.reduce((sum, count) => sum + count, 0);
  return {
    kind: 'supergroup_burst',
    label:
      `a supergroup of ${whole(values.members)} at DC ${site} bursts: ${whole(mean)} posts in ` +
      `all (deviation ${whole(Math.sqrt(variance))}), ${whole(values.peakPerMinute)} in the ` +
      `busiest minute, pushed to ${whole(listening)}`,
    fromSecond: values.atSeconds,
    toSecond: values.atSeconds + burst.immigrants.length,
    facts: [
      ...facts,
      { name: 'posts, mean', value: mean, unit: 'posts', source: 'follows: immigrants/(1-n)' },
      {
        name: 'posts, variance',
        value: variance,
        unit: 'posts²',
        source: 'follows: immigrants/(1-n)³',
      },
    ],
    hubs: [hub],
  };
}
