/**
 * A person's device for tests: one connection at a time, bare calls, and everything that was pushed
 * to it. Nothing is retried or hidden, unlike in sim/users.
 */
import type { Clock, Network, Randomness } from '../../../system-under-test/environment/index.ts';
import type { AuthKey } from '../../../system-under-test/mtproto/auth-key.ts';
import { ClientConnection } from '../../../system-under-test/mtproto/client-connection.ts';
import type { MtprotoCrypto } from '../../../system-under-test/mtproto/crypto.ts';
import type { RsaPublicKey } from '../../../system-under-test/mtproto/rsa.ts';
import { longOf, type tl } from '../../../system-under-test/schema/tl.ts';

export interface DeviceParts {
  readonly clock: Clock;
  readonly network: Network;
  readonly randomness: Randomness;
  readonly crypto: MtprotoCrypto;
  readonly rsaPublicKeys: readonly RsaPublicKey[];
  readonly addressOf: (dc: number) => string;
}

const CONNECT_MS = 5_000;

export class Device {
  readonly #parts: DeviceParts;
  #connection: ClientConnection | undefined;
  authKey: AuthKey | undefined;
  userId = 0;
  /** Pushed to this device on any of its connections, in order. */
  readonly pushed: tl.TypeUpdates[] = [];
  /** Connections that ended. */
  closed = 0;

  constructor(parts: DeviceParts, authKey?: AuthKey, userId = 0) {
    this.#parts = parts;
    this.authKey = authKey;
    this.userId = userId;
  }

  /** Another session of the same key: what a device does when it goes to another DC. */
  async connect(dc: number): Promise<void> {
    const { clock, network, randomness, crypto, rsaPublicKeys, addressOf } = this.#parts;
    this.#connection?.close();
    this.#connection = new ClientConnection({
      crypto,
      clock,
      randomness,
      rsaPublicKeys,
      connection: await network.connect(addressOf(dc), CONNECT_MS),
      transport: 'intermediate',
      dc,
      ...(this.authKey ? { authKey: this.authKey } : {}),
      onUpdate: (update) => this.pushed.push(update),
      onClosed: () => this.closed++,
    });
    this.authKey ??= await this.#connection.authorize();
  }

  disconnect(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  call<R>(method: tl.RpcMethod): Promise<R> {
    if (!this.#connection) return Promise.reject(new Error('not connected'));
    return this.#connection.call<R>(method);
  }

  async sendCode(phone: string): Promise<string> {
    const sent = await this.call<tl.auth.RawSentCode>({
      _: 'auth.sendCode',
      phoneNumber: phone,
      apiId: 1,
      apiHash: 'test',
      settings: { _: 'codeSettings' },
    });
    return sent.phoneCodeHash;
  }

  /** With a test number, whose code everybody knows; signs up where there is no account yet. */
  async signIn(phone: string): Promise<void> {
    const phoneCodeHash = await this.sendCode(phone);
    const phoneNumber = phone;
    const phoneCode = phone.charAt(5).repeat(5);
    let answer = await this.call<tl.auth.TypeAuthorization>({
      _: 'auth.signIn',
      phoneNumber,
      phoneCodeHash,
      phoneCode,
    });
    if (answer._ === 'auth.authorizationSignUpRequired') {
      const names = { firstName: `user ${phone}`, lastName: '' };
      answer = await this.call({ _: 'auth.signUp', phoneNumber, phoneCodeHash, ...names });
    }
    if (answer._ !== 'auth.authorization') throw new Error(`sign-in ended in ${answer._}`);
    this.userId = answer.user.id;
    // The first question of every client: this session wants updates.
    await this.call({ _: 'updates.getState' });
  }

  async meet(phone: string): Promise<tl.RawInputPeerUser> {
    const clientId = longOf(1, 0);
    const answer = await this.call<tl.contacts.RawImportedContacts>({
      _: 'contacts.importContacts',
      contacts: [{ _: 'inputPhoneContact', clientId, phone, firstName: 'contact', lastName: '' }],
    });
    const user = answer.users[0];
    if (user?._ !== 'user' || !user.accessHash) throw new Error(`${phone} was not found`);
    return { _: 'inputPeerUser', userId: user.id, accessHash: user.accessHash };
  }

  send(peer: tl.TypeInputPeer, message: string, randomId: number): Promise<tl.TypeUpdates> {
    return this.call({
      _: 'messages.sendMessage',
      peer,
      message,
      randomId: longOf(randomId, 0),
    });
  }

  history(
    peer: tl.TypeInputPeer,
    paging: Partial<tl.messages.RawGetHistoryRequest> = {},
  ): Promise<tl.messages.TypeMessages> {
    return this.call({
      _: 'messages.getHistory',
      peer,
      offsetId: 0,
      offsetDate: 0,
      addOffset: 0,
      limit: 100,
      maxId: 0,
      minId: 0,
      hash: longOf(0, 0),
      ...paging,
    });
  }

  difference(pts: number, ptsLimit?: number): Promise<tl.updates.TypeDifference> {
    const limit = ptsLimit === undefined ? {} : { ptsLimit };
    return this.call({ _: 'updates.getDifference', pts, date: 0, qts: 0, ...limit });
  }

  /** Every update that was pushed, in order. */
  get updates(): tl.TypeUpdate[] {
    return this.pushed.flatMap((each) => (each._ === 'updates' ? each.updates : []));
  }
}

/** Texts of a history, oldest first. */
export function textsOf(history: tl.messages.TypeMessages): string[] {
  if (history._ === 'messages.messagesNotModified') throw new Error('not modified');
  const texts = history.messages.map((each) => (each._ === 'message' ? each.message : ''));
  return texts.toReversed();
}
