/**
 * What happens to a message at its recipient's home: what comes over the backbone is made durable
 * in the recipient's box (group commit), then a delivery worker pushes it, in order, to the open
 * session, and the access link carries it to the device.
 */
import { randomStream } from '../core/streams.ts';
import type { Xoshiro128 } from '../core/xoshiro.ts';
import type { Link } from './link.ts';
import { MARK, MessageQueue } from './message-queue.ts';
import type { Loss, ModelPlan } from './plan.ts';
import { FifoServer, GroupCommit } from './stations.ts';
import { type ModelTables, Samples } from './tables.ts';
import { PATH_COUNT, type Tally } from './tally.ts';

const SAME_DC = 0;
const CROSS_DC = 1;
const OUTAGE = PATH_COUNT - 1;

export class RecipientSide {
  /** Extra way to the devices: above 0 while the people of this DC are connected elsewhere. */
  extraUs = 0;
  /** From when on nobody is touched by the loss any more; Infinity until it is known. */
  caughtUpAt: number = Infinity;
  private readonly dc: number;
  private readonly plan: ModelPlan;
  private readonly tally: Tally;
  private readonly fromOwn: MessageQueue;
  private readonly links: readonly Link[];
  private readonly headTimes: Float64Array;
  private readonly stored = new MessageQueue();
  private readonly log: GroupCommit;
  private readonly worker = new FifoServer();
  private readonly serviceUs: Samples;
  private readonly accessUs: Samples;
  private readonly nextSerials: Uint32Array;
  private readonly loss: Loss | undefined;

  constructor(
    plan: ModelPlan,
    tables: ModelTables,
    tally: Tally,
    column: number,
    dc: number,
    inputs: { readonly fromOwn: MessageQueue; readonly links: readonly Link[] },
  ) {
    this.dc = dc;
    this.plan = plan;
    this.tally = tally;
    this.fromOwn = inputs.fromOwn;
    this.links = inputs.links;
    this.headTimes = new Float64Array(inputs.links.length);
    const stream = (name: string): Xoshiro128 => randomStream(plan.key, name, column, dc);
    this.serviceUs = new Samples(tables.delivery, stream('model.delivery.service'));
    this.accessUs = new Samples(tables.access, stream('model.delivery.access'));
    this.log = new GroupCommit(new Samples(tables.sync, stream('model.inbound.sync')));
    this.nextSerials = new Uint32Array(plan.dcCount);
    this.loss = plan.loss?.dc === dc ? plan.loss : undefined;
  }

  get isEmpty(): boolean {
    const inFlight = this.links.some((link) => link.inFlight.length > 0);
    return !inFlight && this.fromOwn.length === 0 && this.stored.length === 0;
  }

  /** The links' arrivals before `before`, merged in order of time, become durable here. */
  store(before: number): void {
    const { links, headTimes, log, stored, loss } = this;
    for (let i = 0; i < links.length; i++) headTimes[i] = links[i]!.inFlight.headTime();
    const lostAt = loss !== undefined && before <= loss.fromUs ? loss.fromUs : Infinity;
    const undone: { link: Link; due: number; serial: number; mark: number }[] = [];
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
      if (durable > lostAt) undone.push({ link: links[first]!, due, serial, mark });
      else stored.push(durable, due, serial, mark);
    }
    // Lost with the DC before they were durable: their senders' DCs still have them.
    for (const { link, due, serial, mark } of undone.reverse()) {
      link.resendFirst(loss!, due, serial, mark);
    }
  }

  /** Everything durable before `before` goes to the devices. */
  deliver(before: number): void {
    const { fromOwn, stored } = this;
    for (;;) {
      const own = fromOwn.headTime();
      const other = stored.headTime();
      if (own >= before && other >= before) return;
      if (own <= other) this.deliverRun(fromOwn, Math.min(other, before));
      else this.deliverRun(stored, Math.min(own, before));
    }
  }

  /** The DC is lost: its inbound log starts again at the return. */
  lose(loss: Loss): void {
    this.log.restart(loss.toUs);
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

  private push(at: number, due: number, serial: number, mark: number): void {
    const { tally, dc, loss } = this;
    const serviceUs = this.serviceUs.next();
    let pushed = this.worker.depart(at, serviceUs);
    if (loss !== undefined && pushed > loss.fromUs && pushed - serviceUs < loss.toUs) {
      pushed = loss.toUs + serviceUs; // durable before the loss, pushed after the return
      this.worker.freeAt = pushed;
    }
    const delivered = pushed + this.accessUs.next() + this.extraUs;
    const sender = MARK.senderOf(mark);
    if (serial !== this.nextSerials[sender]) tally.orderViolations++;
    this.nextSerials[sender] = serial + 1;
    tally.deliver(sender, dc);
    if (tally.isMeasured(due)) {
      tally.recordDelivery(this.pathOf(sender, due, delivered, mark), dc, due, delivered);
    }
  }

  private pathOf(sender: number, due: number, delivered: number, mark: number): number {
    const planned = this.plan.loss;
    if ((mark & MARK.waited) !== 0) return OUTAGE;
    if (planned !== undefined && (planned.dc === this.dc || planned.dc === sender)) {
      if (delivered >= planned.fromUs && due < this.caughtUpAt) return OUTAGE;
    }
    return sender === this.dc ? SAME_DC : CROSS_DC;
  }
}
