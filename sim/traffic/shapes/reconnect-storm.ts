/**
 * An outage has ended, and everybody who lost the connection opens it again and asks what was
 * missed. Beside the messages: none of it is in the rates of kinds.
 */
import { REQUESTS } from '../kinds.ts';
import { AT_SECONDS, factsOf, numbersOf, requiredDc, secondsField } from './fields.ts';
import { ATTENDANCE } from './members.ts';
import type { NumberFields, ShapeDefinition } from './shape.ts';
import { short } from './words.ts';

export interface ReconnectStorm {
  readonly kind: 'reconnect_storm';
  readonly atSeconds: number;
  /** Whose users come back. */
  readonly dc: number;
  /** They come evenly over so long. */
  readonly spreadSeconds?: number;
  readonly connectedShare?: number;
  /** Requests for what was missed, of each who comes back: one of the account, some of chats. */
  readonly differencesEach?: number;
}

const NUMBERS = {
  atSeconds: AT_SECONDS,
  spreadSeconds: secondsField(30, 'assumed: clients wait a random time of up to so long'),
  connectedShare: ATTENDANCE.connectedShare,
  differencesEach: { min: 0, max: 1000, default: 3, unit: 'requests', source: 'assumed' },
} as const satisfies NumberFields;

const RECONNECT = REQUESTS.indexOf('reconnect');
const DIFFERENCE = REQUESTS.indexOf('difference');

export const reconnectStorm: ShapeDefinition = {
  numbers: NUMBERS,
  others: { dc: requiredDc },
  build(shape, context) {
    const { atSeconds, spreadSeconds, connectedShare, differencesEach } = numbersOf(NUMBERS, shape);
    const { dcIds, activity, world, places, meanRate } = context;
    const id = (shape as ReconnectStorm).dc;
    const dc = dcIds.indexOf(id);
    const mean = activity.meanRateOf(dc);
    const now = mean > 0 ? activity.rateOf(dc, places.fromUtcSecond + atSeconds) / mean : 0;
    const people = ((world.users * mean) / meanRate) * Math.min(1, connectedShare * now);
    const seconds = Math.ceil(spreadSeconds);
    return {
      kind: 'reconnect_storm',
      label:
        `${short(people)} users of DC ${id} connect again within ${seconds} s: ` +
        `${short(people / seconds)} a second, with ${differencesEach} requests each`,
      fromSecond: atSeconds,
      toSecond: atSeconds + seconds,
      facts: factsOf(NUMBERS, shape),
      hubs: [],
      addRequests(second, out) {
        if (second < atSeconds || second >= atSeconds + seconds) return;
        out[RECONNECT * dcIds.length + dc]! += people / seconds;
        out[DIFFERENCE * dcIds.length + dc]! += (people / seconds) * differencesEach;
      },
    };
  },
};
