/**
 * The five datacentres from the outside: unmodified mtcute clients on real sockets sign in on two
 * devices, chat across DCs, catch up after a cut, and log out.
 */
import { MemoryStorage } from '@mtcute/core';
import { addPublicKey } from '@mtcute/core/utils.js';
import { TelegramClient, type tl } from '@mtcute/node';
import { NodeCryptoProvider } from '@mtcute/node/utils.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientProxy } from '../../../chaos/toxiproxy/names.ts';
import { type FiveProcesses, startFiveProcesses, until } from './five-processes.ts';

const ALICE = '9996610001';
const BOB = '9996650001';
/** An ordinary number of Mumbai's: its code comes on its own way. */
const CHITRA = '919800000001';

let five: FiveProcesses;
const devices: Device[] = [];

beforeAll(async () => {
  five = await startFiveProcesses('mtcute');
}, 40_000);

afterAll(async () => {
  for (const { client } of devices) await client.destroy();
  await five?.stop();
  expect(five.unexpected).toEqual([]);
}, 20_000);

interface Device {
  readonly client: TelegramClient;
  /** Every message and receipt that reached the device, in order. */
  readonly seen: tl.TypeUpdate[];
  readonly userId: number;
}

async function newClient(firstDc: number): Promise<TelegramClient> {
  const [host = '', port = ''] = five.driver.listenOf(clientProxy(firstDc)).split(':');
  const dc = { id: firstDc, ipAddress: host, port: Number(port) };
  const crypto = new NodeCryptoProvider();
  await crypto.initialize();
  addPublicKey(crypto, five.cluster.rsaPublicKeyPem);
  return new TelegramClient({
    apiId: 1,
    apiHash: 'hash',
    storage: new MemoryStorage(),
    crypto,
    defaultDcs: { main: dc, media: dc },
    updates: { catchUp: true },
    reconnectionStrategy: () => 100,
    logLevel: 1,
  });
}

/** Signs in, up where it must, starting at a DC that may be the wrong one. */
async function signIn(
  phone: string,
  firstDc: number,
  code: () => string | Promise<string>,
): Promise<Device> {
  const client = await newClient(firstDc);
  const sent = await client.call({
    _: 'auth.sendCode',
    phoneNumber: phone,
    apiId: 1,
    apiHash: 'hash',
    settings: { _: 'codeSettings' },
  });
  if (sent._ !== 'auth.sentCode') throw new Error(`unexpected ${sent._}`);
  const { phoneCodeHash } = sent;
  let authorization = await client.call({
    _: 'auth.signIn',
    phoneNumber: phone,
    phoneCodeHash,
    phoneCode: await code(),
  });
  if (authorization._ === 'auth.authorizationSignUpRequired') {
    authorization = await client.call({
      _: 'auth.signUp',
      phoneNumber: phone,
      phoneCodeHash,
      firstName: `user ${phone}`,
      lastName: '',
    });
  }
  const { id: userId } = await client.notifyLoggedIn(authorization);
  const seen: tl.TypeUpdate[] = [];
  client.onRawUpdate.add(({ update }) => seen.push(update));
  await client.startUpdatesLoop();
  const device = { client, seen, userId };
  devices.push(device);
  return device;
}

const testCode = (phone: string) => (): string => (phone[5] ?? '').repeat(5);

/** Texts of the new messages that a device was shown. */
function texts({ seen }: Device): string[] {
  return seen.flatMap((update) =>
    update._ === 'updateNewMessage' && update.message._ === 'message'
      ? [update.message.message]
      : [],
  );
}

/** A device finds somebody by phone number. */
async function meet(device: Device, phone: string): Promise<tl.RawInputPeerUser> {
  const { users } = await device.client.importContacts([
    { phone, firstName: 'contact', lastName: '' },
  ]);
  const user = users[0];
  if (user?._ !== 'user' || !user.accessHash) throw new Error(`${phone} was not found`);
  return { _: 'inputPeerUser', userId: user.id, accessHash: user.accessHash };
}

async function historyOf(device: Device, peer: tl.RawInputPeerUser): Promise<string[]> {
  const history = await device.client.getHistory(peer);
  return history.map((message) => `${message.isOutgoing ? 'me' : 'them'}: ${message.text}`);
}

test('two people of two datacentres, three devices', { timeout: 60_000 }, async () => {
  const alice = await signIn(ALICE, 1, testCode(ALICE));
  expect(await alice.client.getPrimaryDcId()).toBe(1);
  // The second device begins in Amsterdam and is sent to Miami.
  const tablet = await signIn(ALICE, 2, testCode(ALICE));
  expect(await tablet.client.getPrimaryDcId()).toBe(1);
  expect(tablet.userId).toBe(alice.userId);
  const bob = await signIn(BOB, 5, testCode(BOB));
  const toBob = await meet(alice, BOB);
  const toAlice = await meet(bob, ALICE);
  expect([toBob.userId, toAlice.userId]).toEqual([bob.userId, alice.userId]);

  await alice.client.sendText(toBob, 'hello from Miami');
  await until('Bob is pushed the message', () => texts(bob).includes('hello from Miami'));
  await until('the tablet shows it', () => texts(tablet).includes('hello from Miami'));
  const outgoing = tablet.seen.find((update) => update._ === 'updateNewMessage');
  expect(outgoing).toMatchObject({
    message: { out: true, peerId: { _: 'peerUser', userId: bob.userId } },
  });

  await bob.client.sendText(toAlice, 'hello from Singapore');
  await until('both of Alice’s devices have the answer', () =>
    [alice, tablet].every((device) => texts(device).includes('hello from Singapore')),
  );
  // The one that sent it is not told what it knows.
  expect(texts(alice)).toEqual(['hello from Singapore']);
  expect(await historyOf(alice, toBob)).toEqual([
    'them: hello from Singapore',
    'me: hello from Miami',
  ]);
  expect(await historyOf(bob, toAlice)).toEqual([
    'me: hello from Singapore',
    'them: hello from Miami',
  ]);

  await bob.client.readHistory(toAlice);
  const mine = await alice.client.getHistory(toBob);
  const readId = mine.find((message) => message.isOutgoing)?.id;
  await until('Alice sees that it was read', () =>
    [alice, tablet].every((device) =>
      device.seen.some(
        (update) => update._ === 'updateReadHistoryOutbox' && update.maxId === readId,
      ),
    ),
  );

  // Bob's way is cut while three messages arrive: the same session goes on.
  const before = texts(bob).length;
  await five.driver.disable([clientProxy(5)]);
  const missed = ['one', 'two', 'three'];
  for (const text of missed) await alice.client.sendText(toBob, text);
  expect(texts(bob)).toHaveLength(before);
  await five.driver.enable([clientProxy(5)]);
  await until('Bob has caught up', () => texts(bob).length >= before + missed.length);
  expect(texts(bob).slice(before)).toEqual(missed);

  // He hangs up while three more arrive: a new session asks for the difference.
  await bob.client.disconnect();
  const more = ['four', 'five', 'six'];
  for (const text of more) await alice.client.sendText(toBob, text);
  await bob.client.connect();
  await bob.client.startUpdatesLoop();
  await until('Bob has caught up again', () => texts(bob).includes('six'));
  expect(texts(bob).slice(before)).toEqual([...missed, ...more]);

  // Logging out ends this device's session and no other.
  await tablet.client.call({ _: 'auth.logOut' });
  await expect(
    tablet.client.call({ _: 'users.getUsers', id: [{ _: 'inputUserSelf' }] }),
  ).rejects.toMatchObject({ code: 401, text: 'AUTH_KEY_UNREGISTERED' });
  await bob.client.sendText(toAlice, 'after');
  await until('the other device goes on', () => texts(alice).includes('after'));
  expect(texts(tablet)).not.toContain('after');
});

test('the code of an ordinary number goes to its owner', { timeout: 30_000 }, async () => {
  const chitra = await signIn(CHITRA, 3, async () => {
    await until('the code is there', () => five.codes.has(CHITRA));
    return five.codes.get(CHITRA) ?? '';
  });
  expect(five.codes.get(CHITRA)).toMatch(/^\d{5}$/);
  expect(await chitra.client.getPrimaryDcId()).toBe(4);
  const me = await chitra.client.getMe();
  expect(me).toMatchObject({ id: chitra.userId, phoneNumber: CHITRA });
});
