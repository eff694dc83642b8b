/**
 * What happens to a message in the DC that accepts it: a front server (first come, first served)
 * checks and routes it, the log makes it durable (group commit), the sender is told, and it goes on
 * its way: to the recipient here, over a backbone link, or, where its home DC is out, into the
 * durable outbox for that DC.
 */
import { randomStream } from '../core/streams.ts';
import type { Xoshiro128 } from '../core/xoshiro.ts';
import type { Link } from './link.ts';
import { MARK, MessageQueue } from './message-queue.ts';
import type { Loss, ModelPlan } from './plan.ts';
import { FifoServer, GroupCommit } from './stations.ts';
import { type ModelTables, Samples } from './tables.ts';
import type { Tally } from './tally.ts';
import type { HeldMessage } from './user-source.ts';

export class SenderSide {
  /** Durable messages from people here to people here. */
  readonly toOwn: MessageQueue = new MessageQueue();
  /** Outgoing links by recipient DC; unused where it is this DC. */
  readonly links: Link[] = [];
  /** Writes of the lost DC's people, durable here until it is back. */
  outbox: Link | undefined;
  /** Not durable when this DC was lost: their senders will send them again. */
  readonly unanswered: HeldMessage[] = [];
  private readonly dc: number;
  private readonly front = new FifoServer();
  private readonly log: GroupCommit;
  private readonly serviceUs: Samples;
  private readonly accessUs: Samples;
  private readonly tally: Tally;
  private readonly serials: Uint32Array;
  private outboxSerial = 0;
  private appliedSerial = 0;
  /** Distance of the lost DC's people to this DC. */
  private readonly extraUs: number;
  private lostAt = Infinity;

  constructor(plan: ModelPlan, tables: ModelTables, tally: Tally, column: number, dc: number) {
    this.dc = dc;
    this.tally = tally;
    const stream = (name: string): Xoshiro128 => randomStream(plan.key, name, column, dc);
    this.serviceUs = new Samples(tables.front, stream('model.front.service'));
    this.accessUs = new Samples(tables.access, stream('model.front.access'));
    this.log = new GroupCommit(new Samples(tables.sync, stream('model.front.sync')));
    this.serials = new Uint32Array(plan.dcCount);
    this.extraUs = plan.loss ? plan.oneWayUs[plan.loss.dc * plan.dcCount + dc]! : 0;
    if (plan.loss?.dc === dc) this.lostAt = plan.loss.fromUs;
  }

  /** Everything is gone at the loss; the stations start again at the return. */
  lose(loss: Loss): void {
    this.front.freeAt = loss.toUs;
    this.log.restart(loss.toUs);
    this.lostAt = Infinity;
  }

  /** Accepts everything in `first` and `second` that arrives before `before`, in order of time. */
  acceptBoth(first: MessageQueue, second: MessageQueue, before: number): void {
    for (;;) {
      const a = first.headTime();
      const b = second.headTime();
      if (a >= before && b >= before) return;
      if (a <= b) this.acceptRun(first, Math.min(b, before));
      else this.acceptRun(second, Math.min(a, before));
    }
  }

  accept(queue: MessageQueue, before: number): void {
    if (queue.headTime() < before) this.acceptRun(queue, before);
  }

  /** The first message, and all after it that arrive before `before`. */
  private acceptRun(queue: MessageQueue, before: number): void {
    const { times, dues, serials, marks, mask, tail } = queue;
    let { head } = queue;
    do {
      const slot = head++ & mask;
      this.process(times[slot]!, dues[slot]!, serials[slot]!, marks[slot]!);
    } while (head < tail && times[head & mask]! < before);
    queue.head = head;
  }

  private process(at: number, due: number, serial: number, mark: number): void {
    const handled = this.front.depart(at, this.serviceUs.next());
    const durable = this.log.commit(handled);
    const sender = MARK.senderOf(mark);
    const recipient = MARK.recipientOf(mark);
    if (durable > this.lostAt) {
      this.unanswered.push({ at, due, mark, sentBefore: true });
      return;
    }
    const answeredAt = durable + this.accessUs.next();
    if (sender !== this.dc) {
      this.queueForLostHome(durable, answeredAt, due, mark);
      return;
    }
    if ((mark & MARK.queued) === 0) {
      this.tally.acknowledge(sender, recipient);
      if (this.tally.isMeasured(due)) this.tally.recordAck(0, sender, due, answeredAt);
    } else if (serial !== this.appliedSerial++) {
      this.tally.orderViolations++;
    }
    const next = this.serials[recipient]!++;
    if (recipient === this.dc) this.toOwn.push(durable, due, next, mark);
    else this.links[recipient]!.send(durable, due, next, mark);
  }

  private queueForLostHome(durable: number, answeredAt: number, due: number, mark: number): void {
    const sender = MARK.senderOf(mark);
    this.tally.acknowledge(sender, MARK.recipientOf(mark));
    if (this.tally.isMeasured(due)) {
      this.tally.recordAck(1, sender, due, answeredAt + this.extraUs);
    }
    if (this.outbox === undefined) throw new Error('model: a message came to a DC not its own');
    this.outbox.send(durable, due, this.outboxSerial++, mark | MARK.queued);
  }
}
