/** A client as it should be: signs in, writes, remembers what it heard. */
import { createNodeClock } from '../../system-under-test/live/node-clock.ts';
import type { NodeNetwork } from '../../system-under-test/live/node-network.ts';
import { createNodeRandomness } from '../../system-under-test/live/node-randomness.ts';
import type { AuthKey } from '../../system-under-test/mtproto/auth-key.ts';
import { ClientConnection } from '../../system-under-test/mtproto/client-connection.ts';
import { loadCrypto, type MtprotoCrypto } from '../../system-under-test/mtproto/crypto.ts';
import type { RsaPublicKey } from '../../system-under-test/mtproto/rsa.ts';
import { longOfBigInt, type tl } from '../../system-under-test/schema/tl.ts';

export const crypto: MtprotoCrypto = await loadCrypto();
const CONNECT_MS = 2_000;
/** The code of test numbers in DC 1. */
export const CODE = '11111';

export class WellBehaved {
  readonly heard: string[] = [];
  readonly #client: ClientConnection;

  /** Connects, and makes a key. */
  static async connect(
    network: NodeNetwork,
    address: string,
    rsaPublicKey: RsaPublicKey,
    dc = 1,
  ): Promise<WellBehaved> {
    const connection = await network.connect(address, CONNECT_MS);
    const heard: string[] = [];
    const client = new ClientConnection({
      crypto,
      clock: createNodeClock(),
      randomness: createNodeRandomness(),
      rsaPublicKeys: [rsaPublicKey],
      connection,
      transport: 'intermediate',
      dc,
      onUpdate: (update) => heard.push(...textsIn(update)),
      onClosed: () => {},
    });
    await client.authorize();
    return new WellBehaved(client, heard);
  }

  private constructor(client: ClientConnection, heard: string[]) {
    this.#client = client;
    this.heard = heard;
  }

  get authKey(): AuthKey {
    const { authKey } = this.#client;
    if (!authKey) throw new Error('no key was made');
    return authKey;
  }

  call<R>(method: tl.RpcMethod): Promise<R> {
    return this.#client.call<R>(method);
  }

  /** `code` is asked for once it has been sent. */
  async signIn(phone: string, code: () => Promise<string>): Promise<void> {
    const sent = await this.call<tl.auth.RawSentCode>({
      _: 'auth.sendCode',
      phoneNumber: phone,
      apiId: 1,
      apiHash: 'hash',
      settings: { _: 'codeSettings' },
    });
    const who = { phoneNumber: phone, phoneCodeHash: sent.phoneCodeHash };
    const answer = await this.call<tl.auth.TypeAuthorization>({
      _: 'auth.signIn',
      ...who,
      phoneCode: await code(),
    });
    if (answer._ === 'auth.authorization') return;
    await this.call({ _: 'auth.signUp', ...who, firstName: 'Test', lastName: '' });
  }

  /** How to address the owner of a number. */
  async peer(phone: string): Promise<tl.RawInputPeerUser> {
    const { users } = await this.call<tl.contacts.RawImportedContacts>({
      _: 'contacts.importContacts',
      contacts: [
        {
          _: 'inputPhoneContact',
          clientId: longOfBigInt(1n),
          phone,
          firstName: 'x',
          lastName: '',
        },
      ],
    });
    const [user] = users;
    if (user?._ !== 'user' || !user.accessHash) throw new Error(`${phone} is nobody`);
    return { _: 'inputPeerUser', userId: user.id, accessHash: user.accessHash };
  }

  send(peer: tl.RawInputPeerUser, message: string): Promise<unknown> {
    const randomId = longOfBigInt(Buffer.from(createNodeRandomness().bytes(8)).readBigInt64LE());
    return this.call({ _: 'messages.sendMessage', peer, message, randomId });
  }

  /** Texts of the chat with `peer`, newest first. */
  async history(peer: tl.RawInputPeerUser): Promise<string[]> {
    const { messages } = await this.call<tl.messages.RawMessages>({
      ...{ _: 'messages.getHistory', peer, offsetId: 0, offsetDate: 0, addOffset: 0 },
      ...{ limit: 100, maxId: 0, minId: 0, hash: longOfBigInt(0n) },
    });
    return messages.map((message) => (message._ === 'message' ? message.message : ''));
  }

  close(): void {
    this.#client.close();
  }
}

function textsIn(update: tl.TypeUpdates): string[] {
  if (update._ === 'updateShortMessage') return [update.message];
  if (update._ !== 'updates') return [];
  return update.updates.flatMap((each) =>
    each._ === 'updateNewMessage' && each.message._ === 'message' ? [each.message.message] : [],
  );
}
