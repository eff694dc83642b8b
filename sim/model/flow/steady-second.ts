/**
 * One second in which nothing is out, nobody is away and nothing waits: everything that is due in
 * it is delivered, and every station is a closed form of its rate. This runs for nearly every
 * second of a year, so it allocates nothing. A second in which a station would be overloaded is
 * refused and left to `DisturbedFlow`, which knows backlogs.
 */
import type { Ledger } from './ledger.ts';
import type { FlowPlan } from './plan.ts';
import { CROSS_DC, type Recorder, SAME_DC, STATION } from './recorder.ts';
import { companyUs, type FlowStations, replicationWaitUs } from './stations.ts';

export class SteadySecond {
  private readonly plan: FlowPlan;
  private readonly stations: FlowStations;
  private readonly recorder: Recorder;
  private readonly ledger: Ledger;
  /** By DC: what its people send, of that messages, and the work of it at front servers. */
  private readonly requests: Float64Array;
  private readonly messages: Float64Array;
  private readonly work: Float64Array;
  private readonly inbound: Float64Array;
  private readonly delivered: Float64Array;
  /** By DC: bytes a second that its people upload. */
  private readonly media: Float64Array;
  /** By pair. */
  private readonly copies: Float64Array;
  private readonly deliveries: Float64Array;
  /** Copies by their size on the link, in one-to-one messages. */
  private readonly linkWork: Float64Array;
  private readonly fanOut: Float64Array;
  private readonly sums: readonly Float64Array[];
  /** By DC: mean and variance of front, router and log. */
  private readonly acceptUs: Float64Array;
  private readonly acceptVariance: Float64Array;

  constructor(plan: FlowPlan, stations: FlowStations, recorder: Recorder, ledger: Ledger) {
    const { dcCount } = plan;
    this.plan = plan;
    this.stations = stations;
    this.recorder = recorder;
    this.ledger = ledger;
    this.requests = new Float64Array(dcCount);
    this.messages = new Float64Array(dcCount);
    this.work = new Float64Array(dcCount);
    this.inbound = new Float64Array(dcCount);
    this.delivered = new Float64Array(dcCount);
    this.media = new Float64Array(dcCount);
    this.copies = new Float64Array(dcCount * dcCount);
    this.deliveries = new Float64Array(dcCount * dcCount);
    this.linkWork = new Float64Array(dcCount * dcCount);
    this.fanOut = new Float64Array(dcCount * dcCount);
    this.sums = [
      ...[this.requests, this.messages, this.work, this.inbound, this.delivered, this.media],
      ...[this.copies, this.deliveries, this.linkWork, this.fanOut],
    ];
    this.acceptUs = new Float64Array(dcCount);
    this.acceptVariance = new Float64Array(dcCount);
  }

  /** `seconds` (1, less at the end of a window) at these rates; false where that cannot be. */
  run(rates: Float64Array, seconds: number): boolean {
    this.route(rates);
    if (!this.load()) return false;
    this.take(rates, seconds);
    this.deliver(seconds);
    return true;
  }

  /** Rates of every station and link. */
  private route(rates: Float64Array): void {
    const { requests, messages, inbound, delivered, copies, deliveries, fanOut, plan } = this;
    const { dcCount, classes, messageBytes } = plan;
    for (const sums of this.sums) sums.fill(0);
    for (let index = 0; index < classes.length; index++) {
      const { kind, front, extraBytes, copies: toCopies, deliveries: toMany } = classes[index]!;
      const toFanOut = plan.fanOutUs[index]!;
      const size = 1 + extraBytes / messageBytes;
      for (let home = 0; home < dcCount; home++) {
        const rate = rates[index * dcCount + home]!;
        if (rate === 0) continue;
        requests[home]! += rate;
        this.work[home]! += rate * front;
        if (kind === undefined) continue;
        messages[home]! += rate;
        if (kind === 'media') this.media[home]! += rate * plan.settings.storage.mediaBytes;
        for (let pair = home * dcCount; pair < (home + 1) * dcCount; pair++) {
          const n = rate * toCopies[pair]!;
          copies[pair]! += n;
          this.linkWork[pair]! += n * size;
          deliveries[pair]! += rate * toMany[pair]!;
          fanOut[pair]! += rate * toFanOut[pair]!;
        }
      }
    }
    for (let from = 0; from < dcCount; from++) {
      for (let to = 0; to < dcCount; to++) {
        const pair = from * dcCount + to;
        delivered[to]! += deliveries[pair]!;
        if (from !== to) inbound[to]! += copies[pair]!;
      }
    }
  }

  /** Evaluates the stations; false where one is full. */
  private load(): boolean {
    const { dcCount, mediaCapacity } = this.plan;
    const { dcs, links } = this.stations;
    for (let dc = 0; dc < dcCount; dc++) {
      const { front, router, log, inbound, delivery } = dcs[dc]!;
      front.at(this.work[dc]!);
      router.at(this.requests[dc]!);
      delivery.at(this.delivered[dc]!);
      const fullest = Math.max(front.utilisation, router.utilisation, delivery.utilisation);
      if (fullest >= 1 || this.media[dc]! >= mediaCapacity) return false;
      log.at(this.requests[dc]!);
      inbound.at(this.inbound[dc]!);
      this.acceptUs[dc] = front.meanUs + router.meanUs + log.meanUs;
      this.acceptVariance[dc] = front.varianceUs2 + router.varianceUs2 + log.varianceUs2;
      for (let to = 0; to < dcCount; to++) {
        if (to === dc) continue;
        const link = links[dc * dcCount + to]!;
        link.at(this.linkWork[dc * dcCount + to]!);
        if (link.utilisation >= 1) return false;
      }
    }
    return true;
  }

  /** What is due is accepted, made durable and acknowledged. */
  private take(rates: Float64Array, seconds: number): void {
    const { plan, recorder, ledger, stations, requests, messages } = this;
    const { dcCount, access } = plan;
    for (let entry = 0; entry < rates.length; entry++) {
      ledger.offered[entry]! += rates[entry]! * seconds;
    }
    for (let dc = 0; dc < dcCount; dc++) {
      const { front, router, log, delivery } = stations.dcs[dc]!;
      const due = messages[dc]! * seconds;
      recorder.offered[dc]! += due;
      recorder.sent[dc]! += due;
      ledger.accepted += requests[dc]! * seconds;
      const mean = 2 * access.mean + this.acceptUs[dc]!;
      recorder.acknowledge(0, dc, due, 0, mean, 2 * access.variance + this.acceptVariance[dc]!);
      const { utilisation } = recorder;
      utilisation.note(STATION.front * dcCount + dc, front.utilisation, seconds);
      utilisation.note(STATION.router * dcCount + dc, router.utilisation, seconds);
      utilisation.note(STATION.log * dcCount + dc, log.utilisation, seconds);
      utilisation.note(STATION.delivery * dcCount + dc, delivery.utilisation, seconds);
      if (this.media[dc]! > 0) {
        const use = this.media[dc]! / plan.mediaCapacity;
        utilisation.note(STATION.media * dcCount + dc, use, seconds);
      }
    }
  }

  /** To recipients here and, over the backbone, at the other datacentres. */
  private deliver(seconds: number): void {
    const { plan, recorder, ledger, stations, copies, deliveries, fanOut } = this;
    const { dcCount, access, oneWayUs, deliveryUs } = plan;
    for (let from = 0; from < dcCount; from++) {
      const { log } = stations.dcs[from]!;
      const accept = 2 * access.mean + this.acceptUs[from]!;
      const acceptVariance = 2 * access.variance + this.acceptVariance[from]!;
      const replicationUs = log.meanUs + replicationWaitUs(plan, this.requests[from]!);
      let fullest = 0;
      for (let to = 0; to < dcCount; to++) {
        const pair = from * dcCount + to;
        const { delivery, inbound } = stations.dcs[to]!;
        const n = deliveries[pair]! * seconds;
        ledger.made[pair]! += copies[pair]! * seconds;
        ledger.arrived[pair]! += copies[pair]! * seconds;
        let mean = accept + delivery.meanUs;
        let variance = acceptVariance + delivery.varianceUs2;
        if (n > 0) mean += fanOut[pair]! / deliveries[pair]!;
        if (from === to) {
          mean += companyUs(log, deliveryUs);
          recorder.deliver(SAME_DC, to, n, 0, mean, variance);
          continue;
        }
        const link = stations.links[pair]!;
        ledger.crossed[pair]! += this.linkWork[pair]! * seconds;
        if (link.utilisation > fullest) fullest = link.utilisation;
        mean += link.meanUs + inbound.meanUs + companyUs(inbound, deliveryUs);
        variance += link.varianceUs2 + inbound.varianceUs2;
        recorder.deliver(CROSS_DC, to, n, oneWayUs[pair]!, mean, variance);
        const behind = replicationUs + oneWayUs[pair]! + link.meanUs + inbound.meanUs;
        recorder.staleness.note(pair, behind / 1e6, seconds);
      }
      recorder.utilisation.note(STATION.link * dcCount + from, fullest, seconds);
    }
  }
}
