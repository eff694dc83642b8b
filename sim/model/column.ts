/**
 * One column of the planet: server k of every DC, with its share of everyone. Runs the whole
 * window in short steps of virtual time: people write, senders' DCs accept, links carry,
 * recipients'
 * DCs deliver. Stages only feed forward, so a step needs no event list; a lost DC's users move to
 * the nearest other DC and back between steps.
 */
import { Link, type LinkSettings } from './link.ts';
import { COOLDOWN_SECONDS, type Loss, type ModelPlan } from './plan.ts';
import { RecipientSide } from './recipient-side.ts';
import { SenderSide } from './sender-side.ts';
import type { ModelTables } from './tables.ts';
import type { Tally } from './tally.ts';
import { UserSource } from './user-source.ts';

/** One step. Also how often DCs tell their users to move back: four times a second. */
const STEP_US = 250_000;
/** Draining may take so long after the window, in virtual time. */
const DRAIN_HOURS_MAX = 24;

export class Column {
  private readonly plan: ModelPlan;
  private readonly tally: Tally;
  private readonly sources: UserSource[] = [];
  private readonly senders: SenderSide[] = [];
  private readonly recipients: RecipientSide[] = [];
  /** DCs in the order of a step: the lost one last, for its work comes from the others. */
  private readonly order: number[];
  private readonly intoLost: Link[] = [];
  private users: 'home' | 'away' | 'returning' | 'returned' = 'home';
  private allBackAt = Infinity;

  constructor(plan: ModelPlan, tables: ModelTables, tally: Tally, column: number) {
    const { dcCount, loss } = plan;
    this.plan = plan;
    this.tally = tally;
    const dcs = Array.from({ length: dcCount }, (_, dc) => dc);
    for (const dc of dcs) {
      this.sources.push(new UserSource(plan, tables, tally, column, dc));
      this.senders.push(new SenderSide(plan, tables, tally, column, dc));
    }
    for (const to of dcs) {
      const links: Link[] = [];
      for (const from of dcs) {
        const link = new Link(linkSettings(plan, from, to, 'messages'), tally);
        this.senders[from]!.links[to] = link;
        if (from !== to) links.push(link);
      }
      if (to === loss?.dc) this.intoLost.push(...links);
      const inputs = { fromOwn: this.senders[to]!.toOwn, links };
      this.recipients.push(new RecipientSide(plan, tables, tally, column, to, inputs));
    }
    if (loss) {
      const outbox = new Link(linkSettings(plan, loss.failover, loss.dc, 'writes'), tally);
      this.senders[loss.failover]!.outbox = outbox;
      this.intoLost.push(outbox);
    }
    this.order = dcs.sort((a, b) => Number(a === loss?.dc) - Number(b === loss?.dc));
  }

  run(): void {
    const { plan } = this;
    const loadEnds = (plan.windowSeconds + COOLDOWN_SECONDS) * 1e6;
    const giveUp = loadEnds + DRAIN_HOURS_MAX * 3600e6;
    let now = -plan.warmupSeconds * 1e6;
    while (now < loadEnds || !this.isEmpty()) {
      if (now > giveUp) {
        throw new Error(`model: backlogs have not drained ${DRAIN_HOURS_MAX} h after the window`);
      }
      let next = now + STEP_US;
      if (plan.loss && now < plan.loss.fromUs) next = Math.min(next, plan.loss.fromUs);
      this.step(next);
      if (plan.loss) this.moveUsers(plan.loss, next);
      now = next;
    }
  }

  private step(until: number): void {
    for (const dc of this.order) {
      this.sources[dc]!.generate(until);
    }
    for (const dc of this.order) this.accept(dc, until);
    for (const recipient of this.recipients) {
      recipient.store(until);
      recipient.deliver(until);
    }
  }

  /** A DC accepts what its own users write; while a DC is lost, also what that one's users do. */
  private accept(dc: number, until: number): void {
    const { loss } = this.plan;
    const sender = this.senders[dc]!;
    const own = this.sources[dc]!.arrivals;
    if (loss === undefined || this.users === 'home') {
      sender.accept(own, until);
    } else if (dc === loss.dc) {
      const queued = this.senders[loss.failover]!.outbox!.inFlight;
      if (this.users === 'away') sender.accept(queued, until);
      else sender.acceptBoth(queued, own, until);
    } else if (dc === loss.failover && this.users === 'away') {
      sender.acceptBoth(own, this.sources[loss.dc]!.arrivals, until);
    } else {
      sender.accept(own, until);
    }
  }

  private moveUsers(loss: Loss, now: number): void {
    const { recipients } = this;
    if (this.users === 'home' && now >= loss.fromUs) {
      this.leave(loss);
    } else if (this.users === 'away' && now >= loss.toUs) {
      const outbox = this.senders[loss.failover]!.outbox!;
      if (outbox.isClearAt(now)) this.comeBack(loss, outbox, now);
    } else if (this.users === 'returning' && now >= this.allBackAt) {
      if (this.intoLost.every((link) => link.isClearAt(now))) {
        this.users = 'returned';
        this.tally.recoveries++;
        for (const recipient of recipients) recipient.caughtUpAt = now;
      }
    }
  }

  private leave(loss: Loss): void {
    const { service } = this.plan;
    const lost = this.senders[loss.dc]!;
    const extraUs = this.extraUs(loss);
    this.users = 'away';
    this.tally.losses++;
    lost.lose(loss);
    this.recipients[loss.dc]!.lose(loss);
    this.recipients[loss.dc]!.extraUs = extraUs;
    const how = {
      fromUs: loss.fromUs,
      silentUs: service.detectMs * 1000,
      spreadUs: service.reconnectSpreadMs * 1000,
      notBeforeUs: -Infinity,
      extraUs,
    };
    this.sources[loss.dc]!.reconnect(how, lost.unanswered.splice(0));
  }

  private comeBack(loss: Loss, outbox: Link, now: number): void {
    this.users = 'returning';
    const moveBackUs = this.plan.service.moveBackMs * 1000;
    const how = {
      fromUs: now,
      silentUs: moveBackUs / 2,
      spreadUs: moveBackUs / 2,
      notBeforeUs: outbox.lastArrivalAt, // nobody overtakes their own queued writes
      extraUs: 0,
    };
    this.allBackAt = this.sources[loss.dc]!.reconnect(how, []);
    this.recipients[loss.dc]!.extraUs = 0;
  }

  private extraUs(loss: Loss): number {
    return this.plan.oneWayUs[loss.dc * this.plan.dcCount + loss.failover]!;
  }

  private isEmpty(): boolean {
    if (this.users === 'away' || this.users === 'returning') return false;
    return (
      this.sources.every((source) => source.arrivals.length === 0) &&
      this.recipients.every((recipient) => recipient.isEmpty) &&
      this.intoLost.every((link) => link.inFlight.length === 0)
    );
  }
}

function linkSettings(
  plan: ModelPlan,
  from: number,
  to: number,
  what: 'messages' | 'writes',
): LinkSettings {
  const { service, dcCount } = plan;
  const pair = from * dcCount + to;
  const peers = Math.max(1, dcCount - 1);
  return {
    oneWayUs: plan.oneWayUs[pair]!,
    serialisationUs: plan.serialisationUs,
    drainGapUs:
      what === 'writes'
        ? service.front.meanUs / service.writeDrainShare
        : (service.delivery.meanUs * peers) / service.deliveryDrainShare,
    outages: plan.outages[pair]!,
    slowdowns: plan.slowdowns[pair]!,
    to,
  };
}
