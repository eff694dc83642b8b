/**
 * The users of a scaled world, together: brings them in, makes them write what is due when it is
 * due (open workload: nobody waits for an answer), waits until everything has settled, and reads
 * every box at the end. The same for the cluster world and the live world.
 */
import type {
  Clock,
  Network,
  Randomness,
  Timer,
} from '../../system-under-test/environment/index.ts';
import type { MtprotoCrypto } from '../../system-under-test/mtproto/crypto.ts';
import type { RsaPublicKey } from '../../system-under-test/mtproto/rsa.ts';
import type { AuthKey } from '../../system-under-test/mtproto/server-connection.ts';
import { nearestOthers, type Topology } from '../../system-under-test/topology.ts';
import { ChannelCrowd, patiently } from './channel-crowd.ts';
import { Ledger } from './ledger.ts';
import { type UserDirectory, VirtualUser } from './virtual-user.ts';
import { type DueOperation, NO_WORKLOAD, namedUsers, type Workload } from './workload.ts';

export interface CrowdPerson {
  readonly index: number;
  readonly homeDc: number;
  /** The DC that the devices connect to where they can. Default: home. */
  readonly connectsTo?: number;
  /** International number without "+"; a test number of the home DC. */
  readonly phone: string;
  readonly name: string;
  /** See VirtualUserOptions.plain. */
  readonly plain?: boolean;
  /** Has a second device, which follows what the first one writes and gets. */
  readonly secondDevice?: boolean;
}

/** A message that is due `dueMs` after the load starts (warm-up included). */
export interface DueMessage {
  readonly dueMs: number;
  readonly sender: number;
  readonly recipient: number;
  readonly textBytes: number;
}

export interface CrowdOptions {
  readonly people: readonly CrowdPerson[];
  /** In the order of their times. */
  readonly messages: readonly DueMessage[];
  /** What else they do. Default: nothing. */
  readonly workload?: Workload;
  /** Messages due earlier than this are warm-up. */
  readonly warmupMs: number;
  readonly topology: Topology;
  /** Where devices reach each DC. */
  readonly addresses: ReadonlyMap<number, string>;
  readonly clock: Clock;
  /** The network as the device of one user sees it. */
  readonly networkOf: (index: number) => Network;
  readonly randomnessOf: (index: number, device: number) => Randomness;
  readonly crypto: MtprotoCrypto;
  readonly rsaPublicKeys: readonly RsaPublicKey[];
  readonly authorizationOf?: (
    index: number,
    device: number,
  ) => { readonly key: AuthKey; readonly userId: number } | undefined;
  /** Every device opens a chat so often and checks what it is shown. */
  readonly lookEveryMs?: number;
  /** Users that sign in at the same time. */
  readonly signInsAtOnce: number;
  /** Whose devices are here; the others are those of other threads. Default: everyone. */
  readonly mine?: (index: number) => boolean;
  /** Default: one of its own. */
  readonly ledger?: Ledger;
  /** A text that begins as `Ledger.textOf` does, of so many bytes. Default: that. */
  readonly textOf?: (id: number, bytes: number) => string;
}

/** Clocks of virtual worlds count whole microseconds: what is due sooner is due now. */
const CLOCK_STEP_MS = 0.001;

export class Crowd {
  readonly ledger: Ledger;
  /** The first device of everyone (who is here), by index. */
  readonly users: readonly VirtualUser[];
  readonly #userOf: ReadonlyMap<number, VirtualUser>;
  /** Second devices, of those who have one. */
  readonly secondDevices: readonly VirtualUser[];
  readonly #o: CrowdOptions;
  readonly #workload: Workload;
  readonly #channels: ChannelCrowd;
  readonly #timers = new Set<Timer>();
  #startMs = 0;
  #next = 0;
  #nextOperation = 0;
  #stopped = false;
  /** How late the generator handed each message on, ms, with the second in which it was due. */
  onLag: ((lagMs: number, dueMs: number) => void) | undefined;
  onDue: ((sender: number, dueMs: number) => void) | undefined;

  constructor(options: CrowdOptions) {
    this.#o = options;
    this.#workload = options.workload ?? NO_WORKLOAD;
    this.ledger = options.ledger ?? new Ledger();
    const directory: UserDirectory = { userIds: new Map() };
    const { mine = () => true } = options;
    const here = options.people.filter(({ index }) => mine(index));
    this.users = here.map((person) => this.#device(person, 0, directory));
    this.#userOf = new Map(this.users.map((user) => [user.index, user]));
    const second = here.filter((person) => person.secondDevice === true);
    this.secondDevices = second.map((person) => this.#device(person, 1, directory));
    this.#channels = new ChannelCrowd({
      workload: this.#workload,
      ledger: this.ledger,
      clock: options.clock,
      devicesOf: (user) => this.#devices.filter(({ index }) => index === user),
    });
  }

  /**
   * Everyone connects and signs in, then learns whom they will write to: `othersIn` resolves once
   * those who are not here can be found, too.
   */
  async arrive(
    progress: (done: number, text: string) => void,
    othersIn: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const all = this.#devices.length;
    let signedIn = 0;
    await this.#eachAtOnce(async (user) => {
      await user.start();
      progress(++signedIn / all / 2, `${signedIn} of ${all} users signed in`);
    });
    await othersIn();
    const partners = this.#partners();
    let met = 0;
    await this.#eachAtOnce(async (user) => {
      const people = [...(partners.get(user.index) ?? [])];
      await user.meet(people.map((index) => ({ index, phone: this.#person(index).phone })));
      for (const index of people) {
        if (!user.knows(index)) throw new Error(`user ${user.index} cannot find user ${index}`);
      }
      progress(0.5 + ++met / all / 2, `${met} of ${all} users know their contacts`);
    });
    await this.#channels.arrive();
  }

  /** Starts the load; times of messages count from now, or from a moment that lies ahead. */
  startLoad(startMs: number = this.#o.clock.monotonicMs()): void {
    this.#startMs = startMs;
    this.#sendDue();
  }

  /** When the measured window starts, on the clock's monotonic time. */
  get windowStartMs(): number {
    return this.#startMs + this.#o.warmupMs;
  }

  get loadDone(): boolean {
    const { operations } = this.#workload;
    return this.#next >= this.#o.messages.length && this.#nextOperation >= operations.length;
  }

  /** Every message that was sent is confirmed to its sender and shown to its recipient. */
  get settled(): boolean {
    return this.loadDone && this.waiting().length === 0;
  }

  /** What somebody still waits for, in words; empty once everything has settled. */
  waiting(): string[] {
    const { entries, channels, echoes } = this.ledger;
    return [
      ...this.ledger.unsettled().map(({ id }) => `message ${id}`),
      ...echoes.missing(entries).map(({ id }) => `message ${id} on a second device`),
      ...channels.unsettled(this.#o.clock.monotonicMs()),
    ];
  }

  /** Users whom `dc` serves who are connected elsewhere or nowhere. */
  away(dc: number): number {
    let count = 0;
    for (const user of this.users) {
      const { homeDc, connectsTo: servedBy = homeDc } = this.#person(user.index);
      if (servedBy === dc && user.connectedTo !== dc) count++;
    }
    return count;
  }

  person(index: number): CrowdPerson {
    return this.#person(index);
  }

  /** Chats opened by all devices, and how many answers were marked as possibly old. */
  get looks(): { readonly looks: number; readonly marked: number } {
    let [looks, marked] = [0, 0];
    for (const user of this.users) {
      looks += user.looks.looks;
      marked += user.looks.marked;
    }
    return { looks, marked };
  }

  /** Reads every box from the start and compares it with what senders were told. */
  async audit(progress: (done: number, text: string) => void): Promise<void> {
    let done = 0;
    const boxes = this.#devices.length;
    await this.#eachAtOnce(async (user) => {
      const box = await patiently(this.#o.clock, () => user.readBox());
      this.ledger.auditBox(user.index, box);
      progress(++done / boxes, `${done} of ${boxes} boxes compared`);
    });
    await this.#channels.audit();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    for (const device of this.#devices) device.stop();
  }

  #sendDue(): void {
    if (this.#stopped) return;
    const { messages, clock } = this.#o;
    const { operations } = this.#workload;
    for (;;) {
      const message = messages[this.#next];
      const operation = operations[this.#nextOperation];
      const first = isFirst(message, operation) ? message : operation;
      if (!first) return;
      const dueMs = this.#startMs + first.dueMs;
      const lagMs = clock.monotonicMs() - dueMs;
      if (lagMs < -CLOCK_STEP_MS) {
        const timer = clock.after(-lagMs, () => {
          this.#timers.delete(timer);
          this.#sendDue();
        });
        this.#timers.add(timer);
        return;
      }
      if ('kind' in first) this.#perform(first, dueMs);
      else this.#send(first, dueMs, lagMs);
    }
  }

  #send(message: DueMessage, dueMs: number, lagMs: number): void {
    this.#next++;
    const measured = message.dueMs >= this.#o.warmupMs;
    const entry = this.ledger.add(message.sender, message.recipient, dueMs, measured);
    if (measured) {
      this.onDue?.(message.sender, dueMs);
      this.onLag?.(Math.max(0, lagMs), dueMs);
    }
    const { textOf = Ledger.textOf } = this.#o;
    this.#userOf.get(message.sender)?.send(entry, textOf(entry.id, message.textBytes));
  }

  #perform(operation: DueOperation, dueMs: number): void {
    this.#nextOperation++;
    const { user } = operation;
    const second = 'device' in operation && operation.device === 1;
    const device = second
      ? this.secondDevices.find(({ index }) => index === user)
      : this.#userOf.get(user);
    device?.perform(operation, dueMs, operation.dueMs >= this.#o.warmupMs);
  }

  get #devices(): readonly VirtualUser[] {
    return [...this.users, ...this.secondDevices];
  }

  #device(person: CrowdPerson, device: number, directory: UserDirectory): VirtualUser {
    const { index, homeDc, connectsTo: servedBy = homeDc } = person;
    const { topology, networkOf, randomnessOf, authorizationOf, lookEveryMs } = this.#o;
    const authorization = authorizationOf?.(index, device);
    return new VirtualUser({
      ...{ index, device, homeDc, directory, phone: person.phone, name: person.name },
      order: [servedBy, ...nearestOthers(topology, servedBy)],
      addresses: this.#o.addresses,
      clock: this.#o.clock,
      network: networkOf(index),
      randomness: randomnessOf(index, device),
      crypto: this.#o.crypto,
      rsaPublicKeys: this.#o.rsaPublicKeys,
      ledger: this.ledger,
      ...(authorization ? { authorization } : {}),
      ...(person.plain ? { plain: true } : {}),
      ...(lookEveryMs === undefined ? {} : { lookEveryMs }),
    });
  }

  /** Whom everyone will write to, or name in what they do. */
  #partners(): Map<number, Set<number>> {
    const partners = new Map<number, Set<number>>();
    const add = (user: number, other: number): void => {
      const known = partners.get(user);
      if (known) known.add(other);
      else partners.set(user, new Set([other]));
    };
    for (const { sender, recipient } of this.#o.messages) add(sender, recipient);
    for (const operation of this.#workload.operations) {
      for (const other of namedUsers(operation)) add(operation.user, other);
    }
    return partners;
  }

  #person(index: number): CrowdPerson {
    const person = this.#o.people[index];
    if (!person) throw new Error(`there is no user ${index}`);
    return person;
  }

  async #eachAtOnce(work: (user: VirtualUser) => Promise<void>): Promise<void> {
    const queue = [...this.#devices];
    const worker = async (): Promise<void> => {
      for (let user = queue.shift(); user; user = queue.shift()) {
        if (this.#stopped) throw new Error('the crowd was stopped');
        await work(user);
      }
    };
    await Promise.all(Array.from({ length: this.#o.signInsAtOnce }, worker));
  }
}

/** What is due first; messages before operations that are due at the same time. */
function isFirst(message: DueMessage | undefined, operation: DueOperation | undefined): boolean {
  return message !== undefined && (!operation || message.dueMs <= operation.dueMs);
}
