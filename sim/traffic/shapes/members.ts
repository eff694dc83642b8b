/**
 * Where the members of a supergroup or the subscribers of a channel live, and who of them listens.
 */
import { randomStream } from '../../core/streams.ts';
import { CONNECTED_SHARE, peopleBy, UNMUTED_SHARE } from '../hubs.ts';
import { BOT, KINDS } from '../kinds.ts';
import { shareField } from './fields.ts';
import type { NumberFields, ShapeContext } from './shape.ts';

export interface Attendance {
  readonly connectedShare: number;
  readonly unmutedShare: number;
}

/** Both of these are assumed; see hubs.ts. */
export const ATTENDANCE = {
  connectedShare: shareField(
    CONNECTED_SHARE,
    'assumed: source C has "hundreds of millions" of connections for 900 million users',
  ),
  unmutedShare: shareField(UNMUTED_SHARE, 'assumed'),
} as const satisfies NumberFields;

/** Index of the DC with an id, or of the one with most users where none is named. */
export function homeOf(context: ShapeContext, dc: number | undefined): number {
  const { dcIds, activity } = context;
  if (dc !== undefined) return dcIds.indexOf(dc);
  const rates = dcIds.map((_, index) => activity.meanRateOf(index));
  return rates.indexOf(Math.max(...rates));
}

/** Members live where those live to whom people of the hub's home write. */
export function memberShares({ mixing, dcIds }: ShapeContext, home: number): Float64Array {
  return mixing.slice(home * dcIds.length, (home + 1) * dcIds.length);
}

/** By DC: members who are online at this second of the window and have not muted it. */
export function listenersOf(
  context: ShapeContext,
  home: number,
  members: number,
  second: number,
  { connectedShare, unmutedShare }: Attendance,
): Float64Array {
  const { activity, places, key } = context;
  const shares = memberShares(context, home).map((share, dc) => {
    const mean = activity.meanRateOf(dc);
    const now = mean > 0 ? activity.rateOf(dc, places.fromUtcSecond + second) / mean : 0;
    return share * unmutedShare * Math.min(1, connectedShare * now);
  });
  return peopleBy(randomStream(key, 'listeners', home, members), members, shares);
}

/** Adds messages a second sent by people at home in a DC, of all kinds by the mix. */
export function addMessages(
  { mix, dcIds }: ShapeContext,
  out: Float64Array,
  dc: number,
  rate: number,
): void {
  for (let kind = 0; kind < KINDS.length; kind++) {
    if (kind !== BOT) out[kind * dcIds.length + dc]! += rate * mix[KINDS[kind]!];
  }
}

/** Share of all users by home DC, of those who live in the given countries. */
export function usersIn(
  { world, dcIds }: ShapeContext,
  countries: readonly string[],
): Float64Array {
  const shares = new Float64Array(dcIds.length);
  for (const city of world.cities) {
    if (countries.includes(city.country)) shares[city.home]! += city.users / world.users;
  }
  return shares;
}
