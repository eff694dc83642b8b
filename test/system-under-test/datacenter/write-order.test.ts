/** Writes of one user that change from being forwarded to being queued. */
import { expect, test } from 'vitest';
import { WriteOrder } from '../../../system-under-test/datacenter/write-order.ts';

const turns = () => new Promise<void>((resolve) => setImmediate(resolve));

test('what is queued waits for what was forwarded before it', async () => {
  const order = new WriteOrder();
  const [first, second, third] = [order.begin(8), order.begin(8), order.begin(8)];
  const queued: string[] = [];
  void third.queues().then(() => queued.push('third'));
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
  const first = order.begin(8);
  expect(first.mustQueue).toBe(false);
  void first.queues();
  expect(order.begin(8).mustQueue).toBe(true);
  expect(order.begin(16).mustQueue).toBe(false);
});

test('nobody waits for what is through', async () => {
  const order = new WriteOrder();
  const first = order.begin(8);
  void first.queues();
  first.end();
  const second = order.begin(8);
  expect(second.mustQueue).toBe(false);
  await second.queues();
});
