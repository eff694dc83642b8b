/**
 * What a column needs to know, as plain numbers that travel to workers: rates, distances, service
 * times and disturbances. Made once, from a topology, a load and a fault plan.
 */
import { type Fault, faultPlanProblems } from '../../chaos/plan.ts';
import { dcIds, nearestOthers, oneWayMs, type Topology } from '../../system-under-test/topology.ts';
import { exactLog } from '../core/exact-math.ts';
import type { Words4 } from '../core/threefry.ts';
import { KINDS } from '../traffic/kinds.ts';
import type { Load } from '../traffic/load.ts';
import { CARRIED_KINDS, type MessageChoices, messageChoices } from './choices.ts';
import { type Disturbances, disturbancesOf } from './disturbances.ts';
import { CARRIED } from './message-queue.ts';
import type { ServiceTimes } from './service-times.ts';
import { SERVERS_MAX } from './stations.ts';

/**
 * The planet is cut into so many columns: server k of every DC with its share of everyone. Columns
 * never interact, so they are the unit of parallel work. A named part of the model: another number
 * is another fleet.
 */
export const COLUMNS = 256;
/** Load that goes on after the window, unmeasured, so that its last messages meet full queues. */
export const COOLDOWN_SECONDS = 1;
/** DCs that fit into a message's mark. */
const DCS_MAX = 99;
/** Messages of one run: two days of a whole planet. */
export const MESSAGES_MAX = 1.2e11;

/** Servers of each role that a column has in each DC. */
export interface ColumnFleet {
  readonly front: readonly number[];
  readonly router: readonly number[];
  readonly delivery: readonly number[];
}

export interface ModelPlan extends Disturbances {
  readonly key: Words4;
  readonly columns: number;
  readonly dcCount: number;
  /** Whole seconds of load before the window. */
  readonly warmupSeconds: number;
  readonly windowSeconds: number;
  /** Messages per microsecond of one column: [second from the warm-up's start][sender DC]. */
  readonly ratesPerUs: Float64Array;
  readonly choices: MessageChoices;
  /** [from][to] */
  readonly oneWayUs: Float64Array;
  /** Added to the access of people of a DC whom another one serves, [home][DC]. */
  readonly guestWayUs: Float64Array;
  /** The DCs by distance from each, itself first. */
  readonly nearest: readonly (readonly number[])[];
  readonly access: { readonly medianUs: number; readonly sigma: number };
  /** One message of each carried kind on one column's share of a backbone link. */
  readonly serialisationUs: readonly number[];
  /** What each carried kind costs a front server, beside a direct message. */
  readonly frontFactors: readonly number[];
  readonly fleet: ColumnFleet;
  readonly service: ServiceTimes;
}

export interface PlanInput {
  readonly key: Words4;
  readonly topology: Topology;
  readonly window: { readonly seconds: number; readonly warmupSeconds: number };
  readonly textBytes: number;
  readonly faults: readonly Fault[];
  readonly service: ServiceTimes;
  /** Of the whole planet, by second of the window. */
  readonly load: Load;
  readonly recipientShares: Float64Array;
  /** Another number of columns than COLUMNS, for small planets. */
  readonly columns?: number;
  /** Default: one server of each role. */
  readonly fleet?: ColumnFleet;
}

/** Throws `RangeError` for what a model cannot be made of. */
export function planModel(input: PlanInput): ModelPlan {
  const { topology, window, service, textBytes, load } = input;
  const ids = dcIds(topology);
  const dcCount = ids.length;
  if (dcCount > DCS_MAX) throw new RangeError(`model: ${dcCount} DCs; it takes up to ${DCS_MAX}`);
  const problems = faultPlanProblems({ faults: input.faults }, ids, window.seconds);
  if (problems.length > 0) throw new RangeError(`model: ${problems.join('; ')}`);
  const columns = input.columns ?? COLUMNS;
  const warmupSeconds = Math.ceil(window.warmupSeconds);
  const seconds = warmupSeconds + Math.ceil(window.seconds) + COOLDOWN_SECONDS;
  const pairs = ids.flatMap((from) => ids.map((to) => ({ from, to })));
  const oneWayUs = Float64Array.from(pairs, ({ from, to }) => oneWayMs(topology, from, to) * 1000);
  const { medianMs, jitterMs } = topology.access;
  const bitUs = (8e6 * columns) / service.linkBitsPerSecond;
  return {
    ...disturbancesOf(topology, input.faults, oneWayUs, service),
    key: input.key,
    columns,
    dcCount,
    warmupSeconds,
    windowSeconds: window.seconds,
    ratesPerUs: ratesOf(load, { fromSecond: -warmupSeconds, seconds, columns }),
    choices: messageChoices({ ...input, fromSecond: -warmupSeconds, seconds }),
    oneWayUs,
    guestWayUs: oneWayUs.map((us) => us * service.guestWayShare),
    nearest: ids.map((id) => [id, ...nearestOthers(topology, id)].map((dc) => ids.indexOf(dc))),
    // A lognormal law: the jitter is one standard deviation up, the 84th percentile less the
    // median.
    access: { medianUs: medianMs * 1000, sigma: exactLog(1 + jitterMs / medianMs) },
    serialisationUs: CARRIED.map(
      (kind) => (service.frameBytes + textBytes + service.kinds[kind].extraBytes) * bitUs,
    ),
    frontFactors: CARRIED.map((kind) => service.kinds[kind].front),
    fleet: fleetOf(input.fleet, dcCount),
    service,
  };
}

interface Stretch {
  readonly fromSecond: number;
  readonly seconds: number;
  readonly columns: number;
}

/** One column's share of what columns carry. */
function ratesOf(load: Load, { fromSecond, seconds, columns }: Stretch): Float64Array {
  const { dcCount } = load;
  const ratesPerUs = new Float64Array(seconds * dcCount);
  const rates = new Float64Array(KINDS.length * dcCount);
  let messages = 0;
  for (let second = 0; second < seconds; second++) {
    load.ratesAt(fromSecond + second, rates);
    for (let dc = 0; dc < dcCount; dc++) {
      let rate = 0;
      for (const kind of CARRIED_KINDS) rate += rates[kind * dcCount + dc]!;
      messages += rate;
      ratesPerUs[second * dcCount + dc] = rate / columns / 1e6;
    }
  }
  if (!(messages <= MESSAGES_MAX)) {
    throw new RangeError(
      `model: this window has ${messages.toExponential(1)} messages, and the limit is ` +
        `${MESSAGES_MAX.toExponential(1)}: shorten window.seconds or lower traffic.messagesPerDay`,
    );
  }
  return ratesPerUs;
}

function fleetOf(fleet: ColumnFleet | undefined, dcCount: number): ColumnFleet {
  const one = Array.from({ length: dcCount }, () => 1);
  if (fleet === undefined) return { front: one, router: one, delivery: one };
  for (const [role, servers] of Object.entries(fleet) as [string, readonly number[]][]) {
    const right = servers.every((n) => Number.isInteger(n) && n >= 1 && n <= SERVERS_MAX);
    if (servers.length !== dcCount || !right) {
      throw new RangeError(
        `model: fleet.${role} is [${servers.join(', ')}]; give each of ${dcCount} DCs 1 to ` +
          `${SERVERS_MAX} servers of a column`,
      );
    }
  }
  return fleet;
}
