/**
 * What a flow needs to know, as plain numbers: how messages spread over recipients' datacentres,
 * distances, capacities, and when what is lost, cut or slow. Made once; DCs by index, pairs as
 * from × dcCount + to.
 */
import { type Fault, faultPlanProblems, lostDc, unsupportedFaults } from '../../../chaos/plan.ts';
import {
  dcIds,
  nearestOthers,
  oneWayMs,
  type Topology,
} from '../../../system-under-test/topology.ts';
import { exactLog } from '../../core/exact-math.ts';
import { COLUMNS, type ColumnFleet } from '../plan.ts';
import { meanOf, type ServiceTimes } from '../service-times.ts';
import { classesOf, type MessageClass } from './classes.ts';
import { type PostInput, type PostPlan, planPosts } from './post-plan.ts';
import { type FlowSettings, settingsProblems } from './settings.ts';
import { lognormalSpread } from './waits.ts';

/** Longest window: a leap year. */
export const FLOW_SECONDS_MAX: number = 366 * 86_400;
const DCS_MAX = 99;
const COLUMNS_MAX = 1_000_000;
/** Servers on one queue: Erlang's formula is tabulated for so many. */
const SERVERS_A_QUEUE_MAX = 10_000;

/** A time at which something breaks or heals, seconds of the window. */
export interface Edge {
  readonly atSeconds: number;
  readonly fault: number;
  readonly begins: boolean;
  /** Of the links of a DC that is back: they are dialled anew. */
  readonly redials?: true;
}

export interface FlowPlan {
  readonly dcCount: number;
  readonly windowSeconds: number;
  readonly columns: number;
  readonly fleet: ColumnFleet;
  readonly service: ServiceTimes;
  readonly settings: FlowSettings;
  readonly classes: readonly MessageClass[];
  /** Of supergroups and channels; undefined where nobody may post. */
  readonly posts: PostPlan | undefined;
  /** [class][pair]: deliveries times the mean wait, µs, for the others of the same post. */
  readonly fanOutUs: readonly Float64Array[];
  readonly faults: readonly Fault[];
  /** By time; at one time what heals comes first. */
  readonly edges: readonly Edge[];
  /** DC indices by distance from each DC, itself first. */
  readonly nearest: readonly (readonly number[])[];
  readonly oneWayUs: Float64Array;
  /** [home × dcCount + DC]: what those who are at home there take longer to reach that DC. */
  readonly guestWayUs: Float64Array;
  /** Device to nearest DC, one way. */
  readonly access: { readonly mean: number; readonly variance: number };
  /** Bytes of a one-to-one message on the backbone. */
  readonly messageBytes: number;
  /** Such a message on a column's share of a link. */
  readonly serialisationUs: number;
  readonly deliveryUs: number;
  /** Bytes a second that the media servers of a DC take in. */
  readonly mediaCapacity: number;
  /** By DC, into it while what waited for it drains: queued writes, and devices' deliveries. */
  readonly writeDrainRate: readonly number[];
  readonly deliveryDrainRate: readonly number[];
}

export interface FlowPlanInput {
  readonly topology: Topology;
  readonly windowSeconds: number;
  readonly textBytes: number;
  readonly faults: readonly Fault[];
  readonly service: ServiceTimes;
  readonly settings: FlowSettings;
  /** [sender DC][recipient DC], each row adds up to 1. */
  readonly recipientShares: Float64Array;
  readonly posts?: PostInput;
  /** Default: COLUMNS, with one server of each role. */
  readonly columns?: number;
  readonly fleet?: ColumnFleet;
}

/** Throws `RangeError` with everything that is wrong. */
export function planFlow(input: FlowPlanInput): FlowPlan {
  const { topology, service, settings, faults, windowSeconds, recipientShares } = input;
  const ids = dcIds(topology);
  const dcCount = ids.length;
  const columns = input.columns ?? COLUMNS;
  const one = ids.map(() => 1);
  const fleet = input.fleet ?? { front: one, router: one, delivery: one };
  refuse(input, ids, columns, fleet);
  const bytes = service.frameBytes + input.textBytes;
  const pairs = ids.flatMap((from) => ids.map((to) => ({ from, to })));
  const { medianMs, jitterMs } = topology.access;
  const deliveryUs = meanOf(service.delivery);
  const classes = classesOf(recipientShares, service, settings);
  const oneWayUs = Float64Array.from(pairs, ({ from, to }) => oneWayMs(topology, from, to) * 1000);
  // As in the events fidelity: the jitter is one standard deviation up, less the median.
  const access = lognormalSpread(medianMs * 1000, exactLog(1 + jitterMs / medianMs));
  const surroundings = { memberShares: recipientShares, oneWayUs, access, service };
  const perSecond = (share: number, us: number) => (servers: number) =>
    (columns * servers * share * 1e6) / us;
  const peers = Math.max(1, dcCount - 1);
  return {
    ...{ dcCount, windowSeconds, columns, fleet, service, settings, classes, faults, deliveryUs },
    fanOutUs: classes.map((one) => fanOutUs(one, fleet, columns, deliveryUs)),
    edges: edgesOf(faults, service),
    nearest: ids.map((id, dc) => [
      dc,
      ...nearestOthers(topology, id).map((other) => ids.indexOf(other)),
    ]),
    ...{ oneWayUs, access, guestWayUs: oneWayUs.map((us) => us * service.guestWayShare) },
    posts: input.posts && planPosts(input.posts, surroundings),
    messageBytes: bytes,
    serialisationUs: (bytes * 8e6 * columns) / service.linkBitsPerSecond,
    mediaCapacity: settings.mediaServers * settings.mediaBytesPerSecond,
    writeDrainRate: fleet.front.map(perSecond(service.writeDrainShare, meanOf(service.front))),
    deliveryDrainRate: fleet.delivery.map(
      perSecond(service.deliveryDrainShare / peers, deliveryUs),
    ),
  };
}

/** Where a post has several deliveries at one worker, each waits for those before it. */
function fanOutUs(
  { copies, deliveries }: MessageClass,
  fleet: ColumnFleet,
  columns: number,
  deliveryUs: number,
): Float64Array {
  return deliveries.map((n, pair) => {
    const workers = columns * fleet.delivery[pair % fleet.delivery.length]!;
    const ofOneWorker = n / Math.max(copies[pair]!, 1e-12) / workers;
    return n * (Math.max(0, ofOneWorker - 1) / 2) * deliveryUs;
  });
}

function refuse(
  { windowSeconds, faults, settings, recipientShares }: FlowPlanInput,
  ids: readonly number[],
  columns: number,
  fleet: ColumnFleet,
): void {
  const problems = [...settingsProblems(settings)];
  if (ids.length > DCS_MAX) problems.push(`${ids.length} DCs; it takes up to ${DCS_MAX}`);
  if (recipientShares.length !== ids.length ** 2) {
    problems.push(`recipientShares: ${recipientShares.length} of them for ${ids.length} DCs`);
  }
  if (!(Number.isInteger(columns) && columns >= 1 && columns <= COLUMNS_MAX)) {
    problems.push(`columns: ${columns}; use a whole number from 1 to ${COLUMNS_MAX}`);
  }
  for (const [role, servers] of Object.entries(fleet) as [string, readonly number[]][]) {
    const right = servers.every((n) => Number.isInteger(n) && n >= 1 && n <= SERVERS_A_QUEUE_MAX);
    if (servers.length === ids.length && right) continue;
    problems.push(`fleet.${role}: give each DC 1 to ${SERVERS_A_QUEUE_MAX} servers of a column`);
  }
  if (!(windowSeconds > 0 && windowSeconds <= FLOW_SECONDS_MAX)) {
    problems.push(`a window of ${windowSeconds} s; use more than 0 and up to ${FLOW_SECONDS_MAX}`);
  }
  problems.push(...faultPlanProblems({ faults }, ids, windowSeconds));
  problems.push(...unsupportedFaults(faults, 'model'));
  if (problems.length > 0) throw new RangeError(`flow: ${problems.join('; ')}`);
}

/** When what a fault breaks is right again: a DC that was lost has to start first. */
export function healsAt(fault: Fault, { restartMs }: Pick<ServiceTimes, 'restartMs'>): number {
  const { atSeconds, forSeconds } = fault;
  return atSeconds + forSeconds + (lostDc(fault) === undefined ? 0 : restartMs / 1000);
}

function edgesOf(faults: readonly Fault[], service: ServiceTimes): Edge[] {
  const { redialMs } = service;
  const edges = faults.flatMap((each, fault): Edge[] => {
    const end = healsAt(each, service);
    const own: Edge[] = [
      { atSeconds: each.atSeconds, fault, begins: true },
      { atSeconds: end, fault, begins: false },
    ];
    if (lostDc(each) === undefined || redialMs === 0) return own;
    const linkedAt = end + redialMs / 1000;
    return [
      ...own,
      { atSeconds: end, fault, begins: true, redials: true },
      { atSeconds: linkedAt, fault, begins: false, redials: true },
    ];
  });
  return edges.sort(
    (a, b) => a.atSeconds - b.atSeconds || Number(a.begins) - Number(b.begins) || a.fault - b.fault,
  );
}

/** What is broken just now. */
export class Disturbances {
  readonly lost: Uint8Array;
  /** [pair]: no backbone between two live DCs. */
  readonly cut: Uint8Array;
  /** [pair]: what a slow link adds, µs. */
  readonly addedUs: Float64Array;
  readonly active: Set<number> = new Set();
  /** Losses that are over, but for the DC's links. */
  readonly redialing: Set<number> = new Set();
  private readonly plan: FlowPlan;
  private readonly ids: readonly number[];
  private next = 0;

  constructor(plan: FlowPlan, ids: readonly number[]) {
    this.plan = plan;
    this.ids = ids;
    this.lost = new Uint8Array(plan.dcCount);
    this.cut = new Uint8Array(plan.dcCount ** 2);
    this.addedUs = new Float64Array(plan.dcCount ** 2);
  }

  /** When the next fault begins or ends; Infinity after the last. */
  get nextEdge(): number {
    return this.plan.edges[this.next]?.atSeconds ?? Infinity;
  }

  /** Moves on to `now`; says whether anything changed. */
  advance(now: number): boolean {
    const before = this.next;
    for (; this.nextEdge <= now; this.next++) {
      const { fault, begins, redials } = this.plan.edges[this.next]!;
      const set = redials ? this.redialing : this.active;
      if (begins) set.add(fault);
      else set.delete(fault);
    }
    if (this.next === before) return false;
    this.lost.fill(0);
    this.cut.fill(0);
    this.addedUs.fill(0);
    for (const index of this.active) this.apply(this.plan.faults[index]!);
    for (const index of this.redialing) this.unlink(lostDc(this.plan.faults[index]!)!);
    return true;
  }

  private unlink(id: number): void {
    const dc = this.ids.indexOf(id);
    for (let other = 0; other < this.plan.dcCount; other++) {
      if (other === dc) continue;
      this.cut[dc * this.plan.dcCount + other] = 1;
      this.cut[other * this.plan.dcCount + dc] = 1;
    }
  }

  private apply(fault: Fault): void {
    const { ids, plan } = this;
    const dc = lostDc(fault);
    if (dc !== undefined) this.lost[ids.indexOf(dc)] = 1;
    if (fault.kind === 'slow_link') {
      this.addedUs[ids.indexOf(fault.from) * plan.dcCount + ids.indexOf(fault.to)]! +=
        fault.addedMs * 1000;
    }
    if (fault.kind !== 'partition') return;
    for (const one of fault.groups[0]) {
      for (const other of fault.groups[1]) {
        const [a, b] = [ids.indexOf(one), ids.indexOf(other)];
        this.cut[a * plan.dcCount + b] = 1;
        this.cut[b * plan.dcCount + a] = 1;
      }
    }
  }
}
