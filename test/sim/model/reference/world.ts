/**
 * The exact, slow reference simulator of one column of a small planet: one event list, every
 * message an object. Written from what the model says of itself (ARCHITECTURE.md, the comments of
 * sim/model and sim/model/service-times.ts), not from its code: no recursions, no steps, no tables.
 *
 * It follows these simplifications, because the model declares them:
 * - a DC looks at its load, and people at whether home is whole, four times a second (looks start
 *   anew when a DC is lost); a front server refuses only if it was behind at the last look;
 * - each message is of another person, who reconnects at a time of their own;
 * - a message that was held back arrives when its person is connected again, and a refused one
 *   after its back-off: the access link is not drawn a second time;
 * - answers that are under way when a DC is lost still arrive;
 * - what a DC accepts and what comes to it from others is in two logs, on two disks; writes for a
 *   lost home and copies to devices are two links of the full width;
 * - a group's log is at its sender's home, and each DC's people post to 256 drawn groups.
 */
import { type Fault, lostDc } from '../../../../chaos/plan.ts';
import { GROUPS } from '../../../../sim/model/choices.ts';
import { CARRIED } from '../../../../sim/model/message-queue.ts';
import { COOLDOWN_SECONDS } from '../../../../sim/model/plan.ts';
import { meanOf } from '../../../../sim/model/service-times.ts';
import { dcIds, nearestOthers, oneWayMs } from '../../../../system-under-test/topology.ts';
import { TOPOLOGY } from '../planet.ts';
import { Chance } from './chance.ts';
import { Clock } from './clock.ts';
import { Datacentre } from './datacentre.ts';
import { Link } from './link.ts';
import type { Copy, Message, Request } from './message.ts';
import { Outcome } from './outcome.ts';
import { People } from './people.ts';
import { columnLinkBitsPerSecond, DCS, type PlanetCase } from './planet-case.ts';

const LOOK_US = 250_000;
export const IDS: readonly number[] = dcIds(TOPOLOGY);

/** Devices that a group's messages go to, by DC: [sender DC][group]. Drawn by whoever asks. */
export type Groups = readonly (readonly (readonly number[])[])[];

/** The groups that a model's plan has drawn: [sender DC][group][DC], flat. */
export function groupsOf(devices: ArrayLike<number>): Groups {
  return IDS.map((_, sender) =>
    Array.from({ length: GROUPS }, (_none, group) =>
      IDS.map((_dc, dc) => devices[(sender * GROUPS + group) * DCS + dc]!),
    ),
  );
}

/** Runs one column to its end. */
export function simulate(planet: PlanetCase, groups: Groups, seed: string): Outcome {
  const world = new World(planet, groups, new Chance(seed));
  return world.run();
}

class World {
  private readonly planet: PlanetCase;
  private readonly groups: Groups;
  private readonly chance: Chance;
  private readonly clock: Clock;
  private readonly outcome: Outcome;
  private readonly dcs: Datacentre[];
  private readonly people: People[];
  private readonly wayUs: number[][];
  /** Messages, and pushes, that are on their way. */
  private open = 0;
  private look: number | undefined;

  constructor(planet: PlanetCase, groups: Groups, chance: Chance) {
    this.planet = planet;
    this.groups = groups;
    this.chance = chance;
    this.clock = new Clock(-planet.warmupSeconds * 1e6);
    this.outcome = new Outcome(planet);
    this.wayUs = IDS.map((from) => IDS.map((to) => oneWayMs(TOPOLOGY, from, to) * 1000));
    const outside = {
      refused: (dc: number, message: Message) => this.refused(dc, message),
      accepted: (dc: number, request: Request) => this.accepted(dc, request),
      pushed: (dc: number, copy: Copy) => this.pushed(dc, copy),
    };
    this.dcs = IDS.map((_, dc) => new Datacentre(dc, planet, this.clock, chance, outside));
    this.people = IDS.map(
      (_, home) =>
        new People(
          home,
          this.clock,
          chance,
          () => this.accessUs(),
          (dc, message) => this.dcs[dc]!.receive({ message }),
        ),
    );
    for (const from of this.dcs) for (const to of this.dcs) this.connect(from, to);
  }

  run(): Outcome {
    const { planet, clock, outcome } = this;
    for (let home = 0; home < DCS; home++) this.nextMessage(home, clock.now);
    for (let dc = 0; dc < DCS; dc++) this.arrangeLosses(dc);
    for (const fault of planet.faults) this.arrangePartition(fault);
    this.lookFrom(clock.now);
    clock.run();
    outcome.finish();
    return outcome;
  }

  private connect(from: Datacentre, to: Datacentre): void {
    const { service, servers, faults } = this.planet;
    const slow = faults.flatMap((fault) =>
      fault.kind === 'slow_link' && fault.from === IDS[from.dc] && fault.to === IDS[to.dc]
        ? [fault]
        : [],
    );
    const way = {
      oneWayUs: this.wayUs[from.dc]![to.dc]!,
      slownessUs: (): number => {
        const second = this.clock.now / 1e6;
        const now = slow.filter(
          (s) => second >= s.atSeconds && second < s.atSeconds + s.forSeconds,
        );
        return now.reduce((added, { addedMs }) => added + addedMs * 1000, 0);
      },
      waiting: (change: 1 | -1) => this.outcome.waiting(to.dc, this.clock.now, change),
    };
    const link: Link<Copy> = new Link(this.clock, {
      ...way,
      // The peers share what the returned DC's workers give to draining.
      drainGapUs: (meanOf(service.delivery) * (DCS - 1)) / (service.deliveryDrainShare * servers),
      arrived: (copy) => to.receiveCopy(link, copy),
    });
    const outbox: Link<Copy> = new Link(this.clock, {
      ...way,
      drainGapUs: meanOf(service.front) / (service.writeDrainShare * servers),
      arrived: (copy) => to.receive({ message: copy.message, outbox: { link: outbox, copy } }),
    });
    from.links[to.dc] = link;
    from.outboxes[to.dc] = outbox;
  }

  private accessUs(): number {
    const { medianMs, jitterMs } = TOPOLOGY.access;
    const { access } = this.planet.service;
    if (access !== undefined) return this.chance.draw(access);
    return medianMs * 1000 * Math.exp(Math.log(1 + jitterMs / medianMs) * this.chance.normal());
  }

  private guestWayUs(home: number, dc: number): number {
    return this.wayUs[home]![dc]! * this.planet.service.guestWayShare;
  }

  /** A Poisson process whose rate changes by the second: the rest of the work is carried over. */
  private nextMessage(home: number, from: number): void {
    const ends = (this.planet.seconds + COOLDOWN_SECONDS) * 1e6;
    let work = this.chance.exponential(1);
    let at = from;
    for (;;) {
      const second = Math.floor(at / 1e6);
      const rateUs = this.planet.rateAt(second) / 1e6;
      const next = at + work / rateUs;
      if (next < (second + 1) * 1e6) {
        at = next;
        break;
      }
      work -= ((second + 1) * 1e6 - at) * rateUs;
      at = (second + 1) * 1e6;
      if (at >= ends) return;
    }
    this.clock.at(at, () => {
      this.write(home, at);
      this.nextMessage(home, at);
    });
  }

  private write(home: number, due: number): void {
    const { chance, planet, groups, outcome } = this;
    const kind = CARRIED[chance.choose(CARRIED.map((each) => planet.mix[each]))]!;
    const to = chance.choose(planet.shares.slice(home * DCS, (home + 1) * DCS));
    const devices =
      kind === 'group'
        ? groups[home]![chance.below(GROUPS)]!
        : IDS.map((_, dc) => (dc === to ? 1 : 0));
    if (outcome.isMeasured(due)) outcome.offered++;
    this.open++;
    this.people[home]!.write({ due, sender: home, kind, devices, refusals: 0 });
  }

  private refused(_dc: number, message: Message): void {
    const { retryMs, attemptsMax } = this.planet.service.admission;
    const { chance, clock, outcome } = this;
    outcome.refused++;
    message.refusals++;
    if (message.refusals >= attemptsMax) {
      outcome.givenUp++;
      this.open--;
      return;
    }
    const told = clock.now + this.accessUs();
    const backOffUs = retryMs * 1000 * 2 ** (message.refusals - 1) * (0.5 + chance.uniform());
    this.people[message.sender]!.retry(message, told + backOffUs);
  }

  private accepted(dc: number, { message, outbox }: Request): void {
    const { clock, outcome } = this;
    const { sender, due } = message;
    const answered = clock.now + this.accessUs();
    if (sender !== dc) {
      outcome.acknowledged('queued', sender, due, answered + this.guestWayUs(sender, dc));
      this.dcs[dc]!.outboxes[sender]!.submit(this.copyOf(message, 0, false));
      return;
    }
    if (outbox === undefined) outcome.acknowledged('stored', sender, due, answered);
    this.open--;
    message.devices.forEach((devices, to) => {
      if (devices === 0) return;
      this.open += devices;
      const copy = this.copyOf(message, devices, outbox?.copy.waited ?? false);
      if (to === dc) this.dcs[dc]!.deliver(copy);
      else this.dcs[dc]!.links[to]!.submit(copy);
    });
  }

  private copyOf(message: Message, devices: number, waited: boolean): Copy {
    const { service, textBytes } = this.planet;
    const bytes = service.frameBytes + textBytes + service.kinds[message.kind].extraBytes;
    const serialisationUs = (bytes * 8e6) / columnLinkBitsPerSecond;
    return { message, devices, waited, serialisationUs, counted: false };
  }

  private pushed(dc: number, { message, waited }: Copy): void {
    this.open--;
    const at = this.clock.now + this.accessUs() + this.people[dc]!.extraUs;
    this.outcome.delivered({ due: message.due, at, sender: message.sender, dc, waited });
  }

  /** A DC that is lost again while it is out stays out until both are over. */
  private arrangeLosses(lost: number): void {
    const { clock, planet } = this;
    const { restartMs, redialMs } = planet.service;
    const outages = planet.faults
      .filter((fault) => lostDc(fault) === IDS[lost])
      .map(({ atSeconds, forSeconds }) => ({
        from: atSeconds * 1e6,
        until: (atSeconds + forSeconds) * 1e6 + restartMs * 1000,
      }))
      .sort((a, b) => a.from - b.from);
    for (const { from, until } of outages) {
      clock.at(from, () => {
        this.setLinksOf(lost, 'close');
        if (this.dcs[lost]!.isUp) this.lose(lost);
      });
      clock.at(until, () => {
        const isStillOut = outages.some((other) => other.from < until && other.until > until);
        if (!isStillOut) this.dcs[lost]!.restart();
      });
      clock.at(until + redialMs * 1000, () => this.setLinksOf(lost, 'open'));
    }
  }

  private arrangePartition(fault: Fault): void {
    if (fault.kind !== 'partition') return;
    const { clock } = this;
    const [left, right] = fault.groups.map((ids) => ids.map((id) => IDS.indexOf(id)));
    const both = left!.flatMap((a) => right!.flatMap((b) => [[a, b] as const, [b, a] as const]));
    const across = both.flatMap(([a, b]) => [this.dcs[a]!.links[b]!, this.dcs[a]!.outboxes[b]!]);
    clock.at(fault.atSeconds * 1e6, () => {
      for (const link of across) link.cut();
    });
    clock.at((fault.atSeconds + fault.forSeconds) * 1e6, () => {
      for (const link of across) link.open();
    });
  }

  /** Closing cuts what is on its way to the DC; what has left it still arrives. */
  private setLinksOf(lost: number, how: 'close' | 'open'): void {
    for (const { dc, links, outboxes } of this.dcs) {
      if (dc === lost) continue;
      const own = this.dcs[lost]!;
      for (const link of [links[lost]!, outboxes[lost]!]) how === 'open' ? link.open() : link.cut();
      for (const link of [own.links[dc]!, own.outboxes[dc]!]) link[how]();
    }
  }

  private lose(lost: number): void {
    const { clock, outcome, people } = this;
    const unanswered = this.dcs[lost]!.crash();
    const isOpen = outcome.incidents.some(({ dc, until }) => dc === lost && until === Infinity);
    if (!isOpen) outcome.incidents.push({ dc: lost, from: clock.now, until: Infinity });
    const { detectMs, reconnectSpreadMs } = this.planet.service;
    for (const each of people) {
      const again = unanswered.filter(({ sender }) => sender === each.home);
      if (each.at !== lost) {
        // They have moved on, and notice over the connection that they have.
        const noticed = clock.now + detectMs * 1000;
        for (const message of again) each.retry(message, noticed + this.accessUs());
        continue;
      }
      this.relocate(each);
      each.reconnect(
        {
          silentUs: detectMs * 1000,
          spreadUs: reconnectSpreadMs * 1000,
          notBefore: -Infinity,
          extraUs: this.guestWayUs(each.home, each.at),
        },
        again,
      );
    }
    this.lookFrom(clock.now + LOOK_US);
  }

  /** To the nearest DC that is up; home only when no other DC holds writes for it. */
  private relocate(people: People): void {
    const { home } = people;
    const near = [IDS[home]!, ...nearestOthers(TOPOLOGY, IDS[home]!)].map((id) => IDS.indexOf(id));
    const up = near.filter((dc) => this.dcs[dc]!.isUp);
    const goHome = up[0] === home && (up.length === 1 || this.isHandedOver(home));
    people.at = goHome ? home : up.find((dc) => dc !== home)!;
    people.phase = goHome ? 'returning' : 'away';
  }

  private isHandedOver(home: number): boolean {
    return this.dcs.every(({ outboxes }) => outboxes[home]!.isClear);
  }

  private lookFrom(at: number): void {
    if (this.look !== undefined) this.clock.cancel(this.look);
    this.look = this.clock.at(at, () => {
      for (const people of this.people) {
        if (people.phase === 'away') this.tryComeBack(people);
        if (people.phase === 'returning') this.settle(people);
      }
      for (const dc of this.dcs) dc.look();
      const { now } = this.clock;
      const isLoadOver = now > (this.planet.seconds + COOLDOWN_SECONDS) * 1e6;
      const areHome = this.people.every(({ phase }) => phase === 'home');
      if (!isLoadOver || this.open > 0 || !areHome) this.lookFrom(now + LOOK_US);
    });
  }

  private tryComeBack(people: People): void {
    const { home } = people;
    if (!this.dcs[home]!.isUp || !this.isHandedOver(home)) return;
    const { moveBackMs, guestStayMs } = this.planet.service;
    const half = (moveBackMs * 1000) / 2;
    // Nobody overtakes their own queued writes.
    const notBefore = Math.max(...this.dcs.map(({ outboxes }) => outboxes[home]!.lastArrival));
    people.at = home;
    people.phase = 'returning';
    people.reconnect({ silentUs: half, spreadUs: half, notBefore, extraUs: 0 }, []);
    const allThere = Math.max(this.clock.now + 2 * half, notBefore);
    people.lastGuestUntil = allThere + guestStayMs * 1000;
  }

  /** All are back and nothing that waited for them is left: the incident is over. */
  private settle(people: People): void {
    const { home } = people;
    const areClear = this.dcs.every(({ links }) => links[home]!.isClear);
    const isAGuest = this.clock.now < people.lastGuestUntil;
    if (!people.areBack || isAGuest || !areClear) return;
    people.phase = 'home';
    const incident = this.outcome.incidents.find((each) => each.dc === home && each.until > 1e18);
    if (incident !== undefined) incident.until = this.clock.now;
  }
}
