/**
 * What happens to a message at its recipients' home: what comes over the backbone is made durable
 * in their boxes (group commit), then a delivery worker pushes it, in order, to each open session,
 * and the access link carries it to the device.
 */
import { randomLanes } from '../core/lanes.ts';
import type { Loss } from './disturbances.ts';
import type { Link } from './link.ts';
import { MARK, MessageQueue } from './message-queue.ts';
import type { ModelPlan } from './plan.ts';
import { FifoServers, GroupCommit } from './stations.ts';
import { type ModelTables, Samples } from './tables.ts';
import { PATH_COUNT, type Tally } from './tally.ts';

const SAME_DC = 0;
const CROSS_DC = 1;
const OUTAGE = PATH_COUNT - 1;

/** When the people of each DC were, are or will be touched by a loss of it. */
export class Incidents {
  /** The last that is over, and the one that goes on or comes next. */
  private readonly pastFrom: Float64Array;
  private readonly pastUntil: Float64Array;
  private readonly nextFrom: Float64Array;
  private readonly losses: readonly Loss[];

  constructor({ dcCount, losses }: ModelPlan) {
    this.pastFrom = new Float64Array(dcCount).fill(-Infinity);
    this.pastUntil = new Float64Array(dcCount).fill(-Infinity);
    this.nextFrom = new Float64Array(dcCount).fill(Infinity);
    this.losses = losses;
    for (let dc = 0; dc < dcCount; dc++) this.nextFrom[dc] = this.firstLoss(dc, -Infinity);
  }

  /** Everybody of a DC is home again, and nothing waits for it. */
  over(dc: number, at: number): void {
    this.pastFrom[dc] = this.nextFrom[dc]!;
    this.pastUntil[dc] = at;
    this.nextFrom[dc] = this.firstLoss(dc, at);
  }

  touches(dc: number, due: number, delivered: number): boolean {
    if (delivered >= this.nextFrom[dc]!) return true;
    return delivered >= this.pastFrom[dc]! && due < this.pastUntil[dc]!;
  }

  /** Whether nothing due from `at` on is touched before `until`. */
  isCalm(at: number, until: number): boolean {
    return this.nextFrom.every((from) => from > until) && this.pastUntil.every((end) => end <= at);
  }

  private firstLoss(dc: number, after: number): number {
    return this.losses.find((loss) => loss.dc === dc && loss.fromUs >= after)?.fromUs ?? Infinity;
  }
}

export interface RecipientInputs {
  readonly fromOwn: MessageQueue;
  readonly links: readonly Link[];
  readonly incidents: Incidents;
}

export class RecipientSide {
  /** Extra way to the devices: above 0 while the people of this DC are connected elsewhere. */
  extraUs = 0;
  readonly stored: MessageQueue = new MessageQueue();
  readonly log: GroupCommit;
  readonly workers: FifoServers;
  readonly serviceUs: Samples;
  readonly accessUs: Samples;
  readonly syncUs: Samples;
  readonly nextSerials: Uint32Array;
  private readonly dc: number;
  private readonly plan: ModelPlan;
  private readonly tally: Tally;
  private readonly inputs: RecipientInputs;
  private readonly headTimes: Float64Array;
  private readonly undone: { link: Link; due: number; serial: number; mark: number }[] = [];
  /** The next loss of this DC. */
  private loss: Loss | undefined;

  constructor(
    plan: ModelPlan,
    tables: ModelTables,
    tally: Tally,
    where: { readonly column: number; readonly dc: number },
    inputs: RecipientInputs,
  ) {
    const { column, dc } = where;
    this.dc = dc;
    this.plan = plan;
    this.tally = tally;
    this.inputs = inputs;
    this.headTimes = new Float64Array(inputs.links.length);
    const lanes = (name: string) => randomLanes(plan.key, name, column, dc);
    this.serviceUs = new Samples(tables.delivery, lanes('model.delivery.service'));
    this.accessUs = new Samples(tables.access, lanes('model.delivery.access'));
    this.syncUs = new Samples(tables.sync, lanes('model.inbound.sync'));
    this.log = new GroupCommit(this.syncUs);
    this.workers = new FifoServers(plan.fleet.delivery[dc]);
    this.nextSerials = new Uint32Array(plan.dcCount);
    this.loss = plan.losses.find((loss) => loss.dc === dc);
  }

  get isEmpty(): boolean {
    const { links, fromOwn } = this.inputs;
    const inFlight = links.some((link) => link.inFlight.length > 0);
    return !inFlight && fromOwn.length === 0 && this.stored.length === 0;
  }

  /** How far behind it is at `at`. */
  behindUs(at: number): number {
    const { workers, log } = this;
    return Math.max(workers.earliest, log.runningEnds, log.gatheredEnds) - at;
  }

  /** The links' arrivals before `before`, merged in order of time, become durable here. */
  store(before: number): void {
    const { headTimes, log, stored } = this;
    const { links } = this.inputs;
    for (let i = 0; i < links.length; i++) headTimes[i] = links[i]!.inFlight.headTime();
    const lostAt = this.loss?.fromUs ?? Infinity;
    for (;;) {
      let first = 0;
      for (let i = 1; i < headTimes.length; i++) {
        if (headTimes[i]! < headTimes[first]!) first = i;
      }
      const at = headTimes[first]!;
      if (!(at < before)) break;
      const queue = links[first]!.inFlight;
      const slot = queue.head++ & queue.mask;
      headTimes[first] = queue.headTime();
      const durable = log.commit(at);
      const due = queue.dues[slot]!;
      const serial = queue.serials[slot]!;
      const mark = queue.marks[slot]!;
      if (durable > lostAt) this.undone.push({ link: links[first]!, due, serial, mark });
      else stored.push(durable, due, serial, mark);
    }
  }

  /** Everything durable before `before` goes to the devices. */
  deliver(before: number): void {
    const { stored } = this;
    const { fromOwn } = this.inputs;
    for (;;) {
      const own = fromOwn.headTime();
      const other = stored.headTime();
      if (own >= before && other >= before) return;
      if (own <= other) this.deliverRun(fromOwn, Math.min(other, before));
      else this.deliverRun(stored, Math.min(own, before));
    }
  }

  /** The DC is lost: what it had not made durable comes again; its log starts at the return. */
  lose(loss: Loss): void {
    this.log.restart(loss.toUs);
    for (const { link, due, serial, mark } of this.undone.reverse()) {
      link.resendFirst(loss, due, serial, mark);
    }
    this.undone.length = 0;
    const { losses } = this.plan;
    this.loss = losses.find(({ dc, fromUs }) => dc === this.dc && fromUs > loss.fromUs);
  }

  private deliverRun(queue: MessageQueue, before: number): void {
    const { times, dues, serials, marks, mask, tail } = queue;
    let { head } = queue;
    do {
      const slot = head++ & mask;
      this.push(times[slot]!, dues[slot]!, serials[slot]!, marks[slot]!);
    } while (head < tail && times[head & mask]! < before);
    queue.head = head;
  }

  /** A copy goes to its devices one after the other. */
  private push(at: number, due: number, serial: number, mark: number): void {
    const { tally, dc } = this;
    const sender = MARK.senderOf(mark);
    if (serial !== this.nextSerials[sender]) tally.orderViolations++;
    this.nextSerials[sender] = serial + 1;
    tally.deliver(sender, dc);
    const measured = tally.isMeasured(due);
    for (let left = MARK.devicesOf(mark); left > 0; left--) {
      const delivered = this.pushed(at) + this.accessUs.next() + this.extraUs;
      if ((mark & MARK.waited) !== 0) this.settles(sender, due, delivered);
      if (measured) {
        tally.recordDelivery(this.pathOf(sender, due, delivered, mark), dc, due, delivered);
      }
    }
  }

  private settles(sender: number, due: number, delivered: number): void {
    const { cutUntilUs } = this.plan;
    for (const dc of [sender, this.dc]) {
      if (due < cutUntilUs[dc]!) this.tally.settled(dc, delivered);
    }
  }

  private pushed(at: number): number {
    const { workers, loss } = this;
    const serviceUs = this.serviceUs.next();
    const pushed = workers.depart(at, serviceUs);
    if (loss === undefined || pushed <= loss.fromUs || pushed - serviceUs >= loss.toUs) {
      return pushed;
    }
    workers.restart(loss.toUs); // durable before the loss, pushed after the return
    return workers.depart(at, serviceUs);
  }

  private pathOf(sender: number, due: number, delivered: number, mark: number): number {
    const { incidents } = this.inputs;
    if ((mark & MARK.waited) !== 0) return OUTAGE;
    if (incidents.touches(this.dc, due, delivered)) return OUTAGE;
    if (sender !== this.dc && incidents.touches(sender, due, delivered)) return OUTAGE;
    return sender === this.dc ? SAME_DC : CROSS_DC;
  }
}
