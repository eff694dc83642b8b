/**
 * A datacentre of the reference simulator: what it accepts passes front server, router and log;
 * what is for people here passes the log for incoming copies, if it comes from elsewhere, and the
 * delivery workers. A crash forgets whatever is not in a log.
 */
import type { Chance } from './chance.ts';
import type { Clock } from './clock.ts';
import type { Link } from './link.ts';
import type { Copy, Message, Request } from './message.ts';
import type { PlanetCase } from './planet-case.ts';
import { Log, Servers } from './stations.ts';

/** What a datacentre tells the rest of the world. */
export interface Outside {
  readonly refused: (dc: number, message: Message) => void;
  /** Durable: answered, and sent on from here. */
  readonly accepted: (dc: number, request: Request) => void;
  /** The last worker is done with one device of this copy. */
  readonly pushed: (dc: number, copy: Copy) => void;
}

export class Datacentre {
  readonly dc: number;
  /** For copies, by recipient DC. */
  readonly links: Link<Copy>[] = [];
  /** For writes of people whose home is elsewhere, by that home. */
  readonly outboxes: Link<Copy>[] = [];
  isUp = true;
  /** Whether it was so far behind at its last look that it may refuse. */
  isAlert = false;
  private readonly planet: PlanetCase;
  private readonly chance: Chance;
  private readonly outside: Outside;
  private readonly front: Servers;
  private readonly router: Servers;
  private readonly log: Log;
  private readonly incomingLog: Log;
  private readonly delivery: Servers;
  private readonly unfinished = new Set<Request>();
  private readonly notDurable = new Set<{ readonly link: Link<Copy>; readonly copy: Copy }>();
  private readonly unpushed = new Set<{ readonly copy: Copy }>();

  constructor(dc: number, planet: PlanetCase, clock: Clock, chance: Chance, outside: Outside) {
    this.dc = dc;
    this.planet = planet;
    this.chance = chance;
    this.outside = outside;
    const drawSyncUs = (): number => chance.draw(planet.service.sync);
    this.front = new Servers(clock, planet.servers);
    this.router = new Servers(clock, planet.servers);
    this.log = new Log(clock, drawSyncUs);
    this.incomingLog = new Log(clock, drawSyncUs);
    this.delivery = new Servers(clock, planet.servers);
  }

  /** Four times a second it looks how far its front servers are behind. */
  look(): void {
    this.isAlert = this.front.waitUs > this.planet.service.admission.alertMs * 1000;
  }

  /** A request reaches a front server. */
  receive(request: Request): void {
    const { chance, planet } = this;
    const { service } = planet;
    const { message, outbox } = request;
    const mayRefuse = this.isAlert && outbox === undefined;
    if (mayRefuse && this.front.waitUs > service.admission.shedAfterMs * 1000) {
      this.outside.refused(this.dc, message);
      return;
    }
    this.unfinished.add(request);
    const work = chance.draw(service.front) * service.kinds[message.kind].front;
    this.front.submit(work, () => {
      this.router.submit(chance.draw(service.router), () => {
        this.log.append(() => {
          this.unfinished.delete(request);
          this.outside.accepted(this.dc, request);
        });
      });
    });
  }

  /** A copy comes over a link. */
  receiveCopy(link: Link<Copy>, copy: Copy): void {
    const entry = { link, copy };
    this.notDurable.add(entry);
    this.incomingLog.append(() => {
      this.notDurable.delete(entry);
      this.deliver(copy);
    });
  }

  /** A copy that is durable here goes to its devices, one after the other. */
  deliver(copy: Copy): void {
    for (let device = 0; device < copy.devices; device++) {
      const push = { copy };
      this.unpushed.add(push);
      this.submitPush(push);
    }
  }

  /** Returns the messages that devices have had no answer to. */
  crash(): Message[] {
    this.isUp = false;
    for (const station of [this.front, this.router, this.log, this.incomingLog, this.delivery]) {
      station.clear();
    }
    const unanswered: Message[] = [];
    const back = new Map<Link<Copy>, Copy[]>();
    const giveBack = (link: Link<Copy>, copy: Copy): void => {
      back.set(link, [...(back.get(link) ?? []), copy]);
    };
    for (const { message, outbox } of this.unfinished) {
      if (outbox === undefined) unanswered.push(message);
      else giveBack(outbox.link, outbox.copy);
    }
    for (const { link, copy } of this.notDurable) giveBack(link, copy);
    this.unfinished.clear();
    this.notDurable.clear();
    for (const [link, copies] of back) link.giveBack(copies);
    return unanswered;
  }

  /** It is back: what was durable and not pushed is pushed now. */
  restart(): void {
    this.isUp = true;
    for (const push of this.unpushed) this.submitPush(push);
  }

  private submitPush(push: { readonly copy: Copy }): void {
    this.delivery.submit(this.chance.draw(this.planet.service.delivery), () => {
      this.unpushed.delete(push);
      this.outside.pushed(this.dc, push.copy);
    });
  }
}
