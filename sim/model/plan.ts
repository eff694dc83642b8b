/**
 * What a column needs to know, as plain numbers that travel to workers: rates, distances, service
 * times and disturbances. Made once, from a topology, a traffic and a fault plan.
 */
import { type Fault, faultPlanProblems, lostDc, unsupportedFaults } from '../../chaos/plan.ts';
import { dcIds, nearestOthers, oneWayMs, type Topology } from '../../system-under-test/topology.ts';
import { exactLog } from '../core/exact-math.ts';
import type { Words4 } from '../core/threefry.ts';
import type { ServiceTimes } from './service-times.ts';

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
export const MESSAGES_MAX = 1e11;

/** When a far side is out: from the loss until the return, microseconds of the window. */
export interface Outage {
  readonly fromUs: number;
  readonly toUs: number;
}

export interface Slowdown extends Outage {
  readonly addedUs: number;
}

/** The loss of one DC; DCs by index. */
export interface Loss extends Outage {
  readonly dc: number;
  /** Where its users go: the nearest other DC. */
  readonly failover: number;
}

export interface ModelPlan {
  readonly key: Words4;
  readonly columns: number;
  readonly dcCount: number;
  /** Whole seconds of load before the window. */
  readonly warmupSeconds: number;
  readonly windowSeconds: number;
  /** Messages per microsecond of one column: [second from the warm-up's start][sender DC]. */
  readonly ratesPerUs: Float64Array;
  /** [sender DC][recipient DC], each row adds up to 1. */
  readonly recipientShares: Float64Array;
  /** [from][to] */
  readonly oneWayUs: Float64Array;
  readonly access: { readonly medianUs: number; readonly sigma: number };
  /** One message on one column's share of a backbone link. */
  readonly serialisationUs: number;
  readonly service: ServiceTimes;
  readonly loss: Loss | undefined;
  /** [from × dcCount + to] */
  readonly outages: readonly (readonly Outage[])[];
  readonly slowdowns: readonly (readonly Slowdown[])[];
}

export interface PlanInput {
  readonly key: Words4;
  readonly topology: Topology;
  readonly window: { readonly seconds: number; readonly warmupSeconds: number };
  readonly textBytes: number;
  readonly faults: readonly Fault[];
  readonly service: ServiceTimes;
  /** Messages per second of the whole planet sent by people of a DC, by second of the window. */
  readonly rateOf: (dcIndex: number, second: number) => number;
  readonly recipientShares: Float64Array;
  /** Another number of columns than COLUMNS, for tests of small planets. */
  readonly columns?: number;
}

export function planModel(input: PlanInput): ModelPlan {
  const { topology, window, service, textBytes } = input;
  const ids = dcIds(topology);
  const dcCount = ids.length;
  if (dcCount > DCS_MAX) throw new RangeError(`model: ${dcCount} DCs; it takes up to ${DCS_MAX}`);
  const problems = faultPlanProblems({ faults: input.faults }, ids, window.seconds);
  if (problems.length > 0) throw new RangeError(`model: ${problems.join('; ')}`);
  refuseWhatItCannotDo(input.faults);
  const columns = input.columns ?? COLUMNS;
  const warmupSeconds = Math.ceil(window.warmupSeconds);
  const seconds = warmupSeconds + Math.ceil(window.seconds) + COOLDOWN_SECONDS;
  const ratesPerUs = new Float64Array(seconds * dcCount);
  let messages = 0;
  for (let second = 0; second < seconds; second++) {
    for (let dc = 0; dc < dcCount; dc++) {
      const rate = input.rateOf(dc, second - warmupSeconds);
      messages += rate;
      ratesPerUs[second * dcCount + dc] = rate / columns / 1e6;
    }
  }
  if (messages > MESSAGES_MAX) {
    throw new RangeError(
      `model: this window has ${messages.toExponential(1)} messages, and the limit is ` +
        `${MESSAGES_MAX.toExponential(0)}: shorten window.seconds or lower traffic.messagesPerDay`,
    );
  }
  const pairs = ids.flatMap((from) => ids.map((to) => ({ from, to })));
  const medianUs = topology.access.medianMs * 1000;
  return {
    key: input.key,
    columns,
    dcCount,
    warmupSeconds,
    windowSeconds: window.seconds,
    ratesPerUs,
    recipientShares: input.recipientShares,
    oneWayUs: Float64Array.from(pairs, ({ from, to }) => oneWayMs(topology, from, to) * 1000),
    // A lognormal law: the jitter is one standard deviation up, the 84th percentile less the
    // median.
    access: {
      medianUs,
      sigma: exactLog(1 + topology.access.jitterMs / topology.access.medianMs),
    },
    serialisationUs: ((service.frameBytes + textBytes) * 8e6 * columns) / service.linkBitsPerSecond,
    service,
    loss: lossOf(topology, input.faults),
    outages: pairs.map(({ from, to }) => outagesOf(input.faults, from, to)),
    slowdowns: pairs.map(({ from, to }) => slowdownsOf(input.faults, from, to)),
  };
}

const spanOf = (fault: Fault): Outage => ({
  fromUs: Math.round(fault.atSeconds * 1e6),
  toUs: Math.round((fault.atSeconds + fault.forSeconds) * 1e6),
});

function refuseWhatItCannotDo(faults: readonly Fault[]): void {
  const beyond = unsupportedFaults(faults, 'model');
  if (beyond.length > 0) throw new RangeError(`model: ${beyond.join('; ')}`);
  const losses = faults.filter((fault) => lostDc(fault) !== undefined).length;
  if (losses > 1) {
    throw new RangeError(
      `model: the plan has ${losses} lost DCs; the model carries one a run ` +
        '(the cluster and live worlds take more)',
    );
  }
}

function lossOf(topology: Topology, faults: readonly Fault[]): Loss | undefined {
  const fault = faults.find((candidate) => lostDc(candidate) !== undefined);
  const dc = fault && lostDc(fault);
  if (fault === undefined || dc === undefined) return undefined;
  const ids = dcIds(topology);
  const failover = nearestOthers(topology, dc)[0]!;
  return { ...spanOf(fault), dc: ids.indexOf(dc), failover: ids.indexOf(failover) };
}

/** When nothing from one DC arrives at another: losses of the far DC, partitions; merged. */
function outagesOf(faults: readonly Fault[], from: number, to: number): Outage[] {
  const spans = faults.filter((fault) => cuts(fault, from, to)).map(spanOf);
  spans.sort((a, b) => a.fromUs - b.fromUs);
  const merged: Outage[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last && span.fromUs <= last.toUs) {
      merged[merged.length - 1] = { ...last, toUs: Math.max(last.toUs, span.toUs) };
    } else {
      merged.push(span);
    }
  }
  return merged;
}

function cuts(fault: Fault, from: number, to: number): boolean {
  if (from === to) return false;
  if (lostDc(fault) !== undefined) return lostDc(fault) === to;
  if (fault.kind !== 'partition') return false;
  const [left, right] = fault.groups;
  return (left.includes(from) && right.includes(to)) || (right.includes(from) && left.includes(to));
}

function slowdownsOf(faults: readonly Fault[], from: number, to: number): Slowdown[] {
  return faults
    .filter((fault) => fault.kind === 'slow_link')
    .filter((fault) => fault.from === from && fault.to === to)
    .map((fault) => ({ ...spanOf(fault), addedUs: fault.addedMs * 1000 }));
}
