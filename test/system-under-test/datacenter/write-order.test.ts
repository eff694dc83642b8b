/** Writes of one user that change from being forwarded to being queued. */
import { expect, test } from 'vitest';
import { WriteOrder } from '../../../system-under-test/datacenter/write-order.ts';
import { RpcError } from '../../../system-under-test/schema/errors.ts';

const turns = () => new Promise<void>((resolve) => setImmediate(resolve));

test('what is queued waits for what was forwarded before it', async () => {
  const order = new WriteOrder();
  const [first, second, third] = [order.begin(8, 1), order.begin(8, 1), order.begin(8, 1)];
  const queued: string[] = [];
  void third.afterOthers().then(() => queued.push('third'));
  await turns();
  expect(queued).toEqual([]);
  second.end();
  await turns();
  expect(queued).toEqual([]);
  first.end();
  await turns();
  expect(queued).toEqual(['third']);
});

test('what comes behind one that is on its way to the queue goes there, too', () => {
  const order = new WriteOrder();
  const first = order.begin(8, 1);
  expect(first.mustWait).toBe(false);
  void first.afterOthers();
  expect(order.begin(8, 1).mustWait).toBe(true);
  expect(order.begin(16, 1).mustWait).toBe(false);
});

test('what goes to another home waits for what went to the old one', () => {
  const order = new WriteOrder();
  order.begin(8, 1);
  expect(order.begin(8, 1).mustWait).toBe(false);
  expect(order.begin(8, 2).mustWait).toBe(true);
});

test('nobody waits for what is through', async () => {
  const order = new WriteOrder();
  const first = order.begin(8, 1);
  void first.afterOthers();
  first.end();
  const second = order.begin(8, 1);
  expect(second.mustWait).toBe(false);
  await second.afterOthers();
});

test('what waits behind one that fails for a reason that passes fails with it', async () => {
  const order = new WriteOrder();
  const [first, second, third] = [order.begin(8, 1), order.begin(8, 1), order.begin(8, 1)];
  const waiting = second.afterOthers();
  first.end(new RpcError(503, 'LATER'));
  await expect(waiting).rejects.toThrow('LATER');
  second.end(new RpcError(400, 'NEVER'));
  const others = order.begin(8, 1).afterOthers();
  third.end();
  await others;
});
