/** A device between two gateways, of which each does what is hard to meet in the real ones. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { GatewayDevice } from '../../../sim/parallel/gateway-device.ts';
import type { DriverEvents } from '../../../sim/users/driver.ts';
import { FakeGateway } from './fake-gateway.ts';

const MARK = '00c0ffee';
const message = (n: number) => ({ n, to: 1, text: `q${n} 0badcafe words` });
const clientId = (n: number): string => `${MARK}0000000${n}`;

let home: FakeGateway;
let guest: FakeGateway;
let device: GatewayDevice;
/** What the device has told, in order. */
let told: string[];

const hears: DriverEvents = {
  arrived: (text, id) => told.push(`arrived ${id}: ${text}`),
  acked: (n, how) => told.push(`${n} ${how}`),
  stored: (n) => told.push(`${n} stored later`),
  refused: (n, why) => told.push(`${n} refused: ${why}`),
  closed: (why) => told.push(`closed: ${why}`),
  servedBy: (dc) => told.push(`served by ${dc}`),
};
/** Waits until the device has told all of it, in this order; and clears it. */
async function untilTold(...wanted: string[]): Promise<void> {
  await vi.waitFor(() => expect(told).toEqual(wanted), { timeout: 8_000, interval: 20 });
  told.splice(0);
}

beforeEach(async () => {
  [home, guest, told] = [new FakeGateway(1), new FakeGateway(2), []];
  const person = (chat: string) => ({ dc: 1, servedBy: 1, chat, token: 'qx_token' });
  device = new GatewayDevice(
    {
      gateways: { 1: await home.listen(), 2: await guest.listen() },
      ways: { 1: [1, 2] },
      people: [person('u1'), person('u2')],
      mark: MARK,
    },
    0,
    hears,
  );
  await device.start();
  await untilTold('served by 1');
});
afterEach(() => {
  device.close();
  for (const each of [home, guest]) each.close();
});

describe('a message', () => {
  test('goes home, and is acknowledged as it is answered', async () => {
    device.send(message(0));
    await untilTold('0 stored');
    expect(home.posted).toEqual([{ clientId: clientId(0), text: message(0).text }]);
  });

  test('is sent again under the same id until somebody takes it', async () => {
    const answers: number[] = [503, 401, 429, 201];
    home.answer = () => [answers.shift() ?? 0];
    device.send(message(3));
    await untilTold('3 stored');
    expect(home.posted.map((each) => each.clientId)).toEqual(Array(4).fill(clientId(3)));
  });

  test('without an answer is sent again, too', async () => {
    home.answer = () => (home.posted.length === 1 ? undefined : [201]);
    device.send(message(0));
    await untilTold('0 stored');
    expect(home.posted).toHaveLength(2);
  });

  test('that is refused is not', async () => {
    home.answer = () => [400];
    device.send(message(0));
    await untilTold('0 refused: status 400');
  });

  test('reaches the box by the socket; its own are not told', async () => {
    const event = (id: number, out: boolean, text: string) => ({
      ...{ type: 'message', pts: 10 + id },
      message: { id, out, text },
    });
    home.tell(event(7, true, 'own'));
    home.tell(event(8, false, 'hello'));
    await untilTold('arrived 8: hello');
  });
});

describe('a home that goes away', () => {
  test('is left for the next one, and returned to', async () => {
    home.goDown();
    await untilTold('served by 0', 'served by 2');
    device.send(message(1));
    await untilTold('1 stored');
    expect(guest.posted).toHaveLength(1);
    home.comeBack();
    await untilTold('served by 1');
    await vi.waitFor(() => expect(guest.listeners).toBe(0));
    device.send(message(2));
    await untilTold('2 stored');
    expect(home.posted).toHaveLength(1);
  });

  test('is not returned to while something waits in a queue elsewhere', async () => {
    home.goDown();
    await untilTold('served by 0', 'served by 2');
    guest.answer = () => [202, { status: 'queued', queued: 5 }];
    device.send(message(1));
    await untilTold('1 queued');
    home.comeBack();
    // Longer than a look home takes.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(told).toEqual([]);
    guest.tell({ type: 'stored', clientId: clientId(1), id: 4 });
    await untilTold('1 stored later', 'served by 1');
  });

  test('a queued message may be refused, or found in the own box', async () => {
    home.goDown();
    await untilTold('served by 0', 'served by 2');
    let queued = 0;
    guest.answer = () => [202, { status: 'queued', queued: ++queued }];
    for (const n of [1, 2]) device.send(message(n));
    await vi.waitFor(() => expect(told).toHaveLength(2));
    told.splice(0);
    const first = Number(guest.posted[0]!.clientId.slice(-1));
    guest.tell({ type: 'refused', chat: 'u2', queued: 1 });
    await untilTold(`${first} refused: refused when it came home`);
    const second = message(first === 1 ? 2 : 1);
    guest.updates = () => [
      { type: 'message', pts: 11, message: { id: 6, out: true, text: second.text } },
    ];
    guest.tell({ type: 'missed' });
    await untilTold(`${second.n} stored later`);
  });

  test('what was sent meanwhile waits for a connection', async () => {
    home.goDown();
    guest.goDown();
    await untilTold('served by 0');
    device.send(message(1));
    guest.comeBack();
    await untilTold('served by 2', '1 stored');
  });
});

describe('what was missed', () => {
  const inBox = (id: number) => ({
    ...{ type: 'message', pts: 10 + id },
    message: { id, out: false, text: `text ${id}` },
  });

  test('is read from where it was read last', async () => {
    const asked: number[] = [];
    home.updates = (after) => {
      asked.push(after);
      return [inBox(asked.length)];
    };
    home.pts = 11;
    home.tell({ type: 'missed' });
    await untilTold('arrived 1: text 1');
    home.tell({ type: 'missed' });
    await untilTold('arrived 2: text 2');
    expect(asked).toEqual([10, 11]);
  });

  test('the box is read from before the load in the end', async () => {
    home.updates = (after) => [inBox(after)];
    home.pts = 12;
    home.tell({ type: 'missed' });
    await untilTold('arrived 10: text 10');
    await device.readBox();
    expect(told).toEqual(['arrived 10: text 10']);
  });

  test('a box that has more than can be read is an error', async () => {
    home.updates = () => [{ type: 'missed' }];
    await expect(device.readBox()).rejects.toThrow('the box has more than can be read');
  });
});
