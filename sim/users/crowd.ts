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
import { Ledger } from './ledger.ts';
import { type UserDirectory, VirtualUser } from './virtual-user.ts';

export interface CrowdPerson {
  readonly index: number;
  readonly homeDc: number;
  /** International number without "+"; a test number of the home DC. */
  readonly phone: string;
  readonly name: string;
  /** See VirtualUserOptions.plain. */
  readonly plain?: boolean;
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
  /** Messages due earlier than this are warm-up. */
  readonly warmupMs: number;
  readonly topology: Topology;
  /** Where devices reach each DC. */
  readonly addresses: ReadonlyMap<number, string>;
  readonly clock: Clock;
  /** The network as the device of one user sees it. */
  readonly networkOf: (index: number) => Network;
  readonly randomnessOf: (index: number) => Randomness;
  readonly crypto: MtprotoCrypto;
  readonly rsaPublicKeys: readonly RsaPublicKey[];
  readonly authorizationOf?: (
    index: number,
  ) => { readonly key: AuthKey; readonly userId: number } | undefined;
  /** Every device opens a chat so often and checks what it is shown. */
  readonly lookEveryMs?: number;
  /** Users that sign in at the same time. */
  readonly signInsAtOnce: number;
}

/** Clocks of virtual worlds count whole microseconds: what is due sooner is due now. */
const CLOCK_STEP_MS = 0.001;

export class Crowd {
  readonly ledger = new Ledger();
  readonly users: readonly VirtualUser[];
  readonly #o: CrowdOptions;
  readonly #timers = new Set<Timer>();
  #startMs = 0;
  #next = 0;
  #stopped = false;
  /** How late the generator handed each message on, ms, with the second in which it was due. */
  onLag: ((lagMs: number, dueMs: number) => void) | undefined;
  onDue: ((sender: number, dueMs: number) => void) | undefined;

  constructor(options: CrowdOptions) {
    this.#o = options;
    const directory: UserDirectory = { userIds: new Map() };
    this.users = options.people.map((person) => {
      const authorization = options.authorizationOf?.(person.index);
      return new VirtualUser({
        index: person.index,
        phone: person.phone,
        name: person.name,
        homeDc: person.homeDc,
        order: [person.homeDc, ...nearestOthers(options.topology, person.homeDc)],
        addresses: options.addresses,
        clock: options.clock,
        network: options.networkOf(person.index),
        randomness: options.randomnessOf(person.index),
        crypto: options.crypto,
        rsaPublicKeys: options.rsaPublicKeys,
        ledger: this.ledger,
        directory,
        ...(authorization ? { authorization } : {}),
        ...(person.plain ? { plain: true } : {}),
        ...(options.lookEveryMs === undefined ? {} : { lookEveryMs: options.lookEveryMs }),
      });
    });
  }

  /** Everyone connects and signs in, then learns whom they will write to. */
  async arrive(progress: (done: number, text: string) => void): Promise<void> {
    const all = this.users.length;
    let signedIn = 0;
    await this.#eachAtOnce(async (user) => {
      await user.start();
      progress(++signedIn / all / 2, `${signedIn} of ${all} users signed in`);
    });
    const partners = new Map<number, Set<number>>();
    for (const { sender, recipient } of this.#o.messages) {
      let known = partners.get(sender);
      if (!known) {
        known = new Set();
        partners.set(sender, known);
      }
      known.add(recipient);
    }
    let met = 0;
    await this.#eachAtOnce(async (user) => {
      const people = [...(partners.get(user.index) ?? [])];
      await user.meet(people.map((index) => ({ index, phone: this.#person(index).phone })));
      for (const index of people) {
        if (!user.knows(index)) throw new Error(`user ${user.index} cannot find user ${index}`);
      }
      progress(0.5 + ++met / all / 2, `${met} of ${all} users know their contacts`);
    });
  }

  /** Starts the load; times of messages count from now. */
  startLoad(): void {
    this.#startMs = this.#o.clock.monotonicMs();
    this.#sendDue();
  }

  /** When the measured window starts, on the clock's monotonic time. */
  get windowStartMs(): number {
    return this.#startMs + this.#o.warmupMs;
  }

  get loadDone(): boolean {
    return this.#next >= this.#o.messages.length;
  }

  /** Every message that was sent is confirmed to its sender and shown to its recipient. */
  get settled(): boolean {
    return this.loadDone && this.ledger.unsettled().length === 0;
  }

  /** Users at home at `dc` whose device is connected elsewhere or nowhere. */
  away(dc: number): number {
    let count = 0;
    for (const user of this.users) {
      if (this.#person(user.index).homeDc === dc && user.connectedTo !== dc) count++;
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
    await this.#eachAtOnce(async (user) => {
      this.ledger.auditBox(user.index, await user.readBox());
      progress(++done / this.users.length, `${done} of ${this.users.length} boxes compared`);
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    for (const user of this.users) user.stop();
  }

  #sendDue(): void {
    if (this.#stopped) return;
    const { messages, clock, warmupMs } = this.#o;
    for (;;) {
      const message = messages[this.#next];
      if (!message) return;
      const dueMs = this.#startMs + message.dueMs;
      const lagMs = clock.monotonicMs() - dueMs;
      if (lagMs < -CLOCK_STEP_MS) {
        const timer = clock.after(-lagMs, () => {
          this.#timers.delete(timer);
          this.#sendDue();
        });
        this.#timers.add(timer);
        return;
      }
      this.#next++;
      const measured = message.dueMs >= warmupMs;
      const entry = this.ledger.add(message.sender, message.recipient, dueMs, measured);
      if (measured) {
        this.onDue?.(message.sender, dueMs);
        this.onLag?.(Math.max(0, lagMs), dueMs);
      }
      this.users[message.sender]?.send(entry, Ledger.textOf(entry.id, message.textBytes));
    }
  }

  #person(index: number): CrowdPerson {
    const person = this.#o.people[index];
    if (!person) throw new Error(`there is no user ${index}`);
    return person;
  }

  async #eachAtOnce(work: (user: VirtualUser) => Promise<void>): Promise<void> {
    const queue = [...this.users];
    const worker = async (): Promise<void> => {
      for (let user = queue.shift(); user; user = queue.shift()) {
        if (this.#stopped) throw new Error('the crowd was stopped');
        await work(user);
      }
    };
    await Promise.all(Array.from({ length: this.#o.signInsAtOnce }, worker));
  }
}
