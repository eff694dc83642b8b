/**
 * One column of the planet: server k of every DC, with its share of everyone. Runs the whole
 * window in short steps of virtual time: people write, the DCs that serve them accept, links carry,
 * recipients' DCs deliver. Within a step everything feeds forward, so it needs no event list;
 * whatever feeds back (people who lose their DC and return, refusals and retries, backlogs that
 * drain) does so from one step to the next.
 */
import type { Loss } from './disturbances.ts';
import { Link, type LinkSettings } from './link.ts';
import { MARK, type MessageQueue } from './message-queue.ts';
import { COOLDOWN_SECONDS, type ModelPlan } from './plan.ts';
import { Incidents, RecipientSide } from './recipient-side.ts';
import { type Inlet, SenderSide } from './sender-side.ts';
import { meanOf } from './service-times.ts';
import type { ModelTables } from './tables.ts';
import type { Tally } from './tally.ts';
import { UserSource } from './user-source.ts';

/** One step. Also how often DCs look at their load and tell users to move back: 4 a second. */
export const STEP_US = 250_000;
/** Draining may take so long after the window, in virtual time. */
const DRAIN_HOURS_MAX = 24;

/** Where the people of a DC are. */
interface People {
  /** DC that serves them. */
  at: number;
  phase: 'home' | 'away' | 'returning';
  /** Of those returning: when the last is there. */
  allBackAt: number;
  /** Losses of their DC (by index in the plan) that they have not got over. */
  losses: number[];
}

export class Column {
  readonly plan: ModelPlan;
  readonly tally: Tally;
  readonly sources: UserSource[] = [];
  readonly senders: SenderSide[] = [];
  readonly recipients: RecipientSide[] = [];
  readonly incidents: Incidents;
  /** Virtual time: everything before it has been simulated. */
  now: number;
  private readonly people: People[];
  private readonly alertUs: number;
  private readonly accessMaxUs: number;
  private nextLoss = 0;

  constructor(plan: ModelPlan, tables: ModelTables, tally: Tally, column: number) {
    const { dcCount } = plan;
    this.plan = plan;
    this.tally = tally;
    this.now = -plan.warmupSeconds * 1e6;
    this.alertUs = plan.service.admission.alertMs * 1000;
    this.accessMaxUs = tables.access.max;
    this.incidents = new Incidents(plan);
    const dcs = Array.from({ length: dcCount }, (_, dc) => dc);
    this.people = dcs.map((dc) => ({ at: dc, phase: 'home', allBackAt: 0, losses: [] }));
    for (const dc of dcs) {
      const source = new UserSource(plan, tables, tally, column, dc);
      const sender = new SenderSide(plan, tables, tally, column, dc);
      sender.onRefusal = (at, due, attempts, mark) => {
        this.sources[MARK.senderOf(mark)]!.refused(at, due, attempts, mark);
      };
      this.sources.push(source);
      this.senders.push(sender);
    }
    for (const to of dcs) {
      const links: Link[] = [];
      for (const from of dcs) {
        const link = new Link(linkSettings(plan, from, to, 'messages'), tally);
        this.senders[from]!.links[to] = link;
        this.senders[from]!.outboxes[to] = new Link(linkSettings(plan, from, to, 'writes'), tally);
        if (from !== to) links.push(link);
      }
      const inputs = { fromOwn: this.senders[to]!.toOwn, links, incidents: this.incidents };
      this.recipients.push(new RecipientSide(plan, tables, tally, { column, dc: to }, inputs));
    }
  }

  /** Runs until nothing is left to do. */
  run(): void {
    const { plan } = this;
    const loadEnds = (plan.windowSeconds + COOLDOWN_SECONDS) * 1e6;
    const giveUp = loadEnds + DRAIN_HOURS_MAX * 3600e6;
    while (this.now < loadEnds || !this.isEmpty()) {
      if (this.now > giveUp) {
        throw new Error(`model: backlogs have not drained ${DRAIN_HOURS_MAX} h after the window`);
      }
      this.advance();
    }
  }

  /** One step, shorter where a DC is lost within it. */
  advance(): void {
    const { losses } = this.plan;
    let next = this.now + STEP_US;
    const loss = losses[this.nextLoss];
    if (loss !== undefined && this.now < loss.fromUs) next = Math.min(next, loss.fromUs);
    this.step(next);
    this.now = next;
    for (; losses[this.nextLoss]?.fromUs === next; this.nextLoss++) this.lose(this.nextLoss);
    this.people.forEach((people, home) => {
      if (people.phase === 'away') this.tryComeBack(people, home);
      if (people.phase === 'returning') this.settle(people, home);
    });
  }

  private step(until: number): void {
    const { sources, senders, recipients, now, alertUs } = this;
    for (const source of sources) {
      source.generate(until);
      source.held.release(until);
    }
    senders.forEach((sender, dc) => {
      sender.alert = sender.front.earliest - now > alertUs;
      sender.accept(this.inletsOf(dc), until);
    });
    for (const recipient of recipients) {
      recipient.store(until);
      recipient.deliver(until);
    }
  }

  /** Devices that a DC serves, and outboxes of others for it. */
  private inletsOf(dc: number): Inlet[] {
    const inlets: Inlet[] = [];
    this.people.forEach(({ at }, home) => {
      const { arrivals, held } = this.sources[home]!;
      if (at === dc) {
        inlets.push({ queue: arrivals });
        if (held.released.length > 0) inlets.push({ queue: held.released });
      }
    });
    this.senders.forEach(({ outboxes }, holder) => {
      const outbox = outboxes[dc]!;
      if (outbox.inFlight.length > 0) inlets.push({ queue: outbox.inFlight, outbox, holder });
    });
    return inlets;
  }

  private lose(index: number): void {
    const { plan, senders, sources } = this;
    const loss = plan.losses[index]!;
    this.tally.perLoss[index * 2]! += 1;
    const again = senders[loss.dc]!.lose(loss, (holder) => senders[holder]!.outboxes[loss.dc]!);
    this.recipients[loss.dc]!.lose(loss);
    this.people[loss.dc]!.losses.push(index);
    this.people.forEach((people, home) => {
      const unanswered = again.filter(({ mark }) => MARK.senderOf(mark) === home);
      if (people.at !== loss.dc) {
        // They have moved on, and notice over the connection that they have.
        const at = loss.fromUs + plan.service.detectMs * 1000;
        for (const each of unanswered) {
          sources[home]!.held.hold(at, each.due, each.attempts, each.mark);
        }
        return;
      }
      this.relocate(people, home, loss);
      const { detectMs, reconnectSpreadMs } = plan.service;
      const how = {
        fromUs: loss.fromUs,
        silentUs: detectMs * 1000,
        spreadUs: reconnectSpreadMs * 1000,
        notBeforeUs: -Infinity,
        extraUs: this.recipients[home]!.extraUs,
      };
      const allBack = sources[home]!.reconnect(how, unanswered);
      people.allBackAt = Math.max(people.allBackAt, allBack);
    });
  }

  /** To the nearest DC that is up; not home while other DCs hold writes that go there first. */
  private relocate(people: People, home: number, { fromUs }: Loss): void {
    const { plan } = this;
    const up = plan.nearest[home]!.filter((dc) => !this.isDown(dc, fromUs));
    const goHome = up[0] === home && (up.length === 1 || this.isHandedOver(home));
    people.at = goHome ? home : up.find((dc) => dc !== home)!;
    people.phase = goHome ? 'returning' : 'away';
    this.recipients[home]!.extraUs = plan.guestWayUs[home * plan.dcCount + people.at]!;
  }

  private isDown(dc: number, at: number): boolean {
    return this.plan.losses.some((loss) => loss.dc === dc && loss.fromUs <= at && at < loss.toUs);
  }

  /** Whether no DC holds writes of these people any more. */
  private isHandedOver(home: number): boolean {
    return this.senders.every(({ outboxes }) => outboxes[home]!.isClearAt(this.now));
  }

  /** Home is up, and what others hold for it is handed over: people go home. */
  private tryComeBack(people: People, home: number): void {
    const { plan, now } = this;
    if (this.isDown(home, now) || !this.isHandedOver(home)) return;
    const moveBackUs = plan.service.moveBackMs * 1000;
    const arrivals = this.senders.map(({ outboxes }) => outboxes[home]!.lastArrival);
    const how = {
      fromUs: now,
      silentUs: moveBackUs / 2,
      spreadUs: moveBackUs / 2,
      notBeforeUs: Math.max(...arrivals), // nobody overtakes their own queued writes
      extraUs: 0,
    };
    people.at = home;
    people.phase = 'returning';
    const lastMs = plan.service.guestStayMs;
    const allBack = this.sources[home]!.reconnect(how, []) + lastMs * 1000;
    people.allBackAt = Math.max(people.allBackAt, allBack); // some had not arrived yet
    this.recipients[home]!.extraUs = 0;
  }

  /** All are back, and nothing that waited for them is left: the incident is over. */
  private settle(people: People, home: number): void {
    const { now } = this;
    const into = this.senders.filter((_, from) => from !== home);
    if (now < people.allBackAt || !into.every(({ links }) => links[home]!.isClearAt(now))) return;
    people.phase = 'home';
    if (people.losses.length === 0) return; // they had only moved on from another DC
    for (const index of people.losses) this.tally.perLoss[index * 2 + 1]! += 1;
    people.losses = [];
    this.incidents.over(home, now);
  }

  /** When, after now, a loss, a cut or a slow stretch begins next; Infinity where none does. */
  get nextDisturbance(): number {
    const { now, plan } = this;
    let next = Infinity;
    for (const spans of [plan.losses, ...plan.closures, ...plan.slowdowns]) {
      for (const { fromUs } of spans) if (fromUs > now && fromUs < next) next = fromUs;
    }
    return next;
  }

  /**
   * Whether nothing but plain flow happens from now until `until`, which is well before the next
   * disturbance: everyone is at home and up to date, no station is behind, nothing that was
   * disturbed is still under way.
   */
  isCalm(until: number): boolean {
    const { now, alertUs, people, sources, senders, recipients } = this;
    return (
      people.every(({ phase }) => phase === 'home') &&
      sources.every((source) => source.isCalm) &&
      senders.every((sender, dc) => sender.behindUs(now) < alertUs && this.areCalm(dc, until)) &&
      recipients.every((recipient) => recipient.behindUs(now) < alertUs) &&
      this.queues().every((queue) => this.isUntouched(queue, until))
    );
  }

  /** Outgoing links and outboxes of a DC. */
  private areCalm(dc: number, until: number): boolean {
    const { now, alertUs } = this;
    const { links, outboxes } = this.senders[dc]!;
    return (
      links.every((link) => link.isCalm(now, until) && link.freeAt - now < alertUs) &&
      outboxes.every((outbox) => outbox.inFlight.length === 0 && outbox.isClearAt(now))
    );
  }

  private queues(): MessageQueue[] {
    return [
      ...this.senders.flatMap(({ checked, routed, toOwn, links }) => [
        ...[checked, routed, toOwn],
        ...links.map(({ inFlight }) => inFlight),
      ]),
      ...this.recipients.map(({ stored }) => stored),
    ];
  }

  /** Whether no message in it was queued or waited, or is of the time of an incident. */
  private isUntouched({ head, tail, mask, marks, dues }: MessageQueue, until: number): boolean {
    let earliest = this.now - this.accessMaxUs; // of what is still to arrive
    for (let position = head; position < tail; position++) {
      const slot = position & mask;
      if ((marks[slot]! & (MARK.queued | MARK.waited)) !== 0) return false;
      earliest = Math.min(earliest, dues[slot]!);
    }
    return this.incidents.isCalm(earliest, until);
  }

  private isEmpty(): boolean {
    const { sources, senders, recipients } = this;
    return (
      this.people.every(({ phase }) => phase === 'home') &&
      sources.every(({ arrivals, held }) => arrivals.length === 0 && held.length === 0) &&
      senders.every((sender) => sender.isEmpty) &&
      senders.every(({ outboxes }) => outboxes.every(({ inFlight }) => inFlight.length === 0)) &&
      recipients.every((recipient) => recipient.isEmpty)
    );
  }
}

function linkSettings(
  plan: ModelPlan,
  from: number,
  to: number,
  what: 'messages' | 'writes',
): LinkSettings {
  const { service, dcCount, fleet } = plan;
  const pair = from * dcCount + to;
  const peers = Math.max(1, dcCount - 1);
  return {
    oneWayUs: plan.oneWayUs[pair]!,
    serialisationUs: plan.serialisationUs,
    drainGapUs:
      what === 'writes'
        ? meanOf(service.front) / (service.writeDrainShare * fleet.front[to]!)
        : (meanOf(service.delivery) * peers) / (service.deliveryDrainShare * fleet.delivery[to]!),
    closures: plan.closures[pair]!,
    slowdowns: plan.slowdowns[pair]!,
    to,
  };
}
