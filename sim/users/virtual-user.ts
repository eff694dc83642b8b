/**
 * One person with one device: signs in, writes when it is told to, shows what arrives, and does
 * what a good client does when a datacentre goes away: goes to the next one, writes again what is
 * in doubt (under the same `random_id`), and asks for what it may have missed. Runs in the cluster
 * world and in the live world; everything it needs is handed in.
 */
import type {
  Clock,
  Network,
  Randomness,
  Timer,
} from '../../system-under-test/environment/index.ts';
import { ClientConnection } from '../../system-under-test/mtproto/client-connection.ts';
import type { MtprotoCrypto } from '../../system-under-test/mtproto/crypto.ts';
import type { RsaPublicKey } from '../../system-under-test/mtproto/rsa.ts';
import type { AuthKey } from '../../system-under-test/mtproto/server-connection.ts';
import { RpcError } from '../../system-under-test/schema/errors.ts';
import { longOf, type tl } from '../../system-under-test/schema/tl.ts';
import { BoxFollower } from './box-follower.ts';
import { ChatReader } from './chat-reader.ts';
import type { AuditedMessage, Ledger, LedgerEntry } from './ledger.ts';

export interface VirtualUserOptions {
  readonly index: number;
  readonly phone: string;
  readonly name: string;
  readonly homeDc: number;
  /** The DCs in the order in which this device tries them: home first, then the nearest. */
  readonly order: readonly number[];
  readonly addresses: ReadonlyMap<number, string>;
  readonly clock: Clock;
  readonly network: Network;
  readonly randomness: Randomness;
  readonly crypto: MtprotoCrypto;
  readonly rsaPublicKeys: readonly RsaPublicKey[];
  readonly ledger: Ledger;
  /** Index of a user by the id that the system knows it under. */
  readonly directory: UserDirectory;
  /**
   * A client that knows nothing of queues: once a message is acknowledged as queued it forgets
   * about it, and goes home as soon as home answers. Home must keep the order.
   */
  readonly plain?: boolean;
  /** Opens a chat so often and checks what it is shown; never when absent. */
  readonly lookEveryMs?: number;
  /** An authorisation made beforehand; without one the user signs in. */
  readonly authorization?: { readonly key: AuthKey; readonly userId: number };
}

/** Who is who, filled in as users sign in. */
export interface UserDirectory {
  readonly userIds: Map<number, number>;
}

/** How a device behaves. Assumptions; a real client's are of the same order. */
export const BEHAVIOUR = {
  connectMs: 1_500,
  /** A call without an answer for so long: the connection is given up. */
  answerMs: 2_500,
  pingEveryMs: 2_000,
  /** Between two attempts when no DC can be reached. */
  retryMs: 250,
  /** A device away from home looks whether home is back. */
  homeLookMs: 1_500,
  /** Messages in flight on one connection. */
  inFlightMax: 64,
} as const;

interface Unsent {
  readonly entry: LedgerEntry;
  readonly text: string;
  readonly peer: tl.RawInputPeerUser;
  /** On the present connection: not written yet, written, or acknowledged as queued. */
  state: 'waiting' | 'in_flight' | 'queued';
}

export class VirtualUser {
  readonly #o: VirtualUserOptions;
  #connection: ClientConnection | undefined;
  #dc: number;
  #authKey: AuthKey | undefined;
  #userId: number | undefined;
  #stopped = false;
  #connecting: Promise<void> | undefined;
  #lookingHome = false;
  /** Messages that home has not confirmed, oldest first: written again after every reconnect. */
  #unconfirmed: Unsent[] = [];
  readonly #peers = new Map<number, tl.RawInputPeerUser>();
  readonly #timers = new Set<Timer>();
  readonly #box: BoxFollower;
  readonly #chats: ChatReader;
  readonly stats = { connects: 0, failovers: 0 };

  constructor(options: VirtualUserOptions) {
    this.#o = options;
    this.#dc = options.homeDc;
    this.#authKey = options.authorization?.key;
    this.#userId = options.authorization?.userId;
    if (this.#userId !== undefined) options.directory.userIds.set(this.#userId, options.index);
    this.#box = new BoxFollower({
      call: (method) => this.#call(method),
      after: (ms, run) => this.#after(ms, run),
      show: (message) => this.#show(message),
      settled: (randomIdLow) => this.#settle(randomIdLow),
      connected: () => this.#connection !== undefined,
    });
    this.#chats = new ChatReader({
      call: (method) => this.#call(method),
      connected: () => this.#connection !== undefined,
      stale: (text) => options.ledger.broken('stale', `user ${options.index}: ${text}`),
      draw: (below) => (options.randomness.bytes(4)[0] ?? 0) % below,
    });
  }

  get index(): number {
    return this.#o.index;
  }

  /** The DC that the device is connected to, undefined for none. */
  get connectedTo(): number | undefined {
    return this.#connection ? this.#dc : undefined;
  }

  get userId(): number | undefined {
    return this.#userId;
  }

  get looks(): ChatReader['stats'] {
    return this.#chats.stats;
  }

  get unconfirmed(): number {
    return this.#unconfirmed.length;
  }

  /** Connects and signs in; rejects when home cannot be reached or refuses. */
  async start(): Promise<void> {
    await this.#open(this.#o.homeDc);
    if (this.#userId === undefined) await this.#signIn();
    await this.#box.start();
    this.#every(BEHAVIOUR.pingEveryMs, () => this.#ping());
    const { lookEveryMs } = this.#o;
    if (lookEveryMs !== undefined) this.#every(lookEveryMs, () => this.#chats.look());
  }

  /** Learns how to address these people. Everyone must have signed up before. */
  async meet(people: readonly { readonly index: number; readonly phone: string }[]): Promise<void> {
    const batch = 100;
    for (let from = 0; from < people.length; from += batch) {
      const some = people.slice(from, from + batch);
      const answer = (await this.#call({
        _: 'contacts.importContacts',
        contacts: some.map((person) => ({
          _: 'inputPhoneContact' as const,
          clientId: longOf(person.index, 0),
          phone: person.phone,
          firstName: `user ${person.index}`,
          lastName: '',
        })),
      })) as tl.contacts.RawImportedContacts;
      const users = new Map(answer.users.map((user) => [user.id, user]));
      for (const imported of answer.imported) {
        const user = users.get(imported.userId);
        if (user?._ !== 'user' || !user.accessHash) continue;
        const { id: userId, accessHash } = user;
        const peer: tl.RawInputPeerUser = { _: 'inputPeerUser', userId, accessHash };
        this.#peers.set(imported.clientId.low, peer);
        this.#chats.knows(userId, peer);
      }
    }
  }

  knows(index: number): boolean {
    return this.#peers.has(index);
  }

  /** Writes a message, now or as soon as there is a connection. Never throws. */
  send(entry: LedgerEntry, text: string): void {
    const peer = this.#peers.get(entry.recipient);
    if (!peer) {
      entry.refused = 'the recipient is unknown';
      return;
    }
    this.#unconfirmed.push({ entry, text, peer, state: 'waiting' });
    this.#flush();
  }

  /** Everything in the own box from the start, in order; from home, or rejects. */
  readBox(): Promise<AuditedMessage[]> {
    return this.#box.readAll();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#connection?.close();
    this.#connection = undefined;
  }

  // -- connection ---------------------------------------------------------------------------------

  async #open(dc: number): Promise<void> {
    const { addresses, clock, network, crypto, randomness, rsaPublicKeys } = this.#o;
    const address = addresses.get(dc);
    if (address === undefined) throw new Error(`no address of DC ${dc}`);
    const stream = await network.connect(address, BEHAVIOUR.connectMs);
    if (this.#stopped) {
      stream.destroy();
      throw new Error('the user was stopped');
    }
    const connection: ClientConnection = new ClientConnection({
      crypto,
      clock,
      randomness,
      rsaPublicKeys,
      connection: stream,
      transport: this.#o.index % 2 === 0 ? 'abridged' : 'intermediate',
      dc,
      ...(this.#authKey ? { authKey: this.#authKey } : {}),
      onUpdate: (update) => this.#box.receive(update as tl.TypeUpdates),
      onClosed: () => this.#lost(connection),
    });
    this.#connection = connection;
    this.#dc = dc;
    this.stats.connects++;
    if (dc !== this.#o.homeDc) {
      this.stats.failovers++;
      this.#lookHomeSoon(this.#phase(BEHAVIOUR.homeLookMs));
    }
    this.#authKey ??= await within(clock, BEHAVIOUR.answerMs * 4, connection.authorize());
  }

  /** Does not wait for the other end to agree: behind a black hole it never would. */
  #giveUp(connection: ClientConnection): void {
    if (this.#connection !== connection) return;
    connection.close();
    this.#lost(connection);
  }

  #lost(connection: ClientConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    for (const unsent of this.#unconfirmed) {
      if (unsent.state !== 'queued' || !this.#o.plain) unsent.state = 'waiting';
    }
    if (!this.#stopped && this.#userId !== undefined) this.#reconnect();
  }

  /** Tries the DCs in order until one answers. */
  #reconnect(): void {
    if (this.#connecting || this.#stopped) return;
    this.#connecting = (async () => {
      for (let attempt = 0; !this.#stopped && !this.#connection; attempt++) {
        const dc = this.#o.order[attempt % this.#o.order.length] ?? this.#o.homeDc;
        try {
          await this.#open(dc);
        } catch {
          if (attempt % this.#o.order.length === this.#o.order.length - 1) {
            await this.#pause(BEHAVIOUR.retryMs);
          }
        }
      }
    })().finally(() => {
      this.#connecting = undefined;
      if (this.#stopped) return;
      if (!this.#connection) return this.#reconnect();
      this.#flush();
      this.#box.catchUp();
    });
  }

  #ping(): void {
    const connection = this.#connection;
    if (!connection) return;
    within(this.#o.clock, BEHAVIOUR.answerMs, connection.ping()).catch(() => {
      this.#giveUp(connection);
    });
  }

  #lookHomeSoon(ms: number): void {
    if (this.#lookingHome) return;
    this.#lookingHome = true;
    this.#after(ms, () => {
      this.#lookingHome = false;
      if (this.#dc === this.#o.homeDc) return;
      this.#lookHome();
      this.#lookHomeSoon(BEHAVIOUR.homeLookMs);
    });
  }

  /** Away from home, and nothing of ours waits in a queue here: go back as soon as home answers. */
  #lookHome(): void {
    const { homeDc, addresses, network } = this.#o;
    if (!this.#connection || this.#dc === homeDc || this.#mustStay()) return;
    if (this.#connecting) return;
    const away = this.#connection;
    const address = addresses.get(homeDc);
    if (address === undefined) return;
    network.connect(address, BEHAVIOUR.connectMs).then(
      (probe) => {
        probe.setHandlers({ onData: () => {}, onClose: () => {} });
        probe.destroy();
        if (this.#connection !== away || this.#mustStay()) return;
        this.#giveUp(away); // reconnecting tries home first
      },
      () => {},
    );
  }

  /** A careful client leaves no queued message behind; none leaves one that is in doubt. */
  #mustStay(): boolean {
    return this.#unconfirmed.some((unsent) => !this.#o.plain || unsent.state !== 'queued');
  }

  async #signIn(): Promise<void> {
    const { phone, name } = this.#o;
    const sent = (await this.#call({
      _: 'auth.sendCode',
      phoneNumber: phone,
      apiId: 1,
      apiHash: 'virtual user',
      settings: { _: 'codeSettings' },
    })) as tl.auth.RawSentCode;
    const signIn = { phoneNumber: phone, phoneCodeHash: sent.phoneCodeHash };
    let answer = (await this.#call({
      _: 'auth.signIn',
      ...signIn,
      phoneCode: String(this.#o.homeDc).repeat(5),
    })) as tl.auth.TypeAuthorization;
    if (answer._ === 'auth.authorizationSignUpRequired') {
      answer = (await this.#call({
        _: 'auth.signUp',
        ...signIn,
        firstName: name,
        lastName: '',
      })) as tl.auth.TypeAuthorization;
    }
    if (answer._ !== 'auth.authorization') throw new Error(`sign-in ended in ${answer._}`);
    this.#userId = answer.user.id;
    this.#o.directory.userIds.set(answer.user.id, this.#o.index);
  }

  // -- writing ------------------------------------------------------------------------------------

  #flush(): void {
    const connection = this.#connection;
    if (!connection || !this.#authKey || this.#connecting) return;
    let inFlight = 0;
    for (const unsent of this.#unconfirmed) {
      if (unsent.state === 'in_flight') inFlight++;
      if (unsent.state !== 'waiting') continue;
      if (inFlight >= BEHAVIOUR.inFlightMax) return;
      inFlight++;
      this.#write(connection, unsent);
    }
  }

  #write(connection: ClientConnection, unsent: Unsent): void {
    const { clock, ledger } = this.#o;
    const { entry } = unsent;
    unsent.state = 'in_flight';
    entry.sentMs ??= clock.monotonicMs();
    const call = connection.call<tl.TypeUpdates>({
      _: 'messages.sendMessage',
      peer: unsent.peer,
      message: unsent.text,
      randomId: longOf(entry.id + 1, this.#o.index + 1),
    });
    within(clock, BEHAVIOUR.answerMs, call).then(
      (answer) => {
        const queued = answer._ === 'updates';
        ledger.acked(entry, queued ? 'queued' : 'stored', clock.monotonicMs());
        if (queued) {
          // Stays in the list until home says that it has it.
          if (this.#connection === connection || this.#o.plain) unsent.state = 'queued';
          return this.#flush();
        }
        this.#confirm(unsent);
        if (answer._ !== 'updateShortSentMessage') return;
        this.#chats.saw(unsent.peer.userId, answer.id);
        this.#box.advance(answer.pts, answer.ptsCount);
      },
      (error: Error) => this.#notWritten(connection, unsent, error),
    );
  }

  #notWritten(connection: ClientConnection, unsent: Unsent, error: Error): void {
    if (!(error instanceof RpcError)) {
      // In doubt. The whole connection is given up, so that everything is written again in order.
      this.#giveUp(connection);
      return;
    }
    const wait = /^FLOOD_WAIT_(\d+)$/.exec(error.text);
    if (wait || error.code >= 500) {
      this.#after(wait ? Number(wait[1]) * 1000 : BEHAVIOUR.retryMs, () => {
        // One message held back holds back all after it: their order is a promise.
        this.#giveUp(connection);
      });
      return;
    }
    unsent.entry.refused = error.text;
    this.#confirm(unsent);
  }

  #confirm(unsent: Unsent): void {
    this.#unconfirmed = this.#unconfirmed.filter((other) => other !== unsent);
    this.#flush();
  }

  // -- reading ------------------------------------------------------------------------------------

  /** Home says that it has stored messages which were queued. */
  #settle(randomIdLow: number): void {
    const unsent = this.#unconfirmed.find((each) => each.entry.id + 1 === randomIdLow);
    if (!unsent) return;
    this.#o.ledger.acked(unsent.entry, 'stored', this.#o.clock.monotonicMs());
    this.#confirm(unsent);
  }

  #show(message: tl.RawMessage): void {
    const nowMs = this.#o.clock.monotonicMs();
    if (message.peerId._ === 'peerUser') this.#chats.saw(message.peerId.userId, message.id);
    if (!message.out) {
      this.#o.ledger.delivered(message.message, this.#o.index, message.id, nowMs);
      return;
    }
    // Own message, seen in the box: whatever was in doubt about it is settled.
    const unsent = this.#unconfirmed.find((each) => each.text === message.message);
    if (!unsent) return;
    this.#o.ledger.acked(unsent.entry, 'stored', nowMs);
    this.#confirm(unsent);
  }

  // -- small things -------------------------------------------------------------------------------

  #call(method: tl.RpcMethod): Promise<unknown> {
    const connection = this.#connection;
    if (!connection) return Promise.reject(new Error(`user ${this.#o.index} is not connected`));
    const answer = within(this.#o.clock, CALL_MS, connection.call<unknown>(method));
    answer.catch((error: Error) => {
      if (!(error instanceof RpcError)) this.#giveUp(connection);
    });
    return answer;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#after(ms, resolve));
  }

  #after(ms: number, run: () => void): void {
    const timer = this.#o.clock.after(ms, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  #every(ms: number, run: () => void): void {
    const again = (): void => {
      run();
      this.#after(ms, again);
    };
    this.#after(this.#phase(ms), again);
  }

  /** Users are spread over a period, or all of them would act in the same instant. */
  #phase(ms: number): number {
    return (this.#o.index * 137) % ms;
  }
}

/** Setting up thousands of users at once may take a server a while. */
const CALL_MS = 15_000;

/** Rejects when `promise` has not settled in time; the promise itself goes on. */
export function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => reject(new Error(`no answer in ${ms} ms`)));
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: Error) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}
