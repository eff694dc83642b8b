/**
 * The latency budget of the model world: its own stations in closed form (sim/model/flow), at the
 * mean load of the window in calm. What a run measures beside it has faults and chance in it.
 */
import type { BudgetHop, BudgetPath, LatencyBudget } from '../reports/latency-budget.ts';
import { type FlowPlan, planFlow } from '../sim/model/flow/plan.ts';
import { DEFAULT_FLOW_SETTINGS } from '../sim/model/flow/settings.ts';
import { companyUs, type FlowStations, flowStations } from '../sim/model/flow/stations.ts';
import { meanOf, type ServiceTimes, serviceNote } from '../sim/model/service-times.ts';
import type { Kind } from '../sim/traffic/kinds.ts';
import { KINDS, REQUESTS } from '../sim/traffic/kinds.ts';
import type { ScenarioLoad } from '../sim/traffic/scenario-load.ts';
import type { Scenario } from './define.ts';

/** Seconds of the window that stand for its mean. */
const SAMPLES = 60;

/** Undefined where a station would be full at the mean load: then there is no calm to speak of. */
export function modelBudget(
  { topology, traffic, window }: Pick<Scenario, 'topology' | 'traffic' | 'window'>,
  load: ScenarioLoad,
  service: ServiceTimes,
): LatencyBudget | undefined {
  const plan = planFlow({
    ...{ topology, service, settings: DEFAULT_FLOW_SETTINGS, faults: [] },
    ...{ windowSeconds: window.seconds, textBytes: traffic.textBytes },
    recipientShares: load.mixing,
  });
  const flows = flowsOf(plan, meanRates(load, window.seconds));
  const stations = loadedStations(plan, flows);
  if (stations === undefined) return undefined;
  const paths = { same_dc: new WeightedHops(), cross_dc: new WeightedHops() };
  for (let from = 0; from < plan.dcCount; from++) {
    for (let to = 0; to < plan.dcCount; to++) {
      const into = from === to ? paths.same_dc : paths.cross_dc;
      const weight = flows.deliveries[from * plan.dcCount + to]!;
      into.add(weight, hopsOf({ plan, flows, stations, from, to }));
    }
  }
  return {
    source: `the model's stations in closed form, at the mean load of the window, without faults; ${serviceNote(service)}`,
    paths: (['same_dc', 'cross_dc'] as const).flatMap((path): BudgetPath[] => {
      const hops = paths[path].mean();
      return hops.length === 0 ? [] : [{ path, hops }];
    }),
  };
}

/** Requests a second, [class][DC], in the order of FlowPlan.classes. */
function meanRates(load: ScenarioLoad, windowSeconds: number): Float64Array {
  const { dcCount } = load;
  const sum = new Float64Array((KINDS.length + REQUESTS.length) * dcCount);
  const second = new Float64Array(sum.length);
  const ofKinds = second.subarray(0, KINDS.length * dcCount);
  const ofRequests = second.subarray(KINDS.length * dcCount);
  const samples = Math.min(SAMPLES, Math.ceil(windowSeconds));
  for (let i = 0; i < samples; i++) {
    const at = Math.floor(((i + 0.5) / samples) * windowSeconds);
    load.background.ratesAt(at, ofKinds);
    load.requestsAt(at, ofRequests);
    for (let entry = 0; entry < sum.length; entry++) sum[entry]! += second[entry]! / samples;
  }
  return sum;
}

/** Messages a second; by DC, or by pair of sender's and recipient's. */
interface Flows {
  readonly requests: Float64Array;
  /** In one-to-one messages. */
  readonly frontWork: Float64Array;
  readonly linkWork: Float64Array;
  readonly copies: Float64Array;
  readonly deliveries: Float64Array;
  /** Microseconds a second that deliveries of one message wait for each other. */
  readonly fanOut: Float64Array;
}

/** Posts take another way, and are in no latency of a message. */
const isPost = (kind: Kind | undefined): boolean => kind === 'supergroup' || kind === 'channel';

function flowsOf(plan: FlowPlan, rates: Float64Array): Flows {
  const { dcCount, classes, messageBytes } = plan;
  const byDc = (): Float64Array => new Float64Array(dcCount);
  const byPair = (): Float64Array => new Float64Array(dcCount * dcCount);
  const flows: Flows = {
    ...{ requests: byDc(), frontWork: byDc(), linkWork: byPair() },
    ...{ copies: byPair(), deliveries: byPair(), fanOut: byPair() },
  };
  classes.forEach(({ kind, front, extraBytes, copies, deliveries }, index) => {
    if (isPost(kind)) return;
    for (let home = 0; home < dcCount; home++) {
      const rate = rates[index * dcCount + home]!;
      flows.requests[home]! += rate;
      flows.frontWork[home]! += rate * front;
      for (let pair = home * dcCount; pair < (home + 1) * dcCount; pair++) {
        flows.copies[pair]! += rate * copies[pair]!;
        flows.linkWork[pair]! += rate * copies[pair]! * (1 + extraBytes / messageBytes);
        flows.deliveries[pair]! += rate * deliveries[pair]!;
        flows.fanOut[pair]! += rate * plan.fanOutUs[index]![pair]!;
      }
    }
  });
  return flows;
}

/** The stations at these flows, or undefined where one is full. */
function loadedStations(plan: FlowPlan, flows: Flows): FlowStations | undefined {
  const { dcCount } = plan;
  const stations = flowStations(plan);
  let fullest = 0;
  stations.dcs.forEach(({ front, router, log, inbound, delivery }, dc) => {
    const arriving = (list: Float64Array, own: boolean): number => {
      let sum = 0;
      for (let from = 0; from < dcCount; from++) {
        if (own || from !== dc) sum += list[from * dcCount + dc]!;
      }
      return sum;
    };
    front.at(flows.frontWork[dc]!);
    router.at(flows.requests[dc]!);
    log.at(flows.requests[dc]!);
    inbound.at(arriving(flows.copies, false));
    delivery.at(arriving(flows.deliveries, true));
    fullest = Math.max(fullest, front.utilisation, router.utilisation, delivery.utilisation);
  });
  stations.links.forEach((link, pair) => {
    if (Math.floor(pair / dcCount) === pair % dcCount) return;
    link.at(flows.linkWork[pair]!);
    fullest = Math.max(fullest, link.utilisation);
  });
  return fullest < 1 ? stations : undefined;
}

interface Way {
  readonly plan: FlowPlan;
  readonly flows: Flows;
  readonly stations: FlowStations;
  readonly from: number;
  readonly to: number;
}

/** Name, microseconds in the mean, and of these at work or on the way: the rest is waiting. */
type Hop = readonly [name: string, us: number, workUs: number];

/** From thumb to thumb. */
function hopsOf({ plan, flows, stations, from, to }: Way): Hop[] {
  const { service, access, deliveryUs, dcCount } = plan;
  const [here, there] = [stations.dcs[from]!, stations.dcs[to]!];
  const pair = from * dcCount + to;
  const accessUs = service.access === undefined ? access.mean : meanOf(service.access);
  const syncUs = meanOf(service.sync);
  const log = from === to ? here.log : there.inbound;
  const mates = flows.fanOut[pair]! / Math.max(flows.deliveries[pair]!, 1e-9);
  const pushUs = there.delivery.meanUs + companyUs(log, deliveryUs) + mates;
  const link = stations.links[pair]!;
  const wayUs = plan.oneWayUs[pair]!;
  const backbone: readonly Hop[] = [
    ['backbone link', link.meanUs, plan.serialisationUs],
    ['way between datacentres', wayUs, wayUs],
    ['log there, synced', there.inbound.meanUs, syncUs],
  ];
  return [
    ['device to datacentre', accessUs, accessUs],
    ['front server', here.front.meanUs, meanOf(service.front)],
    ['router', here.router.meanUs, meanOf(service.router)],
    ['log, synced', here.log.meanUs, syncUs],
    ...(from === to ? [] : backbone),
    ['push', pushUs, deliveryUs],
    ['datacentre to device', accessUs, accessUs],
  ];
}

/** The mean of ways that have the same hops. */
class WeightedHops {
  private weight = 0;
  private readonly sums = new Map<string, { us: number; workUs: number }>();

  add(weight: number, hops: readonly Hop[]): void {
    if (!(weight > 0)) return;
    this.weight += weight;
    for (const [name, us, workUs] of hops) {
      const sum = this.sums.get(name) ?? { us: 0, workUs: 0 };
      sum.us += weight * us;
      sum.workUs += weight * workUs;
      this.sums.set(name, sum);
    }
  }

  mean(): BudgetHop[] {
    const ms = (us: number): number => Math.round(us / this.weight) / 1000;
    return [...this.sums].map(([name, { us, workUs }]) => ({
      name,
      meanMs: ms(us),
      waitMs: Math.max(0, ms(us - workUs)),
    }));
  }
}
