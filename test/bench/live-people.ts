/**
 * The people of the live benchmarks: real client connections, signed in with test phones, that
 * write to each other in pairs. Lighter than sim/users: nothing is recorded but counts and delays,
 * so that the generator costs as little as it can on a machine that it shares with the backend.
 */
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';
import { createNodeNetwork } from '../../system-under-test/live/node-network.ts';
import { createNodeRandomness } from '../../system-under-test/live/node-randomness.ts';
import type { AuthKey } from '../../system-under-test/mtproto/auth-key.ts';
import { ClientConnection } from '../../system-under-test/mtproto/client-connection.ts';
import { loadCrypto, type MtprotoCrypto } from '../../system-under-test/mtproto/crypto.ts';
import { RsaPublicKey } from '../../system-under-test/mtproto/rsa.ts';
import { longOf, type tl } from '../../system-under-test/schema/tl.ts';

const CONNECT_MS = 5_000;
const SIGN_INS_AT_ONCE = 16;

/** Bytes and turns of traffic as the clients saw it: what one message costs on the wire. */
export interface WireTotals {
  sentPackets: number;
  sentBytes: number;
  receivedPackets: number;
  receivedBytes: number;
}

export class Person {
  readonly dc: number;
  readonly phone: string;
  userId = 0;
  /** Called for every message of somebody else that is pushed to this device. */
  onMessage: (text: string) => void = () => {};
  #connection: ClientConnection | undefined;
  #nextRandomId = 1;
  readonly #peers = new Map<Person, tl.RawInputPeerUser>();

  constructor(dc: number, phone: string) {
    this.dc = dc;
    this.phone = phone;
  }

  attach(connection: ClientConnection): void {
    this.#connection = connection;
  }

  /** What the device is signed in with, wherever it connects. */
  get authKey(): AuthKey | undefined {
    return this.#connection?.authKey;
  }

  /** Forgets the connection, which the caller closes. */
  detach(): ClientConnection | undefined {
    const connection = this.#connection;
    this.#connection = undefined;
    return connection;
  }

  /** Whether this is the connection that the person uses now. */
  uses(connection: ClientConnection): boolean {
    return this.#connection === connection;
  }

  call<T>(method: tl.RpcMethod): Promise<T> {
    if (!this.#connection) throw new Error(`${this.phone} is not connected`);
    return this.#connection.call<T>(method);
  }

  receive(updates: tl.TypeUpdates): void {
    if (updates._ !== 'updates') return;
    for (const update of updates.updates) {
      if (update._ !== 'updateNewMessage' || update.message._ !== 'message') continue;
      if (update.message.out !== true) this.onMessage(update.message.message);
    }
  }

  /** Learns how to address another person: what a client does with a phone number. */
  async meet(other: Person): Promise<void> {
    const found = await this.call<tl.contacts.RawResolvedPeer>({
      _: 'contacts.resolvePhone',
      phone: other.phone,
    });
    const user = found.users[0];
    if (user?._ !== 'user' || user.accessHash === undefined) {
      throw new Error(`${this.phone} cannot find ${other.phone}`);
    }
    const { id, accessHash } = user;
    this.#peers.set(other, { _: 'inputPeerUser', userId: id, accessHash });
  }

  /** Resolves when the server has stored the message. */
  send(other: Person, text: string): Promise<unknown> {
    const peer = this.#peers.get(other);
    if (!peer) throw new Error(`${this.phone} does not know ${other.phone}`);
    const randomId = longOf(this.#nextRandomId++, this.userId);
    return this.call({ _: 'messages.sendMessage', peer, message: text, randomId });
  }

  leave(): void {
    this.#connection?.close();
  }
}

/** A test number of a DC: its code is the DC's digit five times. */
export const testPhone = (dc: number, number: number): string =>
  `99966${dc}${String(number).padStart(4, '0')}`;

export class People {
  readonly wire: WireTotals = {
    sentPackets: 0,
    sentBytes: 0,
    receivedPackets: 0,
    receivedBytes: 0,
  };
  readonly #crypto: MtprotoCrypto;
  readonly #key: RsaPublicKey;
  readonly #addresses: ReadonlyMap<number, string>;
  readonly #network = createNodeNetwork();
  readonly #clock = createNodeClock();
  readonly #randomness = createNodeRandomness();
  readonly #people: Person[] = [];
  #leaving = false;

  static async open(
    addresses: ReadonlyMap<number, string>,
    rsaPublicKeyPem: string,
  ): Promise<People> {
    return new People(addresses, new RsaPublicKey(rsaPublicKeyPem), await loadCrypto());
  }

  private constructor(
    addresses: ReadonlyMap<number, string>,
    key: RsaPublicKey,
    crypto: MtprotoCrypto,
  ) {
    this.#addresses = addresses;
    this.#key = key;
    this.#crypto = crypto;
  }

  /** Signs up as many people at each DC as asked for, several at a time. */
  async arrive(countOf: ReadonlyMap<number, number>): Promise<Map<number, Person[]>> {
    const byDc = new Map<number, Person[]>();
    for (const [dc, count] of countOf) {
      byDc.set(
        dc,
        Array.from({ length: count }, (_, number) => new Person(dc, testPhone(dc, number))),
      );
    }
    await eachAtOnce([...byDc.values()].flat(), SIGN_INS_AT_ONCE, (person) => this.#arrive(person));
    return byDc;
  }

  /** Connects a person, exchanges keys, signs up. */
  async #arrive(person: Person): Promise<void> {
    await this.connect(person);
    await signUp(person);
  }

  /** A connection with a fresh key. */
  async connect(person: Person): Promise<void> {
    const connection = await this.#dial(person, person.dc);
    this.#people.push(person);
    await connection.authorize();
  }

  /** The person's device hangs up and goes on at another DC. */
  async travel(person: Person, to: number): Promise<void> {
    const { authKey } = person;
    if (!authKey) throw new Error(`${person.phone} is not signed in`);
    person.detach()?.close();
    await this.#dial(person, to, authKey);
    // The first call makes it a session that wants updates.
    await person.call({ _: 'updates.getState' });
  }

  async #dial(person: Person, dc: number, authKey?: AuthKey): Promise<ClientConnection> {
    const address = this.#addresses.get(dc);
    if (address === undefined) throw new Error(`no address of DC ${dc}`);
    const stream = await this.#network.connect(address, CONNECT_MS);
    const { wire } = this;
    const counted = {
      remote: stream.remote,
      get bufferedBytes() {
        return stream.bufferedBytes;
      },
      setHandlers: (handlers: Parameters<typeof stream.setHandlers>[0]) =>
        stream.setHandlers({
          ...handlers,
          onData: (bytes) => {
            wire.receivedPackets++;
            wire.receivedBytes += bytes.length;
            handlers.onData(bytes);
          },
        }),
      write: (bytes: Uint8Array) => {
        wire.sentPackets++;
        wire.sentBytes += bytes.length;
        stream.write(bytes);
      },
      end: () => stream.end(),
      destroy: () => stream.destroy(),
    };
    const connection: ClientConnection = new ClientConnection({
      crypto: this.#crypto,
      clock: this.#clock,
      randomness: this.#randomness,
      rsaPublicKeys: [this.#key],
      connection: counted,
      transport: 'intermediate',
      dc,
      ...(authKey ? { authKey } : {}),
      onUpdate: (updates) => person.receive(updates),
      onClosed: () => {
        if (this.#leaving || !person.uses(connection)) return;
        throw new Error(`${person.phone} was hung up on`);
      },
    });
    person.attach(connection);
    return connection;
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    for (const person of this.#people) person.leave();
    await this.#network.close();
  }
}

export async function signUp(person: Person): Promise<void> {
  const { dc, phone } = person;
  const sent = await person.call<tl.auth.RawSentCode>({
    _: 'auth.sendCode',
    phoneNumber: phone,
    apiId: 1,
    apiHash: 'bench',
    settings: { _: 'codeSettings' },
  });
  const proof = { phoneNumber: phone, phoneCodeHash: sent.phoneCodeHash };
  let answer = await person.call<tl.auth.TypeAuthorization>({
    _: 'auth.signIn',
    ...proof,
    phoneCode: String(dc).repeat(5),
  });
  if (answer._ === 'auth.authorizationSignUpRequired') {
    answer = await person.call<tl.auth.TypeAuthorization>({
      _: 'auth.signUp',
      ...proof,
      firstName: 'Bench',
      lastName: '',
    });
  }
  if (answer._ !== 'auth.authorization') throw new Error(`sign-in ended in ${answer._}`);
  person.userId = answer.user.id;
}

/** Does `work` for every item, several at a time. */
export async function eachAtOnce<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
