/**
 * What happens to a message in the DC that accepts it: a front server (first come, first served)
 * checks it, a router finds the way, the log makes it durable (group commit), the sender is told,
 * and it goes on: to the recipients here, over backbone links, or, where its sender's home DC is
 * out, into the durable outbox for that DC. An overloaded front server refuses.
 */
import { randomLanes } from '../core/lanes.ts';
import { GROUPS } from './choices.ts';
import type { Loss } from './disturbances.ts';
import type { Link } from './link.ts';
import { GROUP, MARK, MessageQueue } from './message-queue.ts';
import type { ModelPlan } from './plan.ts';
import { FifoServers, GroupCommit } from './stations.ts';
import { type ModelTables, Samples } from './tables.ts';
import type { Tally } from './tally.ts';
import type { HeldMessage } from './user-source.ts';

/** Told of each refusal: when the device hears of it, and what it needs to try again. */
export type OnRefusal = (at: number, due: number, attempts: number, mark: number) => void;

/** Where messages come from: devices, or another DC's outbox for this one. */
export interface Inlet {
  readonly queue: MessageQueue;
  readonly outbox?: Link;
  /** DC of that outbox. */
  readonly holder?: number;
}

interface Undone {
  readonly holder: number;
  readonly due: number;
  readonly mark: number;
}

export class SenderSide {
  /** Durable copies for people here. */
  readonly toOwn: MessageQueue = new MessageQueue();
  /** Outgoing links by recipient DC; unused where it is this DC. */
  readonly links: Link[] = [];
  /** Writes of other DCs' people, durable here until those are back: by their home. */
  readonly outboxes: Link[] = [];
  readonly front: FifoServers;
  readonly router: FifoServers;
  readonly log: GroupCommit;
  /** Between the stations: what leaves one of them after the step's end. */
  readonly checked: MessageQueue = new MessageQueue();
  readonly routed: MessageQueue = new MessageQueue();
  readonly serviceUs: Samples;
  readonly routerUs: Samples;
  readonly syncUs: Samples;
  readonly accessUs: Samples;
  readonly serials: Uint32Array;
  /** Whether the front servers may refuse in this step. */
  alert = false;
  onRefusal: OnRefusal = () => {};
  private readonly plan: ModelPlan;
  private readonly dc: number;
  private readonly tally: Tally;
  private readonly shedAfterUs: number;
  private readonly outboxSerials: Uint32Array;
  /** Start of the next loss of this DC: what is not durable by then is gone. */
  private lostAt: number;
  private unanswered: HeldMessage[] = [];
  private undone: Undone[] = [];

  constructor(plan: ModelPlan, tables: ModelTables, tally: Tally, column: number, dc: number) {
    this.plan = plan;
    this.dc = dc;
    this.tally = tally;
    const lanes = (name: string) => randomLanes(plan.key, name, column, dc);
    this.serviceUs = new Samples(tables.front, lanes('model.front.service'));
    this.routerUs = new Samples(tables.router, lanes('model.router.service'));
    this.accessUs = new Samples(tables.access, lanes('model.front.access'));
    this.syncUs = new Samples(tables.sync, lanes('model.front.sync'));
    this.front = new FifoServers(plan.fleet.front[dc]);
    this.router = new FifoServers(plan.fleet.router[dc]);
    this.log = new GroupCommit(this.syncUs);
    this.shedAfterUs = plan.service.admission.shedAfterMs * 1000;
    this.serials = new Uint32Array(plan.dcCount);
    this.outboxSerials = new Uint32Array(plan.dcCount);
    this.lostAt = plan.losses.find((loss) => loss.dc === dc)?.fromUs ?? Infinity;
  }

  /** How far behind it is at `at`: the longest of what front servers, routers and log still do. */
  behindUs(at: number): number {
    const { front, router, log } = this;
    return Math.max(front.earliest, router.earliest, log.runningEnds, log.gatheredEnds) - at;
  }

  get isEmpty(): boolean {
    return this.checked.length === 0 && this.routed.length === 0;
  }

  /** Accepts everything that arrives before `before`, in order of time. */
  accept(inlets: readonly Inlet[], before: number): void {
    for (;;) {
      let first: Inlet | undefined;
      let at = before;
      let next = before;
      for (const inlet of inlets) {
        const head = inlet.queue.headTime();
        if (head < at) {
          next = at;
          at = head;
          first = inlet;
        } else if (head < next) {
          next = head;
        }
      }
      if (first === undefined) break;
      this.checkRun(first, next);
    }
    this.route(before);
    this.store(before);
  }

  /** Returns what devices have to send again; the stations start again at the return. */
  lose(loss: Loss, outboxOf: (holder: number) => Link): HeldMessage[] {
    for (const queue of [this.routed, this.checked]) {
      while (queue.length > 0) {
        const slot = queue.head++ & queue.mask;
        this.giveBack(queue.dues[slot]!, queue.serials[slot]!, queue.marks[slot]!);
      }
    }
    this.front.restart(loss.toUs);
    this.router.restart(loss.toUs);
    this.log.restart(loss.toUs);
    for (const { holder, due, mark } of this.undone.reverse()) {
      const outbox = outboxOf(holder);
      outbox.applied--;
      outbox.resendFirst(loss, due, outbox.applied, mark);
    }
    const again = this.unanswered;
    this.unanswered = [];
    this.undone = [];
    const next = this.plan.losses.find(({ dc, fromUs }) => dc === this.dc && fromUs > loss.fromUs);
    this.lostAt = next?.fromUs ?? Infinity;
    return again;
  }

  /** The first message, and all after it that arrive before `before`. */
  private checkRun({ queue, outbox, holder = 0 }: Inlet, before: number): void {
    do {
      const slot = queue.head++ & queue.mask; // a refusal may put the message back into the queue
      let serial = queue.serials[slot]!;
      if (outbox !== undefined) {
        if (serial !== outbox.applied++) this.tally.orderViolations++;
        serial = holder;
      }
      this.check(queue.times[slot]!, queue.dues[slot]!, serial, queue.marks[slot]!);
    } while (queue.headTime() < before);
  }

  private check(at: number, due: number, serial: number, mark: number): void {
    const { plan, front, checked } = this;
    const refuses = this.alert && (mark & MARK.queued) === 0;
    if (refuses && front.earliest - at > this.shedAfterUs) {
      this.tally.refuse(this.dc, at);
      this.onRefusal(at + this.accessUs.next(), due, serial + 1, mark);
      return;
    }
    const workUs = this.serviceUs.next() * plan.frontFactors[MARK.kindOf(mark)]!;
    checked.insert(front.depart(at, workUs), due, serial, mark);
  }

  private route(before: number): void {
    const { checked, routed, router, routerUs } = this;
    while (checked.headTime() < before) {
      const slot = checked.head++ & checked.mask;
      const left = router.depart(checked.times[slot]!, routerUs.next());
      routed.insert(left, checked.dues[slot]!, checked.serials[slot]!, checked.marks[slot]!);
    }
  }

  private store(before: number): void {
    const { routed, log } = this;
    while (routed.headTime() < before) {
      const slot = routed.head++ & routed.mask;
      const durable = log.commit(routed.times[slot]!);
      const due = routed.dues[slot]!;
      const mark = routed.marks[slot]!;
      if (durable > this.lostAt) this.giveBack(due, routed.serials[slot]!, mark);
      else if (MARK.senderOf(mark) === this.dc) this.answer(durable, due, mark);
      else this.queueForLostHome(durable, due, mark);
    }
  }

  private giveBack(due: number, serial: number, mark: number): void {
    if ((mark & MARK.queued) !== 0) this.undone.push({ holder: serial, due, mark });
    else this.unanswered.push({ at: this.lostAt, due, mark, attempts: serial, sentBefore: true });
  }

  private answer(durable: number, due: number, mark: number): void {
    const { tally, dc } = this;
    const answeredAt = durable + this.accessUs.next();
    if ((mark & MARK.queued) === 0) {
      tally.acknowledge(mark);
      if (tally.isMeasured(due)) tally.recordAck(0, dc, due, answeredAt);
    }
    if (MARK.kindOf(mark) !== GROUP) {
      this.send(durable, due, MARK.recipientOf(mark), mark);
      return;
    }
    const { dcCount, choices } = this.plan;
    const first = (dc * GROUPS + MARK.recipientOf(mark)) * dcCount;
    const flags = mark & (MARK.queued | MARK.waited);
    for (let to = 0; to < dcCount; to++) {
      const devices = choices.groupDevices[first + to]!;
      if (devices > 0) this.send(durable, due, to, (MARK.of(dc, to, GROUP, devices) | flags) >>> 0);
    }
  }

  private send(durable: number, due: number, to: number, mark: number): void {
    const serial = this.serials[to]!++;
    if (to === this.dc) this.toOwn.push(durable, due, serial, mark);
    else this.links[to]!.send(durable, due, serial, mark);
  }

  private queueForLostHome(durable: number, due: number, mark: number): void {
    const { tally, dc, plan } = this;
    const home = MARK.senderOf(mark);
    const answeredAt = durable + this.accessUs.next() + plan.guestWayUs[home * plan.dcCount + dc]!;
    tally.acknowledge(mark);
    if (tally.isMeasured(due)) tally.recordAck(1, home, due, answeredAt);
    this.outboxes[home]!.send(
      durable,
      due,
      this.outboxSerials[home]!++,
      (mark | MARK.queued) >>> 0,
    );
  }
}
