/**
 * The planet while something is out, or more is due than it can carry: the same stations as in a
 * steady second, with backlogs in front of them. A step is a second, a quarter of one while people
 * move or something drains (as often as DCs tell their people to move back), and never crosses the
 * beginning or end of a fault.
 *
 * A step: people offer, a lost DC's outboxes drain, front servers take or refuse, logs make
 * durable, links carry, deliveries reach devices. What cannot go on waits where it is.
 */
import { admit } from './admission.ts';
import { type Batch, type FluidQueue, type Measure, serve, split } from './batches.ts';
import type { Ledger } from './ledger.ts';
import { Levels, type Step } from './levels.ts';
import { type Offer, People } from './people.ts';
import type { Disturbances, FlowPlan } from './plan.ts';
import { CROSS_DC, OUTAGE, type Recorder, SAME_DC, STATION } from './recorder.ts';
import { companyUs, type DcStations, type FlowStations } from './stations.ts';
import { Waiting } from './waiting.ts';

const QUARTER = 0.25;

export interface DisturbedParts {
  readonly plan: FlowPlan;
  readonly stations: FlowStations;
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  readonly now: Disturbances;
  /** Ids by index. */
  readonly dcs: readonly number[];
}

interface TimedStep extends Step {
  readonly at: number;
  readonly rates: Float64Array;
}

export class DisturbedFlow {
  readonly people: readonly People[];
  /** By DC: when the last of what had waited for it was on its way; -Infinity if nothing did. */
  readonly lastWaited: Float64Array;
  /** By DC, 1 from its loss until nobody is touched by it any more. */
  readonly touched: Uint8Array;
  /** By fault: the most messages that it held up at a time, or slowed in all. */
  readonly effects: Float64Array;
  private readonly plan: FlowPlan;
  private readonly stations: FlowStations;
  private readonly recorder: Recorder;
  private readonly ledger: Ledger;
  private readonly now: Disturbances;
  private readonly wasLost: Uint8Array;
  private readonly waits: Waiting;
  private readonly levels: Levels;
  /** By home, 1 when no DC held more for it in the last step than was handed over in that step. */
  private readonly handedOver: Uint8Array;
  /** By pair: the link holds what could not go, and lets it out at the paced rate. */
  private readonly draining: Uint8Array;
  /** By DC: work of this step's refusals, in requests taken. */
  private readonly refusalWork: Float64Array;

  constructor(parts: DisturbedParts) {
    const { plan, stations, recorder, ledger, now } = parts;
    const { dcCount } = plan;
    const byDc = <T>(make: (dc: number) => T): T[] =>
      Array.from({ length: dcCount }, (_, dc) => make(dc));
    this.plan = plan;
    this.stations = stations;
    this.recorder = recorder;
    this.ledger = ledger;
    this.now = now;
    this.people = byDc((home) => new People(plan, home));
    this.draining = new Uint8Array(dcCount * dcCount);
    this.handedOver = new Uint8Array(dcCount).fill(1);
    this.lastWaited = new Float64Array(dcCount).fill(-Infinity);
    this.touched = new Uint8Array(dcCount);
    this.wasLost = new Uint8Array(dcCount);
    this.refusalWork = new Float64Array(dcCount);
    this.waits = new Waiting(dcCount);
    this.levels = new Levels({ ...parts, waits: this.waits, people: this.people });
    this.effects = new Float64Array(plan.faults.length);
  }

  /** Nothing waits anywhere, nobody is away, nothing is out: steady seconds may go on. */
  isQuietAt(at: number): boolean {
    return (
      this.now.active.size + this.now.redialing.size === 0 &&
      this.waiting === 0 &&
      this.touched.every((touched) => touched === 0) &&
      this.waits.mediaBytes.every((bytes) => bytes === 0) &&
      this.people.every((people) => people.isSettledAt(at))
    );
  }

  /** Messages and copies that have been offered and not delivered. */
  get waiting(): number {
    const { before, after } = this.waitingParts();
    return before + after;
  }

  /** `before`: messages that no home has taken yet; `after`: copies on their way. */
  waitingParts(): { readonly before: number; readonly after: number } {
    const devices = this.people.reduce((sum, { waiting }) => sum + waiting, 0);
    return { before: this.waits.messages + devices, after: this.waits.copies };
  }

  /** Runs a step that begins at `at` and ends at `until` at the latest; returns when it ended. */
  step(at: number, until: number, rates: Float64Array): number {
    this.now.advance(at);
    this.startLosses(at);
    this.movePeople(at);
    const end = this.endOfStep(at, until);
    const step: TimedStep = { at, seconds: end - at, middle: (at + end) / 2, rates };
    this.offer(step);
    for (let home = 0; home < this.plan.dcCount; home++) this.drainOutboxes(step, home);
    for (let dc = 0; dc < this.plan.dcCount; dc++) this.accept(step, dc);
    this.carry(step);
    for (let dc = 0; dc < this.plan.dcCount; dc++) this.push(step, dc);
    this.upload(step);
    this.levels.note(step, this.effects);
    this.settle(end);
    return end;
  }

  /** Fine steps while people move or something drains; where only rates flow, a second will do. */
  private endOfStep(at: number, until: number): number {
    let end = Math.min(until, this.now.nextEdge);
    if (this.isMovingAt(at)) end = Math.min(end, (Math.floor(at / QUARTER) + 1) * QUARTER);
    for (const people of this.people) end = Math.min(end, people.nextChangeAfter(at));
    return end;
  }

  private isMovingAt(at: number): boolean {
    const { lost } = this.now;
    const { dcCount } = this.plan;
    return (
      this.people.some((people) => !people.isConnectedAt(at) || people.held.n > 0) ||
      this.people.some(({ home, target }) => home !== target && lost[home] === 0) ||
      this.draining.some(
        (drains, pair) => drains === 1 && !this.isOut(Math.floor(pair / dcCount), pair % dcCount),
      )
    );
  }

  /** What was in front of a lost DC's servers goes back to where it came from. */
  private startLosses(at: number): void {
    const { dcCount } = this.plan;
    for (let dc = 0; dc < dcCount; dc++) {
      const lost = this.now.lost[dc]!;
      if (lost === 1 && this.wasLost[dc] === 0) {
        this.touched[dc] = 1;
        this.giveBack(this.waits.fronts[dc]!, dc);
        this.giveBack(this.waits.routers[dc]!, dc);
        for (const people of this.people) if (people.target === dc) people.lose(at);
      }
      this.wasLost[dc] = lost;
    }
  }

  private giveBack(queues: readonly FluidQueue[], dc: number): void {
    const { dcCount } = this.plan;
    for (let home = 0; home < dcCount; home++) {
      for (const batch of queues[home]!.take(Infinity)) this.people[home]!.hold(batch);
    }
    for (const batch of queues[dcCount + dc]!.take(Infinity)) {
      const holder = this.plan.nearest[dc]!.find((other) => this.waits.outboxOf(other, dc).n > 0);
      this.waits.outboxOf(holder ?? this.plan.nearest[dc]![1]!, dc).putBack(batch);
    }
  }

  private movePeople(at: number): void {
    const { lost } = this.now;
    for (const people of this.people) {
      const { home } = people;
      people.lookAround(at, lost, this.handedOver[home] === 1);
      const { target } = people;
      if (target === home || target < 0 || lost[home] === 1) continue;
      if (this.handedOver[home] === 1) people.comeBack(at);
    }
  }

  private isOut(from: number, to: number): boolean {
    const { lost, cut } = this.now;
    return lost[from] === 1 || lost[to] === 1 || cut[from * this.plan.dcCount + to] === 1;
  }

  /** A loss is over for a DC once its people are home and nothing waits for it. */
  private settle(end: number): void {
    const { dcCount } = this.plan;
    for (let dc = 0; dc < dcCount; dc++) {
      if (this.touched[dc] === 0 || this.now.lost[dc] === 1) continue;
      const people = this.people[dc]!;
      if (people.target !== dc || !people.isConnectedAt(end) || people.held.n > 0) continue;
      if (this.waits.into(dc) === 0) this.touched[dc] = 0;
    }
  }

  private offer({ at, seconds, rates }: TimedStep): void {
    const { dcCount, access, guestWayUs } = this.plan;
    for (let entry = 0; entry < rates.length; entry++) {
      this.ledger.offered[entry]! += rates[entry]! * seconds;
    }
    for (const people of this.people) {
      const { home } = people;
      const { requests, sent, repeated } = people.offer(at, seconds, rates);
      this.recorder.offered[home]! += this.messagesDue(home, rates) * seconds;
      this.recorder.sent[home]! += sent;
      this.recorder.repeated[home]! += repeated;
      if (requests.length === 0) continue;
      const dc = people.target;
      const taken = this.admit(dc, seconds, requests);
      for (const { batch, refusals } of requests) {
        if (taken < 1) this.refuse(people, dc, split(batch, 1 - taken), refusals);
        batch.shift += guestWayUs[home * dcCount + dc]!;
        batch.mean += access.mean;
        batch.variance += access.variance;
        this.waits.fronts[dc]![home]!.push(batch);
      }
    }
  }

  /** Share of the requests that a DC takes. */
  private admit(dc: number, seconds: number, requests: Offer['requests']): number {
    const { plan, stations, waits, refusalWork } = this;
    const { share, refusalWork: more } = admit(
      plan,
      stations.dcs[dc]!,
      seconds,
      requests.map(({ batch }) => batch),
      { fronts: waits.fronts[dc]!, routers: waits.routers[dc]! },
      refusalWork[dc]!,
    );
    refusalWork[dc]! += more;
    return share;
  }

  private messagesDue(home: number, rates: Float64Array): number {
    const { dcCount, classes } = this.plan;
    let due = 0;
    for (let index = 0; index < classes.length; index++) {
      if (classes[index]!.kind !== undefined) due += rates[index * dcCount + home]!;
    }
    return due;
  }

  private refuse(people: People, dc: number, refused: Batch, refusals: number): void {
    this.recorder.refused[dc]! += refused.n;
    if (!people.refuse(refused, refusals)) return;
    this.ledger.givenUp += refused.n;
    this.recorder.givenUp[people.home]! += people.messagesOf(refused);
  }

  /** Writes that waited for a home go to its front servers, at a paced rate. */
  private drainOutboxes({ at, seconds }: TimedStep, home: number): void {
    const { dcCount, oneWayUs, writeDrainRate, serialisationUs } = this.plan;
    const holders: number[] = [];
    for (let dc = 0; dc < dcCount; dc++) {
      if (this.waits.outboxOf(dc, home).n > 0 && !this.isOut(dc, home)) holders.push(dc);
    }
    for (const holder of holders) {
      const pair = holder * dcCount + home;
      const rate = writeDrainRate[home]! / holders.length;
      const queue = this.waits.outboxOf(holder, home);
      this.lastWaited[home] = at + Math.min(seconds, queue.n / rate);
      for (const batch of queue.take(rate * seconds)) {
        batch.shift += oneWayUs[pair]! + this.now.addedUs[pair]!;
        batch.mean += serialisationUs;
        batch.waited = true;
        this.ledger.crossed[pair]! += batch.n;
        this.waits.fronts[home]![dcCount + home]!.push(batch);
      }
    }
    let left = 0;
    for (let dc = 0; dc < dcCount; dc++) left += this.waits.outboxOf(dc, home).n;
    this.handedOver[home] = left === 0 ? 1 : 0;
  }

  /** Front servers and router, then the log. */
  private accept(step: TimedStep, dc: number): void {
    const { dcCount } = this.plan;
    if (this.now.lost[dc] === 1) return;
    const stations = this.stations.dcs[dc]!;
    const { front, router, log } = stations;
    const refusals = Math.min(this.refusalWork[dc]!, front.capacity * step.seconds);
    this.refusalWork[dc] = 0;
    const checked = serve(this.waits.fronts[dc]!, front.capacity * step.seconds - refusals, 'work');
    front.at((sumOf(checked, 'work') + refusals) / step.seconds);
    addTime(checked, front);
    this.noteUse(STATION.front, dc, front.utilisation, step);
    checked.forEach((batches, i) => {
      for (const batch of batches) this.waits.routers[dc]![i]!.push(batch);
    });
    const routed = serve(this.waits.routers[dc]!, router.capacity * step.seconds);
    const rate = sumOf(routed, 'n') / step.seconds;
    router.at(rate);
    addTime(routed, router);
    this.noteUse(STATION.router, dc, router.utilisation, step);
    log.at(rate);
    addTime(routed, log);
    this.noteUse(STATION.log, dc, log.utilisation, step);
    routed.forEach((batches, i) => {
      for (const batch of batches) {
        if (i < dcCount) this.answer(step, dc, i, batch);
        if (i % dcCount === dc) this.route(stations, dc, batch);
        else this.waits.outboxOf(dc, i).push(this.withoutRequests(batch));
      }
    });
  }

  /** A request beside messages is answered where it came in; a write waits for its home. */
  private withoutRequests(batch: Batch): Batch {
    this.plan.classes.forEach(({ kind, front }, index) => {
      const n = batch.classes[index]!;
      if (kind !== undefined || n === 0) return;
      this.ledger.accepted += n;
      batch.n -= n;
      batch.work -= n * front;
      batch.classes[index] = 0;
    });
    return batch;
  }

  /** The sender is told: stored at home, queued elsewhere. */
  private answer({ middle }: Step, dc: number, home: number, batch: Batch): void {
    const { access, guestWayUs, dcCount } = this.plan;
    this.recorder.acknowledgeLate(
      dc === home ? 0 : 1,
      home,
      batch.due,
      this.people[home]!.messagesOf(batch),
      batch.shift + guestWayUs[home * dcCount + dc]!,
      batch.mean + access.mean + Math.max(0, middle - batch.due) * 1e6,
      batch.variance + access.variance + batch.dueVariance * 1e12,
    );
  }

  /** From the home's log to where its recipients are at home. */
  private route({ log }: DcStations, home: number, batch: Batch): void {
    const { dcCount, classes, fanOutUs, messageBytes, deliveryUs } = this.plan;
    this.ledger.accepted += batch.n;
    for (let to = 0; to < dcCount; to++) {
      const pair = home * dcCount + to;
      const copy: Batch = { ...batch, n: 0, work: 0, classes: NO_CLASSES };
      for (let index = 0; index < classes.length; index++) {
        const n = batch.classes[index]!;
        if (n === 0) continue;
        const { copies, deliveries, extraBytes } = classes[index]!;
        const made = n * copies[pair]!;
        copy.n += made;
        copy.work += made * (1 + extraBytes / messageBytes);
        copy.deliveries += n * deliveries[pair]!;
        copy.fanOutUs += n * fanOutUs[index]![pair]!;
      }
      if (!(copy.n > 0)) continue;
      this.ledger.made[pair]! += copy.n;
      if (to === home) {
        copy.mean += companyUs(log, deliveryUs);
        this.waits.pushes[home]![home]!.push(copy);
      } else {
        this.waits.links[pair]!.push(copy);
      }
    }
  }

  /** Over the backbone, into the logs of the other side. */
  private carry(step: TimedStep): void {
    const { dcCount } = this.plan;
    for (let to = 0; to < dcCount; to++) {
      const arrived: Batch[][] = [];
      for (let from = 0; from < dcCount; from++) {
        arrived.push(from === to ? [] : this.carryOne(step, from, to));
      }
      const { inbound } = this.stations.dcs[to]!;
      inbound.at(sumOf(arrived, 'n') / step.seconds);
      const company = companyUs(inbound, this.plan.deliveryUs);
      addTime(arrived, inbound);
      arrived.forEach((batches, from) => {
        for (const batch of batches) {
          batch.mean += company;
          this.waits.pushes[to]![from]!.push(batch);
        }
      });
    }
  }

  private carryOne({ at, seconds }: TimedStep, from: number, to: number): Batch[] {
    const { dcCount, oneWayUs, deliveryDrainRate } = this.plan;
    const pair = from * dcCount + to;
    const queue = this.waits.links[pair]!;
    const link = this.stations.links[pair]!;
    if (this.isOut(from, to)) {
      if (queue.n > 0) this.draining[pair] = 1;
      link.at(0);
      return [];
    }
    let rate = link.capacity;
    const drains = this.draining[pair] === 1;
    if (drains && queue.n > 0) {
      rate = Math.min(rate, (deliveryDrainRate[to]! * queue.work) / queue.deliveries);
      const seen = at + Math.min(seconds, queue.work / rate);
      this.lastWaited[to] = Math.max(this.lastWaited[to]!, seen);
    }
    const batches = queue.take(rate * seconds, 'work');
    if (queue.n === 0) this.draining[pair] = 0;
    const [n, work] = [sumOf([batches], 'n'), sumOf([batches], 'work')];
    link.at(work / seconds);
    const addedUs = this.now.addedUs[pair]!;
    if (addedUs > 0) this.levels.noteSlowed(from, to, n, this.effects);
    this.ledger.crossed[pair]! += work;
    for (const batch of batches) {
      batch.shift += oneWayUs[pair]! + addedUs;
      batch.mean += link.meanUs;
      batch.variance += link.varianceUs2;
      if (drains) batch.waited = true;
    }
    return batches;
  }

  /** To the devices of those who are at home here. */
  private push(step: TimedStep, dc: number): void {
    const { plan, touched, recorder } = this;
    const { dcCount, access, guestWayUs } = plan;
    const { delivery } = this.stations.dcs[dc]!;
    if (this.now.lost[dc] === 1) return;
    const taken = serve(this.waits.pushes[dc]!, delivery.capacity * step.seconds, 'deliveries');
    delivery.at(sumOf(taken, 'deliveries') / step.seconds);
    addTime(taken, delivery);
    this.noteUse(STATION.delivery, dc, delivery.utilisation, step);
    const at = this.people[dc]!.target;
    const extraUs = at < 0 ? 0 : guestWayUs[dc * dcCount + at]!;
    taken.forEach((batches, from) => {
      for (const batch of batches) {
        this.ledger.arrived[from * dcCount + dc]! += batch.n;
        const outage = batch.waited || touched[dc] === 1 || touched[from] === 1;
        const waited = Math.max(0, step.middle - batch.due) * 1e6;
        const fanOut = batch.deliveries > 0 ? batch.fanOutUs / batch.deliveries : 0;
        recorder.deliverLate(
          outage ? OUTAGE : from === dc ? SAME_DC : CROSS_DC,
          dc,
          batch.due,
          batch.deliveries,
          batch.shift + extraUs,
          batch.mean + access.mean + waited + fanOut,
          batch.variance + access.variance + batch.dueVariance * 1e12,
        );
      }
    });
  }

  /** Files: bytes that wait for the media servers of their home. */
  private upload({ rates, seconds }: TimedStep): void {
    const { dcCount, mediaCapacity, settings, classes } = this.plan;
    const media = classes.findIndex(({ kind }) => kind === 'media');
    for (let dc = 0; dc < dcCount; dc++) {
      const bytes = rates[media * dcCount + dc]! * settings.storage.mediaBytes * seconds;
      const capacity = this.now.lost[dc] === 1 ? 0 : mediaCapacity * seconds;
      const waiting = this.waits.mediaBytes[dc]! + bytes;
      if (waiting === 0) continue;
      const done = Math.min(waiting, capacity);
      this.waits.mediaBytes[dc] = waiting - done;
      const index = STATION.media * dcCount + dc;
      this.recorder.utilisation.note(index, done / (mediaCapacity * seconds), seconds);
      this.recorder.depth.note(index, (waiting - done) / settings.storage.mediaBytes, seconds);
    }
  }

  private noteUse(station: number, dc: number, share: number, { seconds }: TimedStep): void {
    this.recorder.utilisation.note(station * this.plan.dcCount + dc, share, seconds);
  }
}

/** Of copies: what kind of message they are does not matter any more. */
const NO_CLASSES: number[] = [];

const sumOf = (batches: readonly (readonly Batch[])[], measure: Measure): number => {
  let sum = 0;
  for (const some of batches) for (const batch of some) sum += batch[measure];
  return sum;
};

/** Everything in these batches goes through a station whose times are known. */
function addTime(
  batches: readonly (readonly Batch[])[],
  station: { readonly meanUs: number; readonly varianceUs2: number },
): void {
  for (const some of batches) {
    for (const batch of some) {
      batch.mean += station.meanUs;
      batch.variance += station.varianceUs2;
    }
  }
}
