/**
 * One person's device on the gateways of several datacentres: hears on a WebSocket, sends by REST
 * to where that is. It turns to the datacentre that serves its person; where that does not answer,
 * to the next one, and comes back when it answers again, but not while something of its own is on
 * its way or waits in a queue there: what is written later must not overtake it. A message is sent
 * again, with the same client id, until somebody acknowledges it; what was missed is read from the
 * box.
 */
import type { DriverConnection, DriverEvents, DriverMessage } from '../users/driver.ts';
import type { GatewayPerson } from './gateway-people.ts';
import { ask } from './gateway-requests.ts';
import { type GatewayEvent, GatewaySocket } from './gateway-socket.ts';

/** What every device of a run is told: made once, before anybody connects. */
export interface GatewayData {
  /** By DC: "http://host:port". */
  readonly gateways: Readonly<Record<number, string>>;
  /** By DC: where its people turn to, itself first. */
  readonly ways: Readonly<Record<number, readonly number[]>>;
  /** By index of the user, with the DC that serves them. */
  readonly people: readonly (GatewayPerson & { readonly servedBy: number })[];
  /** 8 hex digits, by which the client ids of one run differ from those of another. */
  readonly mark: string;
}

/** As those of our MTProto devices (sim/users/device-link.ts); assumed. */
const DEVICE_MS = { request: 2_500, retry: 250, homeLook: 1_500, retryAfterMax: 2_000 };
const STATUS = { stored: 201, queued: 202, unknownToken: 401, tooMany: 429 };
/** A box may be read at a datacentre that goes away meanwhile. */
const READS_MAX = 20;

/** Asking again would not help. */
class BoxTooLong extends Error {}

export class GatewayDevice implements DriverConnection {
  readonly #data: GatewayData;
  readonly #index: number;
  readonly #hears: DriverEvents;
  readonly #order: readonly number[];
  #socket: GatewaySocket | undefined;
  /** The DC of the socket. */
  #dc: number | undefined;
  /** pts of the box before the load, and up to where it was read since. */
  #basePts: number | undefined;
  #readPts = 0;
  /** Own messages that wait in a queue, by its DC and their numbers there. */
  readonly #queued = new Map<string, DriverMessage>();
  /** Of those that were told to be stored; the answer "queued" may come later. */
  readonly #stored = new Set<number>();
  /** Own messages that nobody has acknowledged. */
  #underWay = 0;
  #looking: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];
  #over = false;

  constructor(data: GatewayData, index: number, hears: DriverEvents) {
    this.#data = data;
    this.#index = index;
    this.#hears = hears;
    const { servedBy } = this.#person;
    this.#order = data.ways[servedBy] ?? [servedBy];
  }

  /** Rejects when the datacentre that serves this person does not answer. */
  start(): Promise<void> {
    return this.#open(this.#order[0]!);
  }

  send(message: DriverMessage): void {
    void this.#write(message);
  }

  /** From before the load on. */
  async readBox(): Promise<void> {
    for (let read = 1; ; read++) {
      try {
        await this.#read(this.#dc ?? this.#order[read % this.#order.length]!, this.#basePts ?? 0);
        return;
      } catch (error) {
        if (read === READS_MAX || this.#over || error instanceof BoxTooLong) throw error;
        await pause(DEVICE_MS.retry);
      }
    }
  }

  close(): void {
    this.#over = true;
    clearTimeout(this.#looking);
    this.#socket?.close();
    this.#wake();
  }

  get #person(): GatewayData['people'][number] {
    const person = this.#data.people[this.#index];
    if (!person) throw new Error(`nobody was signed up as user ${this.#index}`);
    return person;
  }

  #gateway(dc: number): string {
    const gateway = this.#data.gateways[dc];
    if (gateway === undefined) throw new Error(`there is no gateway of DC ${dc}`);
    return gateway;
  }

  /** The newest socket is the one that counts; the one before it is closed, if it may be left. */
  async #open(dc: number): Promise<void> {
    const [socket, { pts = 0 }] = await GatewaySocket.open({
      gateway: this.#gateway(dc),
      token: this.#person.token,
      heard: (event) => this.#heard(event),
      lost: () => this.#lost(socket),
    });
    if (this.#over || this.#mustStay) {
      socket.close();
      return;
    }
    const before = this.#socket;
    this.#socket = socket;
    this.#dc = dc;
    before?.close();
    this.#hears.servedBy(dc);
    this.#wake();
    if (dc !== this.#order[0]) this.#lookHomeLater();
    if (this.#basePts === undefined) {
      this.#basePts = pts;
      this.#readPts = pts;
    } else {
      this.#catchUp();
    }
  }

  #lost(socket: GatewaySocket): void {
    if (this.#socket !== socket || this.#over) return;
    const before = this.#dc;
    this.#socket = undefined;
    this.#dc = undefined;
    this.#hears.servedBy(0);
    void this.#reconnect(before);
  }

  async #reconnect(before: number | undefined): Promise<void> {
    const mayLeave = before === undefined || this.#queued.size === 0;
    const first = mayLeave ? [] : [before];
    while (!this.#over && !this.#socket) {
      for (const dc of [...first, ...this.#order]) {
        if (this.#over || this.#socket) return;
        await this.#open(dc).catch(() => {});
      }
      if (!this.#socket) await pause(DEVICE_MS.retry);
    }
  }

  /** Away from the DC that serves it: back as soon as that answers. */
  #lookHomeLater(): void {
    clearTimeout(this.#looking);
    if (this.#over) return;
    this.#looking = setTimeout(() => {
      const home = this.#order[0]!;
      if (this.#dc === undefined || this.#dc === home) return;
      const tried = this.#mustStay ? Promise.resolve() : this.#open(home);
      tried
        .catch(() => {})
        .finally(() => {
          if (this.#dc !== home) this.#lookHomeLater();
        });
    }, DEVICE_MS.homeLook);
  }

  /** Connected, and something of its own is on its way there or waits in a queue. */
  get #mustStay(): boolean {
    return this.#dc !== undefined && (this.#queued.size > 0 || this.#underWay > 0);
  }

  #heard(event: GatewayEvent): void {
    const { type, message, clientId, queued } = event;
    if (type === 'message' && message) this.#told(message);
    else if (type === 'missed') this.#catchUp();
    else if (type === 'stored' && clientId?.startsWith(this.#data.mark)) {
      this.#isStored(Number.parseInt(clientId.slice(this.#data.mark.length), 16));
    } else if (type === 'refused' && queued !== undefined) {
      const place = placeOf(this.#dc, queued);
      const waiting = this.#queued.get(place);
      if (!waiting) return;
      this.#queued.delete(place);
      this.#hears.refused(waiting.n, 'refused when it came home');
    }
  }

  #told({ id, out, text }: NonNullable<GatewayEvent['message']>): void {
    if (!out) {
      this.#hears.arrived(text, id);
      return;
    }
    // Its own, in its own box: the news that it is stored was missed.
    for (const waiting of this.#queued.values()) {
      if (waiting.text === text) this.#isStored(waiting.n);
    }
  }

  #isStored(n: number): void {
    this.#stored.add(n);
    for (const [place, waiting] of this.#queued) {
      if (waiting.n === n) this.#queued.delete(place);
    }
    this.#hears.stored(n);
  }

  #catchUp(): void {
    const dc = this.#dc;
    if (dc === undefined) return;
    // Where it fails, the socket will break as well, and be followed by the next attempt.
    this.#read(dc, this.#readPts).catch(() => {});
  }

  /** Everything since `after`, page by page; rejects where it cannot be read to its end. */
  async #read(dc: number, after: number): Promise<void> {
    for (let from = after; ; ) {
      const { status, body } = await ask({
        method: 'GET',
        url: `${this.#gateway(dc)}/v1/updates?after=${from}`,
        token: this.#person.token,
        timeoutMs: DEVICE_MS.request,
      });
      if (status !== 200) throw new Error(`DC ${dc} answers ${status}`);
      const page = body as { events: readonly GatewayEvent[]; pts: number; more: boolean };
      for (const { type, message } of page.events) {
        if (type === 'missed') throw new BoxTooLong('the box has more than can be read');
        if (type === 'message' && message) this.#told(message);
      }
      from = page.pts;
      if (!page.more) {
        this.#readPts = Math.max(this.#readPts, from);
        return;
      }
    }
  }

  async #write(message: DriverMessage): Promise<void> {
    this.#underWay++;
    try {
      while (!this.#over) {
        const dc = this.#dc;
        if (dc === undefined) await new Promise<void>((wake) => this.#waiting.push(wake));
        else if (await this.#writeAt(dc, message)) return;
      }
    } finally {
      this.#underWay--;
    }
  }

  /** True once nothing is left to do; otherwise it is to be sent again. */
  async #writeAt(dc: number, message: DriverMessage): Promise<boolean> {
    const { n, to, text } = message;
    const { mark, people } = this.#data;
    let waitMs: number = DEVICE_MS.retry;
    try {
      const { status, body, retryAfterMs } = await ask({
        method: 'POST',
        url: `${this.#gateway(dc)}/v1/chats/${people[to]?.chat}/messages`,
        token: this.#person.token,
        body: { clientId: mark + n.toString(16).padStart(8, '0'), text },
        timeoutMs: DEVICE_MS.request,
      });
      if (status === STATUS.stored) this.#hears.acked(n, 'stored');
      else if (status === STATUS.queued) this.#isQueued(message, dc, body);
      else if (!mayPass(status)) this.#hears.refused(n, `status ${status}`);
      if (!mayPass(status)) return true;
      waitMs = Math.min(retryAfterMs ?? waitMs, DEVICE_MS.retryAfterMax);
    } catch {
      // Nobody answered: it may or may not have been carried out.
    }
    await pause(waitMs);
    return false;
  }

  #isQueued(message: DriverMessage, dc: number, body: unknown): void {
    this.#hears.acked(message.n, 'queued');
    const { queued } = body as { readonly queued: number };
    if (!this.#stored.has(message.n)) this.#queued.set(placeOf(dc, queued), message);
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Answers that the same request may not get the next time. */
const mayPass = (status: number): boolean =>
  status >= 500 || status === STATUS.tooMany || status === STATUS.unknownToken;

const placeOf = (dc: number | undefined, queued: number): string => `${dc} ${queued}`;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
