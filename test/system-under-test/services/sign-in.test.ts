/** Signing in, up and out at one datacentre, from the key exchange on, on a virtual clock. */
import { expect, test } from 'vitest';
import { VirtualLoop } from '../../../sim/cluster/virtual-loop.ts';
import { createVirtualMachine } from '../../../sim/cluster/virtual-machine.ts';
import { createVirtualNetwork } from '../../../sim/cluster/virtual-network.ts';
import { createVirtualRandomness } from '../../../sim/cluster/virtual-randomness.ts';
import { keyOfSeed } from '../../../sim/core/seed.ts';
import { randomStream } from '../../../sim/core/streams.ts';
import { Datacenter } from '../../../system-under-test/datacenter/datacenter.ts';
import { LIMITS } from '../../../system-under-test/datacenter/limits.ts';
import { loadCrypto } from '../../../system-under-test/mtproto/crypto.ts';
import { generateRsaKeyPem, RsaKey } from '../../../system-under-test/mtproto/rsa.ts';
import type { tl } from '../../../system-under-test/schema/tl.ts';
import type { Topology } from '../../../system-under-test/topology.ts';
import { Device } from '../datacenter/device.ts';
import { twoDatacentres } from './virtual-people.ts';

/** Miami alone; Singapore is known, but nobody is there. */
const topology: Topology = twoDatacentres;
const crypto = await loadCrypto();
const rsaKey = new RsaKey(generateRsaKeyPem());
/** Ordinary numbers of DC 1. */
const [PHONE, OTHER_PHONE] = ['13055550100', '13055550101'];

interface Miami {
  newDevice(): Promise<Device>;
  /** The code that was last sent to a number. */
  codeOf(phone: string): string;
  pass(ms: number): Promise<void>;
}

async function inMiami(body: (world: Miami) => Promise<void>): Promise<void> {
  const loop = new VirtualLoop({ seed: 'sign-in' });
  const key = keyOfSeed('sign-in');
  const network = createVirtualNetwork({
    loop,
    random: randomStream(key, 'network'),
    link: () => ({ latencyMs: 5, jitterMs: 1 }),
  });
  const codes = new Map<string, string>();
  const machine = createVirtualMachine({ loop, network, node: 'dc 1' });
  const clock = loop.clockFor('devices');
  let devices = 0;
  const run = async (): Promise<void> => {
    await Datacenter.start({
      dc: 1,
      topology,
      environment: machine.boot(),
      crypto,
      rsaKeys: [rsaKey],
      secret: new Uint8Array(32).fill(7),
      listen: { clients: 'dc 1:clients', backbone: 'dc 1:backbone' },
      peers: new Map([[5, 'dc 5:backbone']]),
      newCluster: true,
      addresses: () => [],
      testPhones: true,
      deliverCode: (phone, code) => codes.set(phone, code),
      onFatal: (error) => {
        throw error;
      },
    });
    await body({
      async newDevice() {
        const device = new Device({
          clock,
          network: network.forNode(`device ${devices}`),
          randomness: createVirtualRandomness(randomStream(key, 'device', devices++)),
          crypto,
          rsaPublicKeys: [rsaKey.publicKey],
          addressOf: () => 'dc 1:clients',
        });
        await device.connect(1);
        return device;
      },
      codeOf: (phone) => codes.get(phone) ?? '',
      pass: (ms) => new Promise((resolve) => clock.after(ms, resolve)),
    });
  };
  await loop.settle(run());
}

const rpcError = (code: number, text: string): unknown => expect.objectContaining({ code, text });

function signIn(
  device: Device,
  phoneNumber: string,
  phoneCodeHash: string,
  phoneCode: string,
): Promise<tl.auth.TypeAuthorization> {
  return device.call({ _: 'auth.signIn', phoneNumber, phoneCodeHash, phoneCode });
}

function signUp(
  device: Device,
  phoneNumber: string,
  phoneCodeHash: string,
  firstName = 'Ann',
): Promise<tl.auth.RawAuthorization> {
  const names = { firstName, lastName: '' };
  return device.call({ _: 'auth.signUp', phoneNumber, phoneCodeHash, ...names });
}

const wrong = (code: string): string => (code === '11111' ? '22222' : '11111');

test('codes: wrong, of another number, worn out, expired', () =>
  inMiami(async ({ newDevice, codeOf, pass }) => {
    const device = await newDevice();
    const hash = await device.sendCode(PHONE);
    const code = codeOf(PHONE);
    expect(code).toMatch(/^\d{5}$/);
    const invalid = rpcError(400, 'PHONE_CODE_INVALID');
    const expired = rpcError(400, 'PHONE_CODE_EXPIRED');
    await expect(signIn(device, PHONE, hash, wrong(code))).rejects.toEqual(invalid);
    await expect(signIn(device, PHONE, hash, '')).rejects.toEqual(
      rpcError(400, 'PHONE_CODE_EMPTY'),
    );
    await expect(signIn(device, OTHER_PHONE, hash, code)).rejects.toEqual(expired);
    await expect(signUp(device, PHONE, hash)).rejects.toEqual(invalid);
    for (let guess = 2; guess < LIMITS.codeAttemptsMax; guess++) {
      await expect(signIn(device, PHONE, hash, wrong(code))).rejects.toEqual(invalid);
    }
    await expect(signIn(device, PHONE, hash, code)).rejects.toEqual(expired);

    const late = await device.sendCode(PHONE);
    await pass(LIMITS.codeMs + 1_000);
    await expect(signIn(device, PHONE, late, codeOf(PHONE))).rejects.toEqual(expired);

    const right = await device.sendCode(PHONE);
    expect(await signIn(device, PHONE, right, codeOf(PHONE))).toMatchObject({
      _: 'auth.authorizationSignUpRequired',
    });
    for (const name of ['', '  ', 'x'.repeat(LIMITS.nameCharactersMax + 1)]) {
      const refused = rpcError(400, 'FIRSTNAME_INVALID');
      await expect(signUp(device, PHONE, right, name)).rejects.toEqual(refused);
    }
    const { user } = await signUp(device, PHONE, right, ' Ann ');
    expect(user).toMatchObject({ self: true, firstName: 'Ann', phone: PHONE });
    // A code is good for one sign-in.
    await expect(signIn(device, PHONE, right, codeOf(PHONE))).rejects.toEqual(expired);
  }));

test('numbers: nonsense, at home elsewhere, asking too often', () =>
  inMiami(async ({ newDevice, codeOf, pass }) => {
    const device = await newDevice();
    for (const phone of ['', '12345', '1'.repeat(16), 'call me']) {
      const refused = rpcError(400, 'PHONE_NUMBER_INVALID');
      await expect(device.sendCode(phone)).rejects.toEqual(refused);
    }
    await expect(device.sendCode('6591234567')).rejects.toEqual(rpcError(303, 'PHONE_MIGRATE_5'));
    for (let time = 0; time < LIMITS.codesPerPhoneMax; time++) await device.sendCode(PHONE);
    const last = codeOf(PHONE);
    await expect(device.sendCode(PHONE)).rejects.toMatchObject({
      code: 420,
      text: expect.stringMatching(/^FLOOD_WAIT_(599|600)$/),
    });
    expect(codeOf(PHONE)).toBe(last);
    await device.sendCode('+1 (305) 555-0101');
    expect(codeOf(OTHER_PHONE)).toMatch(/^\d{5}$/);
    await pass(LIMITS.codesPhoneWindowMs);
    await device.connect(1); // who says nothing for so long is hung up on
    await device.sendCode(PHONE);
  }));

test('two devices that sign up with one number at once get one account', () =>
  inMiami(async ({ newDevice, codeOf }) => {
    const devices = [await newDevice(), await newDevice()];
    const hashes: string[] = [];
    for (const device of devices) {
      const hash = await device.sendCode(PHONE);
      hashes.push(hash);
      expect(await signIn(device, PHONE, hash, codeOf(PHONE))).toMatchObject({
        _: 'auth.authorizationSignUpRequired',
      });
    }
    const answers = await Promise.all(
      devices.map((device, index) => signUp(device, PHONE, hashes[index] ?? '')),
    );
    const ids = answers.map(({ user }) => user.id);
    expect(ids[0]).toBe(ids[1]);
    for (const device of devices) {
      expect(
        await device.call({ _: 'users.getUsers', id: [{ _: 'inputUserSelf' }] }),
      ).toMatchObject([{ id: ids[0], phone: PHONE }]);
    }
  }));

test('a key is nobody’s before signing in and after logging out', () =>
  inMiami(async ({ newDevice }) => {
    const unregistered = rpcError(401, 'AUTH_KEY_UNREGISTERED');
    const [device, other] = [await newDevice(), await newDevice()];
    const me: tl.RpcMethod = { _: 'users.getUsers', id: [{ _: 'inputUserSelf' }] };
    await expect(device.call(me)).rejects.toEqual(unregistered);
    await expect(device.call({ _: 'auth.logOut' })).rejects.toEqual(unregistered);
    expect(await device.call({ _: 'help.getNearestDc' })).toMatchObject({ thisDc: 1 });
    await device.signIn('9996610001');
    await other.signIn('9996610001');
    await device.call(me);
    await expect(device.call({ _: 'account.getPassword' })).rejects.toEqual(
      rpcError(400, 'INPUT_METHOD_INVALID'),
    );
    expect(await device.call({ _: 'auth.logOut' })).toEqual({ _: 'auth.loggedOut' });
    await expect(device.call(me)).rejects.toEqual(unregistered);
    // The other device stays, and the first may sign in again with the same key.
    await other.call(me);
    await device.signIn('9996610001');
    await device.call(me);
  }));
